//! `POST /api/v1/requests`: "Call me".
use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
};
use contact_core::{
    Input, Refusal,
    center::END_READABLE,
    input::{Idempotency, Requested},
    record::Person,
};
use sha2::{Digest as _, Sha256};
use shared::{
    ContactId, Timestamp,
    api::{CallAccepted, CallRequest, Channel, Problem},
    contact::{CustomerStatus, Phase},
    limits::IDEMPOTENCY_KEY_CHARS,
    work,
};

use super::{address::Caller, body::Json, checks, site};
use crate::{
    attack::challenge::Visitor,
    auth,
    edge::Edge,
    ids, limits, numbers,
    ports::{CustomerSnapshot, EngineError},
    problem::{ApiError, Code},
    sites::Site,
    trace::Remote,
    windows,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// W3C Trace Context: a page that traces may find its customer's contact in its own trace.
const PROOF: HeaderName = HeaderName::from_static(work::HEADER);
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Asks for a call.
///
/// Answers 201 when the request is on disk. The same `Idempotency-Key` with the same body gives the same contact
/// with a new token; with another body it is refused.
///
/// A number that was called as often as it may be today and one whose holder wants no calls are refused alike: 422 with
/// the code `number_not_called`.
///
/// While there is an attack the answer is 429 with the code `proof_required` and a challenge in `proof`: the same request
/// with the header `Ringside-Proof` is taken, or one without it after `Retry-After` if the attack is over by then.
#[utoipa::path(
    post, path = "/api/v1/requests", tag = "widget", request_body = CallRequest,
    params(("Idempotency-Key" = String, Header, min_length = 16, max_length = 64,
        description = "Random, new for each request, the same for each try of it"),
        ("Ringside-Proof" = Option<String>, Header, max_length = 256,
        description = "A proof of work, where one was asked for: see ProofAsked")),
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
    // Before anything that costs.
    let proof = headers.get(PROOF).map(|header| header.to_str().unwrap_or_default());
    let origin = auth::origin(&headers).unwrap_or_default();
    let visitor = Visitor { business: site.business.id, origin, network: caller.0 };
    let filled = edge.app.engine.filled(site.business.id);
    edge.app.guard.admit(visitor, proof, filled, now)?;
    let idempotency =
        Idempotency { key: Sha256::digest(key).into(), body: Sha256::digest(&body.bytes).into() };

    let channel = body.value.channel;
    // A page is shown now or not at all.
    let due = if channel == Channel::Page { None } else { due(&body.value, now)? };
    let person = person(&edge, &site, &body.value)?;
    if let Some(e164) = &person.e164 {
        edge.asked
            .take(caller.0, e164, now)
            .map_err(|retry_after| ApiError::TooManyNumbers { retry_after })?;
    }
    let contact = ContactId(ids::fresh(now));
    let token = ids::token();
    let served_until = due.map_or(now + site.settings.wait_limit, |(_, until)| until.max(now));
    let token_expires_at = served_until + limits::CONTACT_TOKEN;
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
    let traceparent = headers.get(TRACEPARENT).and_then(|header| header.to_str().ok());
    edge.app.traces.begins(contact, now, traceparent.and_then(Remote::parse));
    let accepted = edge.app.engine.input(business, Input::Requested(Box::new(requested))).await;
    if accepted.is_err() {
        edge.app.traces.never_was(contact);
    }
    edge.app.traces.answered(contact, now, edge.now());
    let (contact, is_replay) = match accepted {
        Ok(()) => (contact, false),
        Err(EngineError::Refused(Refusal::AcceptedBefore(contact))) => (contact, true),
        Err(error) => return Err(refused(error, edge.now())),
    };
    let renew = async |expires_at| {
        edge.app.store.replace_contact_token(business, contact, &ids::hash(&token), expires_at).await
    };
    if is_replay {
        renew(token_expires_at).await?;
    }
    tracing::info!(%contact, ?channel, is_replay, "request accepted");
    let snapshot = edge.app.snapshots.customer(business, contact).await;
    if is_replay && snapshot.as_ref().is_ok_and(is_over) {
        // What ended before the new token was stored could not end it.
        renew(edge.now() + END_READABLE).await?;
    }
    let status = match snapshot {
        Ok(Some(snapshot)) => snapshot.status,
        // The request is on disk, whatever became of the engine since: the page hears more on its socket.
        Ok(None) | Err(_) => first_status(channel, due, now),
    };
    Ok((StatusCode::CREATED, Answer(CallAccepted { contact, token, status })))
}

fn is_over(snapshot: &Option<CustomerSnapshot>) -> bool {
    snapshot.as_ref().is_none_or(|snapshot| snapshot.status.phase == Phase::Ended)
}

/// Says when a budget has room again, which the refusal knows as an instant.
fn refused(error: EngineError, now: Timestamp) -> ApiError {
    if let EngineError::Refused(Refusal::BudgetSpent { until }) = error {
        let seconds = u32::try_from(until.since(now).as_secs()).unwrap_or(u32::MAX);
        return ApiError::BudgetSpent { retry_after: seconds.max(1) };
    }
    error.into()
}

fn idempotency_key(headers: &HeaderMap) -> Result<&[u8], ApiError> {
    headers
        .get(IDEMPOTENCY_KEY)
        .map(axum::http::HeaderValue::as_bytes)
        .filter(|key| IDEMPOTENCY_KEY_CHARS.contains(&key.len()) && key.iter().all(u8::is_ascii_graphic))
        .ok_or_else(|| {
            ApiError::invalid(
                "Idempotency-Key",
                Code::IdempotencyKey,
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
    if request.consent != site.business.consent().0 {
        return Err(ApiError::invalid(
            "consent",
            Code::ConsentOutdated,
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
                Code::BrowserVoiceOff,
                "This business calls telephones only. Give a number.",
            ));
        }
        (Channel::Browser | Channel::Page, _) => None,
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
        phase: match (channel, due) {
            (Channel::Page, _) => Phase::Showing,
            (Channel::Telephone | Channel::Browser, Some(_)) => Phase::Scheduled,
            (Channel::Telephone | Channel::Browser, None) => Phase::Waiting,
        },
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
