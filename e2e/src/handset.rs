//! Whoever holds the virtual telephone.
use anyhow::Result;

use crate::{Person, stage::Ready};

pub async fn switches_on(holder: &Person, ready: &Ready) -> Result<()> {
    holder.goes_to(&ready.handset).await?;
    holder.sees(".handset[data-state=idle]").await.map(drop)
}

pub async fn rings(holder: &Person) -> Result<()> {
    holder.sees(".handset[data-state=ringing]").await.map(drop)
}

pub async fn answers(holder: &Person) -> Result<()> {
    rings(holder).await?;
    holder.clicks(".handset button:has-text('Answer')").await?;
    holder.sees(".handset[data-state=talking]").await.map(drop)
}

pub async fn declines(holder: &Person) -> Result<()> {
    rings(holder).await?;
    holder.clicks(".handset button:has-text('Decline')").await
}

pub async fn presses(holder: &Person, key: char) -> Result<()> {
    holder.clicks(&format!(".keypad button:text-is('{key}')")).await
}

pub async fn hangs_up(holder: &Person) -> Result<()> {
    holder.clicks(".handset .actions button:has-text('Hang up')").await
}

pub async fn is_done(holder: &Person) -> Result<()> {
    holder.sees(".handset:is([data-state=ended], [data-state=idle])").await.map(drop)
}

/// Counts from now on how often the telephone begins to ring.
pub async fn counts_rings(holder: &Person) -> Result<()> {
    let script = r"() => {
      let before = document.querySelector('.handset').dataset.state;
      globalThis.rings = 0;
      new MutationObserver(() => {
        const state = document.querySelector('.handset')?.dataset.state;
        if (state === 'ringing' && before !== 'ringing') globalThis.rings++;
        before = state;
      }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
      return true;
    }";
    holder.asks::<bool>(script).await.map(drop)
}

/// How often it rang since [`counts_rings`].
pub async fn rings_counted(holder: &Person) -> Result<f64> {
    holder.asks("() => globalThis.rings").await
}

/// It has lost its server.
pub async fn is_away(holder: &Person) -> Result<()> {
    holder.sees(".handset[data-state=connecting]").await.map(drop)
}
