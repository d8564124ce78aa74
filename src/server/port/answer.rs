//! From a request to its call: who asks, whether they may, and whether it is too much.

use std::{convert::Infallible, sync::Arc};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::body::Incoming;
use tokio::sync::SetOnce;
use tonic::{body::Body, service::Routes};
use tower::ServiceExt;

use super::{Peer, admitted::Admitted, foreign, held::Held, inflow::Inflow};
use crate::{
    server::{
        bounds::Bounds, ending::Ending, explained, ready, reason::Reason, settings::Settings, status,
        unsent::Counted,
    },
    wire::STORE_HEADER,
};

/// What the calls of one connection have in common.
pub(super) struct Line {
    pub(super) peer: Peer,
    pub(super) ending: Ending,
    /// Set when somebody who is known here has made a call.
    pub(super) is_known: SetOnce<()>,
}

/// What answers the requests of all connections.
pub(in crate::server) struct Answering {
    pub(in crate::server) settings: Settings,
    pub(in crate::server) bounds: Bounds,
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
        let mut response = match is_grpc(&request) {
            Ok(()) => self.call(line, request).await?,
            Err(code) => {
                let message = "this port speaks gRPC: POST, with the content-type application/grpc";
                let mut response: Response<Body> = status::new(Reason::NotGrpc, message).into_http();
                // Who is here by mistake understands this rather.
                *response.status_mut() = code;
                response
            }
        };
        response.headers_mut().insert(HeaderName::from_static(STORE_HEADER), self.store.clone());
        Ok(response)
    }

    async fn call(&self, line: &Line, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let admitted = self.settings.access.admit(&line.peer, request.uri().path(), request.headers());
        let admitted = admitted.and_then(|caller| {
            let path = request.uri().path();
            let watching = (!caller.is_known() && foreign::is_watch(path)).then(|| self.bounds.watch());
            Ok((self.bounds.open(&line.peer, &caller)?, watching.transpose()?, caller))
        });
        let (open, watching, caller) = match admitted {
            Ok(admitted) => admitted,
            Err(status) => return Ok(status.into_http()),
        };
        let open = Arc::new(open);
        if caller.is_known() {
            // The first one says it.
            let _ = line.is_known.set(());
        }
        let path = request.uri().path();
        let (foreign, in_batches) = (foreign::is(path), IN_BATCHES.contains(&path));
        let request = request.map(|body| {
            let inflow = Inflow::new(body, open.account().clone(), line.ending.settled());
            Body::new(if in_batches { inflow } else { inflow.counting() })
        });
        let mut request = request.map(|body| Admitted::request(body, &caller));
        request.extensions_mut().insert(caller.clone());
        request.extensions_mut().insert(open.clone());
        request.extensions_mut().insert(line.ending.clone());
        let response = ready::put_in_place(self.routes.clone().oneshot(request).await?);
        let mut response = if foreign { foreign::until(&line.ending, watching, response) } else { response };
        explained::explain(response.headers_mut());
        let counted = response.extensions_mut().remove::<Counted>();
        Ok(response.map(|body| Body::new(Held::new(Admitted::answer(body, &caller), counted, open))))
    }
}

/// Calls that count their messages themselves, as many at a time as there are.
const IN_BATCHES: [&str; 3] = ["/Contact/sendStatus", "/Contact/tellResult", "/Contact/submitTask"];

/// Whether a request can be a call; otherwise what HTTP says to it.
fn is_grpc<T>(request: &Request<T>) -> Result<(), StatusCode> {
    if request.method() != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let what = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    let is_grpc = ["application/grpc", "application/grpc+proto"].contains(&&what.to_ascii_lowercase()[..]);
    is_grpc.then_some(()).ok_or(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_a_call() {
        let request = |method: &str, content_type: &str| {
            is_grpc(&Request::builder().method(method).header("content-type", content_type).body(()).unwrap())
        };
        for content_type in ["application/grpc", "application/grpc+proto", "Application/gRPC; charset=utf-8"]
        {
            assert_eq!(request("POST", content_type), Ok(()), "{content_type}");
        }
        for content_type in ["", "text/plain", "application/grpc-web", "application/grpc+json"] {
            assert_eq!(request("POST", content_type), Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        assert_eq!(request("GET", "application/grpc"), Err(StatusCode::METHOD_NOT_ALLOWED));
        let none = Request::builder().method("POST").body(()).unwrap();
        assert_eq!(is_grpc(&none), Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
}
