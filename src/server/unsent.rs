//! Answers that may be long, and wait until their caller reads them. HTTP/2 takes a message as soon as it is there,
//! whatever the peer allows to be sent: what waits counts for its caller, from before it is made.

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use prost::Message;
use tonic::{Response, Status};

use super::{bounds::Unsent, call::Call};

/// A page of a list: it has a mebibyte, and may have one task more.
const ANSWER_BYTES: usize = 2 << 20;

/// An answer that comes to a page at most. Who has too many that wait is refused before anybody works for it.
pub(super) async fn page<T: Message>(
    call: &Call,
    answer: impl Future<Output = Result<T, Status>>,
) -> Result<Response<T>, Status> {
    let mut unsent = call.account.unsent();
    unsent.grow(ANSWER_BYTES)?;
    Ok(response(answer.await?, unsent))
}

/// An answer that counts until it has gone out.
pub(super) fn response<T: Message>(answer: T, mut unsent: Unsent) -> Response<T> {
    unsent.shrink(answer.encoded_len());
    let mut response = Response::new(answer);
    response.extensions_mut().insert(Counted { _until_gone: Arc::new(unsent) });
    response
}

/// What the bytes of an answer are counted by: it goes when the last of them goes.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    _until_gone: Arc<Unsent>,
}

impl Counted {
    /// The same bytes. They count wherever they wait: HTTP/2 keeps them when the answer's body is gone.
    pub(super) fn keep(&self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Kept { bytes, _counted: self.clone() })
    }
}

struct Kept {
    bytes: Bytes,
    _counted: Counted,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
