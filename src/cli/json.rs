//! JSON lines, and what must never reach a terminal or a line-reading script as it is: control characters
//! and the line separators that some readers break at.

use std::{
    fmt::{self, Write as _},
    io,
    marker::PhantomData,
};

use serde::{
    Deserialize, Deserializer as _, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::ser::{CompactFormatter, Formatter};

/// Reads one JSON object. serde by itself would also take an array, for the fields in the order that they
/// are declared in.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    struct Object<T>(PhantomData<T>);
    impl<'a, T: Deserialize<'a>> Visitor<'a> for Object<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'a>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let object = json.deserialize_map(Object(PhantomData))?;
    json.end()?;
    Ok(object)
}

/// serde_json's message, without its line: ours has one already.
pub(super) fn describe(error: &serde_json::Error) -> String {
    let message = error.to_string();
    // From the end: what stands in front may be the input's.
    let message = message.rsplit_once(" at line ").map_or(&message[..], |(message, _)| message);
    match error.column() {
        0 => message.to_owned(),
        column => format!("{message} (column {column})"),
    }
}

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
    fn an_array_is_not_taken_for_an_object() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Named {
            id: String,
        }
        assert_eq!(object::<Named>(" {\"id\":\"a\"}").unwrap(), Named { id: "a".into() });
        assert!(object::<Named>("[\"a\"]").is_err());
        assert!(object::<Named>(" \t[\"a\"]").is_err());
    }

    #[test]
    fn a_terminal_is_shown_what_it_would_obey() {
        assert_eq!(escape("a\x1b[31m\u{9b}\n任"), "a\\u001b[31m\\u009b\\n任");
    }
}
