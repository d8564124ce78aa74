
use builtin;
use str;

set edit:completion:arg-completer[contact] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'contact'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'contact'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand serve 'Run the server'
            cand submit 'Hand in tasks: TEXT, or one task per line of stdin'
            cand watch-tasks 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
            cand ack 'Say what has become of tasks: JSON objects, one per line of stdin'
            cand run 'Work as an agent: run a command for each task that is handed to this machine'
            cand send-status 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
            cand watch-results 'Print what workers have told of tasks from the first result kept, in order, then each new one as it comes'
            cand wait 'Wait for tasks, and print their results as they come'
            cand clients 'Show who is there, or has been in the last 7 days'
            cand queues 'Show the queues and what is in them'
            cand groups 'Show the groups, what they have in hand and what is left; change their settings'
            cand tasks 'Show tasks, as the log has them or as a group does'
            cand why 'Say where a task stands in each group, and why it has not been handed out'
            cand cancel 'Cancel tasks: no group is handed them any more'
            cand redrive 'Make dead tasks of a group ready again, with their failures forgotten'
            cand purge 'Throw away the tasks of a queue, for every group and every watcher'
            cand health 'Ask whether the server serves'
            cand wait-ready 'Wait until the server serves'
            cand token 'Make, show and revoke the tokens by which clients prove who they are'
            cand completions 'Print a shell''s completion script'
            cand man 'Print a page of the manual'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'contact;serve'= {
            cand --addr 'Where to listen: HOST:PORT (port 0: any free one) or unix:PATH'
            cand --port-file 'Write the port into this file once it is listened on'
            cand --data 'The folder to keep tasks in [default: $XDG_STATE_HOME/contact, else ~/.local/state/contact]'
            cand --store 'Where to keep tasks'
            cand --retain 'How long to keep a task'
            cand --tokens 'Ask clients who they are: the file of tokens, which `contact token` makes; it is followed'
            cand --audit-log 'Write denials and the calls of admins into this file, as JSON lines; `-` is the log'
            cand --socket-mode 'The mode of a Unix socket''s file: who may not write it cannot connect [default: 0600]'
            cand --demo-every 'How often'
            cand --log-format 'How to write log lines'
            cand --log 'What to log: off, error, warn, info, debug, trace, or a filter like contact=debug,h2=warn'
            cand --max-streams-per-client 'How many calls of one client may be open'
            cand --max-rate 'How many messages one client may send in a second: tasks, results, statuses, and each call [default: as many as it can]'
            cand --max-bytes-in-flight 'How many bytes of one client''s tasks and results may be unanswered'
            cand --tls_cert 'Speak TLS with the certificate in this file (PEM, the server''s own first); needs --tls-key'
            cand --tls_key 'Its key (PEM, not encrypted). Both are read again when they change, and on SIGHUP'
            cand --client-ca 'Ask clients for a certificate that one of these authorities (PEM) has signed: its first DNS name that is a client''s name, else the last segment of its first URI, says who calls'
            cand --client-certs 'Whether a client may connect without a certificate'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --insecure 'Listen beyond this machine without TLS, or without asking clients who they are'
            cand --demo 'Submit the tutorial''s ten tasks now and again'
            cand --dev-tls 'Speak TLS with a certificate made now, for trying things out, and print what clients need'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;submit'= {
            cand -q 'The queue'
            cand --queue 'The queue'
            cand --to 'The client whose inbox it goes to: short for the queue @NAME'
            cand --id 'The task''s id, beginning with a letter: the same id with the same content again is no second task'
            cand -l 'A label to pass on with the task (repeatable)'
            cand --label 'A label to pass on with the task (repeatable)'
            cand --delay 'Hand it out after this long; until then it has no place in its queue'
            cand --expires 'After this long it is handed to no group any more; longer than --delay'
            cand --clients 'Wait until each of these clients has answered (a,b,c), or so many clients (3) [default: anybody]'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --json 'Each line of stdin is a JSON object: task, and perhaps id, queue, to, labels, delay_ms, expires_ms'
            cand --wait 'Print the tasks'' results instead, and end when each task has'
            cand --exit-code 'Leave with the exit code of the task: of several the first that is not 0, in the order given. A task that is done without one counts as 0, one that has ended otherwise as 1'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;watch-tasks'= {
            cand -q 'A queue to watch (repeatable); with --group in the order wanted [default: default]'
            cand --queue 'A queue to watch (repeatable); with --group in the order wanted [default: default]'
            cand --from 'Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one). A group that is there already goes on where it is [default: start]'
            cand --after 'Start after this SEQ'
            cand -n 'Leave after N tasks'
            cand --max 'Leave after N tasks'
            cand --idle-exit 'Leave when no task has come, and with --group none was held, for this long (with 3 if the server was not there then)'
            cand --on-gap 'What to do when tasks are no longer kept where the watch wants to go on'
            cand --group 'Share the tasks with the other members of this group; `@` is this client''s own group. It is made on first use'
            cand --max-in-flight 'Hold at most N tasks that are not settled [default: with --max N as many, so that a worker may keep its output back to the end; else 1]'
            cand --lease 'How long a lease is when this process is no longer heard: 1s to 12h [default: the group''s, 1m]'
            cand --max-hold 'How long a task may be held at all: from 1s [default: 12h]'
            cand --grace 'How long to wait for last words from `ack` when nobody reads any more [default: 20s]'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --to-me 'Watch this client''s inbox, the queue @NAME'
            cand --until-empty 'Leave after the last task that is there when the watch begins; with --group once none of those is ready, waiting or held here'
            cand --detach 'Leave after the last line: its lease then lives as long as --lease says. Not with --until-empty, which waits for what is held here'
            cand --auto-done 'Settle each task as done when its line is written'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;ack'= {
            cand --id 'The id of a task, for the roll-call of this client (repeatable)'
            cand --outcome 'What has become of each task that does not say it itself'
            cand --ret 'What to tell of each task that does not say it itself'
            cand --delay 'When to hand out again what failed or was released [default: as the group says]'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --strict 'Exit with 1 if a task''s verdict is not ok, duplicate or noted'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;run'= {
            cand -q 'A queue to take tasks from, in the order wanted (repeatable) [default: default]'
            cand --queue 'A queue to take tasks from, in the order wanted (repeatable) [default: default]'
            cand --group 'The group whose tasks to share; `@` is this client''s own. It is made on first use'
            cand --from 'Where a new group starts: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z [default: start]'
            cand -j 'Run at most N commands at a time'
            cand --jobs 'Run at most N commands at a time'
            cand --exit-map 'What an exit code means: done, failed, released (handed out again, not counted) or rejected'
            cand --task-timeout 'Stop a command that runs longer: its task has failed'
            cand --kill-after 'How long a command has between SIGTERM and SIGKILL when it is stopped'
            cand --lease 'How long a lease is when this process is no longer heard: 1s to 12h [default: the group''s, 1m]'
            cand --max-hold 'How long a task may be held at all: from 1s [default: 12h]'
            cand --grace 'How long to wait for what is still going on when this process is told to stop [default: 20s]'
            cand -n 'Leave after N tasks'
            cand --max 'Leave after N tasks'
            cand --idle-exit 'Leave when no task has come and none was run for this long (with 3 if the server was not there then)'
            cand --every 'Report a status at once and after each such time: by default how many tasks run, are done and have failed'
            cand --status 'Report this text'
            cand --status-cmd 'Report what this prints, the first 4 KiB. It is split into words, without a shell, and stopped after --every or 10s'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --to-me 'Take tasks from this client''s inbox, the queue @NAME'
            cand --until-empty 'Leave once none of the tasks that are there when it begins is ready, waiting or held here'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;send-status'= {
            cand -n 'Send so many: of TEXT, or of the tutorial''s sample 数据:N, N from 1 to 20'
            cand --count 'Send so many: of TEXT, or of the tutorial''s sample 数据:N, N from 1 to 20'
            cand --every 'Begin again after each such time, for ever'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;watch-results'= {
            cand --id 'Only of this task, from its first result on (repeatable); it ends once each has ended for all groups, by being cancelled, expired or gone'
            cand -q 'Only of this queue [default: all]'
            cand --queue 'Only of this queue [default: all]'
            cand --group 'Only of this group; `@` is this client''s own [default: all]'
            cand --from 'Where to start: `start` (the first result kept), `new` (what comes from now on), a result''s NUMBER (its n, inclusive) or a TIME like 2026-11-22T06:00:00Z [default: start]'
            cand --after 'Start after the result of this NUMBER'
            cand -n 'Leave after N results'
            cand --max 'Leave after N results'
            cand --idle-exit 'Leave when no result has come for this long (with 3 if the server was not there then)'
            cand --on-gap 'What to do when results are no longer kept where the watch wants to go on'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --until-empty 'Leave after the last result that is there when the watch begins'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;wait'= {
            cand --clients 'Wait until each of these clients has answered (a,b,c), or so many clients (3) [default: anybody]'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --exit-code 'Leave with the exit code of the task: of several the first that is not 0, in the order given. A task that is done without one counts as 0, one that has ended otherwise as 1'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;clients'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -w 'Go on and say who comes, goes and reports, until it is stopped'
            cand --watch 'Go on and say who comes, goes and reports, until it is stopped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;queues'= {
            cand -q 'Only this queue [default: all]'
            cand --queue 'Only this queue [default: all]'
            cand --every 'How often to look'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -w 'Go on and show what changes, until it is stopped'
            cand --watch 'Go on and show what changes, until it is stopped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;groups'= {
            cand -q 'Only groups of this queue [default: all; to change a group: default]'
            cand --queue 'Only groups of this queue [default: all; to change a group: default]'
            cand --group 'Only groups of this name; `@` is this client''s own'
            cand --every 'How often to look'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -w 'Go on and show what changes, until it is stopped'
            cand --watch 'Go on and show what changes, until it is stopped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand set 'Change a group''s settings; what is not given stays'
            cand pause 'Hand out nothing more of a group; leases in force go on'
            cand resume 'Hand out tasks of a paused group again'
        }
        &'contact;groups;set'= {
            cand --max-failures 'A task is dead after so many failures; 0 is never'
            cand --backoff 'The pause after the first failure, and up to which it doubles with each: 1s, 1s..5m or ..5m'
            cand --lease 'How long a lease is, unless a member asks for another: 1s to 12h'
            cand -q 'Only groups of this queue [default: all; to change a group: default]'
            cand --queue 'Only groups of this queue [default: all; to change a group: default]'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;groups;pause'= {
            cand -q 'Only groups of this queue [default: all; to change a group: default]'
            cand --queue 'Only groups of this queue [default: all; to change a group: default]'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;groups;resume'= {
            cand -q 'Only groups of this queue [default: all; to change a group: default]'
            cand --queue 'Only groups of this queue [default: all; to change a group: default]'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;tasks'= {
            cand -q 'Only of this queue [default: default; with --state delayed, leased, waiting or dead: all]'
            cand --queue 'Only of this queue [default: default; with --state delayed, leased, waiting or dead: all]'
            cand --group 'As this group has them; `@` is this client''s own'
            cand --state 'Only in this state'
            cand --clients 'Whose answers to look for (a,b,c), with an ID [default: of all who have to do with the task]'
            cand --limit 'At most so many [default: all; with --watch: 1000]'
            cand --every 'How often to look'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -w 'Go on and show what changes, until it is stopped'
            cand --watch 'Go on and show what changes, until it is stopped'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;why'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;cancel'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;redrive'= {
            cand --group 'The group; `@` is this client''s own'
            cand -q 'The queue'
            cand --queue 'The queue'
            cand --rate 'No more than so many in a second (N or N/s), a minute (N/m) or an hour (N/h)'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --all 'All that are dead now, the oldest first'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;purge'= {
            cand -q 'The queue'
            cand --queue 'The queue'
            cand --upto 'Those up to this SEQ, inclusive'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --all 'All tasks that there are'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;health'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;wait-ready'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;token'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand create 'Make a token and print it: it is shown only now'
            cand list 'Show who may do what'
            cand revoke 'Revoke tokens: what their holders have open ends within two seconds'
        }
        &'contact;token;create'= {
            cand --name 'Who has it; with --certificate `*` is whomever a certificate names'
            cand --role 'What it is good for; repeat it, or separate by commas'
            cand --queue 'In which queues: a name in which `*` stands for any characters; repeatable [default: all]'
            cand --group 'Of which groups: likewise [default: all]'
            cand --expires 'Until when, from now on [default: until it is revoked]'
            cand --tokens 'The file of tokens, the same as that of serve'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand --certificate 'No token: a client certificate that names it is the proof'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;token;list'= {
            cand --tokens 'The file of tokens, the same as that of serve'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;token;revoke'= {
            cand --name 'All of this name'
            cand --tokens 'The file of tokens, the same as that of serve'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;completions'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;man'= {
            cand --dir 'Write all pages into this folder instead'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --token-file 'A file with the token that says who this is [default: contact-token of systemd''s credentials]'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;help'= {
            cand serve 'Run the server'
            cand submit 'Hand in tasks: TEXT, or one task per line of stdin'
            cand watch-tasks 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
            cand ack 'Say what has become of tasks: JSON objects, one per line of stdin'
            cand run 'Work as an agent: run a command for each task that is handed to this machine'
            cand send-status 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
            cand watch-results 'Print what workers have told of tasks from the first result kept, in order, then each new one as it comes'
            cand wait 'Wait for tasks, and print their results as they come'
            cand clients 'Show who is there, or has been in the last 7 days'
            cand queues 'Show the queues and what is in them'
            cand groups 'Show the groups, what they have in hand and what is left; change their settings'
            cand tasks 'Show tasks, as the log has them or as a group does'
            cand why 'Say where a task stands in each group, and why it has not been handed out'
            cand cancel 'Cancel tasks: no group is handed them any more'
            cand redrive 'Make dead tasks of a group ready again, with their failures forgotten'
            cand purge 'Throw away the tasks of a queue, for every group and every watcher'
            cand health 'Ask whether the server serves'
            cand wait-ready 'Wait until the server serves'
            cand token 'Make, show and revoke the tokens by which clients prove who they are'
            cand completions 'Print a shell''s completion script'
            cand man 'Print a page of the manual'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'contact;help;serve'= {
        }
        &'contact;help;submit'= {
        }
        &'contact;help;watch-tasks'= {
        }
        &'contact;help;ack'= {
        }
        &'contact;help;run'= {
        }
        &'contact;help;send-status'= {
        }
        &'contact;help;watch-results'= {
        }
        &'contact;help;wait'= {
        }
        &'contact;help;clients'= {
        }
        &'contact;help;queues'= {
        }
        &'contact;help;groups'= {
            cand set 'Change a group''s settings; what is not given stays'
            cand pause 'Hand out nothing more of a group; leases in force go on'
            cand resume 'Hand out tasks of a paused group again'
        }
        &'contact;help;groups;set'= {
        }
        &'contact;help;groups;pause'= {
        }
        &'contact;help;groups;resume'= {
        }
        &'contact;help;tasks'= {
        }
        &'contact;help;why'= {
        }
        &'contact;help;cancel'= {
        }
        &'contact;help;redrive'= {
        }
        &'contact;help;purge'= {
        }
        &'contact;help;health'= {
        }
        &'contact;help;wait-ready'= {
        }
        &'contact;help;token'= {
            cand create 'Make a token and print it: it is shown only now'
            cand list 'Show who may do what'
            cand revoke 'Revoke tokens: what their holders have open ends within two seconds'
        }
        &'contact;help;token;create'= {
        }
        &'contact;help;token;list'= {
        }
        &'contact;help;token;revoke'= {
        }
        &'contact;help;completions'= {
        }
        &'contact;help;man'= {
        }
        &'contact;help;help'= {
        }
    ]
    $completions[$command]
}
