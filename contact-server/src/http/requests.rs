//! `POST /api/v1/requests`: "Call me".
use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
};
use contact_core::{
    Input, Refusal,
    input::{Idempotency, Requested},
    record::Person,
};
use sha2::{Digest as _, Sha256};
use shared::{
    ContactId, Timestamp,
    api::{CallAccepted, CallRequest, Channel, Problem},
    contact::{CustomerStatus, Phase},
    limits::IDEMPOTENCY_KEY_CHARS,
};

use super::{address::Caller, body::Json, checks, site};
use crate::{edge::Edge, ids, limits, numbers, ports::EngineError, problem::ApiError, sites::Site, windows};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Asks for a call.
///
/// Answers 201 when the request is on disk. The same `Idempotency-Key` with the same body gives the same contact
/// with a new token; with another body it is refused.
#[utoipa::path(
    post, path = "/api/v1/requests", tag = "widget", request_body = CallRequest,
    params(("Idempotency-Key" = String, Header, min_length = 16, max_length = 64,
        description = "Random, new for each request, the same for each try of it")),
    responses(
        (status = 201, body = CallAccepted),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(edge): State<Edge>,
    caller: Caller,
    headers: HeaderMap,
    body: Json<CallRequest>,
) -> Result<(StatusCode, Answer<CallAccepted>), ApiError> {
    let now = edge.now();
    let site = site::of_key(&edge, &body.value.business, &headers)?;
    edge.requests.take(caller.0, now).map_err(|retry_after| ApiError::TooMany { retry_after })?;
    let key = idempotency_key(&headers)?;
    let idempotency =
        Idempotency { key: Sha256::digest(key).into(), body: Sha256::digest(&body.bytes).into() };

    let due = due(&body.value, now)?;
    let channel = body.value.channel;
    let person = person(&edge, &site, &body.value)?;
    let contact = ContactId(ids::fresh(now));
    let token = ids::token();
    let token_expires_at = due.map_or(now, |(_, until)| until.max(now)) + limits::CONTACT_TOKEN;
    let requested = Requested {
        contact,
        channel,
        person,
        skill: body.value.skill.clone().unwrap_or_default(),
        due,
        token: ids::hash(&token),
        token_expires_at,
        idempotency,
        consent: body.value.consent.clone(),
    };
    let business = site.business.id;
    let contact = match edge.app.engine.input(business, Input::Requested(Box::new(requested))).await {
        Ok(()) => contact,
        Err(EngineError::Refused(Refusal::AcceptedBefore(contact))) => {
            edge.app
                .store
                .replace_contact_token(business, contact, &ids::hash(&token), token_expires_at)
                .await?;
            contact
        }
        Err(error) => return Err(error.into()),
    };
    tracing::info!(%contact, ?channel, "request accepted");
    let status = match edge.app.snapshots.customer(business, contact).await {
        Ok(Some(snapshot)) => snapshot.status,
        // The request is on disk, whatever became of the engine since: the page hears more on its socket.
        Ok(None) | Err(_) => first_status(channel, due, now),
    };
    Ok((StatusCode::CREATED, Answer(CallAccepted { contact, token, status })))
}

fn idempotency_key(headers: &HeaderMap) -> Result<&[u8], ApiError> {
    headers
        .get(IDEMPOTENCY_KEY)
        .map(axum::http::HeaderValue::as_bytes)
        .filter(|key| IDEMPOTENCY_KEY_CHARS.contains(&key.len()) && key.iter().all(u8::is_ascii_graphic))
        .ok_or_else(|| {
            ApiError::invalid(
                "Idempotency-Key",
                "idempotency_key",
                format!(
                    "Send a random Idempotency-Key header of {} to {} characters, new for each request.",
                    IDEMPOTENCY_KEY_CHARS.start(),
                    IDEMPOTENCY_KEY_CHARS.end()
                ),
            )
        })
}

fn due(request: &CallRequest, now: Timestamp) -> Result<Option<(Timestamp, Timestamp)>, ApiError> {
    let Some(window) = &request.window else { return Ok(None) };
    windows::resolve(window, now)
        .map(Some)
        .map_err(|fault| ApiError::invalid(fault.field(), fault.code(), fault.to_string()))
}

/// Checks everything that the page says about its customer.
fn person(edge: &Edge, site: &Site, request: &CallRequest) -> Result<Person, ApiError> {
    if request.consent != site.business.consent_version {
        return Err(ApiError::invalid(
            "consent",
            "consent_outdated",
            "The text above the button has changed since. Reload the page, read it and try again.",
        ));
    }
    let number = match (request.channel, &request.number) {
        (Channel::Telephone, number) => {
            let text = number.as_deref().unwrap_or_default();
            Some(site::number(edge, site, text, request.region.as_deref())?)
        }
        (Channel::Browser, _) if !site.business.browser_voice => {
            return Err(ApiError::invalid(
                "channel",
                "browser_voice_off",
                "This business calls telephones only. Give a number.",
            ));
        }
        (Channel::Browser, _) => None,
    };
    checks::label("skill", request.skill.as_deref().unwrap_or_default())?;
    let language = checks::language(request.language.as_deref());
    let (e164, international, region) = match number {
        Some(numbers::Number { e164, international, region }) => {
            (Some(e164), Some(international), Some(region))
        }
        None => (None, None, None),
    };
    Ok(Person {
        e164,
        number: international,
        region,
        name: checks::text("name", request.name.as_deref(), limits::NAME_CHARS)?,
        note: checks::text("note", request.note.as_deref(), shared::limits::NOTE_CHARS)?,
        trail: checks::trail(&request.trail)?,
        context: checks::context(request.context.as_deref())?,
        time_zone: checks::time_zone(request.time_zone.as_deref()),
        language,
    })
}

fn first_status(channel: Channel, due: Option<(Timestamp, Timestamp)>, now: Timestamp) -> CustomerStatus {
    CustomerStatus {
        phase: if due.is_some() { Phase::Scheduled } else { Phase::Waiting },
        channel,
        since: now,
        position: None,
        wait_seconds: None,
        agent: None,
        reason: None,
        attempts: 0,
        sharing: true,
    }
}
