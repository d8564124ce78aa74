
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
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the server')
            [CompletionResult]::new('submit', 'submit', [CompletionResultType]::ParameterValue, 'Hand in tasks: TEXT, or one task per line of stdin')
            [CompletionResult]::new('watch-tasks', 'watch-tasks', [CompletionResultType]::ParameterValue, 'Print every task of a queue from the first one kept, in order, then each new one as it appears')
            [CompletionResult]::new('ack', 'ack', [CompletionResultType]::ParameterValue, 'Say what has become of tasks: JSON objects, one per line of stdin')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Work as an agent: run a command for each task that is handed to this machine')
            [CompletionResult]::new('send-status', 'send-status', [CompletionResultType]::ParameterValue, 'Report up: TEXT, or one status per line of stdin; prints a line per reply')
            [CompletionResult]::new('watch-results', 'watch-results', [CompletionResultType]::ParameterValue, 'Print what workers have told of tasks from the first result kept, in order, then each new one as it comes')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait for tasks, and print their results as they come')
            [CompletionResult]::new('clients', 'clients', [CompletionResultType]::ParameterValue, 'Show who is there, or has been in the last 7 days')
            [CompletionResult]::new('queues', 'queues', [CompletionResultType]::ParameterValue, 'Show the queues and what is in them')
            [CompletionResult]::new('groups', 'groups', [CompletionResultType]::ParameterValue, 'Show the groups, what they have in hand and what is left; change their settings')
            [CompletionResult]::new('tasks', 'tasks', [CompletionResultType]::ParameterValue, 'Show tasks, as the log has them or as a group does')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Say where a task stands in each group, and why it has not been handed out')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'Cancel tasks: no group is handed them any more')
            [CompletionResult]::new('redrive', 'redrive', [CompletionResultType]::ParameterValue, 'Make dead tasks of a group ready again, with their failures forgotten')
            [CompletionResult]::new('purge', 'purge', [CompletionResultType]::ParameterValue, 'Throw away the tasks of a queue, for every group and every watcher')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Ask whether the server serves')
            [CompletionResult]::new('wait-ready', 'wait-ready', [CompletionResultType]::ParameterValue, 'Wait until the server serves')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Make, show and revoke the tokens by which clients prove who they are')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure a server under load')
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
            [CompletionResult]::new('--tokens', '--tokens', [CompletionResultType]::ParameterName, 'Ask clients who they are: the file of tokens, which `contact token` makes; it is followed')
            [CompletionResult]::new('--audit-log', '--audit-log', [CompletionResultType]::ParameterName, 'Write denials and the calls of admins into this file, as JSON lines; `-` is the log')
            [CompletionResult]::new('--socket-mode', '--socket-mode', [CompletionResultType]::ParameterName, 'The mode of a Unix socket''s file: who may not write it cannot connect [default: 0600]')
            [CompletionResult]::new('--min-free', '--min-free', [CompletionResultType]::ParameterName, 'Refuse submits while less than this is free on the disk, and go on with the rest; 0 is never [default: 64MiB, or a quarter of a smaller file system]')
            [CompletionResult]::new('--max-connections', '--max-connections', [CompletionResultType]::ParameterName, 'Connections at a time; more are closed at once')
            [CompletionResult]::new('--max-connections-per-address', '--max-connections-per-address', [CompletionResultType]::ParameterName, 'Of them from one address (of IPv6: from one /64 network)')
            [CompletionResult]::new('--max-streams-per-connection', '--max-streams-per-connection', [CompletionResultType]::ParameterName, 'Calls at a time on one connection')
            [CompletionResult]::new('--max-connection-age', '--max-connection-age', [CompletionResultType]::ParameterName, 'Ask a connection to go after so long, a tenth more or less, so that a load balancer can spread clients anew; what has not ended a --grace later is ended, and the client comes back [default: never]')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'How long a shutdown waits for clients to take note before it cuts them off')
            [CompletionResult]::new('--demo-every', '--demo-every', [CompletionResultType]::ParameterName, 'How often')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How to write log lines')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'What to log: off, error, warn, info, debug, trace, or a filter like contact=debug,h2=warn')
            [CompletionResult]::new('--max-streams-per-client', '--max-streams-per-client', [CompletionResultType]::ParameterName, 'How many calls of one client may be open')
            [CompletionResult]::new('--max-rate', '--max-rate', [CompletionResultType]::ParameterName, 'How many messages one client may send in a second: tasks, results, statuses, and each call [default: as many as it can]')
            [CompletionResult]::new('--max-bytes-in-flight', '--max-bytes-in-flight', [CompletionResultType]::ParameterName, 'How many bytes of one client''s tasks, results and statuses may be unanswered; half as many of answers that it has not read')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'Speak TLS with the certificate in this file (PEM, the server''s own first); needs --tls-key')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted). Both are read again when they change, and on SIGHUP')
            [CompletionResult]::new('--client-ca', '--client-ca', [CompletionResultType]::ParameterName, 'Ask clients for a certificate that one of these authorities (PEM) has signed: its first DNS name that is a client''s name, else the path of its first URI that is one, says who calls. Without --tokens each of them may do all but what an admin may, in every queue')
            [CompletionResult]::new('--client-certs', '--client-certs', [CompletionResultType]::ParameterName, 'Whether a client may connect without a certificate')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Serve nothing: verify the store, change nothing of it, print what is damaged')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Listen beyond this machine without TLS, or without asking clients who they are')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'Submit the tutorial''s ten tasks now and again')
            [CompletionResult]::new('--dev-tls', '--dev-tls', [CompletionResultType]::ParameterName, 'Speak TLS with a certificate made now, for trying things out, and print what clients need')
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
            [CompletionResult]::new('--delay', '--delay', [CompletionResultType]::ParameterName, 'Hand it out after this long; until then it has no place in its queue')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'After this long it is handed to no group any more; longer than --delay')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Wait until each of these clients has answered (a,b,c), or so many clients (3) [default: anybody]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Each line of stdin is a JSON object: task, and perhaps id, queue, to, labels, delay_ms, expires_ms')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Print the tasks'' results instead, and end when each task has')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Leave with the exit code of the task: of several the first that is not 0, in the order given. A task that is done without one counts as 0, one that has ended otherwise as 1')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;watch-tasks' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'A queue to watch (repeatable); with --group in the order wanted [default: default]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'A queue to watch (repeatable); with --group in the order wanted [default: default]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one). A group that is there already goes on where it is [default: start]')
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Start after this SEQ')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Leave after N tasks')
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Leave after N tasks')
            [CompletionResult]::new('--idle-exit', '--idle-exit', [CompletionResultType]::ParameterName, 'Leave when no task has come, and with --group none was held, for this long (with 3 if the server was not there then)')
            [CompletionResult]::new('--on-gap', '--on-gap', [CompletionResultType]::ParameterName, 'What to do when tasks are no longer kept where the watch wants to go on')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Share the tasks with the other members of this group; `@` is this client''s own group. It is made on first use')
            [CompletionResult]::new('--max-in-flight', '--max-in-flight', [CompletionResultType]::ParameterName, 'Hold at most N tasks that are not settled [default: with --max N as many, so that a worker may keep its output back to the end; else 1]')
            [CompletionResult]::new('--lease', '--lease', [CompletionResultType]::ParameterName, 'How long a lease is when this process is no longer heard: 1s to 12h [default: the group''s, 1m]')
            [CompletionResult]::new('--max-hold', '--max-hold', [CompletionResultType]::ParameterName, 'How long a task may be held at all: from 1s [default: 12h]')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'How long to wait for last words from `ack` when nobody reads any more [default: 20s]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--to-me', '--to-me', [CompletionResultType]::ParameterName, 'Watch this client''s inbox, the queue @NAME')
            [CompletionResult]::new('--until-empty', '--until-empty', [CompletionResultType]::ParameterName, 'Leave after the last task that is there when the watch begins; with --group once none of those is ready, waiting or held here')
            [CompletionResult]::new('--detach', '--detach', [CompletionResultType]::ParameterName, 'Leave after the last line: its lease then lives as long as --lease says. Not with --until-empty, which waits for what is held here')
            [CompletionResult]::new('--auto-done', '--auto-done', [CompletionResultType]::ParameterName, 'Settle each task as done when its line is written')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;ack' {
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'The id of a task, for the roll-call of this client (repeatable)')
            [CompletionResult]::new('--outcome', '--outcome', [CompletionResultType]::ParameterName, 'What has become of each task that does not say it itself')
            [CompletionResult]::new('--ret', '--ret', [CompletionResultType]::ParameterName, 'What to tell of each task that does not say it itself')
            [CompletionResult]::new('--delay', '--delay', [CompletionResultType]::ParameterName, 'When to hand out again what failed or was released [default: as the group says]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit with 1 if a task''s verdict is not ok, duplicate or noted')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;run' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'A queue to take tasks from, in the order wanted (repeatable) [default: default]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'A queue to take tasks from, in the order wanted (repeatable) [default: default]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'The group whose tasks to share; `@` is this client''s own. It is made on first use')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where a new group starts: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a TIME like 2026-11-22T06:00:00Z [default: start]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Run at most N commands at a time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Run at most N commands at a time')
            [CompletionResult]::new('--exit-map', '--exit-map', [CompletionResultType]::ParameterName, 'What an exit code means: done, failed, released (handed out again, not counted) or rejected')
            [CompletionResult]::new('--task-timeout', '--task-timeout', [CompletionResultType]::ParameterName, 'Stop a command that runs longer: its task has failed')
            [CompletionResult]::new('--kill-after', '--kill-after', [CompletionResultType]::ParameterName, 'How long a command has between SIGTERM and SIGKILL when it is stopped')
            [CompletionResult]::new('--lease', '--lease', [CompletionResultType]::ParameterName, 'How long a lease is when this process is no longer heard: 1s to 12h [default: the group''s, 1m]')
            [CompletionResult]::new('--max-hold', '--max-hold', [CompletionResultType]::ParameterName, 'How long a task may be held at all: from 1s [default: 12h]')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'How long to wait for what is still going on when this process is told to stop [default: 20s]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Leave after N tasks')
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Leave after N tasks')
            [CompletionResult]::new('--idle-exit', '--idle-exit', [CompletionResultType]::ParameterName, 'Leave when no task has come and none was run for this long (with 3 if the server was not there then)')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Report a status at once and after each such time: by default how many tasks run, are done and have failed')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Report this text')
            [CompletionResult]::new('--status-cmd', '--status-cmd', [CompletionResultType]::ParameterName, 'Report what this prints, the first 4 KiB. It is split into words, without a shell, and stopped after --every or 10s')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--to-me', '--to-me', [CompletionResultType]::ParameterName, 'Take tasks from this client''s inbox, the queue @NAME')
            [CompletionResult]::new('--until-empty', '--until-empty', [CompletionResultType]::ParameterName, 'Leave once none of the tasks that are there when it begins is ready, waiting or held here')
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
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;watch-results' {
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Only of this task, from its first result on (repeatable); it ends once each has ended for all groups, by being cancelled, expired or gone')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only of this queue [default: all]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only of this queue [default: all]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only of this group; `@` is this client''s own [default: all]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Where to start: `start` (the first result kept), `new` (what comes from now on), a result''s NUMBER (its n, inclusive) or a TIME like 2026-11-22T06:00:00Z [default: start]')
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Start after the result of this NUMBER')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Leave after N results')
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Leave after N results')
            [CompletionResult]::new('--idle-exit', '--idle-exit', [CompletionResultType]::ParameterName, 'Leave when no result has come for this long (with 3 if the server was not there then)')
            [CompletionResult]::new('--on-gap', '--on-gap', [CompletionResultType]::ParameterName, 'What to do when results are no longer kept where the watch wants to go on')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--until-empty', '--until-empty', [CompletionResultType]::ParameterName, 'Leave after the last result that is there when the watch begins')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;wait' {
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Wait until each of these clients has answered (a,b,c), or so many clients (3) [default: anybody]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--exit-code', '--exit-code', [CompletionResultType]::ParameterName, 'Leave with the exit code of the task: of several the first that is not 0, in the order given. A task that is done without one counts as 0, one that has ended otherwise as 1')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;clients' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Go on and say who comes, goes and reports, until it is stopped')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Go on and say who comes, goes and reports, until it is stopped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;queues' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only this queue [default: all]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only this queue [default: all]')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'How often to look')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Go on and show what changes, until it is stopped')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Go on and show what changes, until it is stopped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;groups' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Only groups of this name; `@` is this client''s own')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'How often to look')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Go on and show what changes, until it is stopped')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Go on and show what changes, until it is stopped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change a group''s settings; what is not given stays')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Hand out nothing more of a group; leases in force go on')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Hand out tasks of a paused group again')
            break
        }
        'contact;groups;set' {
            [CompletionResult]::new('--max-failures', '--max-failures', [CompletionResultType]::ParameterName, 'A task is dead after so many failures; 0 is never')
            [CompletionResult]::new('--backoff', '--backoff', [CompletionResultType]::ParameterName, 'The pause after the first failure, and up to which it doubles with each: 1s, 1s..5m or ..5m')
            [CompletionResult]::new('--lease', '--lease', [CompletionResultType]::ParameterName, 'How long a lease is, unless a member asks for another: 1s to 12h')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;groups;pause' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;groups;resume' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only groups of this queue [default: all; to change a group: default]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;tasks' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only of this queue [default: default; with --state delayed, leased, waiting or dead: all]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only of this queue [default: default; with --state delayed, leased, waiting or dead: all]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'As this group has them; `@` is this client''s own')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only in this state')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Whose answers to look for (a,b,c), with an ID [default: of all who have to do with the task]')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many [default: all; with --watch: 1000]')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'How often to look')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Go on and show what changes, until it is stopped')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Go on and show what changes, until it is stopped')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;why' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;cancel' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;redrive' {
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'The group; `@` is this client''s own')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'The queue')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'The queue')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'No more than so many in a second (N or N/s), a minute (N/m) or an hour (N/h)')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All that are dead now, the oldest first')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;purge' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'The queue')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'The queue')
            [CompletionResult]::new('--upto', '--upto', [CompletionResultType]::ParameterName, 'Those up to this SEQ, inclusive')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All tasks that there are')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;health' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;wait-ready' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;token' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a token and print it: it is shown only now')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show who may do what')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke tokens: what their holders have open ends within two seconds')
            break
        }
        'contact;token;create' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Who has it; with --certificate `*` is whomever a certificate names')
            [CompletionResult]::new('--role', '--role', [CompletionResultType]::ParameterName, 'What it is good for; repeat it, or separate by commas')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'In which queues: a name in which `*` stands for any characters; repeatable [default: all]')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Of which groups: likewise [default: all]')
            [CompletionResult]::new('--expires', '--expires', [CompletionResultType]::ParameterName, 'Until when, from now on [default: until it is revoked]')
            [CompletionResult]::new('--tokens', '--tokens', [CompletionResultType]::ParameterName, 'The file of tokens, the same as that of serve')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'No token: a client certificate that names it is the proof')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;token;list' {
            [CompletionResult]::new('--tokens', '--tokens', [CompletionResultType]::ParameterName, 'The file of tokens, the same as that of serve')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;token;revoke' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'All of this name')
            [CompletionResult]::new('--tokens', '--tokens', [CompletionResultType]::ParameterName, 'The file of tokens, the same as that of serve')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench' {
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('submit', 'submit', [CompletionResultType]::ParameterValue, 'Hand in tasks, many on their way at a time')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Read a backlog by watchers without a group, each the whole of it')
            [CompletionResult]::new('fan-out', 'fan-out', [CompletionResultType]::ParameterValue, 'Hand in tasks while N watchers without a group see each of them')
            [CompletionResult]::new('group', 'group', [CompletionResultType]::ParameterValue, 'Hand in tasks, hand them out to the members of a group, and settle each as done')
            [CompletionResult]::new('settle', 'settle', [CompletionResultType]::ParameterValue, 'Settle tasks as done, on one stream for each client')
            [CompletionResult]::new('latency', 'latency', [CompletionResultType]::ParameterValue, 'Hand in one task at a time, and see how long each takes')
            [CompletionResult]::new('cli', 'cli', [CompletionResultType]::ParameterValue, 'Start `contact send-status`, have it answered, and see it end')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'contact;bench;submit' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--tasks', '--tasks', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Instead of a number: as many as go into this long, in each round')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'At most so many a second, of all clients together [default: as fast as it goes]')
            [CompletionResult]::new('--in-flight', '--in-flight', [CompletionResultType]::ParameterName, 'Unanswered tasks of each client; never more than 64 MiB of them')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Connections that submit side by side')
            [CompletionResult]::new('--queues', '--queues', [CompletionResultType]::ParameterName, 'Queues that get the tasks in turn, named like the queue with -00000, -00001 … behind it')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'The queue; what is handed in stays there [default: one of its own, purged at the end]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'The queue; what is handed in stays there [default: one of its own, purged at the end]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Give each task an id of its own')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench;watch' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many tasks [default: 1000000; with --queue all that there are]')
            [CompletionResult]::new('--tasks', '--tasks', [CompletionResultType]::ParameterName, 'How many tasks [default: 1000000; with --queue all that there are]')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Watchers, with a connection each')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Read at most so many a second, all watchers together [default: as fast as it goes]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Read what is in this queue; nothing is handed in [default: one of its own, purged at the end]')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Read what is in this queue; nothing is handed in [default: one of its own, purged at the end]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--decode', '--decode', [CompletionResultType]::ParameterName, 'Decode each task, as a client does that has use for it')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench;fan-out' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--tasks', '--tasks', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Instead of a number: as many as go into this long, in each round')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'At most so many a second, of all clients together [default: as fast as it goes]')
            [CompletionResult]::new('--in-flight', '--in-flight', [CompletionResultType]::ParameterName, 'Tasks on their way at a time; never more than 64 MiB of them')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench;group' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--tasks', '--tasks', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Instead of a number: as many as go into this long, in each round')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'At most so many a second, of all clients together [default: as fast as it goes]')
            [CompletionResult]::new('--groups', '--groups', [CompletionResultType]::ParameterName, 'Groups that get each task')
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'Members of each group, with a connection each')
            [CompletionResult]::new('--in-flight', '--in-flight', [CompletionResultType]::ParameterName, 'Tasks on their way at a time, of all clients together; each member of a group holds its share')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Connections that submit side by side')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Give each task an id of its own')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench;settle' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many in each round')
            [CompletionResult]::new('--tasks', '--tasks', [CompletionResultType]::ParameterName, 'How many in each round')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Connections that settle side by side')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench;latency' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--tasks', '--tasks', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Instead of a number: as many as go into this long, in each round')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'At most so many a second, of all clients together [default: as fast as it goes]')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Until a watcher without a group sees the task')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench;cli' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--tasks', '--tasks', [CompletionResultType]::ParameterName, 'How many in each round [default: as above]')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Instead of a number: as many as go into this long, in each round')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'At most so many a second, of all clients together [default: as fast as it goes]')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Processes at a time')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'With --spawn: where the server keeps tasks [default: sqlite]')
            [CompletionResult]::new('--pid', '--pid', [CompletionResultType]::ParameterName, 'The process of the server, if it is on this machine: its processor seconds and memory are measured, too')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'Bytes of a task''s text')
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many rounds count')
            [CompletionResult]::new('--warm-up', '--warm-up', [CompletionResultType]::ParameterName, 'How many rounds come before those, and do not count')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'Threads of the load [default: one for each connection, at most half as many as there are processors]')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('--spawn', '--spawn', [CompletionResultType]::ParameterName, 'Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is removed at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;bench;help' {
            [CompletionResult]::new('submit', 'submit', [CompletionResultType]::ParameterValue, 'Hand in tasks, many on their way at a time')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Read a backlog by watchers without a group, each the whole of it')
            [CompletionResult]::new('fan-out', 'fan-out', [CompletionResultType]::ParameterValue, 'Hand in tasks while N watchers without a group see each of them')
            [CompletionResult]::new('group', 'group', [CompletionResultType]::ParameterValue, 'Hand in tasks, hand them out to the members of a group, and settle each as done')
            [CompletionResult]::new('settle', 'settle', [CompletionResultType]::ParameterValue, 'Settle tasks as done, on one stream for each client')
            [CompletionResult]::new('latency', 'latency', [CompletionResultType]::ParameterValue, 'Hand in one task at a time, and see how long each takes')
            [CompletionResult]::new('cli', 'cli', [CompletionResultType]::ParameterValue, 'Start `contact send-status`, have it answered, and see it end')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'contact;bench;help;submit' {
            break
        }
        'contact;bench;help;watch' {
            break
        }
        'contact;bench;help;fan-out' {
            break
        }
        'contact;bench;help;group' {
            break
        }
        'contact;bench;help;settle' {
            break
        }
        'contact;bench;help;latency' {
            break
        }
        'contact;bench;help;cli' {
            break
        }
        'contact;bench;help;help' {
            break
        }
        'contact;completions' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'contact;man' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write all pages into this folder instead')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'A file with the token that says who this is [default: contact-token of systemd''s credentials]')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'This machine''s or worker''s name [default: what --tls-cert names, else the host''s up to the first dot]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print: JSON lines, or text [default: text on a terminal, else json]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Leave after this long, with exit code 124')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results, clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]')
            [CompletionResult]::new('--tls-ca', '--tls-ca', [CompletionResultType]::ParameterName, 'The authorities (PEM) to trust instead of this machine''s, when --server is https://. A server that is not trusted is not tried again: exit code 3, at once')
            [CompletionResult]::new('--tls-cert', '--tls-cert', [CompletionResultType]::ParameterName, 'The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]')
            [CompletionResult]::new('--tls-key', '--tls-key', [CompletionResultType]::ParameterName, 'Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]')
            [CompletionResult]::new('--tls-server-name', '--tls-server-name', [CompletionResultType]::ParameterName, 'The name that the server''s certificate must be for, instead of --server''s')
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
            [CompletionResult]::new('ack', 'ack', [CompletionResultType]::ParameterValue, 'Say what has become of tasks: JSON objects, one per line of stdin')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Work as an agent: run a command for each task that is handed to this machine')
            [CompletionResult]::new('send-status', 'send-status', [CompletionResultType]::ParameterValue, 'Report up: TEXT, or one status per line of stdin; prints a line per reply')
            [CompletionResult]::new('watch-results', 'watch-results', [CompletionResultType]::ParameterValue, 'Print what workers have told of tasks from the first result kept, in order, then each new one as it comes')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait for tasks, and print their results as they come')
            [CompletionResult]::new('clients', 'clients', [CompletionResultType]::ParameterValue, 'Show who is there, or has been in the last 7 days')
            [CompletionResult]::new('queues', 'queues', [CompletionResultType]::ParameterValue, 'Show the queues and what is in them')
            [CompletionResult]::new('groups', 'groups', [CompletionResultType]::ParameterValue, 'Show the groups, what they have in hand and what is left; change their settings')
            [CompletionResult]::new('tasks', 'tasks', [CompletionResultType]::ParameterValue, 'Show tasks, as the log has them or as a group does')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Say where a task stands in each group, and why it has not been handed out')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'Cancel tasks: no group is handed them any more')
            [CompletionResult]::new('redrive', 'redrive', [CompletionResultType]::ParameterValue, 'Make dead tasks of a group ready again, with their failures forgotten')
            [CompletionResult]::new('purge', 'purge', [CompletionResultType]::ParameterValue, 'Throw away the tasks of a queue, for every group and every watcher')
            [CompletionResult]::new('health', 'health', [CompletionResultType]::ParameterValue, 'Ask whether the server serves')
            [CompletionResult]::new('wait-ready', 'wait-ready', [CompletionResultType]::ParameterValue, 'Wait until the server serves')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Make, show and revoke the tokens by which clients prove who they are')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure a server under load')
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
        'contact;help;run' {
            break
        }
        'contact;help;send-status' {
            break
        }
        'contact;help;watch-results' {
            break
        }
        'contact;help;wait' {
            break
        }
        'contact;help;clients' {
            break
        }
        'contact;help;queues' {
            break
        }
        'contact;help;groups' {
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change a group''s settings; what is not given stays')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Hand out nothing more of a group; leases in force go on')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Hand out tasks of a paused group again')
            break
        }
        'contact;help;groups;set' {
            break
        }
        'contact;help;groups;pause' {
            break
        }
        'contact;help;groups;resume' {
            break
        }
        'contact;help;tasks' {
            break
        }
        'contact;help;why' {
            break
        }
        'contact;help;cancel' {
            break
        }
        'contact;help;redrive' {
            break
        }
        'contact;help;purge' {
            break
        }
        'contact;help;health' {
            break
        }
        'contact;help;wait-ready' {
            break
        }
        'contact;help;token' {
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a token and print it: it is shown only now')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Show who may do what')
            [CompletionResult]::new('revoke', 'revoke', [CompletionResultType]::ParameterValue, 'Revoke tokens: what their holders have open ends within two seconds')
            break
        }
        'contact;help;token;create' {
            break
        }
        'contact;help;token;list' {
            break
        }
        'contact;help;token;revoke' {
            break
        }
        'contact;help;bench' {
            [CompletionResult]::new('submit', 'submit', [CompletionResultType]::ParameterValue, 'Hand in tasks, many on their way at a time')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Read a backlog by watchers without a group, each the whole of it')
            [CompletionResult]::new('fan-out', 'fan-out', [CompletionResultType]::ParameterValue, 'Hand in tasks while N watchers without a group see each of them')
            [CompletionResult]::new('group', 'group', [CompletionResultType]::ParameterValue, 'Hand in tasks, hand them out to the members of a group, and settle each as done')
            [CompletionResult]::new('settle', 'settle', [CompletionResultType]::ParameterValue, 'Settle tasks as done, on one stream for each client')
            [CompletionResult]::new('latency', 'latency', [CompletionResultType]::ParameterValue, 'Hand in one task at a time, and see how long each takes')
            [CompletionResult]::new('cli', 'cli', [CompletionResultType]::ParameterValue, 'Start `contact send-status`, have it answered, and see it end')
            break
        }
        'contact;help;bench;submit' {
            break
        }
        'contact;help;bench;watch' {
            break
        }
        'contact;help;bench;fan-out' {
            break
        }
        'contact;help;bench;group' {
            break
        }
        'contact;help;bench;settle' {
            break
        }
        'contact;help;bench;latency' {
            break
        }
        'contact;help;bench;cli' {
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
