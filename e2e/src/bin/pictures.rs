//! Makes the README's pictures from the real thing: `cargo xtask pictures`.
use std::path::Path;

use anyhow::Result;
use e2e::{StageOptions, agent, main_job::Cast, shopper};

#[tokio::main]
async fn main() -> Result<()> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).join("docs/pictures");
    let cast = Cast::assemble(StageOptions::default()).await?;
    for path in ["/", "/products/storm-lantern.html", "/products/oak-bench.html"] {
        cast.shopper.goes_to(&format!("{}{path}", cast.stage.shop)).await?;
    }
    shopper::opens_the_form(&cast.shopper).await?;
    cast.shopper.types("ringside-widget #note", "Does the bench come in 160 cm?").await?;
    cast.shopper.types("ringside-widget #number", &cast.stage.ready.handset_number).await?;
    cast.shopper.pictures(&folder.join("widget.png")).await?;
    cast.shopper.clicks("ringside-widget #card button.primary:has-text('Call me')").await?;
    cast.telephone_to_bridge().await?;
    agent::sees_page(&cast.agent, "Oak bench").await?;
    cast.agent.types("#notes", "Wants 160 cm. Deliver to the island.").await?;
    cast.agent.sees(".saved:text-is('Saved')").await?;
    cast.agent.pictures(&folder.join("console.png")).await?;
    agent::hangs_up(&cast.agent).await
}
