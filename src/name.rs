//! Names and ids: what may be one, judged once. A [`QueueName`] that exists cannot be wrong.
//!
//! The command line judges them to refuse a flag at once, the server because it trusts nobody.

use std::{collections::BTreeMap, fmt, sync::Arc};

/// The queue that is meant when none is named.
pub const DEFAULT_QUEUE: &str = "default";

/// Longest name in bytes.
const NAME_BYTES_MAX: usize = 63;
/// Longest id that a submitter may give, in bytes.
pub const ID_BYTES_MAX: usize = 128;
/// Labels of one task.
const LABELS_MAX: usize = 32;
/// Bytes of one label's value.
const LABEL_BYTES_MAX: usize = 1024;

/// Why a text is no name or no id. Prints as a clause that names the text and the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} {rule}")]
pub struct BadName {
    what: &'static str,
    text: String,
    rule: &'static str,
}

impl BadName {
    fn new(what: &'static str, text: &str, rule: &'static str) -> Self {
        // An answer must not carry a megabyte of somebody's mistake.
        let text = match text.char_indices().nth(80) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        BadName { what, text, rule }
    }
}

const NAME_RULE: &str = "is not a name: 1 to 63 of A-Z a-z 0-9 . _ -, beginning with a letter or digit";

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= NAME_BYTES_MAX
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b))
}

/// The name of a queue: a name, or `@NAME` for the inbox of the client NAME. Case matters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(Arc<str>);

impl QueueName {
    /// Judges `text`; empty means [`DEFAULT_QUEUE`].
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if text.is_empty() {
            return Ok(QueueName(DEFAULT_QUEUE.into()));
        }
        if is_name(text.strip_prefix('@').unwrap_or(text)) {
            Ok(QueueName(text.into()))
        } else {
            Err(BadName::new("queue", text, NAME_RULE))
        }
    }

    /// The inbox of a client.
    pub fn inbox(client: &ClientName) -> Self {
        QueueName(format!("@{}", client.as_str()).into())
    }

    /// The name as people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a group: a name, or `@NAME` for the own group of the client NAME. Case matters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupName(Arc<str>);

impl GroupName {
    /// Judges `text`.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if is_name(text.strip_prefix('@').unwrap_or(text)) {
            Ok(GroupName(text.into()))
        } else {
            Err(BadName::new("group", text, NAME_RULE))
        }
    }

    /// The own group of a client.
    pub fn own(client: &ClientName) -> Self {
        GroupName(format!("@{}", client.as_str()).into())
    }

    /// The name as people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The stable name of a machine or worker. A label, not a session. Case matters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientName(Arc<str>);

impl ClientName {
    /// Judges `text`.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if is_name(text) { Ok(ClientName(text.into())) } else { Err(BadName::new("client", text, NAME_RULE)) }
    }

    /// The name as people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Judges the key of a label.
pub fn check_label_key(key: &str) -> Result<(), BadName> {
    if is_name(key) { Ok(()) } else { Err(BadName::new("label", key, NAME_RULE)) }
}

/// Judges the labels of a task, all together.
pub fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), String> {
    if labels.len() > LABELS_MAX {
        return Err(format!("the task has {} labels: at most {LABELS_MAX} are taken", labels.len()));
    }
    for (key, value) in labels {
        check_label_key(key).map_err(|e| e.to_string())?;
        if value.len() > LABEL_BYTES_MAX {
            return Err(format!(
                "label {key:?} has {} bytes: at most {LABEL_BYTES_MAX} are taken",
                value.len()
            ));
        }
    }
    Ok(())
}

/// An id that a submitter gave: begins with a letter, at most 128 of `A-Z a-z 0-9 . _ : / -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnId(Box<str>);

impl OwnId {
    /// Judges `text`.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let bytes = text.as_bytes();
        if bytes.first().is_some_and(u8::is_ascii_digit) {
            return Err(BadName::new(
                "id",
                text,
                "begins with a digit: those are the server's, begin with a letter",
            ));
        }
        let fits = bytes.len() <= ID_BYTES_MAX
            && bytes.first().is_some_and(u8::is_ascii_alphabetic)
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"._:/-".contains(b));
        if fits {
            Ok(OwnId(text.into()))
        } else {
            Err(BadName::new(
                "id",
                text,
                "is not an id: 1 to 128 of A-Z a-z 0-9 . _ : / -, beginning with a letter",
            ))
        }
    }

    /// The id of the delayed task of this number, `17d`: the server gives it, and it is looked up like one that a
    /// submitter gave.
    pub fn delayed(number: u64) -> Self {
        OwnId(format!("{number}d").into())
    }

    /// Reads an id as it was written down.
    pub fn stored(text: &str) -> Result<Self, BadName> {
        match TaskId::parse(text) {
            Some(TaskId::Own(id)) => Ok(id),
            _ => OwnId::parse(text),
        }
    }

    /// The id as people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Any id: one that the server gave is the seq in digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TaskId {
    /// Given by the server.
    Seq(u64),
    /// Given by the submitter, or a delayed task's.
    Own(OwnId),
}

impl TaskId {
    /// Reads an id. `None` if no task can have it.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let number: u64 = text.strip_suffix('d').unwrap_or(text).parse().ok()?;
            // Only the canonical form: "007" and "+7" name nothing.
            if number == 0 || text.starts_with('0') {
                None
            } else if text.ends_with('d') {
                Some(TaskId::Own(OwnId::delayed(number)))
            } else {
                Some(TaskId::Seq(number))
            }
        } else {
            OwnId::parse(text).ok().map(TaskId::Own)
        }
    }

    /// The seq, if the id says it.
    pub fn seq(&self) -> Option<u64> {
        match self {
            TaskId::Seq(seq) => Some(*seq),
            TaskId::Own(_) => None,
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskId::Seq(seq) => seq.fmt(f),
            TaskId::Own(id) => f.write_str(id.as_str()),
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_names() {
        for good in ["default", "a", "9", "A.b_c-d", "@kiosk-7", &"x".repeat(63)] {
            assert_eq!(QueueName::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(QueueName::parse("").unwrap().as_str(), "default");
        for bad in ["@", "-a", ".a", "a b", "ü", "a\n", "@@a", "a@", &"x".repeat(64)] {
            assert!(QueueName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ids() {
        assert_eq!(TaskId::parse("17"), Some(TaskId::Seq(17)));
        assert_eq!(TaskId::parse("17d"), Some(TaskId::Own(OwnId::delayed(17))));
        for none in
            ["", "0", "0d", "007", "017d", "17dd", "d17 ", "+7", "18446744073709551616", "ä", "a b", "@x"]
        {
            assert_eq!(TaskId::parse(none), None, "{none:?}");
        }
        assert!(OwnId::parse("deploy/web-3:42").is_ok());
        assert!(OwnId::parse("7up").unwrap_err().to_string().contains("server's"));
        assert!(OwnId::parse(&"x".repeat(129)).is_err());
    }

    #[test]
    fn labels() {
        let labels = |n: usize, value: &str| (0..n).map(|i| (format!("k{i}"), value.to_owned())).collect();
        assert!(check_labels(&labels(32, &"x".repeat(1024))).is_ok());
        assert!(check_labels(&labels(33, "")).unwrap_err().contains("33"));
        assert!(check_labels(&labels(1, &"x".repeat(1025))).unwrap_err().contains("1025"));
        assert!(check_labels(&[("a b".to_owned(), String::new())].into()).is_err());
    }

    #[test]
    fn a_long_mistake_is_shortened() {
        let shown = QueueName::parse(&"ü".repeat(1 << 20)).unwrap_err().to_string();
        assert!(shown.len() < 400, "{}", shown.len());
    }
}
