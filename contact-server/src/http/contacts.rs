//! What agents look up: the history, one contact, its wrap-up.
use axum::{
    Json as Answer,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use contact_core::Input;
use serde::Deserialize;
use shared::{
    ContactId,
    api::{ContactDetail, ContactPage, Problem, WrapUp},
};
use store::HistoryQuery;

use super::{body::Json, checks, path::Segments};
use crate::{
    auth,
    edge::Edge,
    limits,
    problem::{ApiError, Denied},
};

const PAGE: u32 = 25;
const LARGEST_PAGE: u32 = 100;

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryParams {
    /// Text in the name, number, note or wrap-up notes.
    search: Option<String>,
    /// The `next` of the page before.
    before: Option<String>,
    /// 1 to 100; 25 if left out.
    limit: Option<u32>,
}

/// Lists contacts, newest first.
#[utoipa::path(
    get, path = "/api/v1/contacts", tag = "console", params(HistoryParams),
    responses(
        (status = 200, body = ContactPage),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn history(
    State(edge): State<Edge>,
    headers: HeaderMap,
    query: Result<Query<HistoryParams>, QueryRejection>,
) -> Result<Answer<ContactPage>, ApiError> {
    let session = auth::session(&edge, &headers).await?;
    let Query(HistoryParams { search, before, limit }) = query.map_err(|_| bad_query())?;
    if before.as_ref().is_some_and(|before| before.len() > limits::LABEL_BYTES) {
        return Err(bad_query());
    }
    let search = checks::text("search", search.as_deref(), limits::SEARCH_CHARS)?;
    let limit = limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let query = HistoryQuery { search, before, limit };
    Ok(Answer(edge.app.store.history(session.business, &query).await?))
}

/// Tells everything that an agent may know of a contact.
#[utoipa::path(
    get, path = "/api/v1/contacts/{id}", tag = "console", params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = ContactDetail),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn detail(
    State(edge): State<Edge>,
    headers: HeaderMap,
    Segments(id): Segments<String>,
) -> Result<Answer<ContactDetail>, ApiError> {
    let session = auth::session(&edge, &headers).await?;
    let contact = contact_id(&id)?;
    let detail = edge.app.store.contact(session.business, contact).await?;
    detail.map(Answer).ok_or(ApiError::NotFound("contact"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WrapUpParams {
    /// The wrap-up is finished: the contact ends and the agent is ready again.
    #[serde(default)]
    done: bool,
}

/// Saves what the agent makes of a contact.
#[utoipa::path(
    put, path = "/api/v1/contacts/{id}/wrap-up", tag = "console", request_body = WrapUp,
    params(("id" = ContactId, Path), WrapUpParams,
        ("X-Ringside-Csrf" = String, Header, description = "The csrf value of the session")),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")),
)]
pub async fn wrap_up(
    State(edge): State<Edge>,
    headers: HeaderMap,
    Segments(id): Segments<String>,
    query: Result<Query<WrapUpParams>, QueryRejection>,
    body: Json<WrapUp>,
) -> Result<StatusCode, ApiError> {
    let session = auth::changing_session(&edge, &headers).await?;
    let contact = contact_id(&id)?;
    let Query(WrapUpParams { done }) = query.map_err(|_| bad_query())?;
    let site = edge.app.sites.by_id(session.business).ok_or(Denied::Unauthenticated)?;
    checks::wrap_up(&site.business, &body.value)?;
    let input = Input::WrapUpSaved { agent: session.agent, contact, wrap_up: body.value, done };
    edge.app.engine.input(session.business, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn contact_id(text: &str) -> Result<ContactId, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound("contact"))
}

pub(super) fn bad_query() -> ApiError {
    ApiError::Malformed { field: None, detail: "The query cannot be read. Check its values.".to_owned() }
}
