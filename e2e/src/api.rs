//! The server's public interface, asked by hand: as a page would, and as the console does.
use std::collections::HashMap;

use anyhow::{Context, Result};
use playwright_rs::protocol::FetchOptions;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{
    ContactId,
    api::{ContactDetail, ContactPage, ContactSummary, LegRecord},
};

use crate::{Person, tap::Tap};

/// A request for a call, as it left a browser.
#[derive(Debug, Clone)]
pub struct Posted {
    pub key: String,
    pub body: String,
}

/// Status and JSON body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// A text of the body; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

/// The requests for calls that left by this tap, in order.
pub fn posted(tap: &Tap) -> Vec<Posted> {
    let requests = tap.all().into_iter().filter(|left| left.door == "request");
    let parsed = requests.filter_map(|left| serde_json::from_slice::<Value>(&left.bytes).ok());
    parsed
        .filter(|request| {
            request["method"] == "POST"
                && request["url"].as_str().is_some_and(|url| url.ends_with("/api/v1/requests"))
        })
        .filter_map(|request| {
            let header = |name: &str| {
                let headers = request["headers"].as_object()?;
                headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str()
            };
            let key = header("idempotency-key")?.to_owned();
            Some(Posted { key, body: request["postData"].as_str()?.to_owned() })
        })
        .collect()
}

/// Sends a request for a call from outside every page. `origin` is what a browser would say of the page.
pub async fn post(person: &Person, server: &str, origin: &str, posted: &Posted) -> Result<Answer> {
    let headers =
        [("origin", origin), ("content-type", "application/json"), ("idempotency-key", &posted.key)];
    let headers: HashMap<_, _> =
        headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let options = FetchOptions::builder().headers(headers).post_data(posted.body.clone()).build();
    let url = format!("{server}/api/v1/requests");
    let response =
        person.context.request().await?.post(&url, options).await.context("the server does not answer")?;
    let status = response.status();
    Ok(Answer { status, body: serde_json::from_str(&response.text().await?)? })
}

/// The history, newest first, as the signed-in agent may see it.
pub async fn contacts(agent: &Person) -> Result<Vec<ContactSummary>> {
    let page: ContactPage = get(agent, "/api/v1/contacts").await?;
    Ok(page.contacts)
}

/// Everything about one contact.
pub async fn record(agent: &Person, contact: ContactId) -> Result<ContactDetail> {
    get(agent, &format!("/api/v1/contacts/{contact}")).await
}

/// The legs of the only contact that there is.
pub async fn legs_of_the_only_contact(agent: &Person) -> Result<Vec<LegRecord>> {
    let contacts = contacts(agent).await?;
    anyhow::ensure!(contacts.len() == 1, "there is one contact, the history has {contacts:?}");
    Ok(record(agent, contacts[0].contact).await?.legs)
}

/// As text, because the browser's numbers come back as floats.
async fn get<T: DeserializeOwned>(agent: &Person, path: &str) -> Result<T> {
    let text: String = agent.asks(&format!("async () => (await fetch('{path}')).text()")).await?;
    serde_json::from_str(&text).with_context(|| format!("{path} answered {text}"))
}
