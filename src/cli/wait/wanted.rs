//! Whose results are waited for, as a flag says it.

use crate::name::ClientName;

/// Whose results are waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Wanted {
    /// Anybody's.
    Anybody,
    /// Those of each of these clients.
    Each(Vec<String>),
    /// Those of so many clients.
    Number(usize),
}

impl Wanted {
    /// Judges what stands in a flag: names, or a number.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return match text.parse() {
                Ok(0) => Err("nobody is not to be waited for".into()),
                Ok(number) => Ok(Wanted::Number(number)),
                Err(_) => Err("there are not so many clients".into()),
            };
        }
        Ok(Wanted::Each(names(text)?))
    }

    /// As the flag has it, if it is needed.
    pub(super) fn flag(&self) -> Option<String> {
        match self {
            Wanted::Anybody => None,
            Wanted::Each(names) => Some(names.join(",")),
            Wanted::Number(number) => Some(number.to_string()),
        }
    }
}

/// Judges names of clients, separated by commas.
pub(in crate::cli) fn names(text: &str) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',') {
        let name = ClientName::parse(name).map_err(|e| e.to_string())?.to_string();
        if names.contains(&name) {
            return Err(format!("client {name:?} is named twice"));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_wait_for() {
        assert_eq!(Wanted::parse("3"), Ok(Wanted::Number(3)));
        assert_eq!(Wanted::parse("a"), Ok(Wanted::Each(vec!["a".into()])));
        assert_eq!(Wanted::parse("a,7"), Ok(Wanted::Each(vec!["a".into(), "7".into()])));
        for bad in ["", "0", "a,", "a,a", "a b", "99999999999999999999999"] {
            assert!(Wanted::parse(bad).is_err(), "{bad:?}");
        }
    }
}
