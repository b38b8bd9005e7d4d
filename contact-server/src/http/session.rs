//! Agents sign in and out.
use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use contact_core::Input;
use shared::{
    AgentId, BusinessId,
    api::{Me, Problem, SignIn},
    close,
};
use std::sync::OnceLock;
use store::{AgentLogin, Scope, Token};

use super::{address::Caller, body::Json};
use crate::{
    auth::{self, Session},
    edge::Edge,
    ids, limits,
    passwords::{self, AsideError, Lane},
    problem::{ApiError, Denied},
};

/// Signs an agent in: the session is a cookie that scripts cannot read. Other sessions of the agent end.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "console", request_body = SignIn,
    responses(
        (status = 200, body = Me),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn sign_in(
    State(edge): State<Edge>,
    caller: Caller,
    headers: HeaderMap,
    body: Json<SignIn>,
) -> Result<impl IntoResponse, ApiError> {
    auth::same_site(&edge, &headers)?;
    let SignIn { login, password } = body.value;
    let now = edge.now();
    edge.sign_in.take(caller.0, now).map_err(|retry_after| ApiError::TooMany { retry_after })?;
    // As the store compares logins, so that another spelling is no other login.
    let spelled = ids::hash(&login.trim().to_lowercase());
    edge.logins.take(spelled, now).map_err(|retry_after| ApiError::TooMany { retry_after })?;
    if login.len() > limits::LOGIN_BYTES {
        return Err(Denied::BadCredentials.into());
    }
    let found = edge.app.store.find_login(&login).await?;
    let agent = verify(&edge, found, password).await?;

    end_sessions(&edge, agent.business, agent.agent).await?;
    let (token, csrf) = (ids::token(), ids::token());
    let scope = Scope::AgentSession { agent: agent.agent, csrf: csrf.clone() };
    let hash = ids::hash(&token);
    let expires_at = now + limits::AGENT_SESSION;
    edge.app.store.put_token(&Token { hash, business: agent.business, scope, expires_at }).await?;
    tracing::info!(agent = %agent.agent, "agent signed in");
    let cookie = auth::set_cookie(&edge, &token);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Answer(me(&edge, agent, csrf))))
}

/// Tells who is signed in.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "console",
    responses((status = 200, body = Me), (status = 401, body = Problem, content_type = "application/problem+json")),
)]
pub async fn who(State(edge): State<Edge>, headers: HeaderMap) -> Result<Answer<Me>, ApiError> {
    let Session { business, agent, csrf, .. } = auth::session(&edge, &headers).await?;
    let agent = edge.app.store.agent_login(business, agent).await?.ok_or(Denied::Unauthenticated)?;
    Ok(Answer(me(&edge, agent, csrf)))
}

/// Signs out: the session and the consoles that used it end.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "console",
    params(("X-Ringside-Csrf" = String, Header, description = "The csrf value of the session")),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn sign_out(State(edge): State<Edge>, headers: HeaderMap) -> Result<impl IntoResponse, ApiError> {
    let session = auth::changing_session(&edge, &headers).await?;
    edge.app.store.revoke_token(&session.hash).await?;
    let consoles = edge.hub.desks().of_agent(session.business, session.agent);
    for console in consoles.into_iter().filter(|console| console.session == session.hash) {
        let input = Input::SignedOut { agent: session.agent, station: console.station };
        if let Err(error) = edge.app.engine.input(session.business, input).await {
            // The station is lost with its socket anyway.
            tracing::warn!(agent = %session.agent, %error, "sign-out did not reach the engine");
        }
        console.outbox.close(close::UNAUTHORIZED);
    }
    tracing::info!(agent = %session.agent, "agent signed out");
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, auth::clear_cookie(&edge))])))
}

/// Checks the password. Takes as long for a login that does not exist.
async fn verify(edge: &Edge, found: Option<AgentLogin>, password: String) -> Result<AgentLogin, ApiError> {
    let hash = found.as_ref().map(|login| login.password_hash.clone());
    let is_of_people = edge.sign_ins_of_people.take((), edge.now()).is_ok();
    let lane = if is_of_people { Lane::People } else { Lane::Crowd };
    let is_right = edge.passwords.run(lane, move |memory| {
        let hash = hash.as_deref().unwrap_or_else(|| nobodys_hash());
        passwords::verify_in(memory, &password, hash)
    });
    let is_right = is_right.await.map_err(|error| match error {
        AsideError::Crowded => ApiError::TooMany { retry_after: 2 },
        AsideError::Thread(error) => ApiError::internal(error),
    })?;
    match found {
        Some(login) if is_right => Ok(login),
        found => {
            // No login name: people type passwords there.
            tracing::info!(agent = ?found.map(|login| login.agent), "sign-in refused");
            Err(Denied::BadCredentials.into())
        }
    }
}

/// The hash of a password that nobody knows, made with the same parameters as all.
fn nobodys_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| passwords::hash(&passwords::generate()).unwrap_or_default())
}

/// Ends every session of the agent, and drops the consoles that use one.
async fn end_sessions(edge: &Edge, business: BusinessId, agent: AgentId) -> Result<(), ApiError> {
    edge.app.store.revoke_agent_sessions(business, agent).await?;
    for console in edge.hub.desks().of_agent(business, agent) {
        console.outbox.close(close::DISPLACED);
    }
    Ok(())
}

fn me(edge: &Edge, agent: AgentLogin, csrf: String) -> Me {
    let business = edge.app.sites.by_id(agent.business).map(|site| site.business.name.clone());
    Me {
        agent: agent.agent,
        name: agent.name,
        login: agent.login,
        business: business.unwrap_or_default(),
        csrf,
    }
}
