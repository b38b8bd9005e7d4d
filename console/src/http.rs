//! The HTTP API, from the console's side. Every failure is a [`Problem`] with a sentence for a person.
use gloo::net::http::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use shared::{
    ContactId, RecordingId,
    api::{ContactDetail, ContactPage, Me, PlayGranted, Problem, Recordings, SignIn},
};
use web_sys::RequestCredentials;

use crate::words;

const CSRF_HEADER: &str = "X-Ringside-Csrf";
const PLAY_HEADER: &str = "X-Ringside-Play";

pub(crate) async fn me() -> Result<Me, Problem> {
    read(send(request(Method::GET, "/api/v1/session", None), None::<&()>).await?).await
}

pub(crate) async fn sign_in(sign_in: &SignIn) -> Result<Me, Problem> {
    read(send(request(Method::POST, "/api/v1/session", None), Some(sign_in)).await?).await
}

pub(crate) async fn sign_out(csrf: &str) -> Result<(), Problem> {
    let response = send(request(Method::DELETE, "/api/v1/session", Some(csrf)), None::<&()>).await?;
    if response.ok() { Ok(()) } else { Err(problem(response).await) }
}

pub(crate) async fn contacts(search: &str, before: Option<&str>) -> Result<ContactPage, Problem> {
    let mut builder = request(Method::GET, "/api/v1/contacts", None).query([("limit", "30")]);
    if !search.trim().is_empty() {
        builder = builder.query([("search", search.trim())]);
    }
    if let Some(before) = before {
        builder = builder.query([("before", before)]);
    }
    read(send(builder, None::<&()>).await?).await
}

pub(crate) async fn contact(id: ContactId) -> Result<ContactDetail, Problem> {
    read(send(request(Method::GET, &format!("/api/v1/contacts/{id}"), None), None::<&()>).await?).await
}

pub(crate) async fn recordings(id: ContactId) -> Result<Recordings, Problem> {
    let path = format!("/api/v1/contacts/{id}/recordings");
    read(send(request(Method::GET, &path, None), None::<&()>).await?).await
}

/// Leave to play what was recorded of a contact; it is put on record.
pub(crate) async fn play(id: ContactId, csrf: &str) -> Result<PlayGranted, Problem> {
    let path = format!("/api/v1/contacts/{id}/plays");
    read(send(request(Method::POST, &path, Some(csrf)), None::<&()>).await?).await
}

/// Segments of a recording, from one to another.
pub(crate) async fn segments(
    id: ContactId,
    (recording, first, last): (RecordingId, u32, u32),
    token: &str,
) -> Result<Vec<u8>, Problem> {
    let path = format!("/api/v1/contacts/{id}/recordings/{recording}/{first}?last={last}");
    let response = send(request(Method::GET, &path, None).header(PLAY_HEADER, token), None::<&()>).await?;
    if response.ok() { response.binary().await.map_err(|_| offline()) } else { Err(problem(response).await) }
}

fn request(method: Method, path: &str, csrf: Option<&str>) -> RequestBuilder {
    let builder = RequestBuilder::new(path).method(method).credentials(RequestCredentials::SameOrigin);
    match csrf {
        Some(csrf) => builder.header(CSRF_HEADER, csrf),
        None => builder,
    }
}

async fn send(builder: RequestBuilder, body: Option<&impl Serialize>) -> Result<Response, Problem> {
    let request = match body {
        Some(body) => builder.json(body),
        None => builder.build(),
    };
    let request = request.map_err(|_| offline())?;
    request.send().await.map_err(|_| offline())
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    if response.ok() { response.json().await.map_err(|_| unreadable()) } else { Err(problem(response).await) }
}

async fn problem(response: Response) -> Problem {
    response.json().await.unwrap_or_else(|_| unreadable())
}

/// No answer came at all.
fn offline() -> Problem {
    local("offline", words::OFFLINE)
}

fn unreadable() -> Problem {
    local("unreadable", words::UNREADABLE)
}

fn local(code: &str, detail: &str) -> Problem {
    Problem {
        kind: format!("/problems/{code}"),
        title: code.into(),
        status: 0,
        detail: detail.into(),
        code: code.into(),
        field: None,
        retry_after: None,
        proof: None,
    }
}
