//! What a viewer draws above the replica (carets, text selected in fields, the part that a customer sees), and customers
//! with other screens.
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use playwright_rs::protocol::Viewport;
use serde_json::json;

use super::{FRAME, HEIGHT, Mirrored, NEXT_FRAME, Outcome, WIDTH};
use crate::{Person, person::PATIENCE};

/// How far a place may be from where it should be, in CSS pixels: letters are laid out in parts of them.
const NEAR: f64 = 2.0;

/// What is drawn above the replica: of each caret and selected line the left side, the middle, and how long it is; and of
/// the part that is seen all four.
const DRAWN: &str = "() => { const left = parseFloat(FRAME.style.transform.split('(')[1]); const of = (what) => [...document.querySelectorAll(what)].filter((e) => e.style.display === 'block').map((e) => { const [x, y] = e.style.transform.match(/-?[\\d.]+(?=px)/g).map(Number); return [x - left, y, parseFloat(e.style.width) || 0, parseFloat(e.style.height)]; }); return [[...of('[data-replica-caret]').map(([x, y, , h]) => [x, y + h / 2, 0]), ...of('[data-replica-selected]').map(([x, y, w, h]) => [x, y + h / 2, w])], of('[data-replica-zoom]').flat()]; }";
/// What the customer's page says should be.
const WANTED: &str = "() => [globalThis.caretAt?.() ?? null, visualViewport.scale > 1 ? [visualViewport.offsetLeft, visualViewport.offsetTop, visualViewport.width, visualViewport.height] : []]";

type Drawn = (Vec<[f64; 3]>, Vec<f64>);

impl Mirrored {
    /// Waits until what is drawn above the replica is where the page says it should be.
    pub(super) async fn agrees_close_up(&self) -> Result<()> {
        let mut last = None;
        let same = async {
            loop {
                let (carets, zoom): (Option<Vec<[f64; 3]>>, Vec<f64>) = self.shopper.asks(WANTED).await?;
                let drawn: Drawn = self.agent.asks(&DRAWN.replace("FRAME", FRAME)).await?;
                let is_same = carets
                    .as_ref()
                    .is_none_or(|carets| are_near(carets.as_flattened(), drawn.0.as_flattened()))
                    && are_near(&zoom, &drawn.1);
                if is_same {
                    return anyhow::Ok(());
                }
                last = Some((carets, zoom, drawn));
                self.agent.asks::<bool>(NEXT_FRAME).await?;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, same).await;
        match in_time {
            Ok(same) => same,
            Err(_) => anyhow::bail!("what is drawn above is elsewhere: {last:?}"),
        }
    }

    /// What the agent sees, with what is drawn above the replica, for somebody who wants to look at it.
    pub(super) async fn keeps_a_picture(&self, outcome: &Outcome) -> Result<()> {
        let Ok(folder) = std::env::var("RINGSIDE_TEST_PICTURES") else { return Ok(()) };
        let bare = |yes: bool| format!("() => document.adoptedStyleSheets.at(-1).disabled = {}", !yes);
        self.agent.asks::<bool>(&bare(false)).await?;
        let file = format!("{}-{:02}.png", outcome.name, outcome.steps);
        self.agent.pictures(&std::path::Path::new(&folder).join(file)).await?;
        self.agent.asks::<bool>(&bare(true)).await?;
        Ok(())
    }

    /// The customer zooms in with two fingers; 1 is as it was.
    pub(super) async fn pinches(&self, times: &str) -> Result<()> {
        let times: f64 = times.parse()?;
        let session = self.shopper.context.new_cdp_session(&self.shopper.page).await?;
        session.send("Emulation.setPageScaleFactor", Some(json!({ "pageScaleFactor": times }))).await?;
        self.shopper
            .finds("the page is zoomed", &format!("() => Math.abs(visualViewport.scale - {times}) < 0.01"))
            .await
    }

    /// From here on the customer has a narrow screen of twice as many dots.
    pub async fn takes_a_phone(&self) -> Result<()> {
        let (width, height) = (360, 640);
        self.shopper.page.set_viewport_size(Viewport { width, height }).await?;
        screen(&self.shopper, width, height, true).await?;
        self.width.store(width, Ordering::Relaxed);
        self.height.store(height, Ordering::Relaxed);
        let seen: (f64, u32) = self.shopper.asks("() => [devicePixelRatio, screen.width]").await?;
        ensure!(seen == (2.0, width), "it is no such screen: {seen:?}");
        Ok(())
    }

    /// And the agent one of as many, so that pictures of both can be compared.
    pub async fn agent_has_such_a_screen(&self) -> Result<()> {
        screen(&self.agent, 1_600, 1_000, false).await
    }
}

impl Mirrored {
    pub(super) fn has_a_phone(&self) -> bool {
        self.size() != (WIDTH, HEIGHT)
    }
}

/// All of what the screen shows: the driver's own way, and a part of it, would set another screen.
pub(super) async fn picture(person: &Person) -> Result<Vec<u8>> {
    let session = person.context.new_cdp_session(&person.page).await?;
    let taken = session.send("Page.captureScreenshot", Some(json!({ "format": "png" }))).await?;
    let text = taken["result"]["data"].as_str().context("it is a picture")?;
    Ok(crate::tap::base64(text))
}

async fn screen(person: &Person, width: u32, height: u32, mobile: bool) -> Result<()> {
    let session = person.context.new_cdp_session(&person.page).await?;
    let screen = json!({
        "width": width, "height": height, "screenWidth": width, "screenHeight": height, "deviceScaleFactor": 2,
        "mobile": mobile,
    });
    session.send("Emulation.setDeviceMetricsOverride", Some(screen)).await.context("another screen")?;
    Ok(())
}

fn are_near(wanted: &[f64], drawn: &[f64]) -> bool {
    wanted.len() == drawn.len() && wanted.iter().zip(drawn).all(|(a, b)| (a - b).abs() <= NEAR)
}
