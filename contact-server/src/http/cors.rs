//! Cross-origin rules of the public interface: pages of the businesses' listed origins may ask, and nobody else.
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    auth,
    edge::Edge,
    problem::{ApiError, Denied},
};

/// Seconds that a browser may remember a preflight's answer.
const PREFLIGHT_SECONDS: &str = "600";

/// Answers preflights, and lets pages of listed origins read answers (problems as well). Which key an origin may
/// use is checked where the key is known.
pub async fn public(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let origin = auth::origin(request.headers())
        .filter(|origin| edge.app.sites.knows_origin(origin))
        .and_then(|origin| HeaderValue::from_str(origin).ok());
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (is_preflight, &origin) {
        (false, _) => next.run(request).await,
        (true, None) => ApiError::from(Denied::OriginNotAllowed).into_response(),
        (true, Some(_)) => (
            StatusCode::NO_CONTENT,
            [
                (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
                (
                    header::ACCESS_CONTROL_ALLOW_HEADERS,
                    "content-type, idempotency-key, traceparent, ringside-proof",
                ),
                (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
            ],
        )
            .into_response(),
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    }
    response
}
