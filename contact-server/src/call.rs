//! The small window in which a call in the page goes on when the shop's page is left (`/call/?business=KEY`).
//!
//! It is given the contact token by a message of the shop's page. Whose messages it may take, the server writes into
//! the page: the business's own origins.
use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde::Deserialize;

use crate::{
    edge::Edge,
    http::headers,
    problem::{ApiError, Denied},
};

/// The page that opened the window must be able to speak with it.
const OPENER: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("unsafe-none"));

#[derive(Deserialize)]
struct Asked {
    business: String,
}

/// Where the page lies; its files are [`crate::assets`].
pub fn routes() -> Router<Edge> {
    Router::new().route("/call", get(|| async { Redirect::permanent("/call/") })).route("/call/", get(start))
}

async fn start(
    State(edge): State<Edge>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(Asked { business }) = asked.map_err(|_| Denied::UnknownKey)?;
    let site = edge.app.sites.by_key(&business).ok_or(Denied::UnknownKey)?;
    let page = crate::assets::text("call/index.html").ok_or(ApiError::NoSuchPage)?;
    let page = page
        .replace("__ORIGINS__", &escaped(&site.business.origins.join(" ")))
        .replace("__NAME__", &escaped(&site.business.name));
    let mut response = ([OPENER], Html(page)).into_response();
    if let Ok(policy) = HeaderValue::from_str(&headers::page_policy(&edge)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// As text or in a quoted attribute of HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text() {
        assert_eq!(escaped("A&B \"<i>\""), "A&amp;B &quot;&lt;i&gt;&quot;");
    }
}
