//! The whole way: a customer's page, a real server, an agent's console.
use anyhow::{Context, Result, ensure};
use e2e::{
    Person, Stage, StageOptions, agent,
    api::{self, Posted},
    handset, merchant,
};
use serde_json::{Value, json};

use crate::{
    Plan,
    side::Side,
    site::Site,
    tab::{TAB, Tab},
};

/// Nobody answers the telephone: the page is shown all the while.
const RINGS: &str = "7200s";
/// The replica's document.
pub(crate) const REPLICA: &str = "document.querySelector('.page-view iframe')?.contentDocument";

pub(crate) struct Scene {
    pub(crate) agent: Person,
    /// Where our recorder publishes: socket, token, tab.
    pub(crate) to: Value,
    pub(crate) stage: Stage,
    _holder: Person,
}

impl Scene {
    /// A contact is live, and the agent is shown its page.
    pub(crate) async fn open(plan: &Plan, person: &Person, site: &Site) -> Result<Self> {
        Self::open_with(plan, (person, "1"), site, StageOptions::default()).await
    }

    /// The same for a business that is set otherwise, and a customer who agreed to this version of its text.
    pub(crate) async fn open_with(
        plan: &Plan,
        (person, consent): (&Person, &str),
        site: &Site,
        options: StageOptions,
    ) -> Result<Self> {
        let options = StageOptions {
            settings: vec![("ring_customer", RINGS)],
            origins: vec![site.origin.clone()],
            program: plan.server.clone(),
            ..options
        };
        let stage = Stage::start(options).await?;
        let holder = person.as_another("handset").await?;
        handset::switches_on(&holder, &stage.ready).await?;
        let agent = person.as_another("agent").await?;
        agent::starts_shift(&agent, &stage.ready).await?;
        let to = json!({
            "socket": format!("{}/ws/mirror", stage.ready.url.replacen("http", "ws", 1)),
            "token": asks(&stage, (person, consent), site).await?, "tab": TAB,
        });
        Ok(Self { agent, to, stage, _holder: holder })
    }
}

/// A customer asks for a call, and keeps the token.
async fn asks(stage: &Stage, (person, consent): (&Person, &str), site: &Site) -> Result<String> {
    let business = merchant::KEY.rsplit('=').next().context("the tag names a business")?;
    let number = &stage.ready.handset_number;
    let body = json!({ "business": business, "channel": "telephone", "number": number, "consent": consent });
    let posted = Posted { key: "b".repeat(32), body: body.to_string() };
    let answer = api::post(person, &stage.ready.url, &site.origin, &posted).await?;
    ensure!(answer.status == 201, "the call is refused: {answer:?}");
    Ok(answer.text("token").to_owned())
}

/// A fresh page of about so many nodes that is recorded from here on, to wherever it is sent; its viewer is
/// `document`'s page.
pub(crate) async fn shows(
    plan: &Plan,
    tab: &Tab<'_>,
    (site, nodes): (&Site, u32),
    (side, to): (Side, &Value),
    (viewer, document): (&Person, &str),
) -> Result<()> {
    tab.fills(site, nodes, plan.seed).await?;
    begins(tab, (side, to), (viewer, document)).await
}

/// The same to the agent of a scene, of a page that a script changed before.
pub(crate) async fn shows_changed(
    plan: &Plan,
    tab: &Tab<'_>,
    (site, nodes): (&Site, u32),
    scene: &Scene,
    script: &str,
) -> Result<()> {
    tab.fills(site, nodes, plan.seed).await?;
    tab.person.asks::<bool>(script).await?;
    begins(tab, (Side::Ours, &scene.to), (&scene.agent, REPLICA)).await
}

async fn begins(
    tab: &Tab<'_>,
    (side, to): (Side, &Value),
    (viewer, document): (&Person, &str),
) -> Result<()> {
    let name = side.name();
    tab.person.asks::<Value>(&format!("() => bench.load('{name}', {to})")).await?;
    let serial: f64 = tab.person.asks("() => bench.serial()").await?;
    tab.person.asks::<Value>("() => bench.start()").await?;
    let here = format!("() => {document}?.getElementById('beat')?.title === '{serial}'");
    viewer.finds("the replica shows the page", &here).await
}

/// A page that is small enough to be shown again and again.
pub(crate) const PAGE: u32 = 1_000;

/// A replayer of rrweb's that follows the relay, and its document.
pub(crate) async fn replayer(person: &Person, site: &Site) -> Result<Person> {
    let replayer = person.as_another("replayer").await?;
    replayer.goes_to(&format!("{}/replay", site.origin)).await?;
    let view = site.socket("/relay/view");
    replayer.asks::<bool>(&format!("() => watchRrweb('{view}')")).await?;
    Ok(replayer)
}
pub(crate) const RRWEB: &str = "replayer.iframe.contentDocument";

/// Where rrweb's events go.
pub(crate) fn relay(site: &Site) -> Value {
    json!({ "socket": site.socket("/relay/publish") })
}
