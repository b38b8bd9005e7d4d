//! What axe-core finds in a page, in light and in dark.
use std::path::Path;

use anyhow::{Context, Result, ensure};
use playwright_rs::protocol::{ColorScheme, EmulateMediaOptions, ReducedMotion};

use crate::Person;

/// Every rule but those that are experimental; shadow trees are looked into, and the frame of the replica is not: its
/// page is the merchant's.
/// What is on its way to another colour is waited for.
const RUN: &str = r"async () => {
  const root = document.querySelector(ROOT);
  for (;;) {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const moving = document.getAnimations().filter(one => Number.isFinite(one.effect?.getComputedTiming().endTime));
    const running = moving.filter(one => one.playState === 'running');
    if (running.length === 0) break;
    await Promise.allSettled(running.map(one => one.finished));
  }
  const found = await axe.run(root, { resultTypes: ['violations'], iframes: false });
  return found.violations.map(rule =>
    `${rule.id} (${rule.impact}): ${rule.help}\n` + rule.nodes.map(node =>
      `    ${node.target.flat(9).join(' >> ')}\n      ${node.html.slice(0, 160)}\n      ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}`).join('\n'));
}";

/// Looks at screens, one after the other, and keeps what is wrong with each.
pub struct Inspector {
    axe: String,
    faults: Vec<String>,
}

impl Inspector {
    /// With axe-core of the version that the project locks.
    pub fn new() -> Result<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&file).context("axe-core is not there: run `cargo xtask setup`")?;
        Ok(Self { axe, faults: Vec::new() })
    }

    /// What is wrong with the page as it is now, one text for each rule that is broken.
    pub async fn violations(&self, person: &Person) -> Result<Vec<String>> {
        self.violations_in(person, "html").await
    }

    async fn violations_in(&self, person: &Person, root: &str) -> Result<Vec<String>> {
        if !person.asks::<bool>("() => 'axe' in globalThis").await? {
            // By the debugger's own evaluation, which no policy of the page refuses.
            person.page.evaluate_expression(&self.axe).await.context("axe-core does not start")?;
        }
        person.asks(&RUN.replace("ROOT", &format!("{root:?}"))).await
    }

    /// Looks at the page in dark and in light.
    pub async fn look(&mut self, person: &Person, screen: &str) -> Result<()> {
        self.look_into(person, "html", screen).await
    }

    /// The same for one element and what is in it: the rest is somebody else's.
    pub async fn look_into(&mut self, person: &Person, root: &str, screen: &str) -> Result<()> {
        for scheme in [ColorScheme::Dark, ColorScheme::Light] {
            let name = format!("{scheme:?}");
            let still =
                EmulateMediaOptions::builder().color_scheme(scheme).reduced_motion(ReducedMotion::Reduce);
            person.page.emulate_media(still.build()).await?;
            let found =
                self.violations_in(person, root).await.with_context(|| format!("axe looks at {screen}"))?;
            self.faults.extend(found.iter().map(|fault| format!("{screen}, {name}: {fault}")));
        }
        Ok(())
    }

    /// Nothing was wrong with any screen.
    pub fn verdict(self) -> Result<()> {
        ensure!(self.faults.is_empty(), "axe found faults:\n{}", self.faults.join("\n"));
        Ok(())
    }
}
