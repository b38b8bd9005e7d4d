//! What every answer says about itself, and the policies of the pages that this server gives out.
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt as _;

use crate::{edge::Edge, problem::ApiError};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// For answers that are no pages: they load nothing and nobody frames them.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// A panic becomes a 500, and every answer gets the headers that it lacks.
pub async fn guard(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    // A handler that panicked holds nothing that others see: state is behind locks that survive poisoning.
    let answer = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answer.unwrap_or_else(|_| {
        ApiError::internal(std::io::Error::other("a handler panicked; see the log before this line"))
            .into_response()
    });
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::CONTENT_SECURITY_POLICY, NO_PAGE);
    default(header::CACHE_CONTROL, "no-store");
    default(RESOURCE_POLICY, "same-origin");
    default(OPENER_POLICY, "same-origin");
    default(PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=(self), autoplay=(self), payment=()");
    if edge.secure() {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

/// Of the console and the handset.
pub fn page_policy(edge: &Edge) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
         connect-src 'self' {}; img-src 'self' data:; font-src 'self'; media-src 'self' blob:; \
         frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        edge.socket_origin
    )
}

/// Of the empty document that the mirrored page is built in: it runs nothing, and loads images, fonts and styles
/// from the business's own origins alone.
pub fn replica_policy(origins: &[String]) -> String {
    let origins = origins.iter().filter(|origin| is_origin(origin)).fold(String::new(), |mut all, origin| {
        all.push(' ');
        all.push_str(origin);
        all
    });
    format!(
        "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'{origins}; \
         font-src data:{origins}; img-src blob: data:{origins}; frame-ancestors 'self'; base-uri 'none'; \
         form-action 'none'"
    )
}

/// True for what a browser would send as an origin: nothing else may get into a policy.
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_origins_get_into_the_policy_of_the_replica() {
        let policy = replica_policy(&[
            "https://shop.example".into(),
            "https://evil.example; script-src *".into(),
            "javascript:alert(1)".into(),
            "*".into(),
        ]);
        assert!(policy.contains("img-src blob: data: https://shop.example;"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains('*'), "{policy}");
    }
}
