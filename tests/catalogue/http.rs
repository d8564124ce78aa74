//! A call as a request of HTTP, so that everything of it can be wrong.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use contact::pb;
use http::Request;
use http_body::{Body as _, Frame};
use prost::Message;
use tonic::{Code, Status, body::Body, transport::Channel};
use tower::{Service, ServiceExt};

use crate::within;

/// What came back.
pub(crate) struct Answer {
    /// HTTP's status.
    pub(crate) http: u16,
    pub(crate) status: Status,
    data: Vec<u8>,
}

impl Answer {
    /// The refusal of an item, where items are refused alone.
    pub(crate) fn refusal(&self, path: &str) -> Option<pb::Refusal> {
        let message = self.data.get(5..).filter(|_| path == "/Contact/submitTask")?;
        pb::Submitted::decode(message).unwrap().refusal
    }
}

/// A message as it stands in a body.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat()
}

/// A request as gRPC has it.
pub(crate) fn request(path: &str, body: &[u8]) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/grpc").header("te", "trailers");
    request.body(Body::new(Once(Some(Bytes::copy_from_slice(body))))).unwrap()
}

/// Makes a call with one message.
pub(crate) async fn call(channel: &Channel, path: &str, message: &[u8]) -> Answer {
    send(channel, request(path, &framed(message))).await.unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Sends a request and reads the answer to its end.
pub(crate) async fn send(channel: &Channel, request: Request<Body>) -> Result<Answer, String> {
    let path = request.uri().path().to_owned();
    let mut channel = channel.clone();
    let answered = async {
        let response = channel.ready().await.unwrap().call(request).await.map_err(|e| format!("{e:?}"))?;
        let (head, mut body) = response.into_parts();
        let (mut status, mut data) = (Status::from_header_map(&head.headers), Vec::new());
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|e| format!("{e:?}"))?;
            match frame.into_data() {
                Ok(bytes) => data.extend_from_slice(&bytes),
                Err(frame) => status = frame.trailers_ref().and_then(Status::from_header_map).or(status),
            }
        }
        let status = status.unwrap_or_else(|| Status::new(Code::Unknown, "no status at all"));
        Ok(Answer { http: head.status.as_u16(), status, data })
    };
    within(&path, answered).await
}

/// A body of one piece.
struct Once(Option<Bytes>);

impl http_body::Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
