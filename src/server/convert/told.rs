//! What is told of tasks, and the verdicts.

use tonic::Status;

use super::milliseconds_in;
use crate::{
    name::{ClientName, ID_BYTES_MAX, TaskId},
    pb,
    server::{
        engine::{
            groups::{Judged, Notice, Told, Verdict, What, Why, Word},
            results::Answer,
        },
        reason::Reason,
        status,
    },
    wire::RETRY_DELAY_MS_MAX,
};

/// Longer than any lease that we have made, in bytes.
const LEASE_BYTES_MAX: usize = 200;

/// Judges what is told of a task. `None`: it is about no task, or about what no task is named.
pub(in crate::server) fn told(
    result: pb::Result,
    client: Option<&ClientName>,
) -> Result<Option<Told>, Status> {
    let word = word(result.outcome)?;
    let delay_ms =
        result.delay_ms.map(|ms| milliseconds_in(0..=RETRY_DELAY_MS_MAX, Reason::BadDelay, "delay_ms", ms));
    let delay_ms = delay_ms.transpose()?;
    let what = match &result.lease[..] {
        "" => TaskId::parse(&result.id).map(What::Id),
        // It counts, whatever the id says.
        _ => Some(What::Lease(result.lease)),
    };
    let answer = Answer {
        ret: result.ret,
        exit_code: result.exit_code,
        stderr: result.stderr,
        ret_cut: result.ret_cut,
        stderr_cut: result.stderr_cut,
        ret_lossy: result.ret_lossy,
        stderr_lossy: result.stderr_lossy,
    };
    Ok(what.map(|what| Told { what, word, delay_ms, answer, client: client.cloned() }))
}

fn word(outcome: Option<i32>) -> Result<Word, Status> {
    let number = outcome.unwrap_or_default();
    Ok(match pb::Outcome::try_from(number) {
        Ok(pb::Outcome::Unspecified | pb::Outcome::Done) => Word::Done,
        Ok(pb::Outcome::Failed) => Word::Failed,
        Ok(pb::Outcome::Released) => Word::Released,
        Ok(pb::Outcome::Rejected) => Word::Rejected,
        Ok(pb::Outcome::Working) => Word::Working,
        Ok(pb::Outcome::Received) => Word::Received,
        // A later client's word: to take it for another would be worse than to say so.
        Err(_) => {
            let message = format!("outcome is {number}: this server knows those from 0 to 6");
            return Err(status::field(Reason::BadOutcome, "outcome", message));
        }
    })
}

/// The verdict of a thing told about `id`, `lease`, or both.
pub(in crate::server) fn verdict(id: String, lease: String, judged: Judged) -> pb::Told {
    let id = match judged.seq {
        seq if id.is_empty() && seq > 0 => seq.to_string(),
        // An answer is kept until its stream ends: what is too long to be an id is not repeated whole.
        _ => cut(id, ID_BYTES_MAX),
    };
    pb::Told { id, verdict: verdict_of(judged).into(), lease: cut(lease, LEASE_BYTES_MAX), late: judged.late }
}

/// The verdict alone.
pub(in crate::server) fn verdict_of(judged: Judged) -> pb::Verdict {
    match judged.verdict {
        Verdict::Noted => pb::Verdict::Noted,
        Verdict::Unknown => pb::Verdict::Unknown,
        Verdict::Ok => pb::Verdict::Ok,
        Verdict::Duplicate => pb::Verdict::Duplicate,
        Verdict::Conflict => pb::Verdict::Conflict,
        Verdict::Stale => pb::Verdict::Stale,
        Verdict::Unleased => pb::Verdict::Unleased,
        Verdict::Damaged => pb::Verdict::Damaged,
    }
}

/// How much of these texts a verdict repeats.
pub(in crate::server) fn verdict_bytes(id: &str, lease: &str) -> usize {
    id.len().min(ID_BYTES_MAX) + lease.len().min(LEASE_BYTES_MAX)
}

fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.shrink_to_fit();
    }
    text
}

/// What a holder of leases is told.
pub(in crate::server) fn notice(notice: Notice) -> pb::Result {
    let Notice::Ended { lease, seq, why } = notice;
    let why = match why {
        Why::Settled => pb::ended::Why::Settled,
        Why::Cancelled => pb::ended::Why::Cancelled,
        Why::Lost => pb::ended::Why::Lost,
        Why::Overheld => pb::ended::Why::Overheld,
        Why::Gone => pb::ended::Why::Gone,
    };
    let ended = pb::Ended { lease, id: seq.to_string(), why: why.into() };
    pb::Result { ended: Some(ended), ..pb::Result::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_counts_whatever_the_id_says() {
        let told_of = |id: &str, lease: &str| {
            let result = pb::Result { id: id.into(), lease: lease.into(), ..pb::Result::default() };
            told(result, None).unwrap().map(|told| told.what)
        };
        assert!(matches!(told_of("17", "L1"), Some(What::Lease(lease)) if lease == "L1"));
        assert!(matches!(told_of("17", ""), Some(What::Id(TaskId::Seq(17)))));
        assert!(told_of("two words", "").is_none());
        assert!(told_of("", "").is_none());
    }

    #[test]
    fn a_word_that_nobody_knows_is_named() {
        let result = |outcome, delay_ms| pb::Result { outcome, delay_ms, ..pb::Result::default() };
        for (outcome, delay_ms, word) in [
            (Some(7), None, "outcome is 7"),
            (Some(-1), None, "-1"),
            (None, Some(RETRY_DELAY_MS_MAX + 1), "delay_ms"),
        ] {
            let refused = told(result(outcome, delay_ms), None).unwrap_err();
            assert!(refused.message().contains(word), "{refused:?}");
        }
        assert!(told(result(Some(6), Some(RETRY_DELAY_MS_MAX)), None).is_ok());
    }

    #[test]
    fn a_verdict_repeats_what_was_told_and_no_more() {
        let judged = |seq| Judged { verdict: Verdict::Ok, late: true, seq };
        let shown = verdict(String::new(), "L".into(), judged(17));
        assert_eq!((&shown.id[..], &shown.lease[..], shown.late), ("17", "L", true));
        assert_eq!(verdict("mine".into(), "L".into(), judged(17)).id, "mine");
        assert_eq!(verdict(String::new(), "L".into(), judged(0)).id, "");
        let shown = verdict("ü".repeat(1000), "ü".repeat(1000), judged(1));
        assert_eq!((shown.id.len(), shown.lease.len()), (128, 200));
    }
}
