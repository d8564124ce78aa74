#!/bin/sh
# A step of a CI job: asks a machine that cannot be dialled to deploy a version, waits for the end, and fails as the
# deploy has failed. The machine runs deploy-agent.sh.
#
#   CONTACT_SERVER=contact.example:50051 examples/ci-deploy.sh 1.4.2
#
# Exit codes: the deploy's own (0: it is there); 124 it took too long; 125 contact itself has failed.
set -eu

version=$1
job=${CI_JOB_ID:-by-hand-$$}

# The id makes it one task, however often this step is tried again: a job whose runner was killed in the middle waits
# for the deploy that it has begun, and begins no second one.
contact submit --to web-1 --id "deploy-$version-$job" --label "job=$job" --wait --exit-code --timeout 50s "$version"
