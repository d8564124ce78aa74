
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'contact' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'contact'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'contact' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the server')
            [CompletionResult]::new('submit', 'submit', [CompletionResultType]::ParameterValue, 'Hand in tasks: TEXT, or one task per line of stdin')
            [CompletionResult]::new('watch-tasks', 'watch-tasks', [CompletionResultType]::ParameterValue, 'Print every task of a queue from the first one kept, in order, then each new one as it appears')
            [CompletionResult]::new('ack', 'ack', [CompletionResultType]::ParameterValue, 'Say which tasks have been received or done: JSON objects, one per line of stdin')
            [CompletionResult]::new('send-status', 'send-status', [CompletionResultType]::ParameterValue, 'Report up: TEXT, or one status per line of stdin; prints a line per reply')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Ask whether the server serves')
            [CompletionResult]::new('wait-ready', 'wait-ready', [CompletionResultType]::ParameterValue, 'Wait until the server serves')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a page of the manual')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'contact;serve' {
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where to listen: HOST:PORT (port 0: any free one) or unix:PATH')
            [CompletionResult]::new('--port-file', '--port-file', [CompletionResultType]::ParameterName, 'Write the port into this file once it is listened on')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'The folder to keep tasks in [default: $XDG_STATE_HOME/contact, else ~/.local/state/contact]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Where to keep tasks')
            [CompletionResult]::new('--retain', '--retain', [CompletionResultType]::ParameterName, 'How long to keep a task')
            [CompletionResult]::new('--demo-every', '--demo-every', [CompletionResultType]::ParameterName, 'How often')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How to write log lines')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to log: off, error, warn, info, debug, trace, or a filter like contact=debug,h2=warn')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Listen beyond this machine, although anybody there may then do anything')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Submit the tutorial''s ten tasks now and again')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;submit' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'The queue')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'The queue')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The client whose inbox it goes to: short for the queue @NAME')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'The task''s id, beginning with a letter: the same id with the same content again is no second task')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'A label to pass on with the task (repeatable)')
            [CompletionResult]::new('--label', '--label', [CompletionResultType]::ParameterName, 'A label to pass on with the task (repeatable)')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Each line of stdin is a JSON object: task, and perhaps id, queue, to, labels')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;watch-tasks' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'A queue to watch (repeatable) [default: default]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'A queue to watch (repeatable) [default: default]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one) [default: start]')
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Start after this SEQ')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Leave after N tasks')
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Leave after N tasks')
            [CompletionResult]::new('--idle-exit', '--idle-exit', [CompletionResultType]::ParameterName, 'Leave when no task has come for this long (with 3 if the server was not there then)')
            [CompletionResult]::new('--on-gap', '--on-gap', [CompletionResultType]::ParameterName, 'What to do when tasks are no longer kept where the watch wants to go on')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('--to-me', '--to-me', [CompletionResultType]::ParameterName, 'Watch this client''s inbox, the queue @NAME')
            [CompletionResult]::new('--until-empty', '--until-empty', [CompletionResultType]::ParameterName, 'Leave after the last task that is there when the watch begins')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;ack' {
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'The id of a task (repeatable); without any, stdin is read')
            [CompletionResult]::new('--ret', '--ret', [CompletionResultType]::ParameterName, 'What to tell of each task that does not say it itself')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit with 1 if a task is unknown')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;send-status' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Send so many: of TEXT, or of the tutorial''s sample 数据:N, N from 1 to 20')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Send so many: of TEXT, or of the tutorial''s sample 数据:N, N from 1 to 20')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Begin again after each such time, for ever')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;health' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;wait-ready' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;completions' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;man' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write all pages into this folder instead')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT or unix:PATH')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: the host''s, up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached; watch-tasks and wait-ready try for ever')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;help' {
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the server')
            [CompletionResult]::new('submit', 'submit', [CompletionResultType]::ParameterValue, 'Hand in tasks: TEXT, or one task per line of stdin')
            [CompletionResult]::new('watch-tasks', 'watch-tasks', [CompletionResultType]::ParameterValue, 'Print every task of a queue from the first one kept, in order, then each new one as it appears')
            [CompletionResult]::new('ack', 'ack', [CompletionResultType]::ParameterValue, 'Say which tasks have been received or done: JSON objects, one per line of stdin')
            [CompletionResult]::new('send-status', 'send-status', [CompletionResultType]::ParameterValue, 'Report up: TEXT, or one status per line of stdin; prints a line per reply')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Ask whether the server serves')
            [CompletionResult]::new('wait-ready', 'wait-ready', [CompletionResultType]::ParameterValue, 'Wait until the server serves')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a page of the manual')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'contact;help;serve' {
            break
        }
        'contact;help;submit' {
            break
        }
        'contact;help;watch-tasks' {
            break
        }
        'contact;help;ack' {
            break
        }
        'contact;help;send-status' {
            break
        }
        'contact;help;health' {
            break
        }
        'contact;help;wait-ready' {
            break
        }
        'contact;help;completions' {
            break
        }
        'contact;help;man' {
            break
        }
        'contact;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
