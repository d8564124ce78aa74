//! A group as it is asked for.

use super::{Context, Failure};
use crate::name::GroupName;

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Group {
    /// `@`: this client's own.
    Own,
    /// By its name.
    Named(GroupName),
}

impl Group {
    /// Judges what stands in a flag.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "@" => Ok(Group::Own),
            text => GroupName::parse(text).map(Group::Named).map_err(|e| e.to_string()),
        }
    }

    /// Its name.
    pub(super) fn name(&self, context: &Context) -> Result<String, Failure> {
        match self {
            Group::Own => Ok(GroupName::own(&context.client()?).to_string()),
            Group::Named(name) => Ok(name.to_string()),
        }
    }

    /// The name that the wire has: empty if there is none.
    pub(super) fn name_of(group: Option<&Self>, context: &Context) -> Result<String, Failure> {
        group.map_or_else(|| Ok(String::new()), |group| group.name(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        assert_eq!(Group::parse("@"), Ok(Group::Own));
        assert!(matches!(Group::parse("@kiosk-7"), Ok(Group::Named(_))));
        for bad in ["", "@@", "two words", "-x"] {
            assert!(Group::parse(bad).is_err(), "{bad:?}");
        }
    }
}
