//! From a request to its call: who asks, whether they may, and whether it is too much.

use std::{
    convert::Infallible,
    sync::{Arc, atomic::AtomicUsize},
};

use http::{HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use tonic::{body::Body, service::Routes};
use tower::ServiceExt;

use super::{Peer, admitted::Admitted, foreign, inflow::Inflow};
use crate::{
    server::{ending::Ending, ready, settings::Settings},
    wire::STORE_HEADER,
};

/// What the calls of one connection have in common.
pub(super) struct Line {
    pub(super) peer: Peer,
    pub(super) ending: Ending,
    /// Bytes of messages of which the end is not here yet.
    pub(super) unfinished: Arc<AtomicUsize>,
}

/// What answers the requests of all connections.
pub(in crate::server) struct Answering {
    pub(in crate::server) settings: Settings,
    pub(in crate::server) routes: Routes,
    /// The store's id: every response says it.
    pub(in crate::server) store: HeaderValue,
    /// When everything ends.
    pub(in crate::server) ending: Ending,
}

impl Answering {
    /// Answers a request.
    pub(super) async fn answer(
        &self,
        line: &Line,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let access = &self.settings.access;
        let mut response = match access.admit(&line.peer, request.uri().path(), request.headers()) {
            Ok(caller) => {
                let foreign = foreign::is(request.uri().path());
                let request = request.map(|body| Body::new(Inflow::new(body, line.unfinished.clone())));
                let mut request = request.map(|body| Admitted::request(body, &caller));
                request.extensions_mut().insert(caller.clone());
                request.extensions_mut().insert(line.ending.clone());
                let response = ready::put_in_place(self.routes.clone().oneshot(request).await?);
                let response = if foreign { foreign::until(&line.ending, response) } else { response };
                response.map(|body| Admitted::answer(body, &caller))
            }
            Err(status) => status.into_http(),
        };
        response.headers_mut().insert(HeaderName::from_static(STORE_HEADER), self.store.clone());
        Ok(response)
    }
}
