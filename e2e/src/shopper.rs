//! The shopper, on the merchant's page. Locators pierce the widget's open shadow root.
use anyhow::{Context, Result};
use shared::{ContactId, api::CallAccepted};

use crate::{Person, person::PATIENCE};

const CARD: &str = "ringside-widget #card";

pub async fn opens_the_form(shopper: &Person) -> Result<()> {
    shopper.clicks("ringside-widget .pill").await?;
    shopper.sees("ringside-widget #number").await.map(drop)
}

/// The button that asks for a call.
pub const CALL_ME: &str = "ringside-widget #card button.primary:has-text('Call me')";

/// Opens the form and fills it in.
pub async fn fills_in(shopper: &Person, number: &str, note: &str) -> Result<()> {
    opens_the_form(shopper).await?;
    shopper.types("ringside-widget #number", number).await?;
    shopper.types("ringside-widget #note", note).await
}

/// Fills in the form and presses "Call me".
pub async fn asks_for_a_call(shopper: &Person, number: &str, note: &str) -> Result<()> {
    fills_in(shopper, number, note).await?;
    shopper.clicks(CALL_ME).await
}

/// Asks to talk in the page.
pub async fn asks_to_talk_here(shopper: &Person, note: &str) -> Result<()> {
    opens_the_form(shopper).await?;
    shopper.types("ringside-widget #note", note).await?;
    shopper.clicks(&format!("{CARD} button:has-text('Talk in this browser instead')")).await
}

/// The status line holds this text.
pub async fn reads(shopper: &Person, text: &str) -> Result<()> {
    shopper.sees(&format!("{CARD} .line:has-text(\"{text}\")")).await.map(drop)
}

/// The widget shows the live contact, open or as a pill.
pub async fn has_a_live_contact(shopper: &Person) -> Result<()> {
    shopper
        .sees("ringside-widget :is(#card .line, .pill:has-text('Calling'), .pill:has-text('In line'))")
        .await
        .map(drop)
}

pub async fn hangs_up(shopper: &Person) -> Result<()> {
    shopper.clicks(&format!("{CARD} button:has-text('Hang up')")).await
}

/// Takes the request back.
pub async fn cancels(shopper: &Person) -> Result<()> {
    shopper.clicks(&format!("{CARD} button:has-text('Cancel')")).await
}

/// The token of the live contact that the page's storage holds.
pub async fn token(shopper: &Person) -> Result<Option<String>> {
    shopper
        .asks("() => { const kept = Object.keys(localStorage).find(key => key.endsWith(':contact')); return kept ? JSON.parse(localStorage[kept]).token : null; }")
        .await
}

/// Keeps every status that the widget tells the page, from now on until the page is left.
pub async fn keeps_what_it_is_told(shopper: &Person) -> Result<()> {
    let script = "() => { globalThis.told = []; Ringside.on('status', status => told.push(JSON.stringify(status))); return true; }";
    shopper.asks::<bool>(script).await.map(drop)
}

/// What was told since [`keeps_what_it_is_told`].
pub async fn was_told(shopper: &Person) -> Result<Vec<serde_json::Value>> {
    let told: Vec<String> = shopper.asks("() => globalThis.told").await?;
    Ok(told.iter().map(|status| serde_json::from_str(status)).collect::<Result<_, _>>()?)
}

/// True where the card says nothing of a lost connection.
pub const IS_CONNECTED: &str = "() => { const card = document.querySelector('ringside-widget').shadowRoot.querySelector('#card'); return card && !card.querySelector('.notice'); }";

/// The contact that the server answers with when `asks` asks for a call: it is on disk from that moment on.
pub async fn contact_of(shopper: &Person, asks: impl Future<Output = Result<()>>) -> Result<ContactId> {
    let (told, mut answer) = tokio::sync::mpsc::unbounded_channel();
    let hear = move |response: playwright_rs::protocol::ResponseObject| {
        let told = told.clone();
        async move {
            if response.status() == 201 && response.url().ends_with("/api/v1/requests") {
                // Nobody listens any more after the first.
                let _ = told.send(response);
            }
            Ok(())
        }
    };
    shopper.page.on_response(hear).await?;
    asks.await?;
    let response = tokio::time::timeout(PATIENCE, answer.recv()).await.context("no 201 came")?;
    let response = response.context("the page is gone")?;
    let text = String::from_utf8(response.body().await?)?;
    let accepted: CallAccepted = serde_json::from_str(&text)?;
    Ok(accepted.contact)
}
