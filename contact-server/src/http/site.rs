//! What the widget asks before its customer does: what the site offers, and whether a number can be called.
use axum::{
    Json as Answer,
    extract::State,
    http::{HeaderMap, Method},
};
use std::sync::Arc;

use shared::{
    api::{FrameRules, NumberAnswer, NumberQuestion, Problem, SiteInfo},
    wire::mirror::Masking,
};

use super::{address::Caller, body::Json, path::Segments};
use crate::{
    auth,
    edge::Edge,
    limits, masking,
    numbers::{self, Number, NumberFault},
    problem::{ApiError, Denied},
    sites::Site,
    ws,
};

/// Tells what a site offers.
#[utoipa::path(
    get, path = "/api/v1/sites/{key}", tag = "widget",
    params(("key" = String, Path, description = "The business key of the script tag")),
    responses(
        (status = 200, body = SiteInfo),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn info(
    State(edge): State<Edge>,
    caller: Caller,
    Segments(key): Segments<String>,
    headers: HeaderMap,
) -> Result<Answer<SiteInfo>, ApiError> {
    edge.numbers.take(caller.0, edge.now()).map_err(|retry_after| ApiError::TooMany { retry_after })?;
    let site = find(&edge, &key, &headers, &Method::GET)?;
    // An engine that cannot answer now has no estimate.
    let wait_seconds = edge.app.snapshots.wait_seconds(site.business.id, "").await.unwrap_or(None);
    let Site { business, settings } = &*site;
    let (consent_version, consent_text) = business.consent();
    Ok(Answer(SiteInfo {
        name: business.name.clone(),
        default_region: business.default_region.clone(),
        regions: settings.regions.iter().cloned().collect(),
        consent_version,
        consent_text,
        wait_seconds,
        browser_voice: business.browser_voice,
        show_page: settings.show_page,
        telephone: edge.app.lines.has_telephones(business.id),
        fallback_number: business.fallback_number.clone(),
        mask_selectors: business.mask_selectors.clone(),
    }))
}

/// Tells whether pages of two origins, one in a frame of the other, belong to one business, and how they are masked.
/// Each of the two asks for itself, with the origin that its browser says.
#[utoipa::path(
    get, path = "/api/v1/sites/{key}/frames/{origin}", tag = "widget",
    params(
        ("key" = String, Path, description = "The business key of the script tag"),
        ("origin" = String, Path, description = "The other page's origin, escaped"),
    ),
    responses(
        (status = 200, body = FrameRules),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn frame(
    State(edge): State<Edge>,
    caller: Caller,
    Segments((key, other)): Segments<(String, String)>,
    headers: HeaderMap,
) -> Result<Answer<FrameRules>, ApiError> {
    edge.numbers.take(caller.0, edge.now()).map_err(|retry_after| ApiError::TooMany { retry_after })?;
    // Whoever does not say its origin is no page in a frame.
    let site = of_key(&edge, &key, &headers)?;
    if !site.allows_origin(&other) {
        return Err(Denied::OriginNotAllowed.into());
    }
    let masking = match ws::mirror::masking(&site.business, edge.app.config.demo) {
        Masking::Balanced => "balanced",
        Masking::Strict => "strict",
        Masking::Off => "off",
    };
    Ok(Answer(FrameRules { masking: masking.into(), rules: masking::rules(&site.business) }))
}

/// Tells whether a number can be called, and how it is written.
#[utoipa::path(
    post, path = "/api/v1/numbers", tag = "widget", request_body = NumberQuestion,
    responses(
        (status = 200, body = NumberAnswer),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn check_number(
    State(edge): State<Edge>,
    caller: Caller,
    headers: HeaderMap,
    body: Json<NumberQuestion>,
) -> Result<Answer<NumberAnswer>, ApiError> {
    let site = of_key(&edge, &body.value.business, &headers)?;
    edge.numbers.take(caller.0, edge.now()).map_err(|retry_after| ApiError::TooMany { retry_after })?;
    let Number { e164, international, region } =
        number(&edge, &site, &body.value.number, body.value.region.as_deref())?;
    Ok(Answer(NumberAnswer { e164, international, region }))
}

/// The business of a key, for a page of an origin that may use it. What changes something or costs must say its
/// origin, as browsers do.
pub fn of_key(edge: &Edge, key: &str, headers: &HeaderMap) -> Result<Arc<Site>, ApiError> {
    find(edge, key, headers, &Method::POST)
}

fn find(edge: &Edge, key: &str, headers: &HeaderMap, method: &Method) -> Result<Arc<Site>, ApiError> {
    let site = edge.app.sites.by_key(key).ok_or(Denied::UnknownKey)?;
    let may = match auth::origin(headers) {
        Some(origin) => site.allows_origin(origin),
        // A page of this very server sends no origin with a GET.
        None => method == Method::GET && !headers.contains_key(axum::http::header::ORIGIN),
    };
    if may { Ok(site) } else { Err(Denied::OriginNotAllowed.into()) }
}

/// Reads a number, of a region that the business calls.
pub fn number(edge: &Edge, site: &Site, text: &str, region: Option<&str>) -> Result<Number, ApiError> {
    if text.chars().count() > limits::NUMBER_CHARS {
        let fault = NumberFault::TooLong;
        return Err(ApiError::invalid("number", fault.code(), fault.to_string()));
    }
    let region = region.unwrap_or(&site.business.default_region);
    let number = numbers::parse_of(&site.settings.regions, text, Some(region), edge.app.config.demo);
    let number = match number {
        Err(NumberFault::Elsewhere) => return Err(ApiError::Refused(contact_core::Refusal::RegionDenied)),
        other => other.map_err(|fault| ApiError::invalid("number", fault.code(), fault.to_string()))?,
    };
    if !edge.app.lines.carries(site.business.id, &number.e164) {
        return Err(ApiError::NoTelephone);
    }
    Ok(number)
}
