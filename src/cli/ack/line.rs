//! What a line of stdin says about its task.

use serde::Deserialize;

use super::{Ack, Outcome};
use crate::{
    cli::{json, lines::Line, reason::Reason},
    name::ID_BYTES_MAX,
    pb,
    wire::{RETRY_DELAY_MS_MAX, TASK_BYTES_MAX},
};

/// A lease has about a hundred bytes; a server takes no message of any length.
pub(super) const LEASE_BYTES_MAX: usize = 1024;

/// A line of stdin. Workers add fields of their own, so what is not known is passed over.
#[derive(Debug, Deserialize)]
struct AckLine {
    id: Option<Id>,
    lease: Option<String>,
    outcome: Option<String>,
    ret: Option<String>,
    exit_code: Option<i32>,
    delay_ms: Option<u64>,
    task: Option<String>,
}

/// Ids are strings; one that the server gave is written as a number easily, and means the same.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "id must be a string")]
enum Id {
    Text(String),
    Seq(u64),
}

/// Why a line is bad: a word for programs, and a sentence.
pub(super) type Bad = (Reason, String);

impl Ack {
    /// What to tell for a line. What it says itself wins over the flags.
    pub(in crate::cli) fn read(&self, line: Line) -> Result<pb::Result, Bad> {
        let bytes = line.bytes.ok_or_else(|| (Reason::LineTooLong, "the line is too long".to_owned()))?;
        let text = std::str::from_utf8(&bytes).map_err(|e| (Reason::NotUtf8, format!("not UTF-8: {e}")))?;
        let line: AckLine = json::object(text).map_err(|e| {
            (Reason::BadJson, format!("not a JSON object with an id or a lease: {}", json::describe(&e)))
        })?;
        let id = match line.id {
            Some(Id::Text(id)) => id,
            Some(Id::Seq(seq)) => seq.to_string(),
            None => String::new(),
        };
        let lease = line.lease.unwrap_or_default();
        // Not for the server to say: it takes no message of any length, and ends the call.
        if id.len() > ID_BYTES_MAX {
            return Err((
                Reason::BadId,
                format!("id has {} bytes: none has more than {ID_BYTES_MAX}", id.len()),
            ));
        }
        check_lease(&lease).map_err(|e| (Reason::BadLease, e))?;
        let outcome = match &line.outcome {
            Some(word) => Outcome::read(word).map_err(|e| (Reason::BadOutcome, e))?,
            None => self.outcome,
        };
        // The tutorial's way names no id: then the task itself is the best that can be said of it.
        let is_anonymous = id.is_empty() && lease.is_empty();
        let ret = match line.ret {
            Some(ret) => ret,
            None if is_anonymous && self.ret.is_empty() => line.task.unwrap_or_default(),
            None => self.ret.clone(),
        };
        if ret.len() > TASK_BYTES_MAX {
            let message = format!("ret has {} bytes: at most {TASK_BYTES_MAX} are taken", ret.len());
            return Err((Reason::RetTooLarge, message));
        }
        let delay_ms = line.delay_ms.or(self.delay_ms()).filter(|_| outcome.has_delay());
        if let Some(ms) = delay_ms.filter(|ms| *ms > RETRY_DELAY_MS_MAX) {
            return Err((
                Reason::BadDelay,
                format!("delay_ms is {ms}: it must be from 0 to {RETRY_DELAY_MS_MAX}"),
            ));
        }
        Ok(pb::Result {
            ret,
            id,
            lease,
            outcome: (!is_anonymous).then_some(outcome.on_the_wire() as i32),
            exit_code: line.exit_code,
            delay_ms,
            ..pb::Result::default()
        })
    }
}

/// Judges a lease as far as that can be done here.
pub(super) fn check_lease(lease: &str) -> Result<(), String> {
    if lease.len() > LEASE_BYTES_MAX {
        return Err(format!("lease has {} bytes: none has more than {LEASE_BYTES_MAX}", lease.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::Target;

    fn ack(outcome: Outcome, delay: Option<u64>) -> Ack {
        Ack {
            leases: Vec::new(),
            ids: Vec::new(),
            outcome,
            ret: "flag".into(),
            delay: delay.map(std::time::Duration::from_millis),
            strict: false,
        }
    }

    fn read(ack: &Ack, text: &str) -> Result<pb::Result, &'static str> {
        ack.read(Line { number: 1, bytes: Some(text.into()) }).map_err(|(reason, _)| reason.word())
    }

    #[test]
    fn an_echoed_line_is_done() {
        let told =
            read(&ack(Outcome::Done, None), r#"{"id":"17","task":"x","lease":"L","attempt":2}"#).unwrap();
        assert_eq!((&told.id[..], &told.lease[..], &told.ret[..]), ("17", "L", "flag"));
        assert_eq!(
            (told.outcome, told.exit_code, told.delay_ms),
            (Some(pb::Outcome::Done as i32), None, None)
        );
    }

    #[test]
    fn the_line_wins_over_the_flags() {
        let ack = ack(Outcome::Failed, Some(7));
        let told = read(&ack, r#"{"lease":"L"}"#).unwrap();
        assert_eq!((told.outcome(), told.delay_ms, &told.ret[..]), (pb::Outcome::Failed, Some(7), "flag"));
        let told =
            read(&ack, r#"{"lease":"L","outcome":"released","ret":"","delay_ms":0,"exit_code":-1}"#).unwrap();
        assert_eq!((told.outcome(), told.delay_ms, &told.ret[..]), (pb::Outcome::Released, Some(0), ""));
        assert_eq!(told.exit_code, Some(-1));
        let told = read(&ack, r#"{"lease":"L","outcome":"done"}"#).unwrap();
        assert_eq!((told.outcome(), told.delay_ms), (pb::Outcome::Done, None), "a delay is for another try");
    }

    #[test]
    fn what_is_no_word_is_a_bad_line() {
        let ack = ack(Outcome::Done, None);
        let long = format!(r#"{{"lease":"{}"}}"#, "x".repeat(1025));
        for (line, reason) in [
            (r#"{"lease":"L","outcome":"finished"}"#, "bad_outcome"),
            (r#"{"lease":"L","outcome":""}"#, "bad_outcome"),
            (r#"{"lease":"L","outcome":1}"#, "bad_json"),
            (r#"{"lease":1}"#, "bad_json"),
            (r#"{"lease":"L","exit_code":"0"}"#, "bad_json"),
            (r#"{"lease":"L","exit_code":99999999999}"#, "bad_json"),
            (r#"{"lease":"L","delay_ms":-1}"#, "bad_json"),
            (r#"{"id":true}"#, "bad_json"),
            (r#"{"lease":"L","outcome":"failed","delay_ms":2592000001}"#, "bad_delay"),
            (&long, "bad_lease"),
        ] {
            assert_eq!(read(&ack, line).unwrap_err(), reason, "{line}");
        }
    }

    #[test]
    fn a_line_that_names_nothing_says_its_task() {
        let nameless = Ack { ret: String::new(), ..ack(Outcome::Done, None) };
        let told = read(&nameless, r#"{"task":"x"}"#).unwrap();
        assert_eq!((&told.ret[..], told.outcome), ("x", None));
        let named = read(&nameless, r#"{"task":"x","lease":"L"}"#).unwrap();
        assert_eq!(named.ret, "");
    }

    #[test]
    fn fuzz_ack_line() {
        let ack = ack(Outcome::Failed, Some(7));
        let seeds = [
            r#"{"id":"17","task":"x","lease":"Labc","attempt":2,"labels":{"a":[null,true,-1.5e3]}}"#,
            r#"{"id":17,"outcome":"released","ret":"任务\u001b","exit_code":-1,"delay_ms":0}"#,
            r#"{"task":"x"}"#,
        ];
        let target = Target {
            name: "ack_line",
            seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(),
            words: &[
                "{",
                "}",
                "[",
                "\"",
                ":",
                ",",
                "\\u0000",
                "\\ud800",
                "null",
                "1e999",
                "-1",
                "\"id\":",
                "\"lease\":",
                "\"outcome\":",
                "\"done\"",
                "\"working\"",
                "\"ret\":",
                "\"exit_code\":",
                "\"delay_ms\":",
                "任务",
            ],
            message_at: None,
        };
        target.run(|input| {
            let told =
                ack.read(Line { number: 1, bytes: Some(input.to_vec()) }).map_err(|(word, message)| {
                    assert!(message.len() < 1000, "{message}");
                    format!("{word:?}")
                })?;
            assert!(told.id.len() <= ID_BYTES_MAX && told.lease.len() <= LEASE_BYTES_MAX);
            assert!(told.delay_ms.is_none_or(|ms| ms <= RETRY_DELAY_MS_MAX));
            assert_eq!(told.outcome.is_some(), !told.id.is_empty() || !told.lease.is_empty());
            Ok::<_, String>((
                told.id.is_empty(),
                told.lease.is_empty(),
                told.outcome,
                told.exit_code.is_some(),
            ))
        });
    }
}
