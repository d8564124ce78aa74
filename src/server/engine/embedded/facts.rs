//! Facts and pages as the store keeps them.
//!
//! A commit's facts are one row. A page is what a group knows of 1024 seqs: open tasks whole, ended ones in two
//! bytes (how far from the one before, and that it was done at the first attempt), more only for those that took
//! more. Each page and each group's head say up to which row of facts they are: a start applies the later ones.

use super::machine::{
    Ends, Fact, GroupNo, Head, Lease, Machine, Next, Note, Open, Outcome, PAGE_SEQS, Past, Stand, words::End,
    words::Settings,
};
use crate::server::engine::frames::{put_varint, take_varint};

/// A commit's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FactRow {
    /// From 1, without a gap.
    pub(super) no: u64,
    /// The machine's time.
    pub(super) at_ms: u64,
    pub(super) facts: Vec<u8>,
}

/// A group as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupRow {
    pub(super) number: GroupNo,
    pub(super) queue: u32,
    pub(super) name: String,
    pub(super) head: Head,
    /// The last row of facts that the head has.
    pub(super) upto: u64,
}

/// A page as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageRow {
    pub(super) group: GroupNo,
    pub(super) page: u64,
    /// The last row of facts that it has.
    pub(super) upto: u64,
    /// How many of its entries a start needs in memory.
    pub(super) open: u64,
    pub(super) entries: Vec<u8>,
}

/// What a page says of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Open(Open),
    Past(Past),
    Note(Note),
}

/// The same, of a task that lies elsewhere.
#[derive(Debug, Clone, Copy)]
enum Shown<'a> {
    Open(&'a Open),
    Past(&'a Past),
    Note(Note),
}

/// Encodes a commit's facts.
pub(super) fn write_facts(facts: &[Fact]) -> Vec<u8> {
    let mut out = Vec::with_capacity(facts.len() * 8);
    let mut before = 0;
    for fact in facts {
        let seq = fact.seq().unwrap_or(before);
        out.push(tag_of(fact));
        put_varint(&mut out, u64::from(fact.group()));
        put_varint(&mut out, zigzag(seq.wrapping_sub(before) as i64));
        before = seq;
        match fact {
            Fact::HandOut { member, expires_ms, passed, .. } => {
                put_varint(&mut out, *member);
                put_varint(&mut out, *expires_ms);
                if let Some(passed) = passed {
                    put_varint(&mut out, *passed);
                }
            }
            Fact::Ended { end, next, failures, suspect, said, .. } => {
                if is_plain(fact) {
                    continue;
                }
                out.push(end.map_or(0, code_of_end) << 1 | u8::from(*suspect));
                put_next(&mut out, next);
                put_varint(&mut out, u64::from(*failures));
                put_said(&mut out, said.as_deref());
            }
            Fact::Noted { note, .. } => out.push(u8::from(*note == Note::Done)),
            Fact::Redriven { .. } => {}
            Fact::Set { settings, .. } => put_settings(&mut out, settings),
        }
    }
    out
}

/// Reads what [`write_facts`] wrote. `None` if it is damaged.
pub(super) fn read_facts(mut stored: &[u8]) -> Option<Vec<Fact>> {
    let rest = &mut stored;
    let mut facts = Vec::new();
    let mut seq = 0u64;
    while !rest.is_empty() {
        let tag = take_byte(rest)?;
        let group = GroupNo::try_from(take_varint(rest)?).ok()?;
        seq = seq.wrapping_add(unzigzag(take_varint(rest)?) as u64);
        // The store keeps seqs as signed numbers: beyond them there is nothing but damage.
        i64::try_from(seq).ok()?;
        facts.push(match tag {
            tag::HAND_OUT | tag::HAND_OUT_FIRST => {
                let (member, expires_ms) = (take_varint(rest)?, take_varint(rest)?);
                let passed = if tag == tag::HAND_OUT_FIRST { Some(take_varint(rest)?) } else { None };
                Fact::HandOut { group, seq, member, expires_ms, passed }
            }
            tag::DONE => Fact::Ended {
                group,
                seq,
                end: Some(End::Done),
                next: Next::Past(Outcome::Done),
                failures: 0,
                suspect: false,
                said: None,
            },
            tag::ENDED => {
                let flags = take_byte(rest)?;
                let end = if flags >> 1 == 0 { None } else { Some(end_of_code(flags >> 1)?) };
                let next = take_next(rest)?;
                let failures = u32::try_from(take_varint(rest)?).ok()?;
                let said = take_said(rest)?;
                Fact::Ended { group, seq, end, next, failures, suspect: flags & 1 == 1, said }
            }
            tag::NOTED => Fact::Noted {
                group,
                seq,
                note: if take_byte(rest)? == 1 { Note::Done } else { Note::Received },
            },
            tag::REDRIVEN => Fact::Redriven { group, seq },
            tag::SET => Fact::Set { group, settings: take_settings(rest)? },
            _ => return None,
        });
    }
    Some(facts)
}

mod tag {
    pub(super) const HAND_OUT: u8 = 1;
    pub(super) const HAND_OUT_FIRST: u8 = 2;
    /// Done at the first attempt.
    pub(super) const DONE: u8 = 3;
    pub(super) const ENDED: u8 = 4;
    pub(super) const NOTED: u8 = 5;
    pub(super) const REDRIVEN: u8 = 6;
    pub(super) const SET: u8 = 7;
}

fn tag_of(fact: &Fact) -> u8 {
    match fact {
        Fact::HandOut { passed: None, .. } => tag::HAND_OUT,
        Fact::HandOut { .. } => tag::HAND_OUT_FIRST,
        Fact::Ended { .. } if is_plain(fact) => tag::DONE,
        Fact::Ended { .. } => tag::ENDED,
        Fact::Noted { .. } => tag::NOTED,
        Fact::Redriven { .. } => tag::REDRIVEN,
        Fact::Set { .. } => tag::SET,
    }
}

/// What most facts are: done, and nothing to say about it.
fn is_plain(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Ended {
            end: Some(End::Done),
            next: Next::Past(Outcome::Done),
            failures: 0,
            suspect: false,
            said: None,
            ..
        }
    )
}

/// Puts together what is known of a page with what was written down of it before. `None`: that is damaged.
pub(super) fn write_page(
    machine: &Machine,
    group: GroupNo,
    page: u64,
    upto: u64,
    before: Option<&PageRow>,
) -> Option<PageRow> {
    let known = machine.page(group, page);
    let written = before.map_or(Some(Vec::new()), read_page)?;
    let mut entries = Vec::with_capacity(PAGE_SEQS as usize);
    entries.extend(written.iter().filter_map(|(seq, entry)| match entry {
        Entry::Past(past) => Some((*seq, Shown::Past(past))),
        Entry::Open(_) | Entry::Note(_) => None,
    }));
    entries.extend(known.past.iter().map(|(seq, past)| (*seq, Shown::Past(past))));
    entries.extend(known.notes.into_iter().map(|(seq, note)| (seq, Shown::Note(note))));
    entries.extend(known.open.into_iter().map(|(seq, open)| (seq, Shown::Open(open))));
    // Each of these is in order, which the sort finds out. Of what is known of one task the last counts.
    entries.sort_by_key(|(seq, _)| *seq);
    let (mut out, mut open) = (Vec::with_capacity(entries.len() * 2), 0);
    let mut before = page * PAGE_SEQS;
    for (place, (seq, entry)) in entries.iter().enumerate() {
        if entries.get(place + 1).is_some_and(|(next, _)| next == seq) {
            continue;
        }
        put_varint(&mut out, seq - before);
        before = *seq;
        open += u64::from(!matches!(entry, Shown::Past(_)));
        put_entry(&mut out, *entry);
    }
    Some(PageRow { group, page, upto, open, entries: out })
}

/// Reads a page. `None` if it is damaged.
pub(super) fn read_page(row: &PageRow) -> Option<Vec<(u64, Entry)>> {
    let mut stored = &row.entries[..];
    let mut entries = Vec::new();
    let mut seq = row.page.checked_mul(PAGE_SEQS)?;
    while !stored.is_empty() {
        seq = seq.checked_add(take_varint(&mut stored)?)?;
        entries.push((seq, take_entry(&mut stored)?));
    }
    Some(entries)
}

mod kind {
    /// Done at the first attempt.
    pub(super) const DONE: u8 = 0;
    pub(super) const PAST: u8 = 1;
    pub(super) const READY: u8 = 2;
    pub(super) const WAITING: u8 = 3;
    pub(super) const LEASED: u8 = 4;
    pub(super) const DEAD: u8 = 5;
    pub(super) const RECEIVED: u8 = 6;
    pub(super) const NOTED_DONE: u8 = 7;
}

fn put_entry(out: &mut Vec<u8>, entry: Shown<'_>) {
    match entry {
        Shown::Past(past) if past.outcome == Outcome::Done && past.ends[..] == [End::Done] => {
            out.push(kind::DONE)
        }
        Shown::Past(past) => {
            out.push(kind::PAST);
            out.push(code_of_outcome(past.outcome));
            put_ends(out, &past.ends);
        }
        Shown::Note(Note::Received) => out.push(kind::RECEIVED),
        Shown::Note(Note::Done) => out.push(kind::NOTED_DONE),
        Shown::Open(open) => {
            match open.stand {
                Stand::Ready => out.push(kind::READY),
                Stand::Waiting { until_ms } => {
                    out.push(kind::WAITING);
                    put_varint(out, until_ms);
                }
                Stand::Leased(lease) => {
                    out.push(kind::LEASED);
                    put_varint(out, lease.member);
                    put_varint(out, lease.since_ms);
                }
                Stand::Dead => out.push(kind::DEAD),
            }
            out.push(u8::from(open.suspect));
            put_varint(out, u64::from(open.failures));
            put_varint(out, open.expires_ms);
            put_ends(out, &open.ends);
            put_said(out, open.said.as_deref());
        }
    }
}

fn take_entry(rest: &mut &[u8]) -> Option<Entry> {
    let stand = match take_byte(rest)? {
        kind::DONE => {
            return Some(Entry::Past(Past { outcome: Outcome::Done, ends: Ends::One([End::Done]) }));
        }
        kind::PAST => {
            let outcome = outcome_of_code(take_byte(rest)?)?;
            return Some(Entry::Past(Past { outcome, ends: take_ends(rest)? }));
        }
        kind::RECEIVED => return Some(Entry::Note(Note::Received)),
        kind::NOTED_DONE => return Some(Entry::Note(Note::Done)),
        kind::READY => Stand::Ready,
        kind::WAITING => Stand::Waiting { until_ms: take_varint(rest)? },
        kind::LEASED => {
            let (member, since_ms) = (take_varint(rest)?, take_varint(rest)?);
            Stand::Leased(Lease { member, since_ms, touched_ms: since_ms, restarted: true })
        }
        kind::DEAD => Stand::Dead,
        _ => return None,
    };
    Some(Entry::Open(Open {
        stand,
        suspect: take_byte(rest)? == 1,
        failures: u32::try_from(take_varint(rest)?).ok()?,
        expires_ms: take_varint(rest)?,
        ends: take_ends(rest)?,
        said: take_said(rest)?,
    }))
}

/// Encodes a group's head.
pub(super) fn write_head(head: &Head) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    for n in [head.next_seq, head.passed, head.done, head.trimmed_unsettled, head.trimmed_seq] {
        put_varint(&mut out, n);
    }
    put_settings(&mut out, &head.settings);
    out
}

/// Reads what [`write_head`] wrote. `None` if it is damaged.
pub(super) fn read_head(mut stored: &[u8]) -> Option<Head> {
    let rest = &mut stored;
    Some(Head {
        next_seq: take_varint(rest)?,
        passed: take_varint(rest)?,
        done: take_varint(rest)?,
        trimmed_unsettled: take_varint(rest)?,
        trimmed_seq: take_varint(rest)?,
        settings: take_settings(rest)?,
    })
    .filter(|_| rest.is_empty())
}

fn put_settings(out: &mut Vec<u8>, settings: &Settings) {
    put_varint(out, u64::from(settings.max_failures));
    for n in [settings.backoff_ms, settings.backoff_max_ms, settings.lease_ms, u64::from(settings.paused)] {
        put_varint(out, n);
    }
}

fn take_settings(rest: &mut &[u8]) -> Option<Settings> {
    Some(Settings {
        max_failures: u32::try_from(take_varint(rest)?).ok()?,
        backoff_ms: take_varint(rest)?,
        backoff_max_ms: take_varint(rest)?,
        lease_ms: take_varint(rest)?,
        paused: take_varint(rest)? == 1,
    })
}

fn put_next(out: &mut Vec<u8>, next: &Next) {
    match next {
        Next::Ready => out.push(0),
        Next::Waiting { until_ms } => {
            out.push(1);
            put_varint(out, *until_ms);
        }
        Next::Dead => out.push(2),
        Next::Past(outcome) => out.push(3 + code_of_outcome(*outcome)),
    }
}

fn take_next(rest: &mut &[u8]) -> Option<Next> {
    Some(match take_byte(rest)? {
        0 => Next::Ready,
        1 => Next::Waiting { until_ms: take_varint(rest)? },
        2 => Next::Dead,
        n => Next::Past(outcome_of_code(n - 3)?),
    })
}

fn put_said(out: &mut Vec<u8>, said: Option<&str>) {
    let said = said.unwrap_or_default();
    put_varint(out, said.len() as u64);
    out.extend_from_slice(said.as_bytes());
}

#[allow(clippy::option_option, reason = "nothing said, and nothing to be read")]
fn take_said(rest: &mut &[u8]) -> Option<Option<Box<str>>> {
    let bytes = usize::try_from(take_varint(rest)?).ok()?;
    let (said, after) = rest.split_at_checked(bytes)?;
    *rest = after;
    let said = std::str::from_utf8(said).ok()?;
    Some(Some(said).filter(|said| !said.is_empty()).map(Box::from))
}

fn put_ends(out: &mut Vec<u8>, ends: &[End]) {
    put_varint(out, ends.len() as u64);
    for pair in ends.chunks(2) {
        out.push(code_of_end(pair[0]) | pair.get(1).map_or(0, |end| code_of_end(*end)) << 4);
    }
}

fn take_ends(rest: &mut &[u8]) -> Option<Ends> {
    let count = usize::try_from(take_varint(rest)?).ok()?;
    let (pairs, after) = rest.split_at_checked(count.div_ceil(2))?;
    *rest = after;
    let codes = pairs.iter().flat_map(|pair| [pair & 15, pair >> 4]).take(count);
    codes.map(end_of_code).collect()
}

const ENDS: [End; 10] = [
    End::Done,
    End::Failed,
    End::Released,
    End::Rejected,
    End::Lost,
    End::LostTogether,
    End::Overheld,
    End::ServerRestart,
    End::Cancelled,
    End::Gone,
];

/// The code of an end: from 1 to 10.
pub(super) fn code_of_end(end: End) -> u8 {
    ENDS.iter().position(|e| *e == end).map_or(0, |place| place as u8 + 1)
}

/// The end of a code.
pub(super) fn end_of_code(code: u8) -> Option<End> {
    ENDS.get(usize::from(code).checked_sub(1)?).copied()
}

const OUTCOMES: [Outcome; 4] = [Outcome::Done, Outcome::Cancelled, Outcome::Expired, Outcome::Gone];

fn code_of_outcome(outcome: Outcome) -> u8 {
    OUTCOMES.iter().position(|o| *o == outcome).map_or(0, |place| place as u8)
}

fn outcome_of_code(code: u8) -> Option<Outcome> {
    OUTCOMES.get(usize::from(code)).copied()
}

/// Takes a byte off the front.
pub(super) fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    let (byte, after) = rest.split_first()?;
    *rest = after;
    Some(*byte)
}

/// A number of either sign as one that is small if it is near 0.
pub(super) fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

/// What [`zigzag`] was given.
pub(super) fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_and_the_usual_ones_are_short() {
        let ended = |end, next, failures, suspect, said: Option<&str>| Fact::Ended {
            group: 3,
            seq: 9,
            end,
            next,
            failures,
            suspect,
            said: said.map(Box::from),
        };
        let usual = [
            Fact::HandOut { group: 3, seq: 7, member: 2, expires_ms: 0, passed: Some(5) },
            ended(Some(End::Done), Next::Past(Outcome::Done), 0, false, None),
        ];
        assert!(write_facts(&usual).len() <= 12, "{}", write_facts(&usual).len());
        let mut facts = usual.to_vec();
        facts.push(Fact::HandOut { group: 3, seq: 1 << 40, member: 2, expires_ms: 77, passed: None });
        for end in ENDS {
            facts.push(ended(Some(end), Next::Waiting { until_ms: 1 << 41 }, 4, true, Some("exit 2: 任务")));
        }
        for next in [Next::Ready, Next::Dead, Next::Past(Outcome::Cancelled), Next::Past(Outcome::Gone)] {
            facts.push(ended(None, next, 0, false, None));
        }
        facts.push(Fact::Noted { group: 1, seq: 4, note: Note::Received });
        facts.push(Fact::Noted { group: 1, seq: 5, note: Note::Done });
        facts.push(Fact::Redriven { group: 1, seq: 6 });
        facts.push(Fact::Set { group: 1, settings: Settings { paused: true, ..Settings::default() } });
        let stored = write_facts(&facts);
        assert_eq!(read_facts(&stored).unwrap(), facts);
        for cut in 0..stored.len() {
            let _ = read_facts(&stored[..cut]);
        }
    }

    #[test]
    fn entries_come_back_and_a_done_task_is_a_byte() {
        fn shown(entry: &Entry) -> Shown<'_> {
            match entry {
                Entry::Open(open) => Shown::Open(open),
                Entry::Past(past) => Shown::Past(past),
                Entry::Note(note) => Shown::Note(*note),
            }
        }
        let open = |stand| {
            Entry::Open(Open {
                stand,
                failures: 3,
                suspect: true,
                ends: ENDS.to_vec().into(),
                expires_ms: 1 << 40,
                said: Some("no".into()),
            })
        };
        let lease = Lease { member: 1 << 33, since_ms: 5, touched_ms: 5, restarted: true };
        let done = Entry::Past(Past { outcome: Outcome::Done, ends: Ends::One([End::Done]) });
        let mut entries = vec![done.clone()];
        entries.extend(
            [Stand::Ready, Stand::Waiting { until_ms: 9 }, Stand::Leased(lease), Stand::Dead].map(open),
        );
        entries.extend(OUTCOMES.map(|outcome| {
            Entry::Past(Past { outcome, ends: vec![End::Lost, End::Done, End::Failed].into() })
        }));
        entries.extend([Note::Received, Note::Done].map(Entry::Note));
        let mut short = Vec::new();
        put_entry(&mut short, shown(&done));
        assert_eq!(short.len(), 1);
        for entry in entries {
            let mut stored = Vec::new();
            put_entry(&mut stored, shown(&entry));
            assert_eq!(take_entry(&mut &stored[..]).unwrap(), entry);
        }
    }

    #[test]
    fn a_head_comes_back() {
        let head = Head {
            next_seq: 1 << 50,
            passed: 7,
            done: 6,
            trimmed_unsettled: 5,
            trimmed_seq: 4,
            settings: Settings { max_failures: 0, lease_ms: 1000, ..Settings::default() },
        };
        assert_eq!(read_head(&write_head(&head)).unwrap(), head);
    }
}
