//! What a browser does that it should not: runs a payload, or asks somebody who is not listed.
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use e2e::Person;
use playwright_rs::protocol::CDPSession;
use serde_json::{Value, json};
use tokio::sync::watch;

/// What payloads call. The browser puts it into every context of the page.
const CALLED: &str = "pwned";

#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// What the payloads called it with.
    pub(crate) executed: BTreeSet<String>,
    /// Requests by their id: address, and whether a policy stopped it before it left.
    requests: BTreeMap<String, (String, bool)>,
    /// Windows, downloads, dialogues, and frames that went somewhere.
    pub(crate) opened: Vec<String>,
}

impl Seen {
    /// Addresses on that host that were asked for.
    pub(crate) fn fetched(&self, host: &str) -> Vec<String> {
        let is_of = |url: &str| {
            let after = url.split_once("://").map_or("", |(_, after)| after);
            after.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains(host))
        };
        let left = self.requests.values().filter(|(url, stopped)| !stopped && is_of(url));
        left.map(|(url, _)| url.clone()).collect()
    }
}

pub(crate) struct Watch {
    seen: watch::Sender<Seen>,
    _session: CDPSession,
}

impl Watch {
    pub(crate) async fn over(person: &Person) -> Result<Self> {
        let session = person.context.new_cdp_session(&person.page).await?;
        let seen: watch::Sender<Seen> = watch::Sender::default();
        let tell = |note: fn(&mut Seen, &Value)| {
            let seen = seen.clone();
            move |event: Value| {
                seen.send_modify(|seen| note(seen, &event));
                async { Ok(()) }
            }
        };
        session.on("Runtime.bindingCalled", tell(called));
        session.on("Network.requestWillBeSent", tell(requested));
        session.on("Network.loadingFailed", tell(failed));
        session.on(
            "Network.webSocketCreated",
            tell(|seen, event| {
                requested(seen, &json!({"requestId": event["requestId"], "request": {"url": event["url"]}}))
            }),
        );
        for event in [
            "Page.windowOpen",
            "Page.downloadWillBegin",
            "Page.javascriptDialogOpening",
            "Page.fileChooserOpened",
        ] {
            session.on(event, tell(|seen, event| seen.opened.push(event.to_string())));
        }
        for domain in ["Runtime.enable", "Network.enable", "Page.enable"] {
            session.send(domain, None).await?;
        }
        session.send("Runtime.addBinding", Some(json!({ "name": CALLED }))).await?;
        Ok(Self { seen, _session: session })
    }

    pub(crate) fn listen(&self) -> watch::Receiver<Seen> {
        self.seen.subscribe()
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }
}

fn called(seen: &mut Seen, event: &Value) {
    if event["name"] == CALLED {
        seen.executed.insert(event["payload"].as_str().unwrap_or("?").to_owned());
    }
}

/// A redirect has the id of the request that led to it; each address counts.
fn requested(seen: &mut Seen, event: &Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (id, url) = (text(&event["requestId"]), text(&event["request"]["url"]));
    seen.requests.insert(format!("{id} {url}"), (url, false));
}

/// A policy, or the browser's own rules, stopped it before anything was sent.
fn failed(seen: &mut Seen, event: &Value) {
    let is_blocked = event["errorText"].as_str().is_some_and(|text| text.contains("BLOCKED"));
    if event["blockedReason"].is_null() && !is_blocked {
        return;
    }
    let id = format!("{} ", event["requestId"].as_str().unwrap_or_default());
    for (key, (_, stopped)) in &mut seen.requests {
        *stopped |= key.starts_with(&id);
    }
}
