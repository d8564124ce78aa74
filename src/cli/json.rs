//! JSON lines, and what must never reach a terminal or a line-reading script as it is: control characters
//! and the line separators that some readers break at.

use std::{fmt::Write as _, io};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

/// One JSON object and a newline.
pub(super) fn line(value: &impl Serialize) -> String {
    let mut out = Vec::with_capacity(128);
    write_line(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends one JSON object and a newline.
pub(super) fn write_line(out: &mut Vec<u8>, value: &impl Serialize) {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Careful(CompactFormatter));
    // Writing to memory cannot fail, and no key here is anything but a string.
    let _ = value.serialize(&mut serializer);
    out.push(b'\n');
}

/// Text for a terminal: what would move the cursor is shown instead.
pub(super) fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            c if c.is_control() || is_separator(c) => {
                let _ = write!(shown, "\\u{:04x}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// serde_json escapes C0; this escapes DEL, C1 and the two separators as well.
struct Careful(CompactFormatter);

impl Formatter for Careful {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // All of them hold one of these bytes: 0x7f, 0xc2 (C1) or 0xe2 (the separators).
        let bytes = fragment.as_bytes();
        if !bytes.iter().any(|b| matches!(b, 0x7f | 0xc2 | 0xe2)) {
            return writer.write_all(bytes);
        }
        let mut written = 0;
        for (at, c) in fragment.char_indices() {
            if c.is_control() || is_separator(c) {
                writer.write_all(&bytes[written..at])?;
                write!(writer, "\\u{:04x}", u32::from(c))?;
                written = at + c.len_utf8();
            }
        }
        writer.write_all(&bytes[written..])
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_and_no_control_character_goes_out() {
        let all: String = ('\0'..='\u{3000}').chain("任务😀".chars()).collect();
        let line = line(&all);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), all);
        let body = line.strip_suffix('\n').unwrap();
        assert!(!body.chars().any(|c| c.is_control() || is_separator(c)));
        assert!(body.contains("\\u007f") && body.contains("\\u0085") && body.contains("\\u2028"));
        assert!(body.contains("任务"), "what is no control character stays");
    }

    #[test]
    fn a_terminal_is_shown_what_it_would_obey() {
        assert_eq!(escape("a\x1b[31m\u{9b}\n任"), "a\\u001b[31m\\u009b\\n任");
    }
}
