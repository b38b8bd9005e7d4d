//! A page under measurement.
use anyhow::{Context, Result};
use e2e::Person;
use playwright_rs::protocol::CDPSession;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Plan,
    side::{Cost, Side},
    site::Site,
};

/// Any: the sinks of this bench let everybody in.
const TOKEN: &str = "bench";
pub(crate) const TAB: &str = "00000000000000000000000000000001";

pub(crate) struct Tab<'p> {
    pub(crate) person: &'p Person,
    session: CDPSession,
}

/// What `bench.sent` says.
#[derive(Debug, Deserialize)]
struct Sent {
    messages: f64,
    bytes: f64,
    ms: f64,
}

impl<'p> Tab<'p> {
    pub(crate) async fn of(person: &'p Person) -> Result<Self> {
        let session = person.context.new_cdp_session(&person.page).await?;
        session.send("Performance.enable", Some(json!({ "timeDomain": "threadTicks" }))).await?;
        Ok(Self { person, session })
    }

    /// A fresh page with about so many nodes, and a recorder that has not begun; says how many nodes it has.
    pub(crate) async fn opens(&self, plan: &Plan, site: &Site, nodes: u32, side: Side) -> Result<f64> {
        let name = side.name();
        let count = self.fills(site, nodes, plan.seed).await?;
        let socket = site.socket(&format!("/sink/{name}"));
        let to = json!({ "socket": socket, "token": TOKEN, "tab": TAB });
        self.person.asks::<Value>(&format!("() => bench.load('{name}', {to})")).await?;
        Ok(count)
    }

    /// A fresh page with about so many nodes; says how many it has.
    pub(crate) async fn fills(&self, site: &Site, nodes: u32, seed: u32) -> Result<f64> {
        self.person.goes_to(&format!("{}/page", site.origin)).await?;
        self.person.asks(&format!("() => bench.fill({nodes}, {seed})")).await
    }

    /// What the page's main thread used until now, in milliseconds of thread time.
    pub(crate) async fn thread_ms(&self) -> Result<f64> {
        let metric = self.metrics().await?;
        Ok(metric("TaskDuration") * 1_000.0)
    }

    /// When this page's clock began, in milliseconds of the machine's.
    pub(crate) async fn clock_ms(&self) -> Result<f64> {
        let metric = self.metrics().await?;
        Ok(metric("NavigationStart") * 1_000.0)
    }

    pub(crate) async fn metrics(&self) -> Result<impl Fn(&str) -> f64 + use<>> {
        let answer = self.session.send("Performance.getMetrics", None).await?;
        let metrics = answer["result"]["metrics"].as_array().context("DevTools tells metrics")?.clone();
        Ok(move |name: &str| {
            let found = metrics.iter().find(|metric| metric["name"] == name);
            found.and_then(|metric| metric["value"].as_f64()).unwrap_or(0.0)
        })
    }

    /// Throws garbage away, so that none of it is paid for later.
    pub(crate) async fn sweeps(&self) -> Result<()> {
        self.session.send("HeapProfiler.collectGarbage", None).await?;
        Ok(())
    }

    /// All that WebAssembly holds in this page.
    pub(crate) async fn wasm_bytes(&self) -> Result<f64> {
        let memories = json!({ "expression": "WebAssembly.Memory.prototype" });
        let found = self.session.send("Runtime.evaluate", Some(memories)).await?;
        let of = json!({ "prototypeObjectId": found["result"]["result"]["objectId"] });
        let found = self.session.send("Runtime.queryObjects", Some(of)).await?;
        let sum = json!({
            "objectId": found["result"]["objects"]["objectId"], "returnByValue": true,
            "functionDeclaration": "function () { return this.reduce((sum, { buffer }) => sum + buffer.byteLength, 0); }",
        });
        let sum = self.session.send("Runtime.callFunctionOn", Some(sum)).await?;
        sum["result"]["result"]["value"].as_f64().context("DevTools finds the memories")
    }

    /// What it costs to do that; the script resolves to what was sent.
    pub(crate) async fn costs(&self, script: &str) -> Result<Cost> {
        self.sweeps().await?;
        let before = self.thread_ms().await?;
        let sent: Sent = self.person.asks(script).await?;
        let cpu_ms = self.thread_ms().await? - before;
        Ok(Cost { cpu_ms, bytes: sent.bytes, messages: sent.messages, sent_ms: sent.ms })
    }
}
