# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_contact_global_optspecs
    string join \n server= client= o/output= timeout= retry-for= h/help V/version
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

complete -c contact -n "__fish_contact_needs_command" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_needs_command" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_needs_command" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_needs_command" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_needs_command" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_needs_command" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_needs_command" -f -a "serve" -d 'Run the server'
complete -c contact -n "__fish_contact_needs_command" -f -a "submit" -d 'Hand in tasks: TEXT, or one task per line of stdin'
complete -c contact -n "__fish_contact_needs_command" -f -a "watch-tasks" -d 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
complete -c contact -n "__fish_contact_needs_command" -f -a "ack" -d 'Say which tasks have been received or done: JSON objects, one per line of stdin'
complete -c contact -n "__fish_contact_needs_command" -f -a "send-status" -d 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
complete -c contact -n "__fish_contact_needs_command" -f -a "health" -d 'Ask whether the server serves'
complete -c contact -n "__fish_contact_needs_command" -f -a "wait-ready" -d 'Wait until the server serves'
complete -c contact -n "__fish_contact_needs_command" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c contact -n "__fish_contact_needs_command" -f -a "man" -d 'Print a page of the manual'
complete -c contact -n "__fish_contact_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c contact -n "__fish_contact_using_subcommand serve" -l addr -d 'Where to listen: HOST:PORT (port 0: any free one) or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l port-file -d 'Write the port into this file once it is listened on' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l data -d 'The folder to keep tasks in [default: $XDG_STATE_HOME/contact, else ~/.local/state/contact]' -r -F
complete -c contact -n "__fish_contact_using_subcommand serve" -l store -d 'Where to keep tasks' -r -f -a "sqlite\t'On disk'
memory\t'In memory: forgotten when the server ends'"
complete -c contact -n "__fish_contact_using_subcommand serve" -l retain -d 'How long to keep a task' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l demo-every -d 'How often' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l log-format -d 'How to write log lines' -r -f -a "text\t''
json\t''"
complete -c contact -n "__fish_contact_using_subcommand serve" -l log -d 'What to log: off, error, warn, info, debug, trace, or a filter like contact=debug,h2=warn' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand serve" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand serve" -l insecure -d 'Listen beyond this machine, although anybody there may then do anything'
complete -c contact -n "__fish_contact_using_subcommand serve" -l demo -d 'Submit the tutorial\'s ten tasks now and again'
complete -c contact -n "__fish_contact_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand serve" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand submit" -s q -l queue -d 'The queue' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l to -d 'The client whose inbox it goes to: short for the queue @NAME' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l id -d 'The task\'s id, beginning with a letter: the same id with the same content again is no second task' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -s l -l label -d 'A label to pass on with the task (repeatable)' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand submit" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand submit" -l json -d 'Each line of stdin is a JSON object: task, and perhaps id, queue, to, labels'
complete -c contact -n "__fish_contact_using_subcommand submit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand submit" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s q -l queue -d 'A queue to watch (repeatable) [default: default]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l from -d 'Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one) [default: start]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l after -d 'Start after this SEQ' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s n -l max -d 'Leave after N tasks' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l idle-exit -d 'Leave when no task has come for this long (with 3 if the server was not there then)' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l on-gap -d 'What to do when tasks are no longer kept where the watch wants to go on' -r -f -a "fail\t'Leave with exit code 75, or 73 for another store'
skip\t'Say so and go on at the first task kept'"
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l to-me -d 'Watch this client\'s inbox, the queue @NAME'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -l until-empty -d 'Leave after the last task that is there when the watch begins'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand watch-tasks" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand ack" -l id -d 'The id of a task (repeatable); without any, stdin is read' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l ret -d 'What to tell of each task that does not say it itself' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand ack" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand ack" -l strict -d 'Exit with 1 if a task is unknown'
complete -c contact -n "__fish_contact_using_subcommand ack" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand ack" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand send-status" -s n -l count -d 'Send so many: of TEXT, or of the tutorial\'s sample 数据:N, N from 1 to 20' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l every -d 'Begin again after each such time, for ever' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand send-status" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand send-status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand send-status" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand health" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand health" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand health" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand health" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand health" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand health" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand wait-ready" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand completions" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand completions" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand completions" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand man" -l dir -d 'Write all pages into this folder instead' -r -F
complete -c contact -n "__fish_contact_using_subcommand man" -l server -d 'Where the server is: HOST:PORT or unix:PATH' -r
complete -c contact -n "__fish_contact_using_subcommand man" -l client -d 'This machine\'s or worker\'s name [default: the host\'s, up to the first dot]' -r
complete -c contact -n "__fish_contact_using_subcommand man" -s o -l output -d 'How to print: JSON lines, or text [default: text on a terminal, else json]' -r -f -a "json\t'One JSON object a line'
text\t'For people'"
complete -c contact -n "__fish_contact_using_subcommand man" -l timeout -d 'Leave after this long, with exit code 124' -r
complete -c contact -n "__fish_contact_using_subcommand man" -l retry-for -d 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever' -r
complete -c contact -n "__fish_contact_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c contact -n "__fish_contact_using_subcommand man" -s V -l version -d 'Print version'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "serve" -d 'Run the server'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "submit" -d 'Hand in tasks: TEXT, or one task per line of stdin'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "watch-tasks" -d 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "ack" -d 'Say which tasks have been received or done: JSON objects, one per line of stdin'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "send-status" -d 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "health" -d 'Ask whether the server serves'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "wait-ready" -d 'Wait until the server serves'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "man" -d 'Print a page of the manual'
complete -c contact -n "__fish_contact_using_subcommand help; and not __fish_seen_subcommand_from serve submit watch-tasks ack send-status health wait-ready completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
