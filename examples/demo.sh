#!/bin/sh
# The tutorial's whole client in one command: it takes ten tasks, says of each that it is done, and reports its status
# beside that; `contact serve --demo` is the tutorial's server.
#
# Without --max it goes on for ever, through every restart of the server.
set -eu

folder=$(mktemp -d)
server=
leave() { kill $server 2>/dev/null || true; wait; rm -rf "$folder"; }
trap leave EXIT

contact serve --demo --addr 127.0.0.1:0 --port-file "$folder/port" --data "$folder/data" 2>"$folder/serve.log" &
server=$!
until [ -s "$folder/port" ]; do sleep 0.1; done
CONTACT_SERVER=127.0.0.1:$(cat "$folder/port")
export CONTACT_SERVER

contact run --client demo --every 1s --status '数据:7' --max 10 -- cat
