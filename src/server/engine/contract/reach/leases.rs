//! Whose a lease is.

use super::{
    super::{
        Fixture,
        groups::{Ear, Member, everything, id, say, seqs, share_of, some, tell_all, told, told_by_id},
        submit, task,
    },
    reach_of, within,
};
use crate::server::engine::{
    Reach,
    groups::{Judged, Share, Verdict, Why, Word},
};

const WORDS: [Word; 6] =
    [Word::Done, Word::Failed, Word::Released, Word::Rejected, Word::Working, Word::Received];

const UNKNOWN: Judged = Judged { verdict: Verdict::Unknown, late: false, seq: 0 };

pub(in super::super::super) async fn a_lease_is_of_whom_it_was_handed_to(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "q", 3).await;
    let mut mine = Member::open(&*within(&*one, "w1", &["*"]), share_of(1, "q", "g")).await;
    let mut theirs = Member::open(&*within(&*other, "w2", &["q"]), share_of(2, "q", "g")).await;
    let mut nobodys = Member::open(&*other, share_of(3, "q", "g")).await;
    let leases = [mine.one().await.lease, theirs.one().await.lease, nobodys.one().await.lease];
    drop((mine, theirs, nobodys));
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let before = everything(&*one, "q").await;
        // Of each identity, in any reach; the last is nobody in particular.
        let handles = [within(&*other, "w1", &["q"]), within(&*one, "w2", &["*"]), other.clone()];
        for (i, lease) in leases.iter().enumerate() {
            for (_, foreign) in handles.iter().enumerate().filter(|(j, _)| *j != i) {
                let all = WORDS.map(|word| told(lease, word)).to_vec();
                assert_eq!(tell_all(&**foreign, all).await, [UNKNOWN; 6]);
            }
        }
        assert_eq!(everything(&*one, "q").await, before);
        for (handle, lease) in handles.iter().zip(&leases) {
            assert_eq!(say(&**handle, lease, Word::Working).await, Verdict::Ok);
        }
        fixture.close().await;
        fixture.open().await;
    }
    let (one, other) = fixture.handles();
    let again = one.within(&Reach::default());
    assert_eq!(say(&*within(&*one, "w1", &["q"]), &leases[0], Word::Done).await, Verdict::Ok);
    assert_eq!(say(&*within(&*other, "w2", &["q"]), &leases[1], Word::Done).await, Verdict::Ok);
    assert_eq!(say(&*again, &leases[2], Word::Done).await, Verdict::Ok, "everything is as no bounds at all");
    assert_eq!(say(&*other, &leases[2], Word::Done).await, Verdict::Duplicate);
}

pub(in super::super::super) async fn what_a_process_is_told_is_the_lease_that_it_has(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "q", 3).await;
    let mut ear = Ear::open(&*within(&*other, "w1", &["q"]), 1);
    let share = Share { max_in_flight: 2, ..share_of(1, "q", "g") };
    let mut member = Member::open(&*within(&*one, "w1", &["q"]), share.clone()).await;
    let held = member.take(2).await;
    // It comes back with what it has, under its name: the other one is sent again, as the same lease.
    let have = vec![held[0].lease.clone()];
    let back = Share { have: have.clone(), ..share.clone() };
    let mut member = Member::open(&*within(&*other, "w1", &["*"]), back).await;
    assert_eq!(member.one().await, held[1]);
    member.expect_quiet(&*one).await;
    // Under another's name it has nothing: both are.
    let mut member = Member::open(&*within(&*other, "w9", &["q"]), Share { have, ..share }).await;
    assert_eq!(seqs(&member.take(2).await), all[..2]);
    let judged = one.cancel(vec![id(&all[0].to_string())]).await.unwrap();
    assert_eq!(judged[0].verdict, Verdict::Ok);
    assert_eq!(ear.next().await, (held[0].lease.clone(), Why::Cancelled));
    assert_eq!(say(&*within(&*one, "w1", &["q"]), &held[1].lease, Word::Done).await, Verdict::Ok);
    assert_eq!(ear.next().await, (held[1].lease.clone(), Why::Settled));
}

pub(in super::super::super) async fn a_lease_of_a_queue_outside_is_unknown(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "theirs", 1).await;
    // It reached farther once.
    let mut member = Member::open(&*within(&*one, "w1", &["*"]), share_of(1, "theirs", "g")).await;
    let lease = member.one().await.lease;
    let before = everything(&*one, "theirs").await;
    let less = within(&*other, "w1", &["mine"]);
    let all = WORDS.map(|word| told(&lease, word)).to_vec();
    assert_eq!(tell_all(&*less, all).await, [UNKNOWN; 6]);
    assert_eq!(everything(&*one, "theirs").await, before);
    assert_eq!(say(&*within(&*other, "w1", &["t*"]), &lease, Word::Done).await, Verdict::Ok);
}

pub(in super::super::super) async fn of_an_inbox_its_owner_tells(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let seqs = submit(&*one, vec![task("@w1", "x"), task("@w2", "y"), task("@w1.a", "z")]).await;
    let all = |number| {
        seqs.iter().map(|seq| told_by_id(&seq.to_string(), Word::Done, Some(number))).collect::<Vec<_>>()
    };
    let verdicts = async |reach: Reach| {
        let judged = tell_all(&*other.within(&reach), all(1)).await;
        judged.iter().map(|judged| judged.verdict).collect::<Vec<_>>()
    };
    use Verdict::{Noted, Unknown};
    // To hand in to everyone is not to answer for everyone.
    assert_eq!(verdicts(reach_of("w1", &["*"])).await, [Noted, Unknown, Noted]);
    assert_eq!(verdicts(reach_of("w2", &[])).await, [Unknown, Noted, Unknown]);
    assert_eq!(verdicts(Reach::default()).await, [Noted; 3]);
    let client = |name| crate::name::ClientName::parse(name).unwrap();
    let admin = Reach::of_admin(client("ops"), vec!["*".parse().unwrap()], Vec::new());
    assert_eq!(verdicts(admin).await, [Noted; 3]);
    let narrow = Reach::of_admin(client("ops"), vec!["@w2".parse().unwrap()], Vec::new());
    assert_eq!(verdicts(narrow).await, [Unknown, Noted, Unknown]);
}
