//! What browsers load: `dist/`, embedded into release builds and read from disk in debug builds.
//!
//! `cargo xtask build` writes it, with a `.br` sibling of whatever is worth compressing. Only names that stand in
//! it are ever looked up, segment by segment checked, so no path leads out of it.
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    edge::Edge,
    http::{headers, path::Segments},
    ids,
    problem::ApiError,
};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../dist"]
struct Dist;

/// Changes with each release and may be asked for by pages that are still open.
const SHORT: &str = "public, max-age=300";
/// The name changes with the content.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Asked for again each time, and answered with 304 if nothing changed.
const CHECKED: &str = "no-cache";

/// Routes of everything that is a file.
pub fn routes(edge: &Edge) -> Router<Edge> {
    let mut routes = Router::new()
        .route("/widget.js", get(loader))
        .route("/app/{hash}/{*path}", get(app))
        .route("/call/{*path}", get(call))
        .route("/console", get(|| async { Redirect::permanent("/console/") }))
        .route("/console/", get(console_start))
        .route("/console/{*path}", get(console));
    if edge.app.config.demo {
        routes = routes
            .route("/handset", get(|| async { Redirect::permanent("/handset/") }))
            .route("/handset/", get(handset_start))
            .route("/handset/{*path}", get(handset));
    }
    routes
}

async fn loader(headers: HeaderMap) -> Result<Response, ApiError> {
    Ok(shared(file(&headers, "widget.js", SHORT)?))
}

/// Files of the widget, under a name that changes with their content. A page that was open over an update gets
/// the current ones.
async fn app(
    Segments((hash, path)): Segments<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asked = file(&headers, &format!("app/{hash}/{path}"), IMMUTABLE);
    let answer = match asked {
        Ok(answer) => answer,
        Err(_) => {
            let current = current_app().ok_or(ApiError::NoSuchPage)?;
            file(&headers, &format!("{current}/{path}"), SHORT)?
        }
    };
    Ok(shared(answer))
}

/// Files of the small window, whose start page is [`crate::call`].
async fn call(
    State(edge): State<Edge>,
    Segments(path): Segments<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    page(&edge, &headers, "call", &path)
}

/// A text file, to be filled in.
pub(crate) fn text(path: &str) -> Option<String> {
    String::from_utf8(Dist::get(path)?.data.into_owned()).ok()
}

async fn console_start(State(edge): State<Edge>, headers: HeaderMap) -> Result<Response, ApiError> {
    page(&edge, &headers, "console", "")
}

async fn console(
    State(edge): State<Edge>,
    Segments(path): Segments<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    page(&edge, &headers, "console", &path)
}

async fn handset_start(State(edge): State<Edge>, headers: HeaderMap) -> Result<Response, ApiError> {
    page(&edge, &headers, "handset", "")
}

async fn handset(
    State(edge): State<Edge>,
    Segments(path): Segments<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    page(&edge, &headers, "handset", &path)
}

/// A file of one of this server's own apps; an address inside the app gives its start page.
fn page(edge: &Edge, request: &HeaderMap, app: &str, path: &str) -> Result<Response, ApiError> {
    let path = if path.contains('.') { path } else { "index.html" };
    let mut response = file(request, &format!("{app}/{path}"), CHECKED)?;
    if let Ok(policy) = HeaderValue::from_str(&headers::page_policy(edge)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// The folder below `app/`: there is one.
fn current_app() -> Option<String> {
    Dist::iter().find_map(|name| {
        let (hash, _) = name.strip_prefix("app/")?.split_once('/')?;
        Some(format!("app/{hash}"))
    })
}

/// Answers with a file, compressed if the client takes that and there is a compressed one.
fn file(request: &HeaderMap, path: &str, caching: &'static str) -> Result<Response, ApiError> {
    if !is_plain(path) {
        return Err(ApiError::NoSuchPage);
    }
    let plain = Dist::get(path).ok_or(ApiError::NoSuchPage)?;
    let kind = content_type(plain.metadata.mimetype());
    let compressed = takes_brotli(request).then(|| Dist::get(&format!("{path}.br"))).flatten();
    let is_compressed = compressed.is_some();
    let EmbeddedFile { data, metadata } = compressed.unwrap_or(plain);
    let tag = format!("\"{}\"", &ids::hex(&metadata.sha256_hash())[..32]);
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let common = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::VARY, "Accept-Encoding".to_owned()),
    ];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let data = match data {
        std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
        std::borrow::Cow::Owned(data) => Bytes::from(data),
    };
    let mut response = (common, [(header::CONTENT_TYPE, kind)], data).into_response();
    if is_compressed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Ok(response)
}

/// Pages of every merchant may load it.
fn shared(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

/// Segments that are names: neither empty nor hidden, no way up, nothing that a file system reads otherwise.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|segment| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    })
}

fn takes_brotli(request: &HeaderMap) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
            is_brotli && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}

fn content_type(guessed: &str) -> String {
    if guessed.starts_with("text/") { format!("{guessed}; charset=utf-8") } else { guessed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out() {
        for path in [
            "../Cargo.toml",
            "app/../../x",
            "a//b",
            "/etc/passwd",
            "a\\..\\b",
            ".git/config",
            "a/%2e%2e/b",
            "a\0b",
            "",
        ] {
            assert!(!is_plain(path), "{path}");
        }
        assert!(is_plain("app/0a1b/widget_bg.wasm.br"));
    }

    #[test]
    fn brotli_is_sent_to_those_who_take_it() {
        let request = |value: &'static str| {
            HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))])
        };
        assert!(takes_brotli(&request("gzip, deflate, br")));
        assert!(!takes_brotli(&request("gzip, br;q=0")));
        assert!(!takes_brotli(&HeaderMap::new()));
    }
}
