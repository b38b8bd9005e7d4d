//! The demo's virtual telephone: the code of its link is exchanged for a token.
use axum::{Json as Answer, extract::State};
use shared::api::{HandsetCode, HandsetToken, Problem};
use store::{Scope, Token};

use super::{address::Caller, body::Json};
use crate::{
    edge::Edge,
    ids, limits,
    problem::{ApiError, Denied},
};

/// Exchanges a single-use code for the token of a virtual telephone. Demo only.
#[utoipa::path(
    post, path = "/api/v1/handset", tag = "handset", request_body = HandsetCode,
    responses(
        (status = 200, body = HandsetToken),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn exchange(
    State(edge): State<Edge>,
    caller: Caller,
    body: Json<HandsetCode>,
) -> Result<Answer<HandsetToken>, ApiError> {
    if !edge.app.config.demo {
        return Err(ApiError::NoSuchPage);
    }
    let now = edge.now();
    edge.sign_in.take(caller.0, now).map_err(|retry_after| ApiError::TooMany { retry_after })?;
    let store = &edge.app.store;
    let code = ids::hash(&body.value.code);
    // Looked at first, so that a token of another kind is not used up here.
    let is_code = |token: &Token| matches!(token.scope, Scope::HandsetCode { .. });
    if !store.find_token(&code, now).await?.is_some_and(|token| is_code(&token)) {
        return Err(Denied::BadCode.into());
    }
    let Some(Token { business, scope: Scope::HandsetCode { e164 }, .. }) =
        store.take_token(&code, now).await?
    else {
        return Err(Denied::BadCode.into());
    };
    let token = ids::token();
    let handset = Token {
        hash: ids::hash(&token),
        business,
        scope: Scope::Handset { e164 },
        expires_at: now + limits::HANDSET_TOKEN,
    };
    store.put_token(&handset).await?;
    Ok(Answer(HandsetToken { token }))
}
