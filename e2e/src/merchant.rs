//! A merchant's own site: any page, under any policy, with the script tag as the documentation gives it.
use std::collections::BTreeMap;

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use std::sync::Arc;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{Person, Stage, StageOptions, Troupe};

/// The attribute that every tag of the demo's business has.
pub const KEY: &str = "data-business=harbour-and-pine";
/// Runs first in every page: what breaks a policy, and how far things moved by themselves.
const WATCH: &str = "globalThis.broken = []; globalThis.shifts = [];
    addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective + ' ' + event.blockedURI));
    new PerformanceObserver(list => shifts.push(...list.getEntries().map(one => one.value))).observe({ type: 'layout-shift', buffered: true });";

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

/// A merchant's site whose origin is on the business's list, and a server.
pub struct Site {
    pub stage: Stage,
    pub merchant: Merchant,
    pub troupe: Troupe,
}

impl Site {
    /// `sheets` is given the server's address.
    pub async fn open(sheets: impl FnOnce(&str) -> Vec<(&'static str, Sheet)>) -> Result<Self> {
        Self::open_with(StageOptions::default(), sheets).await
    }

    /// The same with a server that differs.
    pub async fn open_with(
        options: StageOptions,
        sheets: impl FnOnce(&str) -> Vec<(&'static str, Sheet)>,
    ) -> Result<Self> {
        let plot = Plot::take().await?;
        let options = StageOptions { origins: vec![plot.origin.clone()], ..options };
        let stage = Stage::start(options).await?;
        let merchant = plot.build(sheets(&stage.ready.url));
        Ok(Self { stage, merchant, troupe: Troupe::assemble().await? })
    }

    /// Somebody new, with [`broken`] and `shifts` kept in every page.
    pub async fn visitor(&self) -> Result<Person> {
        let visitor = self.troupe.reader("visitor").await?;
        visitor.context.add_init_script(WATCH).await?;
        Ok(visitor)
    }

    /// Goes to a page of the site and waits for the button.
    pub async fn visit(&self, visitor: &Person, path: &str) -> Result<()> {
        visitor.goes_to(&format!("{}{path}", self.merchant.origin)).await?;
        visitor.sees("ringside-widget .pill").await.map(drop)
    }
}

/// What broke the page's policy so far: directive and address.
pub async fn broken(visitor: &Person) -> Result<Vec<String>> {
    visitor.asks("() => globalThis.broken").await
}

/// The form was fetched, drew itself and put its style on.
pub async fn form_is_mounted(visitor: &Person) -> Result<()> {
    let mounted = "() => { const root = document.querySelector('ringside-widget').shadowRoot; \
        return root.querySelector('.app .spoken') && root.adoptedStyleSheets.length === 2; }";
    visitor.finds("the form is mounted", mounted).await
}

/// The first fenced block of that language in a Markdown document.
pub fn block(document: &str, language: &str) -> Result<String> {
    let mut fences = document.split("```").skip(1).step_by(2);
    let found = fences.find_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    found.map(str::to_owned).with_context(|| format!("there is no block of `{language}`"))
}

/// A page with the script tag. `head` and `attributes` go in as they are.
pub fn page(server: &str, head: &str, attributes: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Merchant</title>{head}\
         <h1>Merchant</h1><p>Some text.</p><button id=own>Buy</button>\
         <script async src=\"{server}/widget.js\" {attributes}></script></html>"
    )
}
