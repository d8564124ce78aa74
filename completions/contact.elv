
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
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand serve 'Run the server'
            cand submit 'Hand in tasks: TEXT, or one task per line of stdin'
            cand watch-tasks 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
            cand ack 'Say which tasks have been received or done: JSON objects, one per line of stdin'
            cand send-status 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
            cand health 'Ask whether the server serves'
            cand wait-ready 'Wait until the server serves'
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
            cand --demo-every 'How often'
            cand --log-format 'How to write log lines'
            cand --log 'What to log: off, error, warn, info, debug, trace, or a filter like contact=debug,h2=warn'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand --insecure 'Listen beyond this machine, although anybody there may then do anything'
            cand --demo 'Submit the tutorial''s ten tasks now and again'
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
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand --json 'Each line of stdin is a JSON object: task, and perhaps id, queue, to, labels'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;watch-tasks'= {
            cand -q 'A queue to watch (repeatable) [default: default]'
            cand --queue 'A queue to watch (repeatable) [default: default]'
            cand --from 'Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one) [default: start]'
            cand --after 'Start after this SEQ'
            cand -n 'Leave after N tasks'
            cand --max 'Leave after N tasks'
            cand --idle-exit 'Leave when no task has come for this long (with 3 if the server was not there then)'
            cand --on-gap 'What to do when tasks are no longer kept where the watch wants to go on'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand --to-me 'Watch this client''s inbox, the queue @NAME'
            cand --until-empty 'Leave after the last task that is there when the watch begins'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;ack'= {
            cand --id 'The id of a task (repeatable); without any, stdin is read'
            cand --ret 'What to tell of each task that does not say it itself'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand --strict 'Exit with 1 if a task is unknown'
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
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;health'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;wait-ready'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;completions'= {
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;man'= {
            cand --dir 'Write all pages into this folder instead'
            cand --server 'Where the server is: HOST:PORT or unix:PATH'
            cand --client 'This machine''s or worker''s name [default: the host''s, up to the first dot]'
            cand -o 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --output 'How to print: JSON lines, or text [default: text on a terminal, else json]'
            cand --timeout 'Leave after this long, with exit code 124'
            cand --retry-for 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'contact;help'= {
            cand serve 'Run the server'
            cand submit 'Hand in tasks: TEXT, or one task per line of stdin'
            cand watch-tasks 'Print every task of a queue from the first one kept, in order, then each new one as it appears'
            cand ack 'Say which tasks have been received or done: JSON objects, one per line of stdin'
            cand send-status 'Report up: TEXT, or one status per line of stdin; prints a line per reply'
            cand health 'Ask whether the server serves'
            cand wait-ready 'Wait until the server serves'
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
        &'contact;help;send-status'= {
        }
        &'contact;help;health'= {
        }
        &'contact;help;wait-ready'= {
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
