//! Somebody with a browser process of their own, and a microphone that plays what only they say.
use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use media::tone::Bursts;
use playwright_rs::{
    Playwright,
    api::LaunchOptions,
    protocol::{Browser, BrowserContext, BrowserContextOptions, GrantPermissionsOptions, Locator, Page},
};

use crate::relay::Relay;

/// How long an event may take before a story gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Sample rate that browsers capture with.
const CAPTURE_HZ: u32 = 48_000;
/// Length of a microphone's sound, in milliseconds; the browser plays it over and over.
const BURSTS_MS: u32 = 10_000;

/// The driver that starts browsers. One a story.
pub struct Troupe {
    playwright: Playwright,
}

/// What a person's microphone says: bursts of one tone. Noise suppression would eat a steady one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mic {
    pub hertz: u32,
}

/// How much the browser's flags help with voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// Permission questions are answered and sound may play at once.
    Flags,
    /// The person granted the microphone to the site; everything else is as in a shop.
    None,
}

/// Closed shadow roots open for the story's eyes.
const OPENED: &str = "const attach = Element.prototype.attachShadow; \
    Element.prototype.attachShadow = function (init) { return attach.call(this, { ...init, mode: 'open' }); };";

pub struct Person {
    pub name: &'static str,
    pub page: Page,
    pub context: BrowserContext,
    browser: Browser,
}

const QUIET: [&str; 8] = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Candidates by name (mDNS) cannot be resolved in a closed network.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
];

impl Troupe {
    pub async fn assemble() -> Result<Self> {
        Ok(Self { playwright: Playwright::launch().await.context("the browser driver does not start")? })
    }

    /// A browser without voice.
    pub async fn reader(&self, name: &'static str) -> Result<Person> {
        self.reader_with(name, &[]).await
    }

    /// The same, started with flags of its own.
    pub async fn reader_with(&self, name: &'static str, flags: &[String]) -> Result<Person> {
        self.enter(name, flags, BrowserContextOptions::builder().build(), &[]).await
    }

    /// A browser without voice that comes to the server through a relay.
    pub async fn reader_behind(&self, name: &'static str, relay: &Relay) -> Result<Person> {
        self.enter(name, &[relay.flag()], BrowserContextOptions::builder().build(), &[]).await
    }

    /// A browser whose microphone plays `mic`; the sound file goes into `folder`.
    pub async fn speaker(
        &self,
        name: &'static str,
        mic: Mic,
        folder: &Path,
        help: Help,
        sites: &[&str],
    ) -> Result<Person> {
        let file = folder.join(format!("{name}.wav"));
        std::fs::write(&file, Bursts::new(f64::from(mic.hertz)).wav(CAPTURE_HZ, BURSTS_MS))?;
        let mut flags = vec![
            "--use-fake-device-for-media-stream".to_owned(),
            format!("--use-file-for-fake-audio-capture={}", file.display()),
            "--allow-loopback-in-peer-connection".to_owned(),
        ];
        if help == Help::Flags {
            flags.push("--use-fake-ui-for-media-stream".into());
            flags.push("--autoplay-policy=no-user-gesture-required".into());
        }
        self.enter(name, &flags, BrowserContextOptions::builder().build(), sites).await
    }

    async fn enter(
        &self,
        name: &'static str,
        flags: &[String],
        options: BrowserContextOptions,
        microphone_sites: &[&str],
    ) -> Result<Person> {
        let arguments = QUIET.iter().map(|flag| (*flag).to_owned()).chain(flags.iter().cloned()).collect();
        let options_launch = LaunchOptions::new().headless(true).executable_path(chromium()).args(arguments);
        let browser = self.playwright.chromium().launch_with_options(options_launch).await?;
        let context = browser.new_context_with_options(options).await?;
        let page = context.new_page().await?;
        page.set_default_timeout(PATIENCE.as_secs_f64() * 1_000.0).await;
        let person = Person { name, page, context, browser };
        for site in microphone_sites {
            person.gives_the_microphone(site).await?;
        }
        Ok(person)
    }
}

fn chromium() -> String {
    std::env::var("RINGSIDE_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into())
}

impl Person {
    pub async fn goes_to(&self, url: &str) -> Result<()> {
        self.page.goto(url, None).await.with_context(|| format!("{} goes to {url}", self.name))?;
        Ok(())
    }

    /// The same page once more, as by the browser's own button.
    pub async fn reloads(&self) -> Result<()> {
        self.page.reload(None).await.with_context(|| format!("{} reloads", self.name))?;
        Ok(())
    }

    /// Gives the microphone to a site, as the browser's question does.
    pub async fn gives_the_microphone(&self, site: &str) -> Result<()> {
        let grant = GrantPermissionsOptions::default().origin(site);
        self.context.grant_permissions(&["microphone"], Some(grant)).await?;
        Ok(())
    }

    /// Takes back what was given to any site.
    pub async fn takes_the_microphone_back(&self) -> Result<()> {
        Ok(self.context.clear_permissions().await?)
    }

    /// From the next page on, what pages keep in closed shadow roots is seen as well.
    pub async fn sees_through(&self) -> Result<()> {
        self.context.add_init_script(OPENED).await.with_context(|| format!("{} sees through", self.name))
    }

    /// Waits until it shows, and returns it.
    pub async fn sees(&self, selector: &str) -> Result<Locator> {
        let found = self.page.locator(selector);
        let shown = playwright_rs::expect(found.clone()).with_timeout(PATIENCE).to_be_visible().await;
        if shown.is_err() {
            let body = self.page.locator("body").inner_text().await.unwrap_or_default();
            let widget = self
                .asks::<String>(
                    "() => document.querySelector('ringside-widget')?.shadowRoot.textContent ?? ''",
                )
                .await;
            let text = format!("{body}\n{}", widget.unwrap_or_default());
            let errors = self.page.page_errors().join("\n");
            let console: Vec<_> =
                self.page.console_messages().iter().map(|message| message.text().to_owned()).collect();
            anyhow::bail!(
                "{} does not see `{selector}` at {}. The page says:\n{text}\n{errors}\n{}",
                self.name,
                self.page.url(),
                console.join("\n")
            );
        }
        Ok(found)
    }

    pub async fn clicks(&self, selector: &str) -> Result<()> {
        self.sees(selector)
            .await?
            .click(None)
            .await
            .with_context(|| format!("{} clicks {selector}", self.name))?;
        Ok(())
    }

    /// The middle of what it sees, in CSS pixels of the window: for a mouse that looks at nothing.
    pub async fn where_is(&self, selector: &str) -> Result<(f64, f64)> {
        let seen = self.sees(selector).await?;
        seen.scroll_into_view_if_needed().await?;
        let shown = seen.bounding_box().await?.with_context(|| format!("`{selector}` has a place"))?;
        Ok((shown.x + shown.width / 2.0, shown.y + shown.height / 2.0))
    }

    pub async fn types(&self, selector: &str, text: &str) -> Result<()> {
        self.sees(selector)
            .await?
            .fill(text, None)
            .await
            .with_context(|| format!("{} types into {selector}", self.name))?;
        Ok(())
    }

    /// Waits until the page's own script finds it true.
    pub async fn finds(&self, what: &str, script: &str) -> Result<()> {
        let waited = self.page.wait_for_function(script, None).await;
        waited.with_context(|| format!("{} does not find that {what}", self.name))?;
        Ok(())
    }

    /// What a function of the page's own returns.
    pub async fn asks<T: serde::de::DeserializeOwned>(&self, script: &str) -> Result<T> {
        self.page.evaluate(script, None::<&()>).await.with_context(|| format!("{} asks the page", self.name))
    }

    pub async fn pictures(&self, file: &Path) -> Result<()> {
        self.page.screenshot_to_file(file, None).await?;
        Ok(())
    }

    /// Another tab of the same browser.
    pub async fn opens_a_tab(&self) -> Result<Self> {
        Ok(self.with_page(self.context.new_page().await?).await)
    }

    /// Ends when the page is closed. To be asked for before whatever closes it.
    pub async fn closing(&self) -> Result<impl Future<Output = Result<()>> + use<>> {
        let (told, mut closed) = tokio::sync::mpsc::unbounded_channel();
        let hear = move || {
            let told = told.clone();
            async move {
                // Nobody waits any more after the first.
                let _ = told.send(());
                Ok(())
            }
        };
        self.page.on_close(hear).await?;
        let name = self.name;
        Ok(async move {
            let heard = tokio::time::timeout(PATIENCE, closed.recv()).await;
            heard.ok().flatten().with_context(|| format!("{name}'s window stays open"))
        })
    }

    /// The same person at another page of the same browser, such as a window that a page opened.
    pub async fn with_page(&self, page: Page) -> Self {
        page.set_default_timeout(PATIENCE.as_secs_f64() * 1_000.0).await;
        Self { name: self.name, page, context: self.context.clone(), browser: self.browser.clone() }
    }

    /// Another profile in the same browser process: it shares no storage and no cookie with this one.
    pub async fn as_another(&self, name: &'static str) -> Result<Self> {
        let context = self.browser.new_context().await?;
        let page = context.new_page().await?;
        page.set_default_timeout(PATIENCE.as_secs_f64() * 1_000.0).await;
        Ok(Self { name, page, context, browser: self.browser.clone() })
    }

    pub async fn presses(&self, key: &str) -> Result<()> {
        self.page.keyboard().press(key, None).await.with_context(|| format!("{} presses {key}", self.name))
    }

    /// Of the browser.
    pub fn version(&self) -> String {
        self.browser.version().to_owned()
    }

    pub async fn leaves(self) -> Result<()> {
        self.browser.close().await?;
        Ok(())
    }
}
