//! For whoever watches the process, and the page that a mirrored page is built in.
use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{Html, IntoResponse, Response},
};

use super::headers;
use crate::{auth, edge::Edge, problem::ApiError};

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = String)))]
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The server takes requests: its database takes writes, its disk has room, and it is not going down.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses((status = 200, body = String), (status = 503, body = shared::api::Problem)),
)]
pub async fn ready(State(edge): State<Edge>) -> Result<&'static str, ApiError> {
    match edge.app.health.ready().await {
        Ok(()) => Ok("ready\n"),
        // The reason is the operators' (`metrics_listen`, and the log).
        Err(_) => Err(ApiError::Unavailable),
    }
}

const EMPTY: &str = "<!doctype html><html><head><meta charset=\"utf-8\"><title>Customer's page</title></head>\
    <body></body></html>";

/// An empty document with a policy of its own. What it may load is the business's of the agent who is signed in;
/// for anybody else it may load nothing.
pub async fn replica(State(edge): State<Edge>, request_headers: HeaderMap) -> Response {
    let session = auth::session(&edge, &request_headers).await.ok();
    let site = session.and_then(|session| edge.app.sites.by_id(session.business));
    let origins = site.map(|site| site.business.origins.clone()).unwrap_or_default();
    let policy = headers::replica_policy(&origins);
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(EMPTY)).into_response()
}
