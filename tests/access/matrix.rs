//! The matrix of roles: each call by each role, in a queue of its own and in a foreign one, all cells, as a client
//! sees them.

use std::collections::BTreeSet;

use contact::{pb, server::access::Role};
use futures_util::stream;
use prost::Message;
use tonic::{Code, Request, Status};

use crate::house::{Client, House, reason, within};

/// What each role, which has the queue `own` and the group `g`, gets in `own` and in `foreign`.
///
/// `ok`: it is done. `-`: PERMISSION_DENIED `no_role`. `queue`, `group`, `client`: PERMISSION_DENIED `foreign_…`.
/// `absent`: as if it were not there. What has no queue is the same on both sides; a status is reported in its own
/// name, and in another's.
const MATRIX: &str = "
                        submit      watch       work        report      inspect     admin
    submitTask          ok queue    - -         - -         - -         - -         ok queue
    getTask             - -         ok queue    - -         - -         - -         ok queue
    getTask/group       - -         - -         ok queue    - -         - -         ok queue
    getTask/its-group   - -         - -         ok group    - -         - -         ok group
    getTask/inbox       - -         ok queue    - -         - -         - -         ok queue
    tellResult          - -         ok absent   ok absent   - -         - -         ok absent
    tellResult/lease    - -       absent absent ok absent   - -         - -         ok absent
    sendStatus          - -         - -         ok client   ok client   - -         ok ok
    listQueues          - -         - -         - -         - -         ok queue    ok queue
    listQueues/all      - -         - -         - -         - -         ok absent   ok absent
    listGroups          - -         - -         - -         - -         ok queue    ok queue
    listGroups/all      - -         - -         - -         - -         ok absent   ok absent
    listTasks           - -         - -         - -         - -         ok queue    ok queue
    listTasks/ids       - -         - -         - -         - -         ok absent   ok absent
    explainTask         - -         - -         - -         - -         ok absent   ok absent
    cancelTask          - -         - -         - -         - -         - -         ok absent
    redriveTask         - -         - -         - -         - -         - -         ok queue
    redriveTask/group   - -         - -         - -         - -         - -         ok group
    purgeQueue          - -         - -         - -         - -         - -         ok queue
    setGroup            - -         - -         - -         - -         - -         ok queue
    setGroup/group      - -         - -         - -         - -         - -         ok group
    watchResults        ok queue    - -         - -         - -         ok queue    ok queue
    watchResults/all    ok absent   - -         - -         - -         ok absent   ok absent
    watchResults/ids    ok absent   - -         - -         - -         ok absent   ok absent
    callRoll            ok absent   - -         - -         - -         ok absent   ok absent
    listClients         - -         - -         - -         - -         ok ok       ok ok
    watchClients        - -         - -         - -         - -         ok ok       ok ok
";

const ROLES: [Role; 6] = [Role::Submit, Role::Watch, Role::Work, Role::Report, Role::Inspect, Role::Admin];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_by_each_role_in_own_and_foreign_queues() {
    let house = House::open().await;
    let mut world = World::new(&house).await;
    let mut wrong = Vec::new();
    for row in MATRIX.lines().skip(2).filter(|row| !row.trim().is_empty()) {
        let mut words = row.split_whitespace();
        let call = words.next().unwrap();
        for (at, role) in ROLES.into_iter().enumerate() {
            for side in ["own", "foreign"] {
                let expected = words.next().unwrap_or_else(|| panic!("a short row: {row}"));
                let got = within(&format!("{call} by {role:?}"), world.probe(call, at, side)).await;
                if got != expected {
                    wrong.push(format!("{call} by {role:?} in {side}: {got}, not {expected}"));
                }
            }
        }
        assert_eq!(words.next(), None, "a long row: {row}");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What an admin has done is written down, and what it was refused, by name and grant.
    let audit = house.audit();
    for call in ["cancelTask", "redriveTask", "purgeQueue", "setGroup"] {
        let of_call = audit.iter().filter(|line| line["event"] == "admin" && line["call"] == call);
        let (refused, done): (Vec<_>, Vec<_>) =
            of_call.partition(|line| line["verdict"].as_str().unwrap().starts_with("foreign_"));
        assert!(
            !done.is_empty() && (!refused.is_empty() || call == "cancelTask"),
            "{call}: {done:?} {refused:?}"
        );
        for line in done.into_iter().chain(refused) {
            assert!(line["identity"].is_string() && line["grant"].is_string(), "{line}");
        }
    }
}

#[tokio::test]
async fn each_method_of_the_wire_has_a_rule_and_a_row() {
    let set = prost_types::FileDescriptorSet::decode(contact::DESCRIPTORS).unwrap();
    let services = set.file.iter().flat_map(|file| &file.service);
    let methods: Vec<&str> = services
        .inspect(|service| assert_eq!(service.name(), "Contact"))
        .flat_map(|service| service.method.iter().map(|method| method.name()))
        .collect();
    let rows: BTreeSet<&str> =
        MATRIX.lines().skip(2).filter_map(|row| row.split_whitespace().next()?.split('/').next()).collect();
    assert_eq!(methods.iter().copied().collect::<BTreeSet<_>>(), rows);

    let house = House::open().await;
    let (token, grant) = crate::house::granted("nobody", &[], &["*"], &["*"]);
    house.add(grant);
    let bearer = format!("Bearer {}", token.secret());
    let mut paths: Vec<(String, &str)> =
        methods.iter().map(|method| (format!("/Contact/{method}"), "no_role")).collect();
    // A call that somebody forgets to judge is nobody's.
    for unknown in ["/Contact/dropEverything", "/Contact/", "/contact/getTask", "/Other/call", "/"] {
        paths.push((unknown.to_owned(), "no_rule"));
    }
    for (path, expected) in paths {
        let refused = call(&house, &path, Some(&bearer)).await.unwrap_err();
        assert_eq!((refused.code(), &reason(&refused)[..]), (Code::PermissionDenied, expected), "{path}");
        let refused = call(&house, &path, None).await.unwrap_err();
        let (code, expected) = match expected {
            "no_rule" => (Code::PermissionDenied, "no_rule"),
            _ => (Code::Unauthenticated, "no_token"),
        };
        assert_eq!((refused.code(), &reason(&refused)[..]), (code, expected), "{path}");
    }
    // A load balancer has no token; whoever has one may ask what there is.
    call(&house, "/grpc.health.v1.Health/Check", None).await.unwrap();
    let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    assert_eq!(reason(&call(&house, reflection, None).await.unwrap_err()), "no_token");
    assert_ne!(call(&house, reflection, Some(&bearer)).await.unwrap_err().code(), Code::Unauthenticated);
}

/// An empty message to any path.
async fn call(house: &House, path: &str, bearer: Option<&str>) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(house.connect().await);
    client.ready().await.unwrap();
    let mut request = Request::new(());
    if let Some(bearer) = bearer {
        request.metadata_mut().insert("authorization", bearer.parse().unwrap());
    }
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let answer = within(path, client.unary(request, path.parse().unwrap(), codec)).await;
    answer.map(drop)
}

/// Somebody of each role, and an operator who prepares what they ask about.
struct World {
    operator: Client,
    by_role: Vec<Client>,
}

impl World {
    async fn new(house: &House) -> World {
        let operator = house.admit("operator", &[Role::Admin], &["*"], &["*"]).await;
        let mut by_role = Vec::new();
        for role in ROLES {
            by_role.push(house.admit(role.word(), &[role], &["own"], &["g"]).await);
        }
        let mut world = World { operator, by_role };
        for queue in ["own", "foreign"] {
            // It makes the group, and results.
            let (id, lease) = world.leased(queue).await;
            let told = pb::Result { id, lease, ret: "done".into(), ..pb::Result::default() };
            world.operator.tell_result(stream::iter([told])).await.unwrap();
        }
        world
    }

    /// A new task.
    async fn task(&mut self, queue: &str) -> String {
        let task = pb::NewTask { task: "x".into(), queue: queue.into(), ..pb::NewTask::default() };
        let mut answers = self.operator.submit_task(stream::iter([task])).await.unwrap().into_inner();
        answers.message().await.unwrap().unwrap().id
    }

    /// A task that the operator holds.
    async fn leased(&mut self, queue: &str) -> (String, String) {
        self.task(queue).await;
        let mut tasks = self.operator.get_task(watch(queue, "g", "")).await.unwrap().into_inner();
        let task = tasks.message().await.unwrap().unwrap();
        (task.id, task.lease)
    }

    /// Makes a call and says in a word what came of it.
    async fn probe(&mut self, call: &str, role: usize, side: &str) -> String {
        let of_side = |own: &str, foreign: &str| if side == "own" { own } else { foreign }.to_owned();
        let queue = side.to_owned();
        let group = of_side("g", "other");
        let me = ROLES[role].word();
        let mut by = self.by_role[role].clone();
        let answered = match call {
            "submitTask" => submit(&mut by, side).await,
            "getTask" => first(by.get_task(watch(side, "", me)).await).await,
            "getTask/group" => {
                self.task(side).await;
                first(by.get_task(watch(side, "g", me)).await).await
            }
            "getTask/its-group" => {
                self.task("own").await;
                first(by.get_task(watch("own", &group, me)).await).await
            }
            "getTask/inbox" => {
                let inbox = of_side(&format!("@{me}"), "@somebody");
                self.task(&inbox).await;
                first(by.get_task(watch(&inbox, "", me)).await).await
            }
            "tellResult" => {
                let id = self.task(side).await;
                tell(&mut by, pb::Result { id, client: me.into(), ..pb::Result::default() }).await
            }
            "tellResult/lease" => {
                // A lease is its holder's: of another it is none.
                let lease = match side {
                    "own" => self.leased_by(&mut by, me).await,
                    _ => Ok(self.leased("own").await.1),
                };
                match lease {
                    Ok(lease) => tell(&mut by, pb::Result { lease, ..pb::Result::default() }).await,
                    Err(refused) => Err(refused),
                }
            }
            "sendStatus" => {
                let client = of_side(me, "somebody");
                let status = pb::ClientMsg { msg: "fine".into(), client, ..pb::ClientMsg::default() };
                first(by.send_status(stream::iter([status])).await).await
            }
            "listQueues" => {
                let page = by.list_queues(pb::ListQueues { queue, ..pb::ListQueues::default() }).await;
                page.map(|page| !page.into_inner().queues.is_empty())
            }
            "listQueues/all" => by
                .list_queues(pb::ListQueues::default())
                .await
                .map(|page| page.into_inner().queues.iter().any(|shown| shown.queue == side)),
            "listGroups" => {
                let page = by.list_groups(pb::ListGroups { queue, ..pb::ListGroups::default() }).await;
                page.map(|page| !page.into_inner().groups.is_empty())
            }
            "listGroups/all" => by
                .list_groups(pb::ListGroups::default())
                .await
                .map(|page| page.into_inner().groups.iter().any(|shown| shown.queue == side)),
            "listTasks" => {
                self.task(side).await;
                let page = by.list_tasks(pb::ListTasks { queue, ..pb::ListTasks::default() }).await;
                page.map(|page| !page.into_inner().tasks.is_empty())
            }
            "listTasks/ids" => {
                let ids = vec![self.task(side).await];
                let page = by.list_tasks(pb::ListTasks { ids, ..pb::ListTasks::default() }).await;
                page.map(|page| !page.into_inner().tasks.is_empty())
            }
            "explainTask" => {
                let id = self.task(side).await;
                there(by.explain_task(pb::TaskName { id }).await)
            }
            "cancelTask" => {
                let ids = vec![self.task(side).await];
                let receipt = by.cancel_task(pb::TaskNames { ids }).await;
                receipt.map(|receipt| receipt.into_inner().told[0].verdict() == pb::Verdict::Ok)
            }
            "redriveTask" => {
                let group = "g".to_owned();
                by.redrive_task(pb::Redrive { queue, group, ..pb::Redrive::default() }).await.map(|_| true)
            }
            "redriveTask/group" => {
                let queue = "own".to_owned();
                by.redrive_task(pb::Redrive { queue, group, ..pb::Redrive::default() }).await.map(|_| true)
            }
            "purgeQueue" => by.purge_queue(pb::Purge { queue, upto_seq: Some(1) }).await.map(|_| true),
            "setGroup" | "setGroup/group" => {
                let (queue, group) = match call {
                    "setGroup" => (queue, "g".to_owned()),
                    _ => ("own".to_owned(), group),
                };
                let settings =
                    pb::GroupSettings { queue, group, paused: Some(false), ..pb::GroupSettings::default() };
                by.set_group(settings).await.map(|_| true)
            }
            "watchResults" => {
                let asked = pb::WatchResults { queue, until_empty: true, ..pb::WatchResults::default() };
                first(by.watch_results(asked).await).await
            }
            "watchResults/all" => {
                let asked = pb::WatchResults { until_empty: true, ..pb::WatchResults::default() };
                of_queue(by.watch_results(asked).await, side).await
            }
            "watchResults/ids" => {
                let id = self.task(side).await;
                self.operator.cancel_task(pb::TaskNames { ids: vec![id.clone()] }).await.unwrap();
                let asked = pb::WatchResults { ids: vec![id], ..pb::WatchResults::default() };
                first(by.watch_results(asked).await).await
            }
            "callRoll" => {
                let (id, clients) = (self.task(side).await, vec!["somebody".to_owned()]);
                let roll = by.call_roll(pb::RollCall { id, clients }).await;
                there(roll)
            }
            "listClients" => by.list_clients(pb::ListClients::default()).await.map(|_| true),
            "watchClients" => by.watch_clients(pb::WatchClients::default()).await.map(|_| true),
            _ => panic!("nobody knows how to try {call}"),
        };
        match answered {
            Ok(true) => "ok".into(),
            Ok(false) => "absent".into(),
            Err(refused) => match (refused.code(), &reason(&refused)[..]) {
                (Code::PermissionDenied, "no_role") => "-".into(),
                (Code::PermissionDenied, "foreign_queue") => "queue".into(),
                (Code::PermissionDenied, "foreign_group") => "group".into(),
                (Code::PermissionDenied, "foreign_client") => "client".into(),
                (Code::NotFound, "no_task") => "absent".into(),
                (code, reason) => format!("{code:?} {reason}"),
            },
        }
    }

    /// A lease of its own; of who may not take tasks the operator's.
    async fn leased_by(&mut self, by: &mut Client, me: &str) -> Result<String, Status> {
        self.task("own").await;
        match by.get_task(watch("own", "g", me)).await {
            Ok(tasks) => Ok(tasks.into_inner().message().await?.unwrap().lease),
            Err(refused) if reason(&refused) == "no_role" => Ok(self.leased("own").await.1),
            Err(refused) => Err(refused),
        }
    }
}

fn watch(queue: &str, group: &str, client: &str) -> pb::Watch {
    pb::Watch {
        queues: vec![pb::Position { queue: queue.into(), ..pb::Position::default() }],
        group: group.into(),
        client: client.into(),
        max: 1,
        ..pb::Watch::default()
    }
}

/// Whether anything comes on a stream.
async fn first<T>(answer: Result<tonic::Response<tonic::Streaming<T>>, Status>) -> Result<bool, Status> {
    Ok(answer?.into_inner().message().await?.is_some())
}

async fn of_queue(
    answer: Result<tonic::Response<tonic::Streaming<pb::Result>>, Status>,
    queue: &str,
) -> Result<bool, Status> {
    let mut results = answer?.into_inner();
    while let Some(result) = results.message().await? {
        if result.queue == queue {
            return Ok(true);
        }
    }
    Ok(false)
}

fn there<T>(answer: Result<T, Status>) -> Result<bool, Status> {
    answer.map(|_| true)
}

async fn submit(by: &mut Client, queue: &str) -> Result<bool, Status> {
    let task = pb::NewTask { task: "x".into(), queue: queue.into(), ..pb::NewTask::default() };
    let answer = by.submit_task(stream::iter([task])).await?.into_inner().message().await?.unwrap();
    match answer.refusal {
        None => Ok(true),
        Some(refusal) => {
            let details = tonic_types::ErrorDetails::with_error_info(refusal.reason, "contact", []);
            let code = Code::from(refusal.code);
            Err(<Status as tonic_types::StatusExt>::with_error_details(code, refusal.message, details))
        }
    }
}

/// Whether what is told has any effect.
async fn tell(by: &mut Client, told: pb::Result) -> Result<bool, Status> {
    let receipt = by.tell_result(stream::iter([told])).await?.into_inner();
    Ok(receipt.told[0].verdict() != pb::Verdict::Unknown)
}
