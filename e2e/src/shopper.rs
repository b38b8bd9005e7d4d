//! The shopper, on the merchant's page. Locators pierce the widget's open shadow root.
use anyhow::Result;

use crate::Person;

const CARD: &str = "ringside-widget #card";

pub async fn opens_the_form(shopper: &Person) -> Result<()> {
    shopper.clicks("ringside-widget .pill").await?;
    shopper.sees("ringside-widget #number").await.map(drop)
}

/// Fills in the form and presses "Call me".
pub async fn asks_for_a_call(shopper: &Person, number: &str, note: &str) -> Result<()> {
    opens_the_form(shopper).await?;
    shopper.types("ringside-widget #number", number).await?;
    shopper.types("ringside-widget #note", note).await?;
    shopper.clicks(&format!("{CARD} button.primary:has-text('Call me')")).await
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
