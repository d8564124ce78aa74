//! What was admitted ends when that by which it was admitted goes; what is as it was goes on.

use std::time::{Duration, Instant};

use contact::{
    pb,
    server::access::{Entry, Proof, Role},
};
use prost_types::Timestamp;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::house::{Client, House, granted, reason, within};

/// All of these streams are open and stay so.
struct Open {
    watch: Streaming<pb::ServerMsg>,
    submitted: Streaming<pb::Submitted>,
    replies: Streaming<pb::Result>,
    told: tokio::task::JoinHandle<Result<tonic::Response<pb::Receipt>, Status>>,
    tasks: mpsc::UnboundedSender<pb::NewTask>,
    results: mpsc::UnboundedSender<pb::Result>,
    _statuses: mpsc::UnboundedSender<pb::ClientMsg>,
}

const ROLES: &[Role] = &[Role::Submit, Role::Watch, Role::Work, Role::Report];

impl Open {
    async fn by(mut client: Client) -> Open {
        let queues = vec![pb::Position { queue: "jobs".into(), ..pb::Position::default() }];
        let watch = client.get_task(pb::Watch { queues, ..pb::Watch::default() }).await.unwrap();
        let (tasks, asked) = mpsc::unbounded_channel();
        let submitted = client.submit_task(UnboundedReceiverStream::new(asked)).await.unwrap();
        let (statuses, said) = mpsc::unbounded_channel();
        let replies = client.send_status(UnboundedReceiverStream::new(said)).await.unwrap();
        let (results, told) = mpsc::unbounded_channel();
        let told = tokio::spawn(async move { client.tell_result(UnboundedReceiverStream::new(told)).await });
        Open {
            watch: watch.into_inner(),
            submitted: submitted.into_inner(),
            replies: replies.into_inner(),
            told,
            tasks,
            results,
            _statuses: statuses,
        }
    }

    /// Hands in a task and is shown it.
    async fn works(&mut self) {
        let task = pb::NewTask { task: "x".into(), queue: "jobs".into(), ..pb::NewTask::default() };
        self.tasks.send(task).unwrap();
        let answer = within("an answer", self.submitted.message()).await.unwrap().unwrap();
        assert_eq!(answer.refusal, None);
        let shown = within("the task", self.watch.message()).await.unwrap().unwrap();
        assert_eq!(shown.id, answer.id);
        assert!(!self.told.is_finished());
    }

    /// Waits until all of them have ended, and says how.
    async fn ends(mut self) -> Vec<Status> {
        let watch = within("the watch's end", self.watch.message()).await.unwrap_err();
        let submitted = within("the submit's end", self.submitted.message()).await.unwrap_err();
        let replies = within("the status's end", self.replies.message()).await.unwrap_err();
        let told = within("the receipt", self.told).await.unwrap().unwrap_err();
        // Nothing that is sent now is taken: the streams are no more.
        let _ = self.tasks.send(pb::NewTask { task: "late".into(), ..pb::NewTask::default() });
        let _ = self.results.send(pb::Result { id: "1".into(), ..pb::Result::default() });
        vec![watch, submitted, replies, told]
    }
}

fn assert_all_ended(ends: &[Status]) {
    for status in ends {
        assert_eq!(
            (status.code(), &reason(status)[..]),
            (Code::Unauthenticated, "grant_ended"),
            "{status:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_ends_its_streams_and_no_others() {
    let house = House::open().await;
    let (token, grant) = granted("kiosk-7", ROLES, &["jobs"], &[]);
    let id = grant.id.clone();
    house.add(grant);
    let mut gone = Open::by(house.showing(token.secret()).await).await;
    let mut other = Open::by(house.admit("kiosk-8", ROLES, &["jobs"], &[]).await).await;
    gone.works().await;
    within("the other's", other.watch.message()).await.unwrap().unwrap();

    // Nobody tells the server: it looks.
    house
        .file
        .change(|entries| {
            entries.retain(|entry| entry.grant.id != id);
            Ok::<_, contact::server::access::FileError>(())
        })
        .unwrap();
    let began = Instant::now();
    assert_all_ended(&gone.ends().await);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let refused =
        house.showing(token.secret()).await.list_queues(pb::ListQueues::default()).await.unwrap_err();
    assert_eq!((refused.code(), &reason(&refused)[..]), (Code::Unauthenticated, "bad_token"));

    // The file was written anew, and this line is as it was.
    other.works().await;
    let audit = house.audit();
    assert!(
        audit.iter().any(|line| line["event"] == "tokens_read" && line["verdict"] == "1 in force, 1 no more")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_grant_ends_its_streams_and_is_in_force_at_once() {
    let house = House::open().await;
    let (token, grant) = granted("kiosk-7", ROLES, &["jobs"], &[]);
    house.add(grant.clone());
    let mut open = Open::by(house.showing(token.secret()).await).await;
    open.works().await;
    let mut changed = grant;
    changed.roles = vec![Role::Watch];
    house.change(|entries| *entries = vec![Entry::of(changed).unwrap()]);
    assert_all_ended(&open.ends().await);
    let mut client = house.showing(token.secret()).await;
    let refused = client.submit_task(futures_util::stream::iter([])).await.unwrap_err();
    assert_eq!(reason(&refused), "no_role");
    let queues = vec![pb::Position { queue: "jobs".into(), ..pb::Position::default() }];
    client.get_task(pb::Watch { queues, ..pb::Watch::default() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_ends_by_itself() {
    let house = House::open().await;
    let (token, mut grant) = granted("kiosk-7", ROLES, &["jobs"], &[]);
    let at = std::time::SystemTime::now() + Duration::from_secs(2);
    grant.expires_at = Some(Timestamp::from(at));
    house.add(grant);
    let mut open = Open::by(house.showing(token.secret()).await).await;
    open.works().await;
    assert_all_ended(&open.ends().await);
    assert!(std::time::SystemTime::now() >= at, "it ended before its time");
    let refused =
        house.showing(token.secret()).await.list_queues(pb::ListQueues::default()).await.unwrap_err();
    assert_eq!((refused.code(), &reason(&refused)[..]), (Code::Unauthenticated, "token_expired"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_changes_nothing() {
    let house = House::open().await;
    let (token, grant) = granted("kiosk-7", ROLES, &["jobs"], &[]);
    house.add(grant.clone());
    let mut open = Open::by(house.showing(token.secret()).await).await;
    let path = house.file.path();
    let good = std::fs::read_to_string(path).unwrap();
    let kept = |what: &str| {
        let audit = house.audit();
        let kept = audit.iter().filter(|line| line["event"] == "tokens_kept");
        kept.map(|line| line["verdict"].as_str().unwrap()).any(|verdict| verdict.contains(what))
    };
    // The server looks by itself; each is noticed before the next comes.
    std::fs::write(path, format!("{good}\n{{\"name\":\"x\"}}\n")).unwrap();
    crate::common::until("the bad line", || kept("tokens.jsonl, line 3: missing field").then_some(()));
    std::fs::remove_file(path).unwrap();
    crate::common::until("the missing file", || kept("No such file").then_some(()));
    std::fs::write(path, format!("{good}{good}")).unwrap();
    crate::common::until("the doubled line", || kept("line 2: id").then_some(()));
    open.works().await;

    // And one that can be read again is in force.
    let (other, grant) = granted("kiosk-8", ROLES, &["jobs"], &[]);
    std::fs::write(path, format!("{good}{}\n", serde_json::to_string(&grant).unwrap())).unwrap();
    crate::common::until("the new line", || (house.access.grants() == 2).then_some(()));
    let mut second = Open::by(house.showing(other.secret()).await).await;
    open.works().await;
    within("the task", second.watch.message()).await.unwrap().unwrap();
}

#[tokio::test]
async fn two_tokens_of_one_name_are_one_identity() {
    let house = House::open().await;
    let (first, second) =
        (granted("w", &[Role::Work], &["jobs"], &["g"]), granted("w", &[Role::Work], &["jobs"], &["g"]));
    assert_ne!(first.1.proof, second.1.proof);
    assert!(matches!(first.1.proof, Proof::Token(_)));
    house.add(first.1.clone());
    house.add(second.1.clone());
    let mut submitter = house.admit("s", &[Role::Submit], &["jobs"], &[]).await;
    let task = pb::NewTask { task: "x".into(), queue: "jobs".into(), ..pb::NewTask::default() };
    submitter
        .submit_task(futures_util::stream::iter([task]))
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap();
    let queues = vec![pb::Position { queue: "jobs".into(), ..pb::Position::default() }];
    let watch = pb::Watch { queues, group: "g".into(), ..pb::Watch::default() };
    let mut tasks = house.showing(first.0.secret()).await.get_task(watch).await.unwrap().into_inner();
    let lease = within("a task", tasks.message()).await.unwrap().unwrap().lease;
    let told = pb::Result { lease, ..pb::Result::default() };
    let mut by_second = house.showing(second.0.secret()).await;
    let receipt = by_second.tell_result(futures_util::stream::iter([told])).await.unwrap().into_inner();
    assert_eq!(receipt.told[0].verdict(), pb::Verdict::Ok);
}

/// Of HTTP/2 nothing is sent to who lets nothing in, and the answer is not asked for more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_worker_that_reads_nothing_keeps_no_task() {
    let house = House::open().await;
    let worker = |name| granted(name, &[Role::Work, Role::Submit, Role::Inspect], &["jobs"], &["g"]);
    let ((token, gone), (other, stays)) = (worker("gone"), worker("stays"));
    let id = gone.id.clone();
    house.add(gone);
    house.add(stays);
    let mut other = house.showing(other.secret()).await;
    let task = pb::NewTask { task: "x".repeat(1000), queue: "jobs".into(), ..pb::NewTask::default() };
    let submitted = other.submit_task(futures_util::stream::iter([task])).await.unwrap();
    within("the answer", submitted.into_inner().message()).await.unwrap().unwrap();

    let queues = vec![pb::Position { queue: "jobs".into(), ..pb::Position::default() }];
    let watch =
        pb::Watch { queues, group: "g".into(), lease_ms: 600_000, grace_ms: Some(0), ..pb::Watch::default() };
    let mut gone = house.showing_over(house.connect_with_window(0).await, token.secret());
    let _held = gone.get_task(watch.clone()).await.unwrap().into_inner();
    let asked = pb::ListGroups { queue: "jobs".into(), ..pb::ListGroups::default() };
    let leased = async || {
        let groups = other.clone().list_groups(asked.clone()).await.unwrap().into_inner().groups;
        groups.iter().any(|group| group.leased == 1)
    };
    within("the lease", async { while !leased().await {} }).await;

    let mut waits = other.clone().get_task(watch).await.unwrap().into_inner();
    house.change(|entries| entries.retain(|entry| entry.grant.id != id));
    let task = within("the task of the one that is gone", waits.message()).await.unwrap().unwrap();
    assert_eq!(task.seq, 1);
}
