//! How far a caller reaches: who it is, and which queues and groups there are for it.
//!
//! The service judges what a caller names; an engine's handle with a reach ([`Engine::within`](super::Engine::within))
//! judges what only the engine can know: whose a lease is, and in which queue a task lies that is named by its id.
//! What lies outside is to the caller as if it were not.

use std::{fmt, str::FromStr, sync::Arc};

use crate::name::{ClientName, GroupName, QueueName};

/// How far a caller reaches. The default is everything, for nobody in particular.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach(Option<Arc<Bounds>>);

#[derive(Debug, PartialEq, Eq)]
struct Bounds {
    identity: ClientName,
    queues: Vec<Pattern>,
    groups: Vec<Pattern>,
    owns_all: bool,
}

impl Reach {
    /// Of an identity, in these queues and groups. Its own inbox and its own group are always among them.
    pub fn of(identity: ClientName, queues: Vec<Pattern>, groups: Vec<Pattern>) -> Self {
        Reach(Some(Arc::new(Bounds { identity, queues, groups, owns_all: false })))
    }

    /// Of an identity that may take everybody's part: it may call itself as it likes, and inboxes and own groups are
    /// as its own. Queues and groups still are these.
    pub fn of_admin(identity: ClientName, queues: Vec<Pattern>, groups: Vec<Pattern>) -> Self {
        Reach(Some(Arc::new(Bounds { identity, queues, groups, owns_all: true })))
    }

    /// Who it is, if that was proved. A lease that was handed to one identity is no lease of another.
    pub fn identity(&self) -> Option<&ClientName> {
        self.0.as_ref().map(|bounds| &bounds.identity)
    }

    /// Whether nothing lies outside.
    pub fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a queue is there for it.
    pub fn has_queue(&self, queue: &QueueName) -> bool {
        self.0.as_ref().is_none_or(|bounds| {
            bounds.is_own(queue.as_str()) || bounds.queues.iter().any(|p| p.matches(queue.as_str()))
        })
    }

    /// Whether it may take tasks from a queue, if that is there for it: an inbox is its owner's.
    pub fn takes_from(&self, queue: &QueueName) -> bool {
        let name = queue.as_str();
        self.0.as_ref().is_none_or(|bounds| bounds.is_own(name) || bounds.owns_all || !is_somebodys(name))
    }

    /// Whether it may be a member of a group: an own group is its client's.
    pub fn has_group(&self, group: &GroupName) -> bool {
        let name = group.as_str();
        self.0.as_ref().is_none_or(|bounds| {
            let is_free = bounds.owns_all || !is_somebodys(name);
            bounds.is_own(name) || (is_free && bounds.groups.iter().any(|p| p.matches(name)))
        })
    }

    /// Whether it may call itself so: the name is its identity, or begins with that and a dot.
    pub fn is_client(&self, client: &ClientName) -> bool {
        self.0.as_ref().is_none_or(|bounds| bounds.owns_all || bounds.is_client(client.as_str()))
    }
}

impl Bounds {
    fn is_client(&self, client: &str) -> bool {
        let rest = client.strip_prefix(self.identity.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether a name is that of an inbox or own group of one of its clients.
    fn is_own(&self, name: &str) -> bool {
        name.strip_prefix('@').is_some_and(|client| self.is_client(client))
    }
}

/// Whether a name is an inbox's or an own group's.
fn is_somebodys(name: &str) -> bool {
    name.starts_with('@')
}

/// Names that have a likeness: a name in which `*` stands for any characters, none included.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// All names.
    pub fn all() -> Self {
        Pattern("*".into())
    }

    /// The pattern as people write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name is one of these.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        // `split` yields one part at least.
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix('@').unwrap_or(text);
        let fits = !name.is_empty()
            && name.len() <= 63
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-*".contains(&b))
            && !name.starts_with(['.', '_', '-']);
        if fits {
            return Ok(Pattern(text.into()));
        }
        Err(format!("{text:?} is not a name in which * stands for any characters: like ci, ci.* or @kiosk-*"))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> QueueName {
        QueueName::parse(name).unwrap()
    }

    #[test]
    fn a_pattern_is_a_name_with_stars() {
        for (pattern, yes, no) in [
            ("ci", &["ci"][..], &["cis", "c", "CI", "@ci"][..]),
            ("ci.*", &["ci.", "ci.web", "ci.a.b"], &["ci", "xci.a"]),
            ("*", &["ci", "@kiosk-7"], &[]),
            ("@*", &["@kiosk-7"], &["kiosk-7"]),
            ("*-x", &["a-x", "-x"], &["a-xy"]),
            ("a*b*a", &["aba", "a-b-a", "abba"], &["ab", "aa", "abab"]),
            ("ab*ba", &["abba", "ab-ba"], &["aba"]),
        ] {
            let parsed: Pattern = pattern.parse().unwrap();
            assert!(yes.iter().all(|name| parsed.matches(name)), "{pattern}");
            assert!(!no.iter().any(|name| parsed.matches(name)), "{pattern}");
        }
        for bad in ["", "@", "a b", "ci/*", "-x", "a@b", "ü", "{a,b}"] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_inbox_and_an_own_group_are_their_owners() {
        let client = |name: &str| ClientName::parse(name).unwrap();
        let group = |name: &str| GroupName::parse(name).unwrap();
        let reach = Reach::of(client("kiosk-7"), vec!["ci.*".parse().unwrap()], vec!["web".parse().unwrap()]);
        for (name, has, takes) in [
            ("ci.a", true, true),
            ("cd", false, true),
            ("@kiosk-7", true, true),
            ("@kiosk-7.screen", true, true),
            ("@kiosk-70", false, false),
            ("@kiosk-8", false, false),
        ] {
            assert_eq!(
                (reach.has_queue(&queue(name)), reach.takes_from(&queue(name))),
                (has, takes),
                "{name}"
            );
        }
        for (name, has) in [("web", true), ("@kiosk-7", true), ("@kiosk-8", false), ("x", false)] {
            assert_eq!(reach.has_group(&group(name)), has, "{name}");
        }
        for (name, is) in [("kiosk-7", true), ("kiosk-7.a", true), ("kiosk-70", false), ("kiosk", false)] {
            assert_eq!(reach.is_client(&client(name)), is, "{name}");
        }
        let everyone = Reach::of(client("ops"), vec![Pattern::all()], vec![Pattern::all()]);
        assert!(everyone.has_queue(&queue("@kiosk-7")) && !everyone.takes_from(&queue("@kiosk-7")));
        assert!(!everyone.has_group(&group("@kiosk-7")));
        let admin = Reach::of_admin(client("ops"), vec![Pattern::all()], vec![Pattern::all()]);
        assert!(admin.takes_from(&queue("@kiosk-7")) && admin.has_group(&group("@kiosk-7")));
        assert!(Reach::default().takes_from(&queue("@x")) && Reach::default().identity().is_none());
    }
}
