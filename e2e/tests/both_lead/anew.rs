//! A page that is sent anew while an agent acts in it.
use anyhow::Result;
use playwright_rs::protocol::{ColorScheme, EmulateMediaOptions};

use crate::Story;

/// The customer's browser turns dark or light: the page is sent anew, with other numbers.
pub(crate) async fn is_read_anew(story: &Story, scheme: ColorScheme) -> Result<()> {
    let name = "document.querySelector('.page-view iframe').contentDocument?.querySelector('#name')";
    story.agent.asks::<bool>(&format!("() => {{ globalThis.was = {name}; return true; }}")).await?;
    // What is first moves all the numbers behind it.
    story
        .visitor
        .asks::<bool>("() => { document.body.prepend(document.createElement('p')); return true; }")
        .await?;
    story.visitor.page.emulate_media(EmulateMediaOptions::builder().color_scheme(scheme).build()).await?;
    story
        .agent
        .finds("the page is shown anew", &format!("() => {{ const is = {name}; return is && is !== was; }}"))
        .await
}

/// An agent who is typing when the page is sent anew loses nothing, and what is typed goes where it went before.
pub(crate) async fn types_on(story: &Story) -> Result<()> {
    let agent = &story.agent;
    story.presses("#note").await?;
    agent.sees("textarea.replica-ghost").await?;
    for (scheme, more, text) in [
        (ColorScheme::Dark, "Two", "Two"),
        (ColorScheme::Light, " oak", "Two oak"),
        (ColorScheme::Dark, " chairs", "Two oak chairs"),
    ] {
        agent.page.keyboard().type_text(more, None).await?;
        story.page_finds(text, &format!("document.querySelector('#note').value === '{text}'")).await?;
        is_read_anew(story, scheme).await?;
    }
    agent.presses("Escape").await?;
    story.page_finds("nothing else", "document.querySelector('#name').value === 'Ada King'").await?;
    let emptied = "() => { document.querySelector('#note').value = ''; return true; }";
    story.visitor.asks::<bool>(emptied).await.map(drop)
}
