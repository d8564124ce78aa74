//! The body of a response, as the port sends it: its call is open as long as it is there, and an error at its end
//! has a reason whoever has said it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::{Status, body::Body};

use crate::server::{bounds::OpenCall, explained, unsent::Counted};

/// A body, and that its call is open.
pub(super) struct Held {
    body: Body,
    /// If it may be long.
    counted: Option<Counted>,
    _call: Arc<OpenCall>,
}

impl Held {
    pub(super) fn new(body: Body, counted: Option<Counted>, call: Arc<OpenCall>) -> Self {
        Held { body, counted, _call: call }
    }
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            explained::explain(trailers);
        }
        if let Some(counted) = &self.counted {
            frame = frame.map(|frame| frame.map(|frame| frame.map_data(|bytes| counted.keep(bytes))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
