#!/bin/sh
# What web-1 does when it is asked to deploy: its whole agent is
#
#   contact run --client web-1 --to-me --exit-map 3=rejected -- ./deploy-agent.sh
#
# What it prints is the answer. Exit 0: done; 3: it was tried, and is not to be tried again; others: again, later.
set -eu

# A task's text has no newline at its end unless it was submitted with one: `read` would take that for a failure.
version=$(cat)
echo "deploying $version for job $CONTACT_TASK_LABEL_JOB"
case "$version" in
[0-9]*.[0-9]*) ;;                     # here the deploy would be
*) echo "no such version: $version" >&2; exit 3 ;;
esac
echo "$version is live"
