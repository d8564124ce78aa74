# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_contact_global_optspecs
    string join \n server= token-file= client= o/output= timeout= retry-for= tls-ca= tls-cert= tls-key= tls-server-name= h/help V/version
end

function __fish_contact_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_contact_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_contact_using_subcommand
    set -l cmd (__fish_contact_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c contact -n "__fish_contact_needs_command" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_needs_command" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_needs_command" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_needs_command" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_needs_command" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_needs_command" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_needs_command" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_needs_command" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_needs_command" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_needs_command" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_needs_command" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_needs_command" -f -a "serve" -d 'Run the server'
complete -c contact -n "__fish_contact_needs_command" -f -a "submit" -d 'Hand in tasks: TEXT, or one task per line of stdin'
complete -c contact -n "__fish_contact_needs_command" -f -a "watch-tasks" -d 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
complete -c contact -n "__fish_contact_needs_command" -f -a "ack" -d 'Say what has become of tasks: JSON objects, one per line of stdin'
complete -c contact -n "__fish_contact_needs_command" -f -a "run" -d 'Work as an agent: run a command for each task that is handed to this machine'
complete -c contact -n "__fish_contact_needs_command" -f -a "send-status" -d 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
complete -c contact -n "__fish_contact_needs_command" -f -a "watch-results" -d 'Print what workers have told of tasks from the first result kept, in order, then each new one as it comes'
complete -c contact -n "__fish_contact_needs_command" -f -a "wait" -d 'Wait for tasks, and print their results as they come'
complete -c contact -n "__fish_contact_needs_command" -f -a "clients" -d 'Show who is there, or has been in the last 7 days'
complete -c contact -n "__fish_contact_needs_command" -f -a "queues" -d 'Show the queues and what is in them'
complete -c contact -n "__fish_contact_needs_command" -f -a "groups" -d 'Show the groups, what they have in hand and what is left; change their settings'
complete -c contact -n "__fish_contact_needs_command" -f -a "tasks" -d 'Show tasks, as the log has them or as a group does'
complete -c contact -n "__fish_contact_needs_command" -f -a "why" -d 'Say where a task stands in each group, and why it has not been handed out'
complete -c contact -n "__fish_contact_needs_command" -f -a "cancel" -d 'Cancel tasks: no group is handed them any more'
complete -c contact -n "__fish_contact_needs_command" -f -a "redrive" -d 'Make dead tasks of a group ready again, with their failures forgotten'
complete -c contact -n "__fish_contact_needs_command" -f -a "purge" -d 'Throw away the tasks of a queue, for every group and every watcher'
complete -c contact -n "__fish_contact_needs_command" -f -a "health" -d 'Ask whether the server serves'
complete -c contact -n "__fish_contact_needs_command" -f -a "wait-ready" -d 'Wait until the server serves'
complete -c contact -n "__fish_contact_needs_command" -f -a "token" -d 'Make, show and revoke the tokens by which clients prove who they are'
complete -c contact -n "__fish_contact_needs_command" -f -a "bench" -d 'Measure a server under load'
complete -c contact -n "__fish_contact_needs_command" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c contact -n "__fish_contact_needs_command" -f -a "man" -d 'Print a page of the manual'
complete -c contact -n "__fish_contact_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c contact -n "__fish_contact_using_subcommand serve" -l addr -d 'Where to listen: HOST:PORT (port 0: any free one) or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l port-file -d 'Write the port into this file once it is listened on' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l data -d 'The folder to keep tasks in [default: $XDG_STATE_HOME/contact, else ~/.local/state/contact]' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l store -d 'Where to keep tasks' -r -f -a "sqlite\t'On disk'
memory\t'In memory: forgotten when the server ends'"
complete -c contact -n "__fish_contact_using_subcommand serve" -l retain -d 'How long to keep a task' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l tokens -d 'Ask clients who they are: the file of tokens, which `contact token` makes; it is followed' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l audit-log -d 'Write denials and the calls of admins into this file, as JSON lines; `-` is the log' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l socket-mode -d 'The mode of a Unix socket\'s file: who may not write it cannot connect [default: 0600]' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l min-free -d 'Refuse submits while less than this is free on the disk, and go on with the rest; 0 is never [default: 64MiB, or a quarter of a smaller file system]' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l max-connections -d 'Connections at a time; more are closed at once' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l max-connections-per-address -d 'Of them from one address (of IPv6: from one /64 network)' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l max-streams-per-connection -d 'Calls at a time on one connection' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l max-connection-age -d 'Ask a connection to go after so long, a tenth more or less, so that a load balancer can spread clients anew; what has not ended a --grace later is ended, and the client comes back [default: never]' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l grace -d 'How long a shutdown waits for clients to take note before it cuts them off' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l demo-every -d 'How often' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l log-format -d 'How to write log lines' -r -f -a "text\t''
json\t''"
complete -c contact -n "__fish_contact_using_subcommand serve" -l log -d 'What to log: off, error, warn, info, debug, trace, or a filter like contact=debug,h2=warn' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l max-streams-per-client -d 'How many calls of one client may be open' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l max-rate -d 'How many messages one client may send in a second: tasks, results, statuses, and each call [default: as many as it can]' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l max-bytes-in-flight -d 'How many bytes of one client\'s tasks, results and statuses may be unanswered; half as many of answers that it has not read' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l tls-cert -d 'Speak TLS with the certificate in this file (PEM, the server\'s own first); needs --tls-key' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l tls-key -d 'Its key (PEM, not encrypted). Both are read again when they change, and on SIGHUP' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l client-ca -d 'Ask clients for a certificate that one of these authorities (PEM) has signed: its first DNS name that is a client\'s name, else the path of its first URI that is one, says who calls. Without --tokens each of them may do all but what an admin may, in every queue' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l client-certs -d 'Whether a client may connect without a certificate' -r -f -a "required\t'Nobody without one gets further than the handshake'
optional\t'One without a certificate may connect; what it may do is decided otherwise'"
complete -c contact -n "__fish_contact_using_subcommand serve" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand serve" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l check -d 'Serve nothing: verify the store, change nothing of it, print what is damaged'
complete -c contact -n "__fish_contact_using_subcommand serve" -l insecure -d 'Listen beyond this machine without TLS, or without asking clients who they are'
complete -c contact -n "__fish_contact_using_subcommand serve" -l demo -d 'Submit the tutorial\'s ten tasks now and again'
complete -c contact -n "__fish_contact_using_subcommand serve" -l dev-tls -d 'Speak TLS with a certificate made now, for trying things out, and print what clients need'
complete -c contact -n "__fish_contact_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand serve" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand submit" -s q -l queue -d 'The queue' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l to -d 'The client whose inbox it goes to: short for the queue @NAME' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l id -d 'The task\'s id, beginning with a letter: the same id with the same content again is no second task' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -s l -l label -d 'A label to pass on with the task (repeatable)' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l delay -d 'Hand it out after this long; until then it has no place in its queue' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l expires -d 'After this long it is handed to no group any more; longer than --delay' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l clients -d 'Wait until each of these clients has answered (a,b,c), or so many clients (3) [default: anybody]' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand submit" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand submit" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand submit" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand submit" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand submit" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l json -d 'Each line of stdin is a JSON object: task, and perhaps id, queue, to, labels, delay_ms, expires_ms'
complete -c contact -n "__fish_contact_using_subcommand submit" -l wait -d 'Print the tasks\' results instead, and end when each task has'
complete -c contact -n "__fish_contact_using_subcommand submit" -l exit-code -d 'Leave with the exit code of the task: of several the first that is not 0, in the order given. A task that is done without one counts as 0, one that has ended otherwise as 1'
complete -c contact -n "__fish_contact_using_subcommand submit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand submit" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s q -l queue -d 'A queue to watch (repeatable); with --group in the order wanted [default: default]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l from -d 'Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one). A group that is there already goes on where it is [default: start]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l after -d 'Start after this SEQ' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s n -l max -d 'Leave after N tasks' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l idle-exit -d 'Leave when no task has come, and with --group none was held, for this long (with 3 if the server was not there then)' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l on-gap -d 'What to do when tasks are no longer kept where the watch wants to go on' -r -f -a "fail\t'Leave with exit code 75, or 73 for another store'
skip\t'Say so and go on at the first one kept'"
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l group -d 'Share the tasks with the other members of this group; `@` is this client\'s own group. It is made on first use' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l max-in-flight -d 'Hold at most N tasks that are not settled [default: with --max N as many, so that a worker may keep its output back to the end; else 1]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l lease -d 'How long a lease is when this process is no longer heard: 1s to 12h [default: the group\'s, 1m]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l max-hold -d 'How long a task may be held at all: from 1s [default: 12h]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l grace -d 'How long to wait for last words from `ack` when nobody reads any more [default: 20s]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l to-me -d 'Watch this client\'s inbox, the queue @NAME'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l until-empty -d 'Leave after the last task that is there when the watch begins; with --group once none of those is ready, waiting or held here'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l detach -d 'Leave after the last line: its lease then lives as long as --lease says. Not with --until-empty, which waits for what is held here'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l auto-done -d 'Settle each task as done when its line is written'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand ack" -l id -d 'The id of a task, for the roll-call of this client (repeatable)' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l outcome -d 'What has become of each task that does not say it itself' -r -f -a "done\t''
failed\t''
released\t''
rejected\t''
working\t''
received\t''"
complete -c contact -n "__fish_contact_using_subcommand ack" -l ret -d 'What to tell of each task that does not say it itself' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l delay -d 'When to hand out again what failed or was released [default: as the group says]' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand ack" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand ack" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand ack" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand ack" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand ack" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l strict -d 'Exit with 1 if a task\'s verdict is not ok, duplicate or noted'
complete -c contact -n "__fish_contact_using_subcommand ack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand ack" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand run" -s q -l queue -d 'A queue to take tasks from, in the order wanted (repeatable) [default: default]' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l group -d 'The group whose tasks to share; `@` is this client\'s own. It is made on first use' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l from -d 'Where a new group starts: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z [default: start]' -r
complete -c contact -n "__fish_contact_using_subcommand run" -s j -l jobs -d 'Run at most N commands at a time' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l exit-map -d 'What an exit code means: done, failed, released (handed out again, not counted) or rejected' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l task-timeout -d 'Stop a command that runs longer: its task has failed' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l kill-after -d 'How long a command has between SIGTERM and SIGKILL when it is stopped' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l lease -d 'How long a lease is when this process is no longer heard: 1s to 12h [default: the group\'s, 1m]' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l max-hold -d 'How long a task may be held at all: from 1s [default: 12h]' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l grace -d 'How long to wait for what is still going on when this process is told to stop [default: 20s]' -r
complete -c contact -n "__fish_contact_using_subcommand run" -s n -l max -d 'Leave after N tasks' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l idle-exit -d 'Leave when no task has come and none was run for this long (with 3 if the server was not there then)' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l every -d 'Report a status at once and after each such time: by default how many tasks run, are done and have failed' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l status -d 'Report this text' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l status-cmd -d 'Report what this prints, the first 4 KiB. It is split into words, without a shell, and stopped after --every or 10s' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand run" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand run" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand run" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand run" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand run" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand run" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand run" -l to-me -d 'Take tasks from this client\'s inbox, the queue @NAME'
complete -c contact -n "__fish_contact_using_subcommand run" -l until-empty -d 'Leave once none of the tasks that are there when it begins is ready, waiting or held here'
complete -c contact -n "__fish_contact_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand run" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand send-status" -s n -l count -d 'Send so many: of TEXT, or of the tutorial\'s sample 数据:N, N from 1 to 20' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l every -d 'Begin again after each such time, for ever' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand send-status" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand send-status" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand send-status" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand send-status" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand send-status" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand send-status" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l id -d 'Only of this task, from its first result on (repeatable); it ends once each has ended for all groups, by being cancelled, expired or gone' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -s q -l queue -d 'Only of this queue [default: all]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l group -d 'Only of this group; `@` is this client\'s own [default: all]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l from -d 'Where to start: `start` (the first result kept), `new` (what comes from now on), a result\'s NUMBER (its n, inclusive) or a TIME like 2026-11-22T06:00:00Z [default: start]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l after -d 'Start after the result of this NUMBER' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -s n -l max -d 'Leave after N results' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l idle-exit -d 'Leave when no result has come for this long (with 3 if the server was not there then)' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l on-gap -d 'What to do when results are no longer kept where the watch wants to go on' -r -f -a "fail\t'Leave with exit code 75, or 73 for another store'
skip\t'Say so and go on at the first one kept'"
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand watch-results" -l until-empty -d 'Leave after the last result that is there when the watch begins'
complete -c contact -n "__fish_contact_using_subcommand watch-results" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand watch-results" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand wait" -l clients -d 'Wait until each of these clients has answered (a,b,c), or so many clients (3) [default: anybody]' -r
complete -c contact -n "__fish_contact_using_subcommand wait" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand wait" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand wait" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand wait" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand wait" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand wait" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand wait" -l exit-code -d 'Leave with the exit code of the task: of several the first that is not 0, in the order given. A task that is done without one counts as 0, one that has ended otherwise as 1'
complete -c contact -n "__fish_contact_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand wait" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand clients" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand clients" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand clients" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand clients" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand clients" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand clients" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand clients" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand clients" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand clients" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand clients" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand clients" -s w -l watch -d 'Go on and say who comes, goes and reports, until it is stopped'
complete -c contact -n "__fish_contact_using_subcommand clients" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand clients" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand queues" -s q -l queue -d 'Only this queue [default: all]' -r
complete -c contact -n "__fish_contact_using_subcommand queues" -l every -d 'How often to look' -r
complete -c contact -n "__fish_contact_using_subcommand queues" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand queues" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand queues" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand queues" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand queues" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand queues" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand queues" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand queues" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand queues" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand queues" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand queues" -s w -l watch -d 'Go on and show what changes, until it is stopped'
complete -c contact -n "__fish_contact_using_subcommand queues" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand queues" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -s q -l queue -d 'Only groups of this queue [default: all; to change a group: default]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l group -d 'Only groups of this name; `@` is this client\'s own' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l every -d 'How often to look' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -s w -l watch -d 'Go on and show what changes, until it is stopped'
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -f -a "set" -d 'Change a group\'s settings; what is not given stays'
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -f -a "pause" -d 'Hand out nothing more of a group; leases in force go on'
complete -c contact -n "__fish_contact_using_subcommand groups; and not __fish_seen_subcommand_from set pause resume" -f -a "resume" -d 'Hand out tasks of a paused group again'
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l max-failures -d 'A task is dead after so many failures; 0 is never' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l backoff -d 'The pause after the first failure, and up to which it doubles with each: 1s, 1s..5m or ..5m' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l lease -d 'How long a lease is, unless a member asks for another: 1s to 12h' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -s q -l queue -d 'Only groups of this queue [default: all; to change a group: default]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -s q -l queue -d 'Only groups of this queue [default: all; to change a group: default]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from pause" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -s q -l queue -d 'Only groups of this queue [default: all; to change a group: default]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand groups; and __fish_seen_subcommand_from resume" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand tasks" -s q -l queue -d 'Only of this queue [default: default; with --state delayed, leased, waiting or dead: all]' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l group -d 'As this group has them; `@` is this client\'s own' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l state -d 'Only in this state' -r -f -a "delayed\t'Accepted, and waits for its time to enter the log'
ready\t'Could be handed out; with --group'
leased\t'In a member\'s hands'
waiting\t'Waits for its next attempt'
done\t'Settled; with --group'
dead\t'Out of failures, or rejected'
cancelled\t'Ended by `contact cancel`'
expired\t'Ended by its own time'"
complete -c contact -n "__fish_contact_using_subcommand tasks" -l clients -d 'Whose answers to look for (a,b,c), with an ID [default: of all who have to do with the task]' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l limit -d 'At most so many [default: all; with --watch: 1000]' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l every -d 'How often to look' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand tasks" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand tasks" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand tasks" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand tasks" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand tasks" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand tasks" -s w -l watch -d 'Go on and show what changes, until it is stopped'
complete -c contact -n "__fish_contact_using_subcommand tasks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand tasks" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand why" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand why" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand why" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand why" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand why" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand why" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand why" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand why" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand why" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand why" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand why" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand cancel" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand cancel" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand cancel" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand cancel" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand cancel" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand cancel" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand cancel" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand cancel" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand cancel" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand cancel" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand cancel" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand redrive" -l group -d 'The group; `@` is this client\'s own' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -s q -l queue -d 'The queue' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -l rate -d 'No more than so many in a second (N or N/s), a minute (N/m) or an hour (N/h)' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand redrive" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand redrive" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand redrive" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand redrive" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand redrive" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand redrive" -l all -d 'All that are dead now, the oldest first'
complete -c contact -n "__fish_contact_using_subcommand redrive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand redrive" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand purge" -s q -l queue -d 'The queue' -r
complete -c contact -n "__fish_contact_using_subcommand purge" -l upto -d 'Those up to this SEQ, inclusive' -r
complete -c contact -n "__fish_contact_using_subcommand purge" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand purge" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand purge" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand purge" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand purge" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand purge" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand purge" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand purge" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand purge" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand purge" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand purge" -l all -d 'All tasks that there are'
complete -c contact -n "__fish_contact_using_subcommand purge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand purge" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand health" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand health" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand health" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand health" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand health" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand health" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand health" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand health" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand health" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand health" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand health" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "create" -d 'Make a token and print it: it is shown only now'
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "list" -d 'Show who may do what'
complete -c contact -n "__fish_contact_using_subcommand token; and not __fish_seen_subcommand_from create list revoke" -f -a "revoke" -d 'Revoke tokens: what their holders have open ends within two seconds'
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l name -d 'Who has it; with --certificate `*` is whomever a certificate names' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l role -d 'What it is good for; repeat it, or separate by commas' -r -f -a "submit\t'Hand in tasks, and wait for what is told of them'
watch\t'Watch all tasks of queues, and say that they were received or done'
work\t'Share tasks with the members of groups, and settle them'
report\t'Report a status and be seen'
inspect\t'Look at queues, groups, tasks, results and clients'
admin\t'Everything, and to cancel, redrive, purge and set'
worker\t'Work and report'"
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l queue -d 'In which queues: a name in which `*` stands for any characters; repeatable [default: all]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l group -d 'Of which groups: likewise [default: all]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l expires -d 'Until when, from now on [default: until it is revoked]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l tokens -d 'The file of tokens, the same as that of serve' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -l certificate -d 'No token: a client certificate that names it is the proof'
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from create" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l tokens -d 'The file of tokens, the same as that of serve' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l name -d 'All of this name' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l tokens -d 'The file of tokens, the same as that of serve' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand token; and __fish_seen_subcommand_from revoke" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "submit" -d 'Hand in tasks, many on their way at a time'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "watch" -d 'Read a backlog by watchers without a group, each the whole of it'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "fan-out" -d 'Hand in tasks while N watchers without a group see each of them'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "group" -d 'Hand in tasks, hand them out to the members of a group, and settle each as done'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "settle" -d 'Settle tasks as done, on one stream for each client'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "latency" -d 'Hand in one task at a time, and see how long each takes'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "cli" -d 'Start `contact send-status`, have it answered, and see it end'
complete -c contact -n "__fish_contact_using_subcommand bench; and not __fish_seen_subcommand_from submit watch fan-out group settle latency cli help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -s n -l tasks -d 'How many in each round [default: as above]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l duration -d 'Instead of a number: as many as go into this long, in each round' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l rate -d 'At most so many a second, of all clients together [default: as fast as it goes]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l in-flight -d 'Unanswered tasks of each client; never more than 64 MiB of them' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l clients -d 'Connections that submit side by side' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l queues -d 'Queues that get the tasks in turn, named like the queue with -00000, -00001 … behind it' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -s q -l queue -d 'The queue; what is handed in stays there [default: one of its own, purged at the end]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l id -d 'Give each task an id of its own'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from submit" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -s n -l tasks -d 'How many tasks [default: 1000000; with --queue all that there are]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l clients -d 'Watchers, with a connection each' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l rate -d 'Read at most so many a second, all watchers together [default: as fast as it goes]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -s q -l queue -d 'Read what is in this queue; nothing is handed in [default: one of its own, purged at the end]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l decode -d 'Decode each task, as a client does that has use for it'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from watch" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -s n -l tasks -d 'How many in each round [default: as above]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l duration -d 'Instead of a number: as many as go into this long, in each round' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l rate -d 'At most so many a second, of all clients together [default: as fast as it goes]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l in-flight -d 'Tasks on their way at a time; never more than 64 MiB of them' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from fan-out" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -s n -l tasks -d 'How many in each round [default: as above]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l duration -d 'Instead of a number: as many as go into this long, in each round' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l rate -d 'At most so many a second, of all clients together [default: as fast as it goes]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l groups -d 'Groups that get each task' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l members -d 'Members of each group, with a connection each' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l in-flight -d 'Tasks on their way at a time, of all clients together; each member of a group holds its share' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l clients -d 'Connections that submit side by side' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l id -d 'Give each task an id of its own'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from group" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -s n -l tasks -d 'How many in each round' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l clients -d 'Connections that settle side by side' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from settle" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -s n -l tasks -d 'How many in each round [default: as above]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l duration -d 'Instead of a number: as many as go into this long, in each round' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l rate -d 'At most so many a second, of all clients together [default: as fast as it goes]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l watch -d 'Until a watcher without a group sees the task'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from latency" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -s n -l tasks -d 'How many in each round [default: as above]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l duration -d 'Instead of a number: as many as go into this long, in each round' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l rate -d 'At most so many a second, of all clients together [default: as fast as it goes]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l clients -d 'Processes at a time' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l data -d 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l store -d 'With --spawn: where the server keeps tasks [default: sqlite]' -r -f -a "sqlite\t'On disk'
memory\t'In memory: nothing is synced'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l pid -d 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l size -d 'Bytes of a task\'s text' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l rounds -d 'How many rounds count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l warm-up -d 'How many rounds come before those, and do not count' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l threads -d 'Threads of the load [default: one for each connection, at most half as many as there are processors]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -l spawn -d 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from cli" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "submit" -d 'Hand in tasks, many on their way at a time'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Read a backlog by watchers without a group, each the whole of it'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "fan-out" -d 'Hand in tasks while N watchers without a group see each of them'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "group" -d 'Hand in tasks, hand them out to the members of a group, and settle each as done'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "settle" -d 'Settle tasks as done, on one stream for each client'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "latency" -d 'Hand in one task at a time, and see how long each takes'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "cli" -d 'Start `contact send-status`, have it answered, and see it end'
complete -c contact -n "__fish_contact_using_subcommand bench; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c contact -n "__fish_contact_using_subcommand completions" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand completions" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand completions" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand completions" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand completions" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand completions" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand completions" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand man" -l dir -d 'Write all pages into this folder instead' -r -F
complete -c contact -n "__fish_contact_using_subcommand man" -l server -d 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand man" -l token-file -d 'A file with the token that says who this is [default: contact-token of systemd\'s credentials]' -r -F
complete -c contact -n "__fish_contact_using_subcommand man" -l client -d 'This machine\'s or worker\'s name [default: what --tls-cert names, else the host\'s up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand man" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand man" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand man" -l retry-for -d 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]' -r
complete -c contact -n "__fish_contact_using_subcommand man" -l tls-ca -d 'The authorities (PEM) to trust instead of this machine\'s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once' -r -F
complete -c contact -n "__fish_contact_using_subcommand man" -l tls-cert -d 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand man" -l tls-key -d 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]' -r -F
complete -c contact -n "__fish_contact_using_subcommand man" -l tls-server-name -d 'The name that the server\'s certificate must be for, instead of --server\'s' -r
complete -c contact -n "__fish_contact_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand man" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "serve" -d 'Run the server'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "submit" -d 'Hand in tasks: TEXT, or one task per line of stdin'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "watch-tasks" -d 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "ack" -d 'Say what has become of tasks: JSON objects, one per line of stdin'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "run" -d 'Work as an agent: run a command for each task that is handed to this machine'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "send-status" -d 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "watch-results" -d 'Print what workers have told of tasks from the first result kept, in order, then each new one as it comes'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "wait" -d 'Wait for tasks, and print their results as they come'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "clients" -d 'Show who is there, or has been in the last 7 days'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "queues" -d 'Show the queues and what is in them'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "groups" -d 'Show the groups, what they have in hand and what is left; change their settings'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "tasks" -d 'Show tasks, as the log has them or as a group does'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "why" -d 'Say where a task stands in each group, and why it has not been handed out'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "cancel" -d 'Cancel tasks: no group is handed them any more'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "redrive" -d 'Make dead tasks of a group ready again, with their failures forgotten'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "purge" -d 'Throw away the tasks of a queue, for every group and every watcher'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "health" -d 'Ask whether the server serves'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "wait-ready" -d 'Wait until the server serves'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "token" -d 'Make, show and revoke the tokens by which clients prove who they are'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "bench" -d 'Measure a server under load'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "man" -d 'Print a page of the manual'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack run send-status watch-results wait clients queues groups tasks why cancel redrive purge health wait-ready token bench completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "set" -d 'Change a group\'s settings; what is not given stays'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "pause" -d 'Hand out nothing more of a group; leases in force go on'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "resume" -d 'Hand out tasks of a paused group again'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "create" -d 'Make a token and print it: it is shown only now'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "list" -d 'Show who may do what'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "revoke" -d 'Revoke tokens: what their holders have open ends within two seconds'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "submit" -d 'Hand in tasks, many on their way at a time'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "watch" -d 'Read a backlog by watchers without a group, each the whole of it'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "fan-out" -d 'Hand in tasks while N watchers without a group see each of them'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "group" -d 'Hand in tasks, hand them out to the members of a group, and settle each as done'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "settle" -d 'Settle tasks as done, on one stream for each client'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "latency" -d 'Hand in one task at a time, and see how long each takes'
complete -c contact -n "__fish_contact_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "cli" -d 'Start `contact send-status`, have it answered, and see it end'
