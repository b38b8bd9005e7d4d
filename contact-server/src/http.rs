//! The HTTP interface: routes, and what is the same for all of them.
use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::header,
    middleware::{self, Next},
    response::{Redirect, Response},
    routing::get,
};
use bytes::Bytes;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    access, app::App, assets, call, clock::Stopwatch, edge::Edge, hub::Hub, openapi, problem::ApiError, ws,
};

pub mod address;
pub mod body;
pub mod checks;
pub mod contacts;
pub mod cors;
pub mod handset;
pub mod headers;
pub mod health;
pub mod path;
pub mod problems;
pub mod recordings;
pub mod requests;
pub mod session;
pub mod site;

/// Builds everything that the server answers. Serve it with the peer's address as connect info.
pub fn router(app: App, hub: Arc<Hub>) -> Router {
    let edge = Edge::new(app, hub);
    let (public, _) = public().split_for_parts();
    // The layer answers preflights, so it must stand around the answer to a method that is not there.
    let public = public
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(edge.clone(), cors::public));
    let (own, _) = own().split_for_parts();
    let document = Bytes::from(serde_json::to_vec(&document()).expect("the document is plain data"));
    Router::new()
        .merge(public)
        .merge(own)
        .merge(assets::routes(&edge))
        .merge(call::routes())
        .merge(ws::routes())
        .route("/", get(|| async { Redirect::to("/console/") }))
        .route("/problems/{code}", get(problems::page))
        .route("/replica", get(health::replica))
        .route(
            "/openapi.json",
            get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
        )
        .fallback(|| async { ApiError::NoSuchPage })
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(edge.clone(), access::admit))
        .layer(middleware::from_fn_with_state(edge.clone(), headers::guard))
        .layer(middleware::from_fn_with_state(edge.clone(), count))
        .with_state(edge)
}

/// Counts every answer under the router's own pattern.
async fn count(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let watch = Stopwatch::start();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    edge.app.metrics.answered(route, response.status().as_u16(), watch.took());
    response
}

async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}

/// The OpenAPI document, as `/openapi.json` gives it.
pub fn document() -> utoipa::openapi::OpenApi {
    OpenApiRouter::with_openapi(openapi::base()).merge(public()).merge(own()).into_openapi()
}

/// Routes that pages of merchants ask.
fn public() -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(site::info))
        .routes(routes!(site::frame))
        .routes(routes!(site::check_number))
        .routes(routes!(requests::create))
}

/// Routes that this server's own pages ask.
fn own() -> OpenApiRouter<Edge> {
    OpenApiRouter::new()
        .routes(routes!(session::sign_in, session::who, session::sign_out))
        .routes(routes!(contacts::history))
        .routes(routes!(contacts::detail))
        .routes(routes!(contacts::wrap_up))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::play))
        .routes(routes!(recordings::segment))
        .routes(routes!(handset::exchange))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
}
