//! Clients made of the tutorial's stubs against our server.

use std::sync::Arc;

use futures_util::stream;
use tokio::sync::{Barrier, mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Request, Streaming, client::Grpc, transport::Channel};

use crate::{
    common::{Server, until},
    connect,
    tutorial::{ClientMsg, Empty, Result as Told, ServerMsg, contact_client::ContactClient},
    within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn get_task_yields_every_task_from_the_first_in_order_then_each_new_one_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut expected: Vec<String> = (100..=400).map(|n| format!("任务:{n}")).collect();
    submit(&server, "default", &expected);
    submit(&server, "elsewhere", &["not theirs".to_owned()]);

    let mut tasks = watch(&server).await;
    assert_eq!(take(&mut tasks, expected.len()).await, expected);
    for n in 500..510 {
        submit(&server, "elsewhere", &["nor this".to_owned()]);
        let task = vec![format!("任务:{n}")];
        submit(&server, "default", &task);
        assert_eq!(take(&mut tasks, 1).await, task);
        expected.extend(task);
    }
    // Who comes later gets them all as well.
    let mut late = watch(&server).await;
    assert_eq!(take(&mut late, expected.len()).await, expected);

    // Up to its end the stream carries nothing but tasks.
    assert!(server.stop().success());
    for mut stream in [tasks, late] {
        let end = within("the end of the watch", stream.message()).await;
        assert_eq!(end.expect_err("a message that is no task").code(), tonic::Code::Unavailable);
    }
}

#[tokio::test]
async fn a_task_of_a_mebibyte_arrives_whole() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    // Three bytes a character and one more: exactly 1 MiB.
    let largest = "务".repeat((1 << 20) / 3) + "!";
    assert_eq!(largest.len(), 1 << 20);
    submit(&server, "default", std::slice::from_ref(&largest));
    let mut tasks = watch(&server).await;
    assert!(take(&mut tasks, 1).await == [largest]);
}

#[tokio::test]
async fn each_status_is_answered_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = client(&server).await;

    // All at once, and closed.
    let numbers = [7, 20, 1, 20, 3, 9, 9, 14, 2, 6, 11, 19, 5, 8, 16];
    let statuses = numbers.map(|n| ClientMsg { msg: format!("数据:{n}") });
    let replies = within("the call", client.send_status(stream::iter(statuses))).await.unwrap();
    let replies = collect(replies.into_inner()).await;
    assert_eq!(replies, numbers.map(|n| format!("received: 数据:{n}")));

    // One after the other: each is answered while the stream stays open.
    let (sender, statuses) = mpsc::unbounded_channel();
    let replies = within("headers", client.send_status(UnboundedReceiverStream::new(statuses))).await;
    let mut replies = replies.unwrap().into_inner();
    for n in numbers {
        sender.send(ClientMsg { msg: format!("数据:{n}") }).unwrap();
        let reply = within("a reply", replies.message()).await.unwrap().unwrap();
        assert_eq!(reply.ret, format!("received: 数据:{n}"));
    }
    drop(sender);
    assert_eq!(within("the end", replies.message()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn free_text_told_on_one_long_stream_gets_one_message_back_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let (sender, told) = mpsc::unbounded_channel();
    // Read as a stream: the stub would show the first message only.
    let answers = tokio::spawn(tell_result(connect(&server).await, told));
    for n in 0..50 {
        sender.send(Told { ret: format!("完成 任务:{n}") }).unwrap();
        // It is taken when it arrives, not when the stream ends.
        let logged = format!("完成 任务:{n}\\\"");
        until("the result is logged", || {
            server.log.lock().unwrap().iter().any(|line| line.contains(&logged)).then_some(())
        });
    }
    assert!(!answers.is_finished(), "answered before the end");
    drop(sender);
    let answers = within("the answer", answers).await.unwrap();
    assert_eq!(answers, [Empty {}]);
}

#[tokio::test]
async fn twenty_clients_at_once_are_all_served() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let tasks: Vec<String> = (100..200).map(|n| format!("任务:{n}")).collect();
    submit(&server, "default", &tasks[..50]);
    let all_have_half = Arc::new(Barrier::new(21));
    let mut clients = Vec::new();
    for n in 1..=20 {
        let (client, expected) = (client(&server).await, tasks.clone());
        clients.push(tokio::spawn(whole_client(client, n, expected, all_have_half.clone())));
    }
    // The rest appears under their eyes.
    within("half of the tasks at every client", all_have_half.wait()).await;
    submit(&server, "default", &tasks[50..]);
    for client in clients {
        within("a client's end", client).await.unwrap();
    }
}

/// What the tutorial's client does, once: it watches, reports, and tells each task.
async fn whole_client(
    mut client: ContactClient<Channel>,
    n: u32,
    expected: Vec<String>,
    all_have_half: Arc<Barrier>,
) {
    let (tell, told) = mpsc::unbounded_channel();
    let mut telling = client.clone();
    let telling = tokio::spawn(async move { telling.tell_result(UnboundedReceiverStream::new(told)).await });

    let mut tasks = within("headers", client.get_task(Empty {})).await.unwrap().into_inner();
    let statuses: Vec<_> = (1..=15).map(|i| ClientMsg { msg: format!("数据:{n}-{i}") }).collect();
    let expected_replies: Vec<_> = statuses.iter().map(|s| format!("received: {}", s.msg)).collect();
    let replies = within("headers", client.send_status(stream::iter(statuses))).await.unwrap();
    assert_eq!(collect(replies.into_inner()).await, expected_replies);

    for (i, expected) in expected.into_iter().enumerate() {
        if i == 50 {
            within("the other clients", all_have_half.wait()).await;
        }
        assert_eq!(take(&mut tasks, 1).await, std::slice::from_ref(&expected));
        tell.send(Told { ret: format!("{n}: {expected}") }).unwrap();
    }
    drop(tell);
    assert_eq!(within("the answer", telling).await.unwrap().unwrap().into_inner(), Empty {});
}

#[tokio::test]
async fn the_demo_makes_ten_tasks_each_round() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--demo", "--demo-every", "1s"]);
    let mut tasks = watch(&server).await;
    for task in take(&mut tasks, 30).await {
        let number: u32 = task.strip_prefix("任务:").unwrap().parse().unwrap();
        assert!((100..=200).contains(&number), "{task}");
    }
    // Ten come together, the next ten a second later.
    let seen = server.run(&["watch-tasks", "--max", "30"], "").json();
    let at: Vec<f64> = seen.iter().map(|task| seconds(task["submitted_at"].as_str().unwrap())).collect();
    for round in [0, 10, 20] {
        assert!(at[round + 9] - at[round] < 0.9, "{at:?}");
        assert!(round == 0 || at[round] - at[round - 1] > 0.9, "{at:?}");
    }
}

#[tokio::test]
async fn the_demos_numbers_go_from_100_to_200_inclusive() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--demo", "--demo-every", "1ms", "--store", "memory"];
    let server = Server::start_with(folder.path(), &flags);
    let mut tasks = watch(&server).await;
    // That neither end is among so many happens once in 10^12 runs.
    let numbers = take(&mut tasks, 3000).await;
    let numbers = numbers.iter().map(|task| task.strip_prefix("任务:").unwrap().parse::<u32>().unwrap());
    assert_eq!((numbers.clone().min(), numbers.max()), (Some(100), Some(200)));
}

async fn client(server: &Server) -> ContactClient<Channel> {
    ContactClient::new(connect(server).await)
}

/// Registers as the tutorial's client does.
async fn watch(server: &Server) -> Streaming<ServerMsg> {
    let mut client = client(server).await.max_decoding_message_size(2 << 20);
    within("headers", client.get_task(Empty {})).await.unwrap().into_inner()
}

async fn take(tasks: &mut Streaming<ServerMsg>, n: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for _ in 0..n {
        let message = within("a task", tasks.message()).await.unwrap();
        taken.push(message.expect("the watch goes on").task);
    }
    taken
}

async fn collect(mut replies: Streaming<Told>) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(reply) = within("a reply", replies.message()).await.unwrap() {
        all.push(reply.ret);
    }
    all
}

/// Every message that `tellResult` answers with.
async fn tell_result(channel: Channel, told: mpsc::UnboundedReceiver<Told>) -> Vec<Empty> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<Told, Empty>::default();
    let path = http::uri::PathAndQuery::from_static("/Contact/tellResult");
    let told = Request::new(UnboundedReceiverStream::new(told));
    let mut answers = grpc.streaming(told, path, codec).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        all.push(answer);
    }
    all
}

fn submit(server: &Server, queue: &str, tasks: &[String]) {
    let submitted = server.run(&["submit", "-q", queue], tasks.join("\n"));
    assert_eq!((submitted.code, submitted.json().len()), (0, tasks.len()), "{submitted:?}");
}

fn seconds(time: &str) -> f64 {
    let time = humantime::parse_rfc3339(time).unwrap();
    time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
}
