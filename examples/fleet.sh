#!/bin/sh
# A fleet of five machines and somebody who asks them all, here on one machine and loopback alone.
#
#   contact submit --wait ──► contact serve ◄── contact run   kiosk-1 … kiosk-5, none of which can be dialled
#
# Each agent is in a group of its own (unless told otherwise), so that each of them does each task of the queue, and
# does it once, however often it is started again.
set -eu

folder=$(mktemp -d)
pids=
# Agents end when they are asked to: what they have in hand they finish, or give back.
leave() { kill $pids 2>/dev/null || true; wait; rm -rf "$folder"; }
trap leave EXIT

contact serve --addr 127.0.0.1:0 --port-file "$folder/port" --data "$folder/data" 2>"$folder/serve.log" &
pids=$!
until [ -s "$folder/port" ]; do sleep 0.1; done
CONTACT_SERVER=127.0.0.1:$(cat "$folder/port")
export CONTACT_SERVER

# On a real machine this one line is the whole agent. The task comes on stdin and is never part of a command line: what
# may be asked is a list of words here, not a shell's.
cat >"$folder/answer" <<'SCRIPT'
#!/bin/sh
case "$(cat)" in
uptime) cut -d' ' -f1 /proc/uptime ;;
system) uname -sm ;;
*) echo "I do not know that" >&2; exit 65 ;;   # 65: rejected, nobody is to try it again
esac
SCRIPT
chmod +x "$folder/answer"
for n in 1 2 3 4 5; do
    contact run --client "kiosk-$n" -q fleet --to-me -- "$folder/answer" >/dev/null &
    pids="$pids $!"
done

# All of them, by name; by `--clients 5` it would be whoever are the first five. A JSON line for each answer.
contact submit -q fleet --wait --clients kiosk-1,kiosk-2,kiosk-3,kiosk-4,kiosk-5 --timeout 30s system >"$folder/answers"
sed 's/.*"client":"\([^"]*\)".*"ret":"\([^"]*\)\\n".*/\1: \2/' "$folder/answers" | sort

# One of them, through its inbox.
contact submit --to kiosk-3 --wait --timeout 30s uptime

# Who is there.
contact clients
