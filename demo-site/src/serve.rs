//! Looks a path up and answers, with the headers that a careful merchant sends.
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use crate::{files, origin::Origin, pages};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

struct Site {
    documents: BTreeMap<String, Document>,
    not_found: Document,
    policy: HeaderValue,
}

struct Document {
    mime: HeaderValue,
    etag: HeaderValue,
    body: Bytes,
}

impl Document {
    fn new(mime: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        let etag = HeaderValue::from_str(&etag).expect("quotes and hexadecimal digits are visible ASCII");
        Self { mime: HeaderValue::from_static(mime), etag, body }
    }
}

pub(crate) fn router(server: &Origin) -> Router {
    let mut documents = BTreeMap::new();
    for file in files::FILES.iter().chain([&files::TOKENS]) {
        documents.insert(file.path.to_owned(), Document::new(file.mime, file.bytes));
    }
    for page in pages::all(server) {
        documents.insert(page.path, Document::new(files::HTML, page.html));
    }
    let policy = HeaderValue::from_str(&policy(server))
        .expect("an origin holds letters, digits, dots, hyphens and colons, the rest is written here");
    let not_found = Document::new(files::HTML, pages::not_found(server));
    let site = Arc::new(Site { documents, not_found, policy });
    Router::new().route("/", get(answer)).route("/{*path}", get(answer)).with_state(site)
}

/// Nothing from anywhere but the shop itself, and what the widget needs: its script and WASM, its requests and
/// its WebSockets. Its styles come through constructed style sheets, which need no permission.
fn policy(server: &Origin) -> String {
    let (http, ws) = (server.http(), server.ws());
    format!(
        "default-src 'none'; script-src 'self' {http} 'wasm-unsafe-eval'; connect-src {http} {ws}; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

async fn answer(State(site): State<Arc<Site>>, uri: Uri, request: HeaderMap) -> Response {
    let (status, document) = match site.documents.get(uri.path()) {
        Some(document) => (StatusCode::OK, document),
        None => (StatusCode::NOT_FOUND, &site.not_found),
    };
    let known = status == StatusCode::OK && has_current(&request, &document.etag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (status, document.body.clone()).into_response()
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, document.mime.clone());
    }
    if status == StatusCode::OK {
        headers.insert(header::ETAG, document.etag.clone());
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, site.policy.clone());
    for (name, value) in [
        // Kept, but asked about each time: a rebuilt shop shows at once.
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        // For "Talk in this browser"; nothing else of the kind is used here.
        (PERMISSIONS_POLICY, "microphone=(self), camera=(), geolocation=(), payment=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// True if the browser holds this version already (RFC 9110, section 13.1.2: weak comparison).
fn has_current(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let held = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    held.flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one).as_bytes() == etag.as_bytes()
    })
}
