//! The sockets: one module for each kind of peer, and what is the same for all of them.
use std::ops::ControlFlow;

use axum::{
    Router,
    extract::{FromRequestParts, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use shared::limits::{MESSAGE_BYTES, MIRROR_MESSAGE_BYTES};

use crate::{
    auth,
    edge::Edge,
    http::address::Caller,
    limits::{CROWDED_RETRY, READ_BUFFER, WRITE_BUFFER},
    patient::Allowance,
    problem::ApiError,
};

pub mod connection;
pub mod console;
pub mod handset;
pub mod mirror;
pub mod view;
pub mod widget;

use connection::Connection;

/// What a frame adds to its bytes: envelope, kind, epoch, seq, length.
const FRAME_HEAD_BYTES: usize = 64;

/// Ends a connection with this close code.
type Closed = u16;

pub fn routes() -> Router<Edge> {
    Router::new()
        .route("/ws/widget", get(widget))
        .route("/ws/console", get(console))
        .route("/ws/handset", get(handset))
        .route("/ws/mirror", get(mirror))
        .route("/ws/view", get(view))
}

/// Who opens a socket, and on what connection.
struct Opening {
    caller: Caller,
    allowance: Allowance,
}

impl FromRequestParts<Edge> for Opening {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, edge).await?;
        Ok(Self { caller, allowance: parts.extensions.get::<Allowance>().cloned().unwrap_or_default() })
    }
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn widget(State(edge): State<Edge>, from: Opening, headers: HeaderMap, upgrade: Upgrade) -> Response {
    let origin = auth::origin(&headers).map(str::to_owned);
    accept(edge, from, upgrade, MESSAGE_BYTES, |edge, connection| async move {
        widget::serve(&edge, connection, origin).await
    })
}

async fn console(State(edge): State<Edge>, from: Opening, headers: HeaderMap, upgrade: Upgrade) -> Response {
    accept(edge, from, upgrade, MESSAGE_BYTES, |edge, connection| async move {
        console::serve(&edge, connection, &headers).await
    })
}

async fn handset(State(edge): State<Edge>, from: Opening, headers: HeaderMap, upgrade: Upgrade) -> Response {
    if !edge.app.config.demo {
        return ApiError::NoSuchPage.into_response();
    }
    let is_ours = is_own_page(&edge, &headers);
    accept(edge, from, upgrade, MESSAGE_BYTES, move |edge, connection| async move {
        handset::serve(&edge, connection, is_ours).await
    })
}

async fn mirror(State(edge): State<Edge>, from: Opening, headers: HeaderMap, upgrade: Upgrade) -> Response {
    let origin = auth::origin(&headers).map(str::to_owned);
    accept(edge, from, upgrade, MIRROR_MESSAGE_BYTES + FRAME_HEAD_BYTES, |edge, connection| async move {
        mirror::serve(&edge, connection, origin).await
    })
}

async fn view(State(edge): State<Edge>, from: Opening, headers: HeaderMap, upgrade: Upgrade) -> Response {
    let is_ours = is_own_page(&edge, &headers);
    accept(edge, from, upgrade, MESSAGE_BYTES, move |edge, connection| async move {
        view::serve(&edge, connection, is_ours).await
    })
}

/// The page that opened the socket is of this server. Browsers always say the origin with a socket.
fn is_own_page(edge: &Edge, headers: &HeaderMap) -> bool {
    auth::origin(headers) == Some(&edge.origin)
}

/// Upgrades to a socket within the bounds, and serves it until somebody closes it.
fn accept<F, Fut>(edge: Edge, from: Opening, upgrade: Upgrade, largest: usize, serve: F) -> Response
where
    F: FnOnce(Edge, Box<Connection>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let Ok(upgrade) = upgrade else {
        return ApiError::Malformed {
            field: None,
            detail: "This address is for WebSockets. Ask for an upgrade.".to_owned(),
        }
        .into_response();
    };
    let Opening { caller: Caller(caller), allowance } = from;
    let Some(place) = edge.crowd.enter(caller) else {
        return ApiError::TooMany { retry_after: CROWDED_RETRY }.into_response();
    };
    let Ok(seat) = edge.sockets.clone().try_acquire_owned() else {
        return ApiError::Unavailable.into_response();
    };
    let guest = edge.lobby.enter(caller);
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(move |socket| async move {
            let _seats = (seat, place);
            let stopping = edge.app.stopping.connection();
            // Each future around the one that uses it would hold its size once more.
            let connection = Box::new(Connection::new(socket, stopping, guest, allowance));
            serve(edge, connection).await;
        })
}

/// Goes on, or ends the connection.
type Flow = ControlFlow<Closed>;
