//! Messages that no server sent.
use std::ops::RangeInclusive;

use anyhow::{Result, ensure};
use playwright_rs::protocol::ColorScheme;
use shared::wire::{
    lead::{ActAsked, Deed, Spot},
    mirror::ServerToHand,
};

use crate::{HAND, Story, anew::is_read_anew};

/// More than the page is read.
const EPOCHS: RangeInclusive<u32> = 1..=16;

/// Whoever holds the wire cannot do more than the customer allowed; what is allowed works the same way.
pub(crate) async fn forged(story: &Story) -> Result<()> {
    let pressed = "() => { for (const bytes of FORGED) sockets.filter(s => /mirror/.test(s.url)).at(-1)
        .dispatchEvent(new MessageEvent('message', { data: Uint8Array.from(bytes).buffer }));
        return globalThis.clicks; }";
    let forge = |number: u32, epochs: RangeInclusive<u32>| {
        let mut all = Vec::new();
        for (epoch, node) in epochs.flat_map(|epoch| (2..=80_u32).map(move |node| (epoch, node))) {
            let at = Spot { node, x: 5_000, y: 5_000 };
            let asked = ActAsked { order: 1, number, epoch, seq: u32::MAX, deed: Deed::Click { at } };
            all.push(ServerToHand::from(asked).encode());
        }
        pressed.replace("FORGED", &serde_json::to_string(&all).expect("numbers are JSON"))
    };
    let before: u32 = story.visitor.asks("() => globalThis.clicks").await?;
    for number in 0..=3 {
        let after: u32 = story.visitor.asks(&forge(number, EPOCHS)).await?;
        ensure!(after == before, "a forged message pressed the button");
    }
    // The customer is asked again no sooner than five seconds after a stop.
    story.agent.finds("control can be asked for", "() => [...document.querySelectorAll('.lead button')].some(b => b.textContent === 'Ask for control')").await?;
    let answer =
        "() => document.querySelector('.lead-state').textContent.match(/Waiting|too soon/)?.[0] ?? ''";
    loop {
        // Another tool takes old words away.
        story.agent.clicks(".lead button:text-is('Draw')").await?;
        story.agent.clicks(".lead button:has-text('Ask for control')").await?;
        story.agent.finds("an answer", &answer.replace("?? ''", "?? false")).await?;
        if story.agent.asks::<String>(answer).await? == "Waiting" {
            break;
        }
    }
    story.visitor.clicks(&format!("{HAND} .ask [data-do=allow]")).await?;
    story.agent_reads("You are in control").await?;
    // Nobody may be at it: the press on the button above is one.
    story
        .page_finds(
            "the same messages work with the grant's number",
            &format!("(({}))() > {before}", forge(2, EPOCHS)),
        )
        .await?;
    // What was seen just before the page was read anew is still meant; what was seen before that is not.
    is_read_anew(story, ColorScheme::Light).await?;
    is_read_anew(story, ColorScheme::Dark).await?;
    let (mut clicks, mut meant) = (story.visitor.asks::<u32>("() => clicks").await?, Vec::new());
    for epoch in EPOCHS {
        let now: u32 = story.visitor.asks(&forge(2, epoch..=epoch)).await?;
        if now > clicks {
            meant.push(epoch);
        }
        clicks = now;
    }
    ensure!(
        matches!(meant[..], [before, now] if now == before + 1),
        "deeds of these epochs are done: {meant:?}"
    );
    Ok(())
}
