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
