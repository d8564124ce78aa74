//! Items go up, an answer to each comes down in the same order, and a broken connection is taken up again
//! with what has not been answered. `submit` and `send-status` are this.

use std::{collections::VecDeque, time::Duration};

use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{
    Failure, again,
    connect::{Target, Tries},
    exit,
};
use crate::cli::connect::Channel;
use crate::wire::STORE_HEADER;

/// Items that may be unanswered at a time. The server remembers more retry keys than that.
const ITEMS_MAX: usize = 8192;
/// Bytes that may be unanswered at a time.
const BYTES_MAX: usize = 8 << 20;

/// One side of an exchange.
pub(super) trait Exchange {
    /// What is sent. Kept until it is answered.
    type Item;
    /// Its message.
    type Request: Send + 'static;
    /// The answer's message.
    type Answer: Send + 'static;
    /// How long after a break what was sent may be sent again; `None`: it does no harm.
    const RESENDABLE_FOR: Option<Duration>;

    /// More items. `None`: there are no more.
    async fn next(&mut self) -> Result<Option<Vec<Self::Item>>, Failure>;
    /// The message for an item.
    fn request(&self, item: &Self::Item) -> Self::Request;
    /// About how many bytes an item has.
    fn bytes(&self, item: &Self::Item) -> usize;
    /// Makes the call.
    async fn call(
        channel: Channel,
        requests: Request<BoxStream<'static, Self::Request>>,
    ) -> Result<Response<Streaming<Self::Answer>>, Status>;
    /// An item has been answered.
    async fn answered(&mut self, item: Self::Item, answer: Self::Answer) -> Result<(), Failure>;
    /// No more answers are ready.
    async fn pause(&mut self) -> Result<(), Failure>;
    /// Says something on stderr.
    fn notice(&self, word: &str, message: &str);
    /// What a status of the server means.
    fn failure(&self, status: &Status) -> Failure;
}

/// Sends all items and takes all answers. `patience`: how long to try while the server cannot be reached. Returns
/// the connection over which the last answer came, if it is still there.
pub(super) async fn run<E: Exchange>(
    exchange: &mut E,
    target: &Target,
    patience: Option<Duration>,
) -> Result<Option<Channel>, Failure> {
    let mut state = State { unanswered: VecDeque::new(), bytes: 0, more: true, sent: false };
    let mut tries = Tries::new(patience);
    loop {
        if state.unanswered.is_empty() {
            // Nobody waited: whatever fails next fails for the first time.
            tries.worked();
            tries.endure(patience);
            state.sent = false;
            // Not connected before there is something to say.
            match exchange.next().await? {
                Some(items) => items.into_iter().for_each(|item| state.push(exchange, item)),
                None => return Ok(None),
            }
            continue;
        }
        let status = match target.connect().await {
            Ok(connected) => match talk(exchange, &mut state, connected.clone(), &mut tries).await? {
                Ok(()) => return Ok(Some(connected)),
                Err(status) => status,
            },
            Err(status) => status,
        };
        if !again::is_worth_it(&status) {
            return Err(exchange.failure(&status));
        }
        if state.unanswered.is_empty() {
            continue;
        }
        if tries.failed(&status) && patience != Some(Duration::ZERO) {
            let (cause, unanswered) = (exit::cause(&status), state.unanswered.len());
            let message =
                format!("server {}: {cause}; trying again with {unanswered} unanswered", target.address);
            exchange.notice("retrying", &message);
        }
        if let (true, Some(limit)) = (state.sent, E::RESENDABLE_FOR) {
            tries.limit(limit);
        }
        tries.pause(&status, target).await?;
    }
}

struct State<I> {
    /// Sent or about to be, in order.
    unanswered: VecDeque<I>,
    bytes: usize,
    /// There may be more items.
    more: bool,
    /// Some of them may have reached a server.
    sent: bool,
}

impl<I> State<I> {
    fn push<E: Exchange<Item = I>>(&mut self, exchange: &E, item: I) {
        self.bytes += exchange.bytes(&item);
        self.unanswered.push_back(item);
    }

    fn pop<E: Exchange<Item = I>>(&mut self, exchange: &E) -> Option<I> {
        let item = self.unanswered.pop_front()?;
        self.bytes -= exchange.bytes(&item);
        Some(item)
    }

    fn has_room(&self) -> bool {
        self.more && self.unanswered.len() < ITEMS_MAX && self.bytes < BYTES_MAX
    }
}

/// One connection. `Ok(Err(_))`: the call ended before everything was answered.
async fn talk<E: Exchange>(
    exchange: &mut E,
    state: &mut State<E::Item>,
    channel: Channel,
    tries: &mut Tries,
) -> Result<Result<(), Status>, Failure> {
    let (sender, requests) = mpsc::unbounded_channel::<Vec<E::Request>>();
    // Bounded by what may be unanswered.
    let requests = UnboundedReceiverStream::new(requests).flat_map(stream::iter).boxed();
    let mut sender = Some(sender);
    let send = |sender: &Option<mpsc::UnboundedSender<Vec<E::Request>>>, requests: Vec<E::Request>| {
        if let Some(sender) = sender {
            // Fails only if the call has ended, and then its answers say so.
            let _ = sender.send(requests);
        }
    };
    state.sent = true;
    send(&sender, state.unanswered.iter().map(|item| exchange.request(item)).collect());
    let mut answers = std::pin::pin!(answers::<E>(channel, requests));
    loop {
        if !state.more {
            // Half-close: the server then ends the stream after its last answer.
            sender = None;
        }
        tokio::select! {
            answer = answers.next() => {
                let mut next = Some(answer);
                while let Some(answer) = next {
                    match answer {
                        Some(Ok(answer)) => {
                            tries.worked();
                            let Some(item) = state.pop(exchange) else {
                                return Ok(Err(Status::internal("the server answered what was not asked")));
                            };
                            exchange.answered(item, answer).await?;
                        }
                        Some(Err(status)) => return Ok(Err(status)),
                        None if state.unanswered.is_empty() && !state.more => return Ok(Ok(())),
                        None => return Ok(Err(Status::unavailable("the server ended the call early"))),
                    }
                    next = answers.next().now_or_never();
                }
                exchange.pause().await?;
            }
            items = exchange.next(), if state.has_room() => match items? {
                Some(items) => {
                    send(&sender, items.iter().map(|item| exchange.request(item)).collect());
                    items.into_iter().for_each(|item| state.push(exchange, item));
                }
                None => state.more = false,
            },
        }
    }
}

/// Opens the call as the first step of reading from it: a server may open it only with its first answer.
fn answers<E: Exchange>(
    channel: Channel,
    requests: BoxStream<'static, E::Request>,
) -> impl Stream<Item = Result<E::Answer, Status>> {
    let call = async { E::call(channel, Request::new(requests)).await.map(Response::into_inner) };
    stream::once(call).try_flatten()
}

/// Whether a response is from a contact server.
pub(super) fn is_ours<T>(response: &Response<T>) -> bool {
    response.metadata().contains_key(STORE_HEADER)
}
