//! What the end of a command means for its task. Pure.

use super::command::Exit;
use crate::pb;

/// The exits that mean something by themselves: sysexits' EX_TEMPFAIL and EX_DATAERR, and a shell's words for
/// a command that it cannot run or does not find.
const TRY_AGAIN: i32 = 75;
const REJECTED: i32 = 65;
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
/// As `timeout` says it.
pub(super) const TIMED_OUT: i32 = 124;

/// What is made of the exits that `--exit-map` names.
#[derive(Debug, Clone, Default)]
pub(super) struct ExitMap(Vec<Mapping>);

/// An exit code, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mapping {
    code: i32,
    outcome: pb::Outcome,
}

/// What an exit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This has become of the task.
    Outcome(pb::Outcome),
    /// It is given back because the user said so of this exit.
    GivenBack,
    /// The command could not be started: that says nothing about the task.
    NotStarted,
}

impl Mapping {
    /// Judges `CODE=OUTCOME`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (code, word) = text.split_once('=').ok_or("write it like 3=rejected")?;
        let code = code.parse::<u8>().map_err(|_| format!("{code:?} is no exit code from 0 to 255"))?;
        let outcome = match word {
            "done" => pb::Outcome::Done,
            "failed" => pb::Outcome::Failed,
            "released" => pb::Outcome::Released,
            "rejected" => pb::Outcome::Rejected,
            _ => return Err(format!("outcome {word:?} is none of done, failed, released, rejected")),
        };
        Ok(Mapping { code: code.into(), outcome })
    }
}

impl ExitMap {
    /// Each code at most once.
    pub(super) fn new(mappings: &[Mapping]) -> Result<Self, String> {
        let is_twice =
            |(i, mapping): &(usize, &Mapping)| mappings[..*i].iter().any(|m| m.code == mapping.code);
        match mappings.iter().enumerate().find(is_twice) {
            Some((_, twice)) => Err(format!("--exit-map names {} twice", twice.code)),
            None => Ok(ExitMap(mappings.to_vec())),
        }
    }

    /// What an exit means.
    pub(super) fn meaning(&self, exit: Exit) -> Meaning {
        let Exit::Code(code) = exit else { return Meaning::Outcome(pb::Outcome::Failed) };
        if let Some(mapping) = self.0.iter().find(|mapping| mapping.code == code) {
            return match mapping.outcome {
                pb::Outcome::Released => Meaning::GivenBack,
                outcome => Meaning::Outcome(outcome),
            };
        }
        match code {
            0 => Meaning::Outcome(pb::Outcome::Done),
            TRY_AGAIN => Meaning::Outcome(pb::Outcome::Failed),
            REJECTED => Meaning::Outcome(pb::Outcome::Rejected),
            NOT_EXECUTABLE | NOT_FOUND => Meaning::NotStarted,
            _ => Meaning::Outcome(pb::Outcome::Failed),
        }
    }
}

/// Whether it was ended by SIGTERM or SIGINT, or says so as a shell does.
pub(super) fn is_terminated(exit: Exit) -> bool {
    [SIGINT, SIGTERM].contains(&code(exit).wrapping_sub(128))
}

/// The exit as a shell says it.
pub(super) fn code(exit: Exit) -> i32 {
    match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => 128 + signal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> Result<ExitMap, String> {
        let mappings: Result<Vec<Mapping>, String> = text.split(',').map(Mapping::parse).collect();
        ExitMap::new(&mappings?)
    }

    #[test]
    fn exits_mean_what_sysexits_and_shells_say() {
        let map = ExitMap::default();
        for (code, outcome) in [
            (0, pb::Outcome::Done),
            (1, pb::Outcome::Failed),
            (65, pb::Outcome::Rejected),
            (75, pb::Outcome::Failed),
            (124, pb::Outcome::Failed),
            (255, pb::Outcome::Failed),
        ] {
            assert_eq!(map.meaning(Exit::Code(code)), Meaning::Outcome(outcome), "{code}");
        }
        for code in [126, 127] {
            assert_eq!(map.meaning(Exit::Code(code)), Meaning::NotStarted);
        }
        for signal in 1..32 {
            assert_eq!(map.meaning(Exit::Signal(signal)), Meaning::Outcome(pb::Outcome::Failed));
        }
        assert_eq!((code(Exit::Code(3)), code(Exit::Signal(9))), (3, 137));
        assert!(
            [Exit::Signal(15), Exit::Signal(2), Exit::Code(143), Exit::Code(130)].map(is_terminated)
                == [true; 4]
        );
        assert!(
            [Exit::Signal(9), Exit::Code(0), Exit::Code(15), Exit::Code(137)].map(is_terminated)
                == [false; 4]
        );
    }

    #[test]
    fn what_is_mapped_wins() {
        let map = map("3=rejected,75=released,127=failed,0=failed,9=done").unwrap();
        assert_eq!(map.meaning(Exit::Code(3)), Meaning::Outcome(pb::Outcome::Rejected));
        assert_eq!(map.meaning(Exit::Code(75)), Meaning::GivenBack);
        assert_eq!(map.meaning(Exit::Code(127)), Meaning::Outcome(pb::Outcome::Failed));
        assert_eq!(map.meaning(Exit::Code(0)), Meaning::Outcome(pb::Outcome::Failed));
        assert_eq!(map.meaning(Exit::Code(9)), Meaning::Outcome(pb::Outcome::Done));
        // By its signal nothing ends well.
        assert_eq!(map.meaning(Exit::Signal(9)), Meaning::Outcome(pb::Outcome::Failed));
    }

    #[test]
    fn what_is_no_mapping() {
        for bad in
            ["", "3", "=done", "x=done", "-1=done", "256=done", "3=", "3=working", "3=Done", "3=done,3=done"]
        {
            assert!(map(bad).is_err(), "{bad:?}");
        }
    }
}
