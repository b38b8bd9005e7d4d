//! The sockets: one module for each kind of peer, and what is the same for all of them.
use std::{ops::ControlFlow, sync::Arc};

use axum::{
    Router,
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::get,
};
use shared::limits::{MESSAGE_BYTES, MIRROR_MESSAGE_BYTES};
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    auth,
    edge::Edge,
    http::address::Caller,
    limits::{CROWDED_RETRY, READ_BUFFER, WRITE_BUFFER},
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

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn widget(State(edge): State<Edge>, from: Caller, headers: HeaderMap, upgrade: Upgrade) -> Response {
    let origin = auth::origin(&headers).map(str::to_owned);
    accept(edge, from, upgrade, MESSAGE_BYTES, |edge, connection| async move {
        widget::serve(&edge, connection, origin).await
    })
}

async fn console(State(edge): State<Edge>, from: Caller, headers: HeaderMap, upgrade: Upgrade) -> Response {
    accept(edge, from, upgrade, MESSAGE_BYTES, |edge, connection| async move {
        console::serve(&edge, connection, &headers).await
    })
}

async fn handset(State(edge): State<Edge>, from: Caller, headers: HeaderMap, upgrade: Upgrade) -> Response {
    if !edge.app.config.demo {
        return ApiError::NoSuchPage.into_response();
    }
    let is_ours = is_own_page(&edge, &headers);
    accept(edge, from, upgrade, MESSAGE_BYTES, move |edge, connection| async move {
        handset::serve(&edge, connection, is_ours).await
    })
}

async fn mirror(State(edge): State<Edge>, from: Caller, headers: HeaderMap, upgrade: Upgrade) -> Response {
    let origin = auth::origin(&headers).map(str::to_owned);
    accept(edge, from, upgrade, MIRROR_MESSAGE_BYTES + FRAME_HEAD_BYTES, |edge, connection| async move {
        mirror::serve(&edge, connection, origin).await
    })
}

async fn view(State(edge): State<Edge>, from: Caller, headers: HeaderMap, upgrade: Upgrade) -> Response {
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
fn accept<F, Fut>(edge: Edge, from: Caller, upgrade: Upgrade, largest: usize, serve: F) -> Response
where
    F: FnOnce(Edge, Connection) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let Ok(upgrade) = upgrade else {
        return ApiError::Malformed {
            field: None,
            detail: "This address is for WebSockets. Ask for an upgrade.".to_owned(),
        }
        .into_response();
    };
    let Some(place) = edge.crowd.enter(from.0) else {
        return ApiError::TooMany { retry_after: CROWDED_RETRY }.into_response();
    };
    let (Some(seat), Some(unknown)) = (permit(&edge.sockets), permit(&edge.sockets_unknown)) else {
        return ApiError::Unavailable.into_response();
    };
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(move |socket| async move {
            let _seats = (seat, place);
            let stopping = edge.app.stopping.connection();
            let connection = Connection::new(socket, stopping, unknown);
            serve(edge, connection).await;
        })
}

fn permit(of: &Arc<tokio::sync::Semaphore>) -> Option<OwnedSemaphorePermit> {
    of.clone().try_acquire_owned().ok()
}

/// Goes on, or ends the connection.
type Flow = ControlFlow<Closed>;
