//! The hard rules, one by one.

use std::collections::BTreeSet;

use super::{
    settle::Key,
    words::{End, Settings, Verdict, Word},
    *,
};

const GROUP: GroupNo = 7;
const OTHER: GroupNo = 8;
const QUEUE: QueueNo = 3;
const MINUTE_MS: u64 = 60_000;
const LONG_MS: u64 = 12 * 60 * MINUTE_MS;

/// A machine with a group in each of two queues; the first has tasks.
struct Bed {
    machine: Machine,
    now: Now,
    last_seq: u64,
}

impl Bed {
    fn new(tasks: u64) -> Self {
        let mut machine = Machine::default();
        machine.add_group(GROUP, QUEUE, Head { next_seq: 1, ..Head::default() });
        machine.add_group(OTHER, QUEUE + 1, Head { next_seq: 1, ..Head::default() });
        let mut bed = Bed { machine, now: Now { ms: 1_000_000, server_ms: 1 << 40 }, last_seq: 0 };
        bed.grow(tasks);
        bed
    }

    fn grow(&mut self, tasks: u64) {
        self.last_seq += tasks;
        self.machine.grow(QUEUE, self.last_seq);
    }

    fn join(&mut self, stream: StreamId, credit: u32) {
        self.join_as(a_join(stream, credit));
    }

    fn join_as(&mut self, join: Join) {
        self.machine.join(self.now, join);
    }

    /// Time passes, with a tick a second.
    fn wait(&mut self, ms: u64) {
        let until = self.now.ms + ms;
        while self.now.ms < until {
            self.now.ms = until.min(self.now.ms + 1_000);
            self.machine.tick(self.now);
        }
    }

    /// What is handed out: stream, seq, attempt.
    fn pump(&mut self) -> Vec<(StreamId, u64, u32)> {
        loop {
            self.machine.pump(self.now);
            let hungry = self.machine.take_hungry();
            if hungry.is_empty() {
                break;
            }
            for Hungry { group, queue, from_seq } in hungry {
                let last_seq = if queue == QUEUE { self.last_seq } else { from_seq };
                let seqs = from_seq..=if queue == QUEUE { last_seq } else { 0 };
                let tasks: Vec<_> = seqs.map(|seq| Fresh { seq, expires_ms: 0 }).collect();
                self.machine.offer(group, from_seq, last_seq, tasks);
            }
        }
        self.delivered()
    }

    fn delivered(&mut self) -> Vec<(StreamId, u64, u32)> {
        let effects = self.machine.take_effects().into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Deliver { stream, seq, attempt, .. } => Some((stream, seq, attempt)),
                _ => None,
            })
            .collect()
    }

    fn settle(&mut self, seq: u64, attempt: u32, word: Word) -> (Verdict, bool) {
        let key = Key { group: GROUP, seq, attempt };
        let telling = Telling { word, delay_ms: None, said: None };
        let Judgement { verdict, late } = self.machine.settle(self.now, key, telling, None, false);
        (verdict, late)
    }

    fn open(&self, seq: u64) -> &Open {
        &self.machine.groups[&GROUP].open[&seq]
    }

    /// Made anew from its facts, which were all written down in the last millisecond.
    fn restarted(&mut self) -> Machine {
        let mut machine = Bed::new(self.last_seq).machine;
        for holder in self.machine.take_holders() {
            machine.load_holder(holder);
        }
        for fact in self.machine.take_facts() {
            machine.replay(self.now.ms, &fact, true, true);
        }
        machine.restart(self.now);
        machine
    }
}

/// A stream of a process of its own, with leases of a minute and a grace of 20 s.
fn a_join(stream: StreamId, credit: u32) -> Join {
    let (lease_ms, max_hold_ms, grace_ms) = (MINUTE_MS, LONG_MS, 20_000);
    Join {
        stream,
        instance: process(stream),
        client: None,
        groups: vec![GROUP],
        terms: Terms { max_in_flight: credit, lease_ms, max_hold_ms, grace_ms },
        left: None,
        until: None,
        have: BTreeSet::new(),
    }
}

fn process(no: u64) -> InstanceId {
    u128::from(no).to_le_bytes()
}

#[test]
fn a_holder_lost_with_several_charges_none_and_each_is_next_handed_out_alone() {
    let mut bed = Bed::new(3);
    bed.join(1, 10);
    assert_eq!(bed.pump(), [(1, 1, 1), (1, 2, 1), (1, 3, 1)]);
    bed.machine.leave(bed.now, 1);
    bed.wait(21_000);
    for seq in 1..=3 {
        assert_eq!((bed.open(seq).failures, &bed.open(seq).ends[..]), (0, &[End::LostTogether][..]));
    }
    bed.join(2, 10);
    bed.join(3, 10);
    bed.grow(2);
    assert_eq!(bed.pump(), [(2, 1, 2), (3, 2, 2)], "each alone");
    bed.settle(1, 2, Word::Done);
    assert_eq!(bed.pump(), [(2, 3, 2)]);
    bed.settle(2, 2, Word::Failed);
    assert_eq!(bed.pump(), [(3, 4, 1), (3, 5, 1)], "a worker that spoke of it clears it");
    assert!(!bed.open(2).suspect);
}

#[test]
fn a_poison_task_ends_dead_alone_and_the_others_are_done() {
    let mut bed = Bed::new(50);
    let mut deaths = 0;
    for stream in 1.. {
        bed.join(stream, 50);
        let mut in_hand = bed.pump();
        // It does what it gets, and dies of the seventeenth.
        while !in_hand.is_empty() && in_hand.iter().all(|(_, seq, _)| *seq != 17) {
            for (_, seq, attempt) in in_hand {
                assert_eq!(bed.settle(seq, attempt, Word::Done), (Verdict::Ok, false));
            }
            in_hand = bed.pump();
        }
        if in_hand.is_empty() {
            break;
        }
        deaths += 1;
        bed.machine.leave(bed.now, stream);
        bed.wait(MINUTE_MS);
    }
    assert!(bed.open(17).is_dead());
    let counts = bed.machine.counts(GROUP).unwrap();
    assert_eq!((counts.head.done, counts.dead, deaths), (49, 1, 6), "one with all in hand, five alone");
}

#[test]
fn a_suspect_is_alone_in_its_process_and_not_only_in_its_watch() {
    let mut bed = Bed::new(2);
    bed.join(1, 2);
    bed.pump();
    bed.machine.leave(bed.now, 1);
    bed.wait(21_000);
    bed.join(2, 5);
    bed.join_as(Join { stream: 3, groups: vec![GROUP, OTHER], ..a_join(2, 5) });
    assert_eq!(bed.pump(), [(2, 1, 2)]);
    bed.machine.leave(bed.now, 2);
    bed.machine.leave(bed.now, 3);
    bed.wait(21_000);
    assert_eq!(bed.open(1).ends[..], [End::LostTogether, End::Lost]);
    assert_eq!(bed.open(1).failures, 1);
}

#[test]
fn who_makes_room_for_a_suspect_goes_on_when_another_has_it() {
    let mut bed = Bed::new(2);
    bed.join(1, 2);
    bed.pump();
    bed.machine.leave(bed.now, 1);
    bed.now.ms += 20_000;
    bed.grow(1);
    bed.join(2, 2);
    // Before the loss is noticed.
    assert_eq!(bed.pump(), [(2, 3, 1)]);
    bed.machine.tick(bed.now);
    bed.grow(1);
    assert_eq!(bed.pump(), [], "it makes room");
    bed.join(3, 1);
    bed.join(4, 1);
    assert_eq!(bed.pump(), [(3, 1, 2), (4, 2, 2), (2, 4, 1)]);
}

#[test]
fn who_has_left_does_not_keep_others_from_making_room() {
    let mut bed = Bed::new(1);
    bed.machine.set(bed.now, GROUP, Settings { max_failures: 0, backoff_ms: 0, ..Settings::default() });
    bed.join(1, 2);
    bed.pump();
    bed.grow(1);
    bed.pump();
    bed.machine.leave(bed.now, 1);
    bed.grow(2);
    bed.join(2, 2);
    bed.join(3, 1);
    assert_eq!(bed.pump(), [(2, 3, 1), (3, 4, 1)]);
    bed.now.ms += 20_000;
    bed.machine.tick(bed.now);
    bed.machine.cancel(bed.now, QUEUE, 2);
    assert_eq!(bed.pump(), []);
    let makes = |bed: &Bed, no| bed.machine.instances[&process(no)].makes_room_for;
    assert_eq!((makes(&bed, 2), makes(&bed, 3)), (Some(GROUP), None));
    bed.machine.leave(bed.now, 2);
    bed.join_as(Join { stream: 4, have: [(GROUP, 4, 1)].into(), ..a_join(3, 2) });
    assert_eq!(bed.pump(), []);
    assert_eq!((makes(&bed, 2), makes(&bed, 3)), (None, Some(GROUP)));
    bed.settle(4, 1, Word::Done);
    assert_eq!(bed.pump(), [(4, 1, 2)]);
}

#[test]
fn alone_and_lost_is_charged() {
    let mut bed = Bed::new(1);
    bed.join(1, 1);
    bed.pump();
    bed.machine.leave(bed.now, 1);
    bed.wait(21_000);
    assert_eq!((bed.open(1).failures, &bed.open(1).ends[..]), (1, &[End::Lost][..]));
    assert!(matches!(bed.open(1).stand, Stand::Waiting { .. }));
}

#[test]
fn a_restart_gives_each_lease_its_full_time_and_charges_nothing() {
    let mut bed = Bed::new(2);
    bed.join(1, 2);
    bed.pump();
    bed.now.ms += 50_000;
    let machine = bed.restarted();
    bed.machine = machine;
    bed.wait(MINUTE_MS - 1);
    assert_eq!(bed.machine.counts(GROUP).unwrap().leased, 2);
    bed.wait(1_001);
    assert_eq!((bed.open(1).failures, &bed.open(1).ends[..]), (0, &[End::ServerRestart][..]));
    assert!(!bed.open(1).suspect);
}

#[test]
fn who_was_heard_after_a_restart_is_lost_like_any_other() {
    let mut bed = Bed::new(1);
    bed.join(1, 1);
    bed.pump();
    let machine = bed.restarted();
    bed.machine = machine;
    bed.machine.attend(bed.now, process(1), None);
    bed.wait(MINUTE_MS + 1_000);
    assert_eq!((bed.open(1).failures, &bed.open(1).ends[..]), (1, &[End::Lost][..]));
}

#[test]
fn the_longest_hold_goes_on_over_a_restart() {
    let mut bed = Bed::new(1);
    let join = a_join(1, 1);
    let join = Join { terms: Terms { max_hold_ms: 5 * MINUTE_MS, ..join.terms }, ..join };
    bed.join_as(join.clone());
    bed.pump();
    let machine = bed.restarted();
    bed.wait(3 * MINUTE_MS);
    bed.machine = machine;
    bed.machine.restart(bed.now);
    bed.join_as(Join { have: [(GROUP, 1, 1)].into(), ..join });
    bed.wait(2 * MINUTE_MS - 1);
    assert!(bed.open(1).lease().is_some());
    bed.wait(1_001);
    assert_eq!((bed.open(1).failures, &bed.open(1).ends[..]), (1, &[End::Overheld][..]));
}

#[test]
fn a_restart_near_the_end_of_the_longest_hold_leaves_a_full_lease() {
    let mut bed = Bed::new(1);
    bed.join_as(Join { terms: Terms { max_hold_ms: 5 * MINUTE_MS, ..a_join(1, 1).terms }, ..a_join(1, 1) });
    bed.pump();
    let machine = bed.restarted();
    bed.now.ms += 5 * MINUTE_MS;
    bed.machine = machine;
    bed.machine.restart(bed.now);
    bed.wait(MINUTE_MS - 1);
    assert!(bed.open(1).lease().is_some());
    bed.wait(1_001);
    assert_eq!((bed.open(1).failures, &bed.open(1).ends[..]), (0, &[End::ServerRestart][..]));
}

#[test]
fn no_heartbeat_moves_the_longest_hold_and_overheld_is_charged() {
    let mut bed = Bed::new(1);
    bed.machine.attend(bed.now, process(1), None);
    bed.join_as(Join { terms: Terms { max_hold_ms: 90_000, ..a_join(1, 1).terms }, ..a_join(1, 1) });
    bed.pump();
    for _ in 0..89 {
        bed.wait(1_000);
        bed.machine.heard(bed.now, process(1), false);
    }
    assert!(bed.open(1).lease().is_some());
    bed.wait(1_100);
    assert_eq!((bed.open(1).failures, &bed.open(1).ends[..]), (1, &[End::Overheld][..]));
    let notices = bed.machine.take_effects();
    assert!(matches!(notices[..], [Effect::Notice { why: Why::Overheld, .. }]), "{notices:?}");
}

#[test]
fn the_grace_cuts_a_lease_and_coming_back_restores_it() {
    let mut bed = Bed::new(1);
    bed.join(1, 1);
    bed.pump();
    bed.wait(LONG_MS / 2);
    assert!(bed.open(1).lease().is_some(), "its watch is up");
    bed.machine.leave(bed.now, 1);
    bed.wait(19_999);
    bed.join_as(Join { stream: 2, have: [(GROUP, 1, 1)].into(), ..a_join(1, 1) });
    assert_eq!(bed.delivered(), []);
    bed.machine.leave(bed.now, 2);
    bed.wait(19_999);
    assert!(bed.open(1).lease().is_some());
    bed.wait(1_000);
    assert_eq!(bed.open(1).ends[..], [End::Lost]);
}

#[test]
fn a_detached_lease_lives_its_whole_length() {
    let mut bed = Bed::new(1);
    let lease_ms = 15 * MINUTE_MS;
    bed.join_as(Join { terms: Terms { lease_ms, grace_ms: lease_ms, ..a_join(1, 1).terms }, ..a_join(1, 1) });
    bed.machine.attend(bed.now, process(1), None);
    bed.pump();
    bed.wait(1_000);
    bed.machine.heard(bed.now, process(1), false);
    bed.machine.leave(bed.now, 1);
    bed.machine.unattend(bed.now, process(1));
    bed.wait(lease_ms - 1);
    assert!(bed.open(1).lease().is_some());
    assert_eq!(bed.settle(1, 1, Word::Done), (Verdict::Ok, false));
}

#[test]
fn the_same_watch_again_supersedes_and_gets_what_did_not_arrive() {
    let mut bed = Bed::new(3);
    bed.join(1, 3);
    bed.pump();
    bed.join_as(Join { stream: 2, have: [(GROUP, 2, 1), (GROUP, 9, 4)].into(), ..a_join(1, 3) });
    let effects = bed.machine.take_effects();
    let deliver = |seq| Effect::Deliver { stream: 2, group: GROUP, seq, attempt: 1 };
    let lost = Effect::Notice { instance: process(1), group: GROUP, seq: 9, attempt: 4, why: Why::Lost };
    let superseded = Effect::End { stream: 1, end: StreamEnd::Superseded };
    assert_eq!(effects, [superseded, deliver(1), deliver(3), lost]);
    bed.machine.leave(bed.now, 1);
    bed.wait(LONG_MS / 2);
    assert_eq!(bed.machine.counts(GROUP).unwrap().leased, 3, "the old stream counts no more");
}

#[test]
fn a_late_done_takes_effect_even_from_dead() {
    let mut bed = Bed::new(1);
    bed.machine.set(bed.now, GROUP, Settings { max_failures: 1, ..Settings::default() });
    bed.join(1, 1);
    bed.pump();
    bed.machine.leave(bed.now, 1);
    bed.wait(21_000);
    assert!(bed.open(1).is_dead());
    let before = bed.machine.digest();
    assert_eq!(bed.settle(1, 1, Word::Failed), (Verdict::Ok, true));
    assert_eq!(bed.settle(1, 1, Word::Released), (Verdict::Ok, true));
    assert_eq!(bed.machine.digest(), before, "it was counted then");
    assert_eq!(bed.settle(1, 1, Word::Done), (Verdict::Ok, true));
    assert_eq!(bed.settle(1, 1, Word::Done), (Verdict::Duplicate, false));
    assert_eq!(bed.settle(1, 1, Word::Rejected), (Verdict::Conflict, false));
    let counts = bed.machine.counts(GROUP).unwrap();
    assert_eq!((counts.head.done, counts.dead), (1, 0));
}

#[test]
fn a_stale_word_changes_nothing() {
    let mut bed = Bed::new(2);
    bed.join(1, 1);
    bed.pump();
    bed.machine.leave(bed.now, 1);
    bed.wait(30_000);
    bed.join(2, 1);
    assert_eq!(bed.pump(), [(2, 1, 2)]);
    let before = bed.machine.digest();
    bed.machine.take_facts();
    for word in [Word::Done, Word::Failed, Word::Released, Word::Rejected, Word::Working, Word::Received] {
        assert_eq!(bed.settle(1, 1, word), (Verdict::Stale, false));
        assert_eq!(bed.settle(1, 3, word), (Verdict::Unknown, false));
        assert_eq!(bed.settle(1, 0, word), (Verdict::Unknown, false));
        assert_eq!(bed.settle(99, 1, word), (Verdict::Unknown, false));
    }
    assert_eq!(bed.machine.digest(), before);
    assert_eq!(bed.machine.take_facts(), []);
}

#[test]
fn the_pause_doubles_up_to_its_limit_give_or_take_a_fifth() {
    let mut bed = Bed::new(1);
    bed.machine.set(bed.now, GROUP, Settings { max_failures: 0, ..Settings::default() });
    bed.join(1, 1);
    let mut distinct = BTreeSet::new();
    for attempt in 1..=20 {
        assert_eq!(bed.pump(), [(1, 1, attempt)]);
        bed.settle(1, attempt, Word::Failed);
        let Stand::Waiting { until_ms } = bed.open(1).stand else { panic!("{:?}", bed.open(1)) };
        let pause_ms = until_ms - bed.now.ms;
        let middle_ms = (1_000 << (attempt - 1).min(9)).min(300_000);
        assert!((middle_ms * 8 / 10..=middle_ms * 12 / 10).contains(&pause_ms), "{attempt}: {pause_ms}");
        distinct.insert(pause_ms * 1_000 / middle_ms);
        assert!(bed.machine.next_tick_ms().unwrap() <= until_ms);
        bed.now.ms = until_ms - 1;
        bed.machine.tick(bed.now);
        assert_eq!(bed.pump(), []);
        bed.now.ms = until_ms;
        bed.machine.tick(bed.now);
    }
    assert!(distinct.len() > 10, "they do not come back together");
}

#[test]
fn one_task_wakes_one_of_a_thousand() {
    let mut bed = Bed::new(0);
    for stream in 1..=1_000 {
        bed.join(stream, 1);
    }
    assert_eq!(bed.pump(), []);
    assert_eq!(bed.machine.next_tick_ms(), None);
    for round in 1..=2 {
        bed.grow(1);
        assert_eq!(bed.machine.stirred.len(), 1);
        assert_eq!(bed.pump(), [(round, round, 1)], "the one that has waited longest");
        assert_eq!(bed.machine.groups[&GROUP].wanting.len(), 1_000 - round as usize);
    }
}

#[test]
fn a_watch_behind_one_that_takes_nothing_is_served() {
    let mut bed = Bed::new(0);
    bed.join(1, 1);
    bed.join(2, 1);
    bed.pump();
    bed.machine.heard(bed.now, process(1), true);
    bed.grow(1);
    assert_eq!(bed.pump(), [(2, 1, 1)]);
}

#[test]
fn a_queue_that_turns_out_empty_holds_up_nobody() {
    let mut bed = Bed::new(1);
    bed.machine.grow(QUEUE + 1, 1);
    bed.join_as(Join { groups: vec![OTHER, GROUP], ..a_join(1, 1) });
    bed.machine.pump(bed.now);
    let [hungry] = bed.machine.take_hungry()[..] else { panic!("it reads what it wants first") };
    assert_eq!(hungry.group, OTHER);
    bed.machine.offer(OTHER, 1, 1, []);
    assert_eq!(bed.pump(), [(1, 1, 1)]);
}

#[test]
fn a_suspect_keeps_its_place_and_overtakes_nothing() {
    let mut bed = Bed::new(3);
    bed.join(1, 1);
    bed.join(2, 2);
    assert_eq!(bed.pump(), [(1, 1, 1), (2, 2, 1), (2, 3, 1)]);
    bed.machine.leave(bed.now, 2);
    bed.wait(21_000);
    bed.settle(1, 1, Word::Released);
    bed.machine.leave(bed.now, 1);
    bed.join(3, 1);
    assert_eq!(bed.pump(), [(3, 1, 2)], "before the suspects");
    bed.settle(1, 2, Word::Done);
    assert_eq!(bed.pump(), [(3, 2, 2)]);
}

#[test]
fn a_holder_is_written_down_with_the_terms_it_has_when_it_holds_something() {
    let mut bed = Bed::new(1);
    bed.join(1, 1);
    bed.pump();
    assert_eq!(bed.machine.take_holders().len(), 1);
    bed.settle(1, 1, Word::Done);
    let terms = Terms { lease_ms: 5_000, ..a_join(1, 1).terms };
    bed.join_as(Join { stream: 2, terms, ..a_join(1, 1) });
    let [holder] = &bed.machine.take_holders()[..] else { panic!("it has changed") };
    assert_eq!(holder.terms, terms);
    bed.grow(1);
    bed.pump();
    assert_eq!(bed.machine.take_holders(), [], "as it is known");
}

#[test]
fn shorter_terms_bring_the_end_forward() {
    let mut bed = Bed::new(1);
    bed.machine.attend(bed.now, process(1), None);
    bed.join(1, 1);
    bed.pump();
    let terms = Terms { lease_ms: 5_000, ..a_join(1, 1).terms };
    bed.join_as(Join { stream: 2, terms, have: [(GROUP, 1, 1)].into(), ..a_join(1, 1) });
    assert_eq!(bed.machine.next_tick_ms(), Some(bed.now.ms + 5_000));
}

#[test]
fn a_stream_that_got_what_it_asked_for_gets_nothing_more_and_ends_once() {
    let mut bed = Bed::new(1);
    bed.join_as(Join { left: Some(2), until: Some(vec![1]), ..a_join(1, 5) });
    assert_eq!(bed.pump(), [(1, 1, 1)]);
    bed.grow(3);
    bed.machine.pump(bed.now);
    let Hungry { group, from_seq, .. } = bed.machine.take_hungry()[0];
    bed.settle(1, 1, Word::Done);
    bed.machine.pump(bed.now);
    let ends = |bed: &mut Bed| {
        let effects = bed.machine.take_effects().into_iter();
        effects.filter(|e| matches!(e, Effect::End { end: StreamEnd::Done, .. })).count()
    };
    assert_eq!(ends(&mut bed), 1, "all that it waited for has ended");
    bed.machine.offer(group, from_seq, 4, (2..=4).map(|seq| Fresh { seq, expires_ms: 0 }));
    bed.machine.pump(bed.now);
    assert_eq!(bed.machine.take_effects(), []);
    bed.join_as(Join { left: Some(1), until: Some(vec![4]), ..a_join(2, 5) });
    bed.machine.pump(bed.now);
    assert_eq!(ends(&mut bed), 1, "it has got one");
    bed.settle(2, 1, Word::Rejected);
    bed.machine.cancel(bed.now, QUEUE, 3);
    bed.machine.cancel(bed.now, QUEUE, 4);
    bed.machine.pump(bed.now);
    assert_eq!(ends(&mut bed), 0);
}

#[test]
fn what_did_not_arrive_is_sent_again_however_few_are_asked_for() {
    let mut bed = Bed::new(3);
    bed.join(1, 3);
    bed.pump();
    bed.join_as(Join { stream: 2, left: Some(1), ..a_join(1, 3) });
    let effects = bed.machine.take_effects();
    let last = Effect::End { stream: 2, end: StreamEnd::Done };
    assert_eq!((effects.len(), effects.last()), (5, Some(&last)), "{effects:?}");
}

#[test]
fn a_page_that_is_trimmed_in_part_is_written_once_more() {
    let mut bed = Bed::new(2);
    bed.join(1, 2);
    bed.pump();
    bed.machine.take_dirty();
    bed.machine.trim(QUEUE, 1, 1);
    let (heads, pages) = bed.machine.take_dirty();
    assert_eq!((heads, pages), (vec![GROUP], vec![(GROUP, 0)]));
    let counts = bed.machine.counts(GROUP).unwrap();
    assert_eq!((counts.head.trimmed_unsettled, counts.leased), (1, 1));
}

#[test]
fn what_the_roll_call_has_as_done_is_not_handed_out_when_its_page_is_newer_than_the_head() {
    let mut bed = Bed::new(2);
    let head = bed.machine.head(GROUP).unwrap();
    bed.machine.note(bed.now, GROUP, 1, Note::Done);
    bed.join(1, 1);
    assert_eq!(bed.pump(), [(1, 2, 1)]);
    let page = bed.machine.page(GROUP, 0);
    let mut machine = Machine::default();
    machine.add_group(GROUP, QUEUE, head);
    for (seq, past) in page.past {
        machine.load_past(GROUP, *seq, past);
    }
    machine.grow(QUEUE, 1);
    machine.restart(bed.now);
    (bed.machine, bed.last_seq) = (machine, 1);
    bed.join(2, 1);
    assert_eq!(bed.pump(), []);
}

#[test]
fn what_is_purged_is_a_conflict_and_what_is_trimmed_is_unknown() {
    let mut bed = Bed::new(2);
    bed.join(1, 2);
    bed.pump();
    bed.machine.trim(QUEUE, 2, 2);
    let gone = |seq| Effect::Notice { instance: process(1), group: GROUP, seq, attempt: 1, why: Why::Gone };
    assert_eq!(bed.machine.take_effects(), [gone(1), gone(2)]);
    let telling = Telling { word: Word::Done, delay_ms: None, said: None };
    let key = Key { group: GROUP, seq: 1, attempt: 1 };
    let judged = bed.machine.settle(bed.now, key, telling, None, true);
    assert_eq!((judged.verdict, judged.late), (Verdict::Conflict, false));
    assert_eq!(bed.settle(1, 1, Word::Done), (Verdict::Unknown, false));
    assert_eq!(bed.machine.counts(GROUP).unwrap().head.trimmed_unsettled, 2);
}
