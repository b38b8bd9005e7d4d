//! A merchant's own site: any page, under any policy, with the script tag as the documentation gives it.
use std::collections::BTreeMap;

use anyhow::Result;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use std::sync::Arc;
use tokio::{net::TcpListener, task::JoinHandle};

/// What is served at one path.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// The Content-Security-Policy, if there is one.
    pub policy: Option<String>,
    pub html: String,
}

/// A port that nobody listens at yet: the server must know the origin before pages can name the server.
pub struct Plot {
    pub origin: String,
    listener: TcpListener,
}

/// Serves until it is dropped.
pub struct Merchant {
    pub origin: String,
    task: JoinHandle<()>,
}

impl Plot {
    pub async fn take() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self { origin: format!("http://{}", listener.local_addr()?), listener })
    }

    /// Opens the site: path (`/strict`) and sheet.
    pub fn build(self, sheets: impl IntoIterator<Item = (&'static str, Sheet)>) -> Merchant {
        let sheets: BTreeMap<&str, Sheet> = sheets.into_iter().collect();
        let router = Router::new().fallback(answer).with_state(Arc::new(sheets));
        let listener = self.listener;
        let task = tokio::spawn(async move {
            // It ends with the story; a site that fails shows in the browser at once.
            let _ = axum::serve(listener, router).await;
        });
        Merchant { origin: self.origin, task }
    }
}

impl Drop for Merchant {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(sheets): State<Arc<BTreeMap<&'static str, Sheet>>>, uri: Uri) -> Response {
    let Some(sheet) = sheets.get(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
    let mut headers = HeaderMap::new();
    if let Some(policy) = sheet.policy.as_deref().and_then(|policy| HeaderValue::from_str(policy).ok()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    (headers, Html(sheet.html.clone())).into_response()
}

/// A page with the script tag. `head` and `attributes` go in as they are.
pub fn page(server: &str, head: &str, attributes: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Merchant</title>{head}\
         <h1>Merchant</h1><p>Some text.</p><button id=own>Buy</button>\
         <script async src=\"{server}/widget.js\" {attributes}></script></html>"
    )
}
