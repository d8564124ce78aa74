//! How the attempts at a task ended, in order. Most tasks have one, and it takes no room of its own.

use std::ops::Deref;

use super::words::End;

/// A list of ends.
#[derive(Debug, Clone, Default)]
pub(in super::super) enum Ends {
    #[default]
    None,
    One([End; 1]),
    Many(Vec<End>),
}

impl Ends {
    pub(super) fn push(&mut self, end: End) {
        *self = match std::mem::take(self) {
            Ends::None => Ends::One([end]),
            Ends::One([first]) => Ends::Many(vec![first, end]),
            Ends::Many(mut ends) => {
                ends.push(end);
                Ends::Many(ends)
            }
        }
    }

    pub(super) fn pop(&mut self) {
        if let Ends::Many(ends) = self {
            ends.pop();
        } else {
            *self = Ends::None;
        }
    }
}

impl Deref for Ends {
    type Target = [End];

    fn deref(&self) -> &[End] {
        match self {
            Ends::None => &[],
            Ends::One(one) => one,
            Ends::Many(ends) => ends,
        }
    }
}

impl PartialEq for Ends {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for Ends {}

impl From<Vec<End>> for Ends {
    fn from(ends: Vec<End>) -> Self {
        match ends[..] {
            [] => Ends::None,
            [one] => Ends::One([one]),
            _ => Ends::Many(ends),
        }
    }
}

impl FromIterator<End> for Ends {
    fn from_iter<I: IntoIterator<Item = End>>(ends: I) -> Self {
        ends.into_iter().fold(Ends::None, |mut all, end| {
            all.push(end);
            all
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_list() {
        let all = [End::Lost, End::Failed, End::Done];
        let mut ends = Ends::default();
        for n in 0..all.len() {
            assert_eq!(ends[..], all[..n]);
            assert_eq!(ends, all[..n].to_vec().into());
            ends.push(all[n]);
        }
        assert_eq!(ends, all.into_iter().collect());
        for n in (0..all.len()).rev() {
            ends.pop();
            assert_eq!(ends[..], all[..n]);
            assert_eq!(ends, all[..n].to_vec().into());
        }
        ends.pop();
        assert_eq!(ends[..], []);
    }
}
