//! `docs/errors.md`: what it says is made from the two lists of reasons, the server's and the commands' own.

use std::{collections::BTreeMap, fmt::Write as _, fs};

use crate::{cli, server};

const FILE: &str = "docs/errors.md";
/// Set it to write the file, and read the difference.
const UPDATE: &str = "UPDATE_DOCS";

/// A reason, as the table has it.
#[derive(Default)]
struct Row {
    code: Option<String>,
    exits: Vec<u8>,
    meanings: Vec<String>,
}

#[test]
fn the_table_of_reasons_is_that_of_this_code() {
    let made = document();
    if std::env::var_os(UPDATE).is_some() {
        return fs::write(FILE, made).unwrap();
    }
    let kept = fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        kept == made,
        "{FILE} is not what the code has: a changed word breaks programs, a new one is fine. \
         `{UPDATE}=1 cargo test --lib documented` makes it anew"
    );
}

fn document() -> String {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for (word, code, meaning) in server::reasons() {
        let row = rows.entry(word).or_default();
        assert!(row.code.is_none(), "{word} is there twice");
        row.code = Some(screaming(code));
        row.exits.push(cli::exit_code(word, code));
        row.meanings.push(meaning.to_owned());
    }
    for (word, exits, meaning) in cli::reasons() {
        let row = rows.entry(word).or_default();
        row.exits.extend(exits);
        if !row.meanings.iter().any(|known| known == meaning) {
            row.meanings.push(meaning.to_owned());
        }
    }
    let mut text = HEAD.to_owned();
    for (word, Row { code, mut exits, meanings }) in rows {
        exits.sort_unstable();
        exits.dedup();
        let exits: Vec<String> = exits.iter().map(u8::to_string).collect();
        let code = code.as_deref().unwrap_or("–");
        let meaning = meanings.join(" ").replace('|', "\\|");
        let _ = writeln!(text, "| `{word}` | {code} | {} | {meaning} |", exits.join(", "));
    }
    text
}

/// `InvalidArgument` as the documentation of gRPC writes it.
fn screaming(code: tonic::Code) -> String {
    let mut word = String::new();
    for c in format!("{code:?}").chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_uppercase());
    }
    word
}

const HEAD: &str = "\
# Errors

Made from the code; `UPDATE_DOCS=1 cargo test --lib documented` makes it anew.

Each error has a reason: a stable word for programs. On the wire it is the `reason` of a `google.rpc.ErrorInfo` with the
domain `contact`, among the details of the gRPC status; the same word stands in the `refusal` of an answer that is about one
item of a stream. Beside it:

- a `google.rpc.BadRequest` names the field that is wrong, like `queues[1].queue`, wherever it is one field;
- a `google.rpc.RetryInfo` says after how long another try may go well. Without it, a RESOURCE_EXHAUSTED stays one;
- the metadata of the `ErrorInfo` has what a program needs to go on, like `first_seq`.

Our commands obey the `RetryInfo`: they come back after that long and a little, as long as `--retry-for` says, and say so once.
When they give up, they print a line on stderr (`-o json`, or into a pipe):

    {\"error\":\"trimmed\",\"message\":\"…\",\"hint\":\"…\",\"details\":{\"first_seq\":\"18\",\"queue\":\"default\"}}

`error` is the reason, or the gRPC code in lower case if the server gave none. `hint` says what to do, `line` which line of
stdin it was, `field` the field, `retry_after_ms` the delay, `details` the metadata. Each stands there only if there is
something to say.

The exit code is 64 and the number of the gRPC status, for what is wrong with a line of stdin 4, and 3 for UNAVAILABLE.
A reason with `–` is a command's own.

| reason | gRPC status | exit | meaning |
| --- | --- | --- | --- |
";
