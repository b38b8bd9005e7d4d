//! The authorisation matrix: every door of the edge, and who may pass it.
//!
//! A route, a socket or a message without a row does not work ([`admit`] refuses its path) and fails the tests
//! in `tests/edge/access`, which derive the doors from the router's source, the OpenAPI document and the wire's
//! messages, and try each with everybody else's credentials. The store's methods have the same in
//! `store/tests/conformance/isolation.rs`.
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{edge::Edge, http::address, problem::ApiError};

/// Who may pass a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody: it gives out what is public, and no more to a stranger.
    Anybody,
    /// Whoever names a business's key; if it is a page, then one of an origin that this business lists.
    ReaderOfKey,
    /// A page of an origin that the business lists, whose key it names. It says its origin, as browsers do.
    PageOfKey,
    /// Whoever knows a login's password, and is no page of another site.
    Password,
    /// Whoever has a link's code, once. In the demo only.
    Code,
    /// An agent who is signed in; what he asks for is looked for in his own business.
    Agent,
    /// The same with the session's CSRF value, and no page of another site.
    AgentWithCsrf,
    /// Agents who may play recordings, of their own business; and the same with the CSRF value.
    Player,
    PlayerWithCsrf,
    /// Decided by the first message of the socket: [`SOCKETS`].
    Socket,
}

/// One route. The path is written as the router has it.
#[derive(Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub who: Who,
}

const fn get(path: &'static str, who: Who) -> Route {
    Route { method: "GET", path, who }
}

const fn of(method: &'static str, path: &'static str, who: Who) -> Route {
    Route { method, path, who }
}

/// The routes of the second listener ([`crate::watch_listen`]), which whoever reaches its address may pass: it is
/// never public.
pub const WATCH: &[&str] = &["/metrics", "/healthz", "/readyz"];

pub const ROUTES: &[Route] = &[
    get("/", Who::Anybody),
    get("/healthz", Who::Anybody),
    get("/readyz", Who::Anybody),
    get("/openapi.json", Who::Anybody),
    get("/problems/{code}", Who::Anybody),
    // An empty page; what it may load is the business's of the agent who is signed in, nothing for others.
    get("/replica", Who::Anybody),
    get("/widget.js", Who::Anybody),
    get("/app/{hash}/{*path}", Who::Anybody),
    // The small window of a call; it takes messages of the business's own pages alone.
    get("/call", Who::Anybody),
    get("/call/", Who::Anybody),
    get("/call/{*path}", Who::Anybody),
    get("/console", Who::Anybody),
    get("/console/", Who::Anybody),
    get("/console/{*path}", Who::Anybody),
    get("/handset", Who::Anybody),
    get("/handset/", Who::Anybody),
    get("/handset/{*path}", Who::Anybody),
    get("/api/v1/sites/{key}", Who::ReaderOfKey),
    // Says how a frame's page is masked, if both origins are the business's.
    get("/api/v1/sites/{key}/frames/{origin}", Who::PageOfKey),
    of("POST", "/api/v1/numbers", Who::PageOfKey),
    of("POST", "/api/v1/requests", Who::PageOfKey),
    of("POST", "/api/v1/session", Who::Password),
    get("/api/v1/session", Who::Agent),
    of("DELETE", "/api/v1/session", Who::AgentWithCsrf),
    get("/api/v1/contacts", Who::Agent),
    get("/api/v1/contacts/{id}", Who::Agent),
    of("PUT", "/api/v1/contacts/{id}/wrap-up", Who::AgentWithCsrf),
    get("/api/v1/contacts/{id}/recordings", Who::Player),
    of("POST", "/api/v1/contacts/{id}/plays", Who::PlayerWithCsrf),
    // With leave that is on record.
    get("/api/v1/contacts/{id}/recordings/{recording}/{segment}", Who::Player),
    of("POST", "/api/v1/handset", Who::Code),
    get("/ws/widget", Who::Socket),
    get("/ws/mirror", Who::Socket),
    get("/ws/console", Who::Socket),
    get("/ws/view", Who::Socket),
    get("/ws/handset", Who::Socket),
];

/// What opens a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    ContactToken,
    SessionCookie,
    ViewerToken,
    HandsetToken,
}

/// Whose pages may open a socket; browsers always say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Those of the origins that the token's business lists.
    OfTheBusiness,
    /// The same, and the small window of a call, which is this server's.
    OfTheBusinessOrOwn,
    /// Those of this server.
    Own,
}

#[derive(Debug)]
pub struct Socket {
    pub path: &'static str,
    pub opens: Opens,
    pub pages: Pages,
    /// The messages that a client may send, by the name of the enum in `shared::wire`.
    pub says: &'static str,
    pub messages: &'static [(&'static str, Reach)],
}

/// How far a message reaches. Whatever it names outside of that is as good as not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The first message, which opens the socket, and no other.
    Opening,
    /// This connection alone.
    Connection,
    /// The contact of the token.
    OwnContact,
    /// The page of the token's contact, as far as its customer has granted this agent the power.
    Granted,
    /// The agent of the session.
    OwnAgent,
    /// A contact that it names, if it is the agent's now (to see its page: or if the agent watches it).
    ContactOfAgent,
    /// A contact of the business that it names, to look on, if the agent is a supervisor.
    Supervised,
    /// A contact of the business whose customer gave the code that it names, to look on, once.
    ByCode,
    /// A leg that it names, if it was sent to this very endpoint.
    LegSentHere,
}

pub const SOCKETS: &[Socket] = &[
    Socket {
        path: "/ws/widget",
        opens: Opens::ContactToken,
        pages: Pages::OfTheBusinessOrOwn,
        says: "WidgetToServer",
        messages: &[
            ("Hello", Reach::Opening),
            ("Ping", Reach::Connection),
            ("Cancel", Reach::OwnContact),
            ("PageViewed", Reach::OwnContact),
            ("ContextSet", Reach::OwnContact),
            ("Share", Reach::OwnContact),
            ("LegOffer", Reach::LegSentHere),
            ("LegFailed", Reach::LegSentHere),
            ("CodeWanted", Reach::OwnContact),
        ],
    },
    Socket {
        path: "/ws/mirror",
        opens: Opens::ContactToken,
        pages: Pages::OfTheBusiness,
        says: "PublisherToServer",
        messages: &[
            ("PublisherHello", Reach::Opening),
            ("Ping", Reach::Connection),
            ("Frame", Reach::OwnContact),
            ("InFront", Reach::OwnContact),
            ("PageSays", Reach::OwnContact),
            ("PartsSay", Reach::OwnContact),
            ("FrameSays", Reach::OwnContact),
            ("AnswerPower", Reach::OwnContact),
            ("StopPower", Reach::OwnContact),
            ("ActDone", Reach::OwnContact),
            ("RemoveNote", Reach::OwnContact),
        ],
    },
    Socket {
        path: "/ws/console",
        opens: Opens::SessionCookie,
        pages: Pages::Own,
        says: "ConsoleToServer",
        messages: &[
            ("Hello", Reach::Opening),
            ("Ping", Reach::Connection),
            ("GoReady", Reach::OwnAgent),
            ("GoAway", Reach::OwnAgent),
            ("Accept", Reach::ContactOfAgent),
            ("Decline", Reach::ContactOfAgent),
            ("HangUp", Reach::ContactOfAgent),
            ("Hold", Reach::ContactOfAgent),
            ("SaveWrapUp", Reach::ContactOfAgent),
            ("ViewRequest", Reach::ContactOfAgent),
            ("LegOffer", Reach::LegSentHere),
            ("LegFailed", Reach::LegSentHere),
            ("Watch", Reach::Supervised),
            ("Unwatch", Reach::OwnAgent),
            ("JoinByCode", Reach::ByCode),
        ],
    },
    Socket {
        path: "/ws/view",
        opens: Opens::ViewerToken,
        pages: Pages::Own,
        says: "ViewerToServer",
        messages: &[
            ("ViewerHello", Reach::Opening),
            ("Ping", Reach::Connection),
            ("KeyframeNeeded", Reach::OwnContact),
            ("PushUrl", Reach::OwnContact),
            ("AskPower", Reach::OwnContact),
            ("DropPower", Reach::OwnContact),
            ("Point", Reach::Granted),
            ("Act", Reach::Granted),
            ("AddNote", Reach::Granted),
            ("RemoveNote", Reach::OwnContact),
            ("ActWithin", Reach::Granted),
        ],
    },
    Socket {
        path: "/ws/handset",
        opens: Opens::HandsetToken,
        pages: Pages::Own,
        says: "HandsetToServer",
        messages: &[
            ("Hello", Reach::Opening),
            ("Ping", Reach::Connection),
            ("LegOffer", Reach::LegSentHere),
            ("LegFailed", Reach::LegSentHere),
            ("Reject", Reach::LegSentHere),
            ("Digit", Reach::LegSentHere),
            ("HangUp", Reach::LegSentHere),
        ],
    },
];

/// Closes what has no row, and holds each address to its rate of whatever is no file.
pub async fn admit(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>() else {
        // No route at all: the fallback says so.
        return next.run(request).await;
    };
    let rows = || ROUTES.iter().filter(|row| row.path == path.as_str());
    if rows().next().is_none() {
        tracing::error!(
            path = path.as_str(),
            "this route has no row in the authorisation matrix: it is closed"
        );
        return ApiError::NoSuchPage.into_response();
    }
    let method = request.method();
    // HEAD is a GET without its body; OPTIONS is for the preflights of pages and changes nothing.
    let name = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let row = rows().find(|row| row.method == name);
    if row.is_none() && *method != Method::OPTIONS {
        let allowed: Vec<&str> = rows().map(|row| row.method).collect();
        let mut response = ApiError::MethodNotAllowed.into_response();
        if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        return response;
    }
    if row.is_none_or(|row| row.who != Who::Anybody) {
        let caller = address::caller(&edge, request.extensions(), request.headers());
        if let Err(retry_after) = edge.all.take(caller, edge.now()) {
            return ApiError::TooMany { retry_after }.into_response();
        }
    }
    next.run(request).await
}
