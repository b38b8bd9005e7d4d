//! Who asks: agents by a session cookie, everybody else by a token in a body or a first message.
use axum::http::{HeaderMap, HeaderValue, header};
use contact_core::record::TokenHash;
use shared::{AgentId, BusinessId, Timestamp};
use store::{Scope, Token};

use crate::{
    edge::Edge,
    ids, limits,
    problem::{ApiError, Denied},
};

/// Goes with every request of a console that changes something.
pub const CSRF_HEADER: &str = "x-ringside-csrf";
const COOKIE: &str = "ringside_session";
/// Browsers take a cookie of that prefix only from https, for this host alone and for every path.
const SECURE_COOKIE: &str = "__Host-ringside_session";
/// A cookie longer than a token is not looked up.
const TOKEN_CHARS: usize = 64;

/// An agent's session that is good now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Of its token.
    pub hash: TokenHash,
    pub business: BusinessId,
    pub agent: AgentId,
    pub csrf: String,
    pub expires_at: Timestamp,
}

/// Finds the session of the request's cookie.
pub async fn session(edge: &Edge, headers: &HeaderMap) -> Result<Session, ApiError> {
    let hash = cookie(edge, headers).ok_or(Denied::Unauthenticated)?;
    match edge.app.store.find_token(&hash, edge.now()).await? {
        Some(Token { business, scope: Scope::AgentSession { agent, csrf }, expires_at, .. }) => {
            Ok(Session { hash, business, agent, csrf, expires_at })
        }
        Some(_) | None => Err(Denied::Unauthenticated.into()),
    }
}

/// Finds the session of a request that changes something: it must come from this server's own pages and carry
/// the session's CSRF value.
pub async fn changing_session(edge: &Edge, headers: &HeaderMap) -> Result<Session, ApiError> {
    same_site(edge, headers)?;
    let session = session(edge, headers).await?;
    let csrf = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes);
    if csrf.map(ids_hash) != Some(ids_hash(session.csrf.as_bytes())) {
        return Err(Denied::CrossSite.into());
    }
    Ok(session)
}

/// Refuses what a browser says comes from another site. Clients that say nothing are no browsers, and carry no
/// one's cookie unknowingly.
pub fn same_site(edge: &Edge, headers: &HeaderMap) -> Result<(), ApiError> {
    let origin_is_ours =
        headers.get(header::ORIGIN).is_none_or(|origin| origin.as_bytes() == edge.origin.as_bytes());
    let site_is_ours =
        headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    if origin_is_ours && site_is_ours { Ok(()) } else { Err(Denied::CrossSite.into()) }
}

/// The origin that a browser says the page is of.
pub fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).and_then(|value| value.to_str().ok())
}

/// Hash of the session token in the request's cookie. Of two that differ somebody else planted one (a page of
/// a neighbouring host can): neither counts.
pub fn cookie(edge: &Edge, headers: &HeaderMap) -> Option<TokenHash> {
    let mut tokens = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == cookie_name(edge))
        .map(|(_, token)| token);
    let token = tokens.next().filter(|token| token.len() == TOKEN_CHARS)?;
    tokens.all(|other| other == token).then(|| ids::hash(token))
}

/// The header that gives the browser its session.
pub fn set_cookie(edge: &Edge, token: &str) -> String {
    format!("{}={token}{}; Max-Age={}", cookie_name(edge), attributes(edge), limits::AGENT_SESSION.as_secs())
}

/// The header that takes it away.
pub fn clear_cookie(edge: &Edge) -> String {
    format!("{}={}; Max-Age=0", cookie_name(edge), attributes(edge))
}

fn cookie_name(edge: &Edge) -> &'static str {
    if edge.secure() { SECURE_COOKIE } else { COOKIE }
}

fn attributes(edge: &Edge) -> &'static str {
    if edge.secure() {
        "; Path=/; HttpOnly; SameSite=Strict; Secure"
    } else {
        "; Path=/; HttpOnly; SameSite=Strict"
    }
}

/// Compared by hash, so that the time of a comparison tells nothing of the value.
fn ids_hash(value: &[u8]) -> TokenHash {
    ids::hash(&String::from_utf8_lossy(value))
}
