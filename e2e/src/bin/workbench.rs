//! `workbench DIST`: serves the workbench that Trunk built, and asks for a call on it against a real server, with live
//! status and the page shown to the agent.
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use e2e::{Stage, StageOptions, Troupe, agent, handset, person::Help, shopper};
use tokio::net::TcpListener;

const HOLDER: e2e::Mic = e2e::Mic { hertz: 620 };
const AGENT: e2e::Mic = e2e::Mic { hertz: 1_180 };

#[tokio::main]
async fn main() -> Result<()> {
    let dist = std::env::args_os().nth(1).context("name the folder that Trunk built")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let files = Router::new().fallback(file).with_state(PathBuf::from(dist));
    // It ends with the program; a page that fails shows in the browser at once.
    tokio::spawn(async move { axum::serve(listener, files).await });

    let stage =
        Stage::start(StageOptions { origins: vec![origin.clone()], ..StageOptions::default() }).await?;
    let troupe = Troupe::assemble().await?;
    let shopper = troupe.reader("shopper").await?;
    let holder = troupe.speaker("handset", HOLDER, stage.data(), Help::Flags, &[]).await?;
    let agent = troupe.speaker("agent", AGENT, stage.data(), Help::Flags, &[]).await?;
    handset::switches_on(&holder, &stage.ready).await?;
    agent::starts_shift(&agent, &stage.ready).await?;

    shopper.goes_to(&format!("{origin}/?server={}", stage.ready.url)).await?;
    shopper::asks_for_a_call(&shopper, &stage.ready.handset_number, "From the workbench").await?;
    shopper::reads(&shopper, "Pick up and press 1").await?;
    handset::answers(&holder).await?;
    handset::presses(&holder, '1').await?;
    agent::accepts(&agent).await?;
    shopper::reads(&shopper, "You’re talking to Ada").await?;
    agent::sees_page(&agent, "Widget workbench").await?;
    shopper.sees("ringside-widget .chip:has-text('Ada sees this page')").await?;
    shopper.sees("#said li:has-text('talking')").await?;
    let errors = shopper.page.page_errors();
    ensure!(errors.is_empty(), "the workbench threw: {errors:?}");
    shopper::hangs_up(&shopper).await
}

/// One file of the folder, under a plain name.
async fn file(State(dist): State<PathBuf>, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let is_plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    let read = if is_plain { std::fs::read(dist.join(path)).ok() } else { None };
    let Some(bytes) = read else { return StatusCode::NOT_FOUND.into_response() };
    ([(header::CONTENT_TYPE, kind(Path::new(path)))], bytes).into_response()
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some(_) | None => "application/octet-stream",
    }
}
