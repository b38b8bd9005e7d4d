//! The agent, at the console.
use anyhow::Result;

use crate::{Person, stage::Ready};

/// Signs in and goes ready.
pub async fn starts_shift(agent: &Person, ready: &Ready) -> Result<()> {
    signs_in(agent, ready).await?;
    goes_ready(agent).await
}

/// Signs in; nobody is ready by that alone.
pub async fn signs_in(agent: &Person, ready: &Ready) -> Result<()> {
    signs_in_as(agent, ready, &ready.agent_login, &ready.agent_password).await
}

/// The same by another login.
pub async fn signs_in_as(agent: &Person, ready: &Ready, login: &str, password: &str) -> Result<()> {
    agent.goes_to(&format!("{}/console/", ready.url)).await?;
    agent.types("#login", login).await?;
    agent.types("#password", password).await?;
    agent.clicks("button:has-text('Sign in')").await?;
    agent.sees(".presence.is-away").await.map(drop)
}

pub async fn goes_ready(agent: &Person) -> Result<()> {
    agent.clicks(".me button:has-text('Ready')").await?;
    // Whoever waits takes the agent at once.
    agent.sees(".presence:is(.is-ready, .is-ringing)").await.map(drop)
}

pub async fn accepts(agent: &Person) -> Result<()> {
    agent.clicks(".offer button:has-text('Accept')").await
}

/// The call bar says that the two are bridged.
pub async fn talks(agent: &Person) -> Result<()> {
    agent.sees(".call-bar.is-live strong:text-is('Talking')").await.map(drop)
}

/// The paths of the trail in the screen-pop, oldest first.
pub async fn trail(agent: &Person) -> Result<Vec<String>> {
    agent
        .asks("() => [...document.querySelectorAll('.panel .trail-url')].map(e => e.textContent).reverse()")
        .await
}

pub async fn hangs_up(agent: &Person) -> Result<()> {
    agent.clicks(".hang-up").await
}

/// Chooses a result, writes notes, and finishes.
pub async fn wraps_up(agent: &Person, disposition: &str, notes: &str) -> Result<()> {
    agent.sees("#disposition").await?.select_option(disposition, None).await?;
    agent.types("#notes", notes).await?;
    agent.sees(".saved:text-is('Saved')").await?;
    agent.clicks("button:has-text('Finish wrap-up')").await?;
    agent.sees(".presence.is-ready").await.map(drop)
}

/// Finds a contact in the history and opens its record.
pub async fn finds_in_history(agent: &Person, search: &str) -> Result<()> {
    agent.clicks(".tab:has-text('History')").await?;
    agent.types("#search", search).await?;
    agent
        .finds("the search has one result", "() => document.querySelectorAll('.contact-row').length === 1")
        .await?;
    agent.clicks(".contact-row").await?;
    agent.sees(".record h2").await.map(drop)
}

/// The rows of the record that is open: party, beginning, and so on, as shown.
pub async fn legs(agent: &Person) -> Result<Vec<String>> {
    agent.asks("() => [...document.querySelectorAll('.record tbody tr')].map(row => [...row.cells].map(cell => cell.textContent).join(' | '))").await
}

/// The document of the replica's frame, if there is one. The frame is same-origin with the console.
const REPLICA: &str = "document.querySelector('.page-view iframe')?.contentDocument";

/// The replica shows a page with that heading.
pub async fn sees_page(agent: &Person, heading: &str) -> Result<()> {
    let script = format!(
        "() => [...({REPLICA}?.querySelectorAll('h1') ?? [])].some(h => h.textContent.includes('{heading}'))"
    );
    agent.finds(&format!("the replica shows {heading}"), &script).await
}

/// A field of the replica holds that value.
pub async fn sees_value(agent: &Person, value: &str) -> Result<()> {
    let script = format!(
        "() => [...({REPLICA}?.querySelectorAll('input, textarea') ?? [])].some(f => f.value === '{value}')"
    );
    agent.finds(&format!("the replica holds {value}"), &script).await
}

/// All text and all values of the replica.
pub async fn replica_text(agent: &Person) -> Result<String> {
    let script = format!(
        "() => {REPLICA}.documentElement.outerHTML + [...{REPLICA}.querySelectorAll('input, textarea')].map(f => f.value).join('|')"
    );
    agent.asks(&script).await
}

/// Leads the shopper to a page.
pub async fn pushes(agent: &Person, url: &str) -> Result<()> {
    agent.types("#address", url).await?;
    agent.page.keyboard().press("Enter", None).await?;
    Ok(())
}
