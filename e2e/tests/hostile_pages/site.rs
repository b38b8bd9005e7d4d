//! The hostile shop: the page at hand, and what the business listed, which leads elsewhere.
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use anyhow::Result;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use e2e::merchant::KEY;
use tokio::{net::TcpListener, task::JoinHandle};

use super::payloads::{PLANT, PROGRAMS};

/// A port that nobody listens at yet.
pub(crate) struct Plot {
    pub(crate) origin: String,
    listener: TcpListener,
}

/// Serves until it is dropped.
pub(crate) struct Site {
    pub(crate) origin: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    origin: String,
    server: String,
    /// What the next page holds, as JSON.
    part: Mutex<String>,
    by_agent: AtomicU32,
}

impl Plot {
    pub(crate) async fn take() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self { origin: format!("http://{}", listener.local_addr()?), listener })
    }

    pub(crate) fn build(self, server: &str) -> Site {
        let Self { origin, listener } = self;
        let shared =
            Arc::new(Shared { origin: origin.clone(), server: server.to_owned(), ..Shared::default() });
        let router = Router::new()
            .route("/", get(start))
            .route("/part", get(part))
            .route("/control", get(control))
            .route("/code.js", get(code))
            .route("/redirect", get(redirect))
            .fallback(file)
            .with_state(shared.clone());
        let task = tokio::spawn(async move {
            // It ends with the story; a site that fails shows in the browser at once.
            let _ = axum::serve(listener, router).await;
        });
        Site { origin, shared, task }
    }
}

impl Site {
    pub(crate) fn show(&self, part: &str) {
        // A text of JSON stays one within a script.
        let safe = part.replace('<', "\\u003c").replace('\u{2028}', "\\u2028");
        *self.shared.part.lock().expect("nobody panics with it") = safe;
    }

    /// How often the agent's browser asked for what is listed.
    pub(crate) fn asked_by_agent(&self) -> u32 {
        self.shared.by_agent.load(Ordering::Relaxed)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn page(shared: &Shared, title: &str, script: &str) -> Html<String> {
    let server = &shared.server;
    Html(format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title><script src=/code.js></script><h1>{title}</h1>\
         <div id=host></div><script async src=\"{server}/widget.js\" {KEY}></script><script>{script}</script>"
    ))
}

async fn start(State(shared): State<Arc<Shared>>) -> Html<String> {
    page(&shared, "Start", "")
}

async fn part(State(shared): State<Arc<Shared>>) -> Html<String> {
    let part = shared.part.lock().expect("nobody panics with it").clone();
    page(&shared, "Part", &format!("const part = {part}; if (!part.late) plant(part)"))
}

/// Every payload in a frame of its own, where it may do what it can.
async fn control(State(shared): State<Arc<Shared>>) -> Html<String> {
    let all = shared.part.lock().expect("nobody panics with it").clone();
    Html(format!(
        "<!doctype html><title>Control</title><script>for (const markup of {all}) {{ \
         const frame = document.createElement('iframe'); frame.srcdoc = markup; \
         document.documentElement.append(frame); }}</script>"
    ))
}

async fn code() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript")], format!("{PROGRAMS}{PLANT}")).into_response()
}

async fn redirect(uri: Uri) -> Response {
    let to = uri.query().and_then(|query| query.strip_prefix("to=")).unwrap_or("/").to_owned();
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

/// Whatever else is asked for: a style sheet that reaches out, or a picture.
async fn file(State(shared): State<Arc<Shared>>, headers: HeaderMap, uri: Uri) -> Response {
    if headers.get(header::USER_AGENT).is_some_and(|agent| agent.as_bytes() == b"Agent") {
        shared.by_agent.fetch_add(1, Ordering::Relaxed);
    }
    if !uri.path().ends_with(".css") {
        let picture = "<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>";
        return ([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response();
    }
    let origin = &shared.origin;
    let to = format!("{origin}/redirect?to=");
    let css = match uri.query() {
        Some(trap) => format!(
            "@import '{trap}';@import '{to}{trap}';#i,#t,p{{background:url({trap}),url({to}{trap}),url({origin}/dot.svg)}}"
        ),
        None => "p{color:red}".to_owned(),
    };
    ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "no-store")], css).into_response()
}
