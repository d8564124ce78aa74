//! What has been told of tasks, and the roll-call: each call as a program of any language makes it.

use contact::pb::{self, answer::Standing, contact_client::ContactClient};
use futures_util::{StreamExt, stream};
use prost_types::Timestamp;
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_types::StatusExt;

use crate::{
    answers::header,
    common::Server,
    connect,
    refusals::{reason_of, submit, task},
    within,
};

pub(crate) type Client = ContactClient<Channel>;

/// A server with no tasks, and a client of it.
pub(crate) async fn alone() -> (tempfile::TempDir, Server, Client) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let client = ContactClient::new(connect(&server).await);
    (folder, server, client)
}

/// Takes so many tasks of `default` as a member of group `ci`. The share lives as long as what is returned.
pub(crate) async fn take(
    client: &mut Client,
    name: &str,
    count: usize,
) -> (Vec<pb::ServerMsg>, Streaming<pb::ServerMsg>) {
    let watch = pb::Watch {
        group: "ci".into(),
        client: name.into(),
        instance: vec![7; 16],
        max_in_flight: 100,
        ..pb::Watch::default()
    };
    let mut tasks = within("headers", client.get_task(watch)).await.unwrap().into_inner();
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(within("a task", tasks.message()).await.unwrap().unwrap());
    }
    (taken, tasks)
}

/// Tells results of which each must get this verdict.
async fn tell(client: &mut Client, results: Vec<pb::Result>, verdict: pb::Verdict) {
    let receipt = within("a receipt", client.tell_result(stream::iter(results))).await.unwrap().into_inner();
    assert!(receipt.told.iter().all(|told| told.verdict() == verdict), "{receipt:?}");
}

fn settled(held: &pb::ServerMsg, outcome: pb::Outcome, ret: &str) -> pb::Result {
    pb::Result {
        lease: held.lease.clone(),
        ret: ret.into(),
        outcome: Some(outcome.into()),
        ..pb::Result::default()
    }
}

async fn watch(client: &mut Client, asked: pb::WatchResults) -> Streaming<pb::Result> {
    within("headers", client.watch_results(asked)).await.unwrap().into_inner()
}

async fn rest(mut results: Streaming<pb::Result>) -> Vec<pb::Result> {
    let mut all = Vec::new();
    while let Some(result) = within("a result or the end", results.message()).await.unwrap() {
        all.push(result);
    }
    all
}

#[tokio::test]
async fn results_come_as_they_were_told_and_the_watch_says_where_it_begins_and_ends() {
    let (_folder, _server, mut client) = alone().await;
    // There is nothing yet: only headers can come, and they do.
    let empty = within("headers", client.watch_results(pb::WatchResults::default())).await.unwrap();
    assert_eq!(header(empty.metadata(), "contact-start"), Some("1"));
    assert_eq!(header(empty.metadata(), "contact-until"), None);
    assert!(header(empty.metadata(), "contact-store").is_some_and(|store| !store.is_empty()));
    let mut live = empty.into_inner();
    let asked = pb::WatchResults { until_empty: true, ..pb::WatchResults::default() };
    let none = within("headers", client.watch_results(asked.clone())).await.unwrap();
    assert_eq!(header(none.metadata(), "contact-until"), Some("0"));
    assert_eq!(rest(none.into_inner()).await, []);

    let own = pb::NewTask { id: "deploy/web-3".into(), ..task("b") };
    let kept = submit(&mut client, vec![task("a"), own, task("c")]).await;
    let (held, _share) = take(&mut client, "w1", 3).await;
    let flood = pb::Result {
        exit_code: Some(-9),
        stderr: "not found\n\0".into(),
        ret_cut: true,
        stderr_cut: true,
        ret_lossy: true,
        stderr_lossy: true,
        client: "elsewhere".into(),
        delay_ms: Some(3_600_000),
        ..settled(&held[0], pb::Outcome::Failed, "任务\u{fffd}\0")
    };
    let zero = pb::Result { exit_code: Some(0), ..settled(&held[1], pb::Outcome::Done, "") };
    let huge = "x".repeat(1 << 20);
    let last = settled(&held[2], pb::Outcome::Rejected, &huge);
    // Who tells is said once for all that comes after it on a stream.
    tell(&mut client, vec![flood.clone()], pb::Verdict::Ok).await;
    tell(&mut client, vec![zero, last], pb::Verdict::Ok).await;
    tell(&mut client, vec![settled(&held[1], pb::Outcome::Done, "again")], pb::Verdict::Duplicate).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(within("a result", live.message()).await.unwrap().unwrap());
    }
    assert!(seen.iter().all(|result| result.at.is_some() && result.lease.is_empty()));
    let mut timeless = seen.clone();
    timeless.iter_mut().for_each(|result| result.at = None);
    let placed = |n: usize, state: pb::State| pb::Result {
        n: n as u64 + 1,
        id: kept[n].id.clone(),
        seq: kept[n].seq,
        queue: "default".into(),
        group: "ci".into(),
        client: "w1".into(),
        attempt: 1,
        state: state.into(),
        ..pb::Result::default()
    };
    let wanted = [
        pb::Result {
            client: "elsewhere".into(),
            ret: flood.ret,
            stderr: flood.stderr,
            exit_code: Some(-9),
            ret_cut: true,
            stderr_cut: true,
            ret_lossy: true,
            stderr_lossy: true,
            outcome: Some(pb::Outcome::Failed.into()),
            ..placed(0, pb::State::Waiting)
        },
        pb::Result {
            exit_code: Some(0),
            outcome: Some(pb::Outcome::Done.into()),
            ..placed(1, pb::State::Done)
        },
        pb::Result { ret: huge, outcome: Some(pb::Outcome::Rejected.into()), ..placed(2, pb::State::Dead) },
    ];
    assert!(timeless == wanted, "{:?}", &timeless[..2]);

    // From anywhere, up to where it ended when it began, and no more than was asked for.
    use pb::watch_results::Start;
    for (start, max, from, upto) in [
        (None, 0, 0, 3),
        (Some(Start::FromN(2)), 0, 1, 3),
        (Some(Start::FromN(4)), 0, 3, 3),
        (Some(Start::FromNew(true)), 0, 3, 3),
        (Some(Start::FromNew(false)), 2, 0, 2),
        (Some(Start::FromTime(Timestamp { seconds: 0, nanos: 0 })), 1, 0, 1),
    ] {
        let asked = pb::WatchResults { start, max, ..asked.clone() };
        let found = within("headers", client.watch_results(asked)).await.unwrap();
        assert_eq!(header(found.metadata(), "contact-start"), Some(&*(from + 1).to_string()));
        assert_eq!(header(found.metadata(), "contact-until"), Some("3"));
        assert!(rest(found.into_inner()).await == seen[from..upto], "{start:?}, {max}");
    }
    for (queue, group, count) in
        [("default", "", 3), ("", "ci", 3), ("default", "ci", 3), ("other", "", 0), ("", "other", 0)]
    {
        let asked = pb::WatchResults { queue: queue.into(), group: group.into(), ..asked.clone() };
        assert_eq!(rest(watch(&mut client, asked).await).await.len(), count, "{queue:?} {group:?}");
    }
    // Enough is enough, though the watch would go on.
    let asked = pb::WatchResults { max: 3, ..pb::WatchResults::default() };
    assert!(rest(watch(&mut client, asked).await).await == seen);
}

#[tokio::test]
async fn results_of_named_tasks_come_until_each_has_ended_for_all() {
    let (_folder, _server, mut client) = alone().await;
    let own = pb::NewTask { id: "deploy".into(), ..task("b") };
    let later = pb::NewTask { id: "later".into(), delay_ms: 3_600_000, ..task("d") };
    let kept = submit(&mut client, vec![task("a"), own, task("c"), later]).await;
    let ids: Vec<String> = kept.iter().map(|kept| kept.id.clone()).collect();
    let of = |ids: &[String]| pb::WatchResults { ids: ids.to_vec(), ..pb::WatchResults::default() };
    let first = within("headers", client.watch_results(of(&ids[..1]))).await.unwrap();
    assert_eq!(header(first.metadata(), "contact-until"), None);
    let mut first = first.into_inner();
    let all = watch(&mut client, of(&ids)).await;
    let (held, _share) = take(&mut client, "w1", 3).await;
    let results = held.iter().map(|held| settled(held, pb::Outcome::Done, &held.task)).collect();
    tell(&mut client, results, pb::Verdict::Ok).await;
    let seen = within("a result", first.message()).await.unwrap().unwrap();
    assert_eq!((&seen.id, &seen.ret[..], seen.state()), (&ids[0], "a", pb::State::Done));
    // `max` is for these as well.
    let one = pb::WatchResults { max: 1, ..of(&ids[1..3]) };
    assert_eq!(rest(watch(&mut client, one).await).await.len(), 1);
    let names = pb::TaskNames { ids: ids.clone() };
    let receipt = within("a receipt", client.cancel_task(names)).await.unwrap().into_inner();
    assert!(receipt.told.iter().all(|told| told.verdict() == pb::Verdict::Ok), "{receipt:?}");
    let ended = rest(first).await;
    assert_eq!(ended.iter().map(|result| result.state()).collect::<Vec<_>>(), [pb::State::Cancelled]);
    assert_eq!((ended[0].outcome, &ended[0].group[..], &ended[0].client[..]), (None, "", ""));
    let all = rest(all).await;
    for id in &ids {
        let states: Vec<_> = all.iter().filter(|r| r.id == *id).map(|result| result.state()).collect();
        let wanted = [pb::State::Done, pb::State::Cancelled];
        assert_eq!(states, if id == "later" { &wanted[1..] } else { &wanted[..] }, "{id}");
    }
    // Whoever asks now is answered at once.
    let ended = rest(watch(&mut client, of(&ids[1..2])).await).await;
    assert_eq!(
        ended.iter().map(|r| (&r.id[..], r.state())).collect::<Vec<_>>(),
        [("deploy", pb::State::Done), ("deploy", pb::State::Cancelled)]
    );
}

#[tokio::test]
async fn a_watch_of_results_that_cannot_be_served_is_refused_with_a_reason() {
    let (_folder, _server, mut client) = alone().await;
    let kept = submit(&mut client, vec![task("a")]).await;
    let (held, _share) = take(&mut client, "w1", 1).await;
    tell(&mut client, vec![settled(&held[0], pb::Outcome::Done, "x")], pb::Verdict::Ok).await;
    use pb::watch_results::Start;
    let asked = pb::WatchResults::default;
    let ids = || pb::WatchResults { ids: vec![kept[0].id.clone()], ..asked() };
    let time = |seconds, nanos| Some(Start::FromTime(Timestamp { seconds, nanos }));
    let named = |names: &[&str]| pb::WatchResults {
        ids: names.iter().map(|name| (*name).to_owned()).collect(),
        ..asked()
    };
    let refused = [
        (
            pb::WatchResults { queue: "two words".into(), ..asked() },
            Code::InvalidArgument,
            "bad_name",
            "queue",
        ),
        (pb::WatchResults { group: "@".into(), ..asked() }, Code::InvalidArgument, "bad_name", "group"),
        (pb::WatchResults { group: "任务".into(), ..asked() }, Code::InvalidArgument, "bad_name", "任务"),
        (
            pb::WatchResults { queue: "x".repeat(1 << 20), ..asked() },
            Code::InvalidArgument,
            "bad_name",
            "queue",
        ),
        (
            pb::WatchResults { start: Some(Start::FromN(0)), ..asked() },
            Code::InvalidArgument,
            "bad_position",
            "1",
        ),
        (
            pb::WatchResults { start: time(-1, 0), ..asked() },
            Code::InvalidArgument,
            "bad_position",
            "from_time",
        ),
        (
            pb::WatchResults { start: time(0, -1), ..asked() },
            Code::InvalidArgument,
            "bad_position",
            "from_time",
        ),
        (
            pb::WatchResults { start: time(i64::MAX, 0), ..asked() },
            Code::InvalidArgument,
            "bad_position",
            "from_time",
        ),
        // Of tasks there is no place to begin at, and no queue to choose.
        (pb::WatchResults { queue: "default".into(), ..ids() }, Code::InvalidArgument, "bad_watch", "queue"),
        (pb::WatchResults { group: "ci".into(), ..ids() }, Code::InvalidArgument, "bad_watch", "group"),
        (pb::WatchResults { store: "x".into(), ..ids() }, Code::InvalidArgument, "bad_watch", "store"),
        (
            pb::WatchResults { start: Some(Start::FromN(1)), ..ids() },
            Code::InvalidArgument,
            "bad_watch",
            "start",
        ),
        (pb::WatchResults { until_empty: true, ..ids() }, Code::InvalidArgument, "bad_watch", "until_empty"),
        (
            pb::WatchResults { ids: vec!["1".into(); 10_001], ..asked() },
            Code::InvalidArgument,
            "too_many_ids",
            "10001",
        ),
        (named(&["99"]), Code::NotFound, "no_task", "99"),
        (named(&[&kept[0].id, "nobody"]), Code::NotFound, "no_task", "nobody"),
        // What no task can be named is a task that is not there.
        (named(&["007"]), Code::NotFound, "no_task", "007"),
        (named(&["two words"]), Code::NotFound, "no_task", "two words"),
        (named(&[""]), Code::NotFound, "no_task", "id"),
        (named(&[&"任".repeat(340_000)]), Code::NotFound, "no_task", "任"),
        (pb::WatchResults { start: Some(Start::FromN(3)), ..asked() }, Code::OutOfRange, "future", "3"),
        (
            pb::WatchResults { start: Some(Start::FromN(u64::MAX)), ..asked() },
            Code::OutOfRange,
            "future",
            "18446744073709551615",
        ),
        (
            pb::WatchResults { store: "another".into(), ..asked() },
            Code::FailedPrecondition,
            "other_store",
            "another",
        ),
    ];
    for (asked, code, reason, word) in refused {
        let shown: String = format!("{asked:?}").chars().take(200).collect();
        let status = within("a refusal", client.watch_results(asked)).await.expect_err(&shown);
        assert_eq!((status.code(), &reason_of(&status)[..]), (code, reason), "{shown}: {status:?}");
        assert!(status.message().contains(word) && status.message().len() < 600, "{shown}: {status:?}");
    }
    // What programs need to go on.
    let beyond = pb::WatchResults { start: Some(Start::FromN(9)), ..asked() };
    let status = within("a refusal", client.watch_results(beyond)).await.unwrap_err();
    assert_eq!(facts(&status)["next_n"], "2");
    let other = pb::WatchResults { store: "another".into(), ..asked() };
    let status = within("a refusal", client.watch_results(other)).await.unwrap_err();
    assert_eq!(facts(&status)["store"], header(status.metadata(), "contact-store").unwrap());
    // The next one to come is a place to wait at.
    watch(&mut client, pb::WatchResults { start: Some(Start::FromN(2)), ..asked() }).await;
}

fn facts(status: &Status) -> std::collections::HashMap<String, String> {
    status.get_details_error_info().unwrap().metadata
}

#[tokio::test]
async fn results_that_are_no_longer_kept_are_said_to_be_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--retain", "1s"]);
    let mut client = ContactClient::new(connect(&server).await);
    submit(&mut client, vec![task("a")]).await;
    let (held, share) = take(&mut client, "w1", 1).await;
    tell(&mut client, vec![settled(&held[0], pb::Outcome::Done, "x")], pb::Verdict::Ok).await;
    drop(share);
    let from_first = || pb::WatchResults {
        start: Some(pb::watch_results::Start::FromN(1)),
        until_empty: true,
        ..pb::WatchResults::default()
    };
    let refused = within("it to be trimmed", async {
        loop {
            // Nothing tells when: it is asked for until it is so.
            if let Err(status) = client.watch_results(from_first()).await {
                break status;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!((refused.code(), &reason_of(&refused)[..]), (Code::OutOfRange, "trimmed"));
    assert_eq!(facts(&refused)["first_n"], "2");
}

#[tokio::test]
async fn the_roll_is_called_of_who_is_named_or_has_to_do_with_it() {
    let (_folder, _server, mut client) = alone().await;
    let kept = submit(&mut client, vec![task("a")]).await;
    let id = kept[0].id.clone();
    let watching = pb::Watch { client: "watcher".into(), instance: vec![9; 16], ..pb::Watch::default() };
    let _watch = within("headers", client.get_task(watching)).await.unwrap();
    let (held, _share) = take(&mut client, "w1", 1).await;
    let note = |name: &str, outcome: pb::Outcome, ret: &str| pb::Result {
        id: id.clone(),
        client: name.into(),
        ret: ret.into(),
        outcome: Some(outcome.into()),
        ..pb::Result::default()
    };
    let notes = vec![note("k1", pb::Outcome::Received, ""), note("k2", pb::Outcome::Done, "yes")];
    tell(&mut client, notes, pb::Verdict::Noted).await;
    let roll = |clients: &[&str]| pb::RollCall {
        id: id.clone(),
        clients: clients.iter().map(|name| (*name).to_owned()).collect(),
    };
    let called = within("the roll", client.call_roll(roll(&[]))).await.unwrap().into_inner().answers;
    let standing = |answers: &[pb::Answer]| -> Vec<(String, Standing)> {
        answers.iter().map(|answer| (answer.client.clone(), answer.standing())).collect()
    };
    let wanted = [
        ("k1".to_owned(), Standing::Received),
        ("k2".to_owned(), Standing::Done),
        ("w1".to_owned(), Standing::Received),
        ("watcher".to_owned(), Standing::Silent),
    ];
    assert_eq!(standing(&called), wanted);
    let told = called[1].result.as_ref().unwrap();
    assert_eq!((&told.ret[..], &told.group[..], told.outcome()), ("yes", "@k2", pb::Outcome::Done));
    assert!(called[0].received_at.is_some() && called[2].received_at.is_some());
    assert_eq!(called.iter().map(|answer| answer.up).collect::<Vec<_>>(), [false, false, true, true]);
    assert!(called[2].last_seen.is_some() && called[3].last_seen.is_some());
    tell(&mut client, vec![settled(&held[0], pb::Outcome::Rejected, "never")], pb::Verdict::Ok).await;
    let asked = roll(&["w1", "never-heard-of", "k2"]);
    let called = within("the roll", client.call_roll(asked)).await.unwrap().into_inner().answers;
    let wanted = [
        ("k2".to_owned(), Standing::Done),
        ("never-heard-of".to_owned(), Standing::Silent),
        ("w1".to_owned(), Standing::Dead),
    ];
    assert_eq!(standing(&called), wanted);
    assert_eq!((called[1].last_seen, called[1].up, &called[1].result), (None, false, &None));

    let many = (0..1001).map(|n| format!("k{n}")).collect();
    for (asked, code, reason, word) in [
        (pb::RollCall { id: "99".into(), ..roll(&[]) }, Code::NotFound, "no_task", "99"),
        (pb::RollCall { id: "99".into(), ..roll(&["k1"]) }, Code::NotFound, "no_task", "99"),
        (pb::RollCall { id: "007".into(), ..roll(&[]) }, Code::NotFound, "no_task", "007"),
        (pb::RollCall { id: String::new(), ..roll(&[]) }, Code::NotFound, "no_task", "id"),
        (roll(&["two words"]), Code::InvalidArgument, "bad_name", "two words"),
        (roll(&["k1", ""]), Code::InvalidArgument, "bad_name", "client"),
        (roll(&["a\nb"]), Code::InvalidArgument, "bad_name", "client"),
        (pb::RollCall { clients: many, ..roll(&[]) }, Code::InvalidArgument, "too_many_clients", "1001"),
    ] {
        let status = within("a refusal", client.call_roll(asked)).await.expect_err(word);
        assert_eq!((status.code(), &reason_of(&status)[..]), (code, reason), "{status:?}");
        assert!(status.message().contains(word) && status.message().len() < 500, "{status:?}");
    }
}

#[tokio::test]
async fn watches_of_results_and_clients_end_with_the_server() {
    let (_folder, server, mut client) = alone().await;
    let kept = submit(&mut client, vec![task("a")]).await;
    let mut log = watch(&mut client, pb::WatchResults::default()).await;
    let of_one = pb::WatchResults { ids: vec![kept[0].id.clone()], ..pb::WatchResults::default() };
    let mut of_one = watch(&mut client, of_one).await;
    server.signal("TERM");
    for results in [&mut log, &mut of_one] {
        let end = within("the end", results.next()).await.unwrap().unwrap_err();
        assert_eq!((end.code(), &reason_of(&end)[..]), (Code::Unavailable, "stopping"));
    }
}
