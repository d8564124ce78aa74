//! Signs of life in a stream of tasks: for who asks, and for nobody else.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use contact::pb::{self, contact_client::ContactClient};
use http::{Request, Response};
use http_body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpListener;
use tonic::{Code, Streaming};

use crate::{
    common::{Running, Server, contact},
    connect,
    refusals::{reason_of, submit, task},
    tutorial, within,
};

#[tokio::test]
async fn who_asks_gets_them_and_the_tutorials_client_gets_tasks_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let channel = connect(&server).await;
    let mut client = ContactClient::new(channel.clone());
    let mut old = tutorial::contact_client::ContactClient::new(channel);
    let mut tutorials = within("headers", old.get_task(tutorial::Empty {})).await.unwrap().into_inner();

    let asked =
        |heartbeat_ms, group: &str| pb::Watch { heartbeat_ms, group: group.into(), ..pb::Watch::default() };
    let (all, header) = open(&mut client, asked(1000, "")).await;
    assert_eq!(header.as_deref(), Some("1000"));
    let (share, header) = open(&mut client, asked(1000, "ci")).await;
    assert_eq!(header.as_deref(), Some("1000"));
    let (_, header) = open(&mut client, asked(0, "")).await;
    assert_eq!(header, None);
    let mut streams = [all, share];
    for stream in &mut streams {
        for _ in 0..2 {
            let beat = within("a sign of life", stream.message()).await.unwrap();
            assert_eq!(beat, Some(pb::ServerMsg::default()));
        }
    }
    submit(&mut client, vec![task("任务:1")]).await;
    for stream in &mut streams {
        // One more may have been on its way.
        let mut next = within("a task", stream.message()).await.unwrap().unwrap();
        while next.task.is_empty() {
            next = within("a task", stream.message()).await.unwrap().unwrap();
        }
        assert_eq!(next.task, "任务:1");
    }
    // Two seconds and more have passed there as well.
    let first = within("a task", tutorials.message()).await.unwrap().unwrap();
    assert_eq!(first.task, "任务:1");
}

#[tokio::test]
async fn a_time_between_them_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    for heartbeat_ms in [1, 999, 3_600_001, u64::MAX] {
        let asked = pb::Watch { heartbeat_ms, ..pb::Watch::default() };
        let status = within("a refusal", client.get_task(asked)).await.unwrap_err();
        assert_eq!((status.code(), &reason_of(&status)[..]), (Code::InvalidArgument, "bad_heartbeat"));
    }
    for heartbeat_ms in [1000, 3_600_000] {
        let (_, header) = open(&mut client, pb::Watch { heartbeat_ms, ..pb::Watch::default() }).await;
        assert_eq!(header, Some(heartbeat_ms.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_promised_them_and_falls_silent_is_left_for_another_connection() {
    for group in [None, Some("ci")] {
        let (address, opened) = silent_server(group.is_some()).await;
        let mut watch = contact();
        watch.args(["watch-tasks", "--client", "w1", "--max", "2", "--server", &address.to_string()]);
        if let Some(group) = group {
            watch.args(["--group", group, "--detach"]);
        }
        let watch = Running::start(&mut watch);
        let watched = tokio::task::spawn_blocking(move || {
            let seqs = [watch.line()["seq"].clone(), watch.line()["seq"].clone()];
            (seqs, watch.error())
        });
        let (seqs, notice) = within("two tasks", watched).await.unwrap();
        assert_eq!(seqs, [1, 2], "{group:?}: each connection has brought one");
        assert_eq!(notice["notice"], "retrying");
        assert!(notice["message"].as_str().unwrap().contains("nothing was heard for 300ms"), "{notice}");
        assert!(opened.load(Ordering::Relaxed) >= 2);
    }
}

async fn open(
    client: &mut ContactClient<tonic::transport::Channel>,
    watch: pb::Watch,
) -> (Streaming<pb::ServerMsg>, Option<String>) {
    let response = within("headers", client.get_task(watch)).await.unwrap();
    let header =
        response.metadata().get("contact-heartbeat-ms").map(|value| value.to_str().unwrap().to_owned());
    (response.into_inner(), header)
}

/// A server that promises a sign of life each 100 ms, sends a task with each watch that is opened, and then nothing.
/// Says how many have been.
async fn silent_server(has_groups: bool) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, opened) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = opened.clone();
    let answer = move |request: Request<hyper::body::Incoming>| {
        let is_watch = request.uri().path().ends_with("getTask");
        let task = is_watch.then(|| {
            let seq = counted.fetch_add(1, Ordering::Relaxed) as u64 + 1;
            let lease = if has_groups { format!("L{seq}") } else { String::new() };
            let task = pb::ServerMsg {
                task: "x".into(),
                id: seq.to_string(),
                seq,
                lease,
                ..pb::ServerMsg::default()
            };
            let queue = "default".to_owned();
            framed(&pb::ServerMsg { queue, attempt: has_groups.into(), ..task })
        });
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .header("contact-store", "0123456789abcdef0123456789abcdef")
            .header("contact-start", "1")
            .header("contact-heartbeat-ms", "100");
        // The request is kept: what it says is not read, and not refused.
        let body = Silent { first: task, _request: request };
        std::future::ready(Ok::<_, Infallible>(response.body(body).unwrap()))
    };
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper::service::service_fn(answer.clone());
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, opened)
}

fn framed(message: &pb::ServerMsg) -> Bytes {
    let message = message.encode_to_vec();
    [&[0], &(message.len() as u32).to_be_bytes()[..], &message].concat().into()
}

/// A body of at most one piece that does not end.
struct Silent {
    first: Option<Bytes>,
    _request: Request<hyper::body::Incoming>,
}

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Poll::Pending,
        }
    }
}
