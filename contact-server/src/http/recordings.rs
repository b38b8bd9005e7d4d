//! What was recorded of a contact's co-browsing, for those who may play it. Each playing is put on record before
//! anything of it is given out.
use axum::{
    Json as Answer,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::IntoResponse,
};
use contact_core::Input;
use serde::Deserialize;
use shared::{
    ContactId, RecordingId,
    api::{PlayGranted, Problem, Recordings},
};
use store::{Recording, Scope, Token};

use super::{
    contacts::{bad_query, contact_id},
    path::Segments,
};
use crate::{
    archive::{ArchiveError, file::FileError},
    auth::{self, Session},
    edge::Edge,
    ids,
    limits::PLAY_TOKEN,
    problem::{ApiError, Denied},
};

/// Goes with each segment.
pub const PLAY_HEADER: &str = "x-ringside-play";

/// Lists what was recorded of a contact.
#[utoipa::path(
    get, path = "/api/v1/contacts/{id}/recordings", tag = "console", params(("id" = ContactId, Path)),
    responses(
        (status = 200, body = Recordings),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(edge): State<Edge>,
    headers: HeaderMap,
    Segments(id): Segments<String>,
) -> Result<Answer<Recordings>, ApiError> {
    let session = auth::session(&edge, &headers).await?;
    let recordings = of_contact(&edge, &session, &id).await?;
    let site = edge.app.sites.by_id(session.business).ok_or(Denied::Unauthenticated)?;
    let parts = edge.app.archive.parts(recordings).await?;
    Ok(Answer(Recordings { parts, origins: site.business.origins.clone() }))
}

/// Puts on record that the recordings of a contact are played, and gives leave to.
#[utoipa::path(
    post, path = "/api/v1/contacts/{id}/plays", tag = "console",
    params(("id" = ContactId, Path),
        ("X-Ringside-Csrf" = String, Header, description = "The csrf value of the session")),
    responses(
        (status = 200, body = PlayGranted),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn play(
    State(edge): State<Edge>,
    headers: HeaderMap,
    Segments(id): Segments<String>,
) -> Result<Answer<PlayGranted>, ApiError> {
    let session = auth::changing_session(&edge, &headers).await?;
    let contact = contact_id(&id)?;
    if of_contact(&edge, &session, &id).await?.is_empty() {
        return Err(ApiError::NotFound("recording"));
    }
    let Session { business, agent, .. } = session;
    edge.app.engine.input(business, Input::RecordingPlayed { agent, contact }).await?;
    let (token, expires_at) = (ids::token(), edge.now() + PLAY_TOKEN);
    let scope = Scope::Player { agent, contact };
    edge.app.store.put_token(&Token { hash: ids::hash(&token), business, scope, expires_at }).await?;
    tracing::info!(%contact, %agent, "a recording is played");
    Ok(Answer(PlayGranted { token, expires_at }))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SegmentParams {
    /// The last segment of several; left out, it is one. Several may have 512 KiB together (`bytes` in the list).
    last: Option<u32>,
}

/// Gives a segment, or several that follow each other: entries one after the other, each in an envelope as messages of
/// sockets are.
#[utoipa::path(
    get, path = "/api/v1/contacts/{id}/recordings/{recording}/{segment}", tag = "console",
    params(("id" = ContactId, Path), ("recording" = RecordingId, Path), ("segment" = u32, Path),
        SegmentParams,
        ("X-Ringside-Play" = String, Header, description = "The token of the leave to play")),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn segment(
    State(edge): State<Edge>,
    headers: HeaderMap,
    Segments((id, recording, segment)): Segments<(String, String, String)>,
    query: Result<Query<SegmentParams>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let session = auth::session(&edge, &headers).await?;
    let contact = contact_id(&id)?;
    let recordings = of_contact(&edge, &session, &id).await?;
    let token = headers.get(PLAY_HEADER).and_then(|token| token.to_str().ok()).ok_or(Denied::NoPlayer)?;
    let wanted = Scope::Player { agent: session.agent, contact };
    let found = edge.app.store.find_token(&ids::hash(token), edge.now()).await?;
    if found.is_none_or(|found| found.business != session.business || found.scope != wanted) {
        return Err(Denied::NoPlayer.into());
    }
    let none = || ApiError::NotFound("recording");
    let recording: RecordingId = recording.parse().map_err(|_| none())?;
    let first: u32 = segment.parse().map_err(|_| none())?;
    let Query(SegmentParams { last }) = query.map_err(|_| bad_query())?;
    let recording = recordings.into_iter().find(|known| known.id == recording).ok_or_else(none)?;
    let segments = first..=last.unwrap_or(first);
    let entries = Bytes::from(edge.app.archive.segments(recording, segments).await?);
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], entries))
}

/// The recordings of a contact of the agent's business, if the agent may play them.
async fn of_contact(edge: &Edge, session: &Session, id: &str) -> Result<Vec<Recording>, ApiError> {
    let (business, contact) = (session.business, contact_id(id)?);
    // Of another's contact nothing is told, not even that one may not play.
    if edge.app.store.contact(business, contact).await?.is_none() {
        return Err(ApiError::NotFound("contact"));
    }
    let login = edge.app.store.agent_login(business, session.agent).await?.ok_or(Denied::Unauthenticated)?;
    if !login.plays_recordings {
        return Err(Denied::NoPlayer.into());
    }
    Ok(edge.app.store.records().recordings_of(business, contact).await?)
}

impl From<ArchiveError> for ApiError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Store(error) => error.into(),
            ArchiveError::File(FileError::NoSegment) => Self::NotFound("recording"),
            ArchiveError::File(FileError::TooMuch) => bad_query(),
            ArchiveError::File(FileError::Io(ref cause)) if cause.kind() == std::io::ErrorKind::NotFound => {
                Self::NotFound("recording")
            }
            ArchiveError::NoKeys
            | ArchiveError::Key(_)
            | ArchiveError::File(_)
            | ArchiveError::Io(_)
            | ArchiveError::Erased => Self::internal(error),
        }
    }
}
