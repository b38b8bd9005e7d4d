//! Where a trial takes place: a folder, a database, a port, a business with agents.
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use contact_core::{
    Settings,
    record::AgentProfile,
    settings::{DialMode, Retry},
};
use contact_server::{
    clock::{Clock as _, SystemClock},
    demo, ids, passwords,
};
use shared::{AgentId, BusinessId, Timestamp};
use store::{Business, Scope, Store, Token};
use tempfile::TempDir;

use crate::process::Launch;

pub const SHOP: &str = "http://shop.test";
pub const KEY: &str = "rig-business";
pub const PASSWORD: &str = "a long password of the rig";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Database {
    Sqlite,
    Postgres,
}

pub struct Place {
    folder: TempDir,
    pub database: String,
    pub addr: SocketAddr,
    pub server: PathBuf,
    pub business: BusinessId,
}

/// Crowds that ask all the time are no attack: nobody is asked for a proof of work.
pub const NO_PROOFS: &str = "[attack]\nbusiness_requests = 100000000\nserver_requests = 100000000\n\
    crowded_percent = 101\nnetwork_requests = { burst = 1000000, per_minute = 10000000 }\n";

impl Place {
    pub async fn new(server: PathBuf, kind: Database) -> Result<Self> {
        Self::in_folder(server, kind, tempfile::Builder::new().prefix("ringside-rig-").tempdir()?).await
    }

    pub async fn in_folder(server: PathBuf, kind: Database, folder: TempDir) -> Result<Self> {
        let database = match kind {
            Database::Sqlite => format!("sqlite:{}", folder.path().join("data/ringside.db").display()),
            Database::Postgres => store::testing::postgres_url().await,
        };
        let business = BusinessId(ids::fresh(now()));
        Ok(Self { folder, database, addr: free_addr()?, server, business })
    }

    /// A file or folder of this trial.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The origin of the server's own pages.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.addr.port())
    }

    /// Keeps the folder and says where it is.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// Writes the configuration. `more` are further keys, `simulated` the table of the driver.
    pub fn configure(&self, more: &str, simulated: &str) -> Result<PathBuf> {
        let plenty = "{ burst = 1000000, per_minute = 10000000 }";
        let limits = format!(
            "[rates]\nrequests = {plenty}\nnumbers = {plenty}\nsign_in = {plenty}\nlogin = {plenty}\n\
             all = {plenty}\n[shares]\nsockets_per_address = 100000\nnumbers_per_address = 1000000\n{NO_PROOFS}"
        );
        self.configure_bounded(more, &limits, simulated)
    }

    /// The same with the limits of `limits` (tables), and else with the default ones.
    pub fn configure_bounded(&self, more: &str, limits: &str, simulated: &str) -> Result<PathBuf> {
        let path = self.path("ringside.toml");
        let text = format!(
            "listen = '{}'\nmedia_bind = '127.0.0.1:0'\ndata = '{}'\ndatabase = '{}'\ndemo = true\n\
             demo_origins = ['{SHOP}']\ntrusted_proxies = ['127.0.0.1']\ndialer = 'simulated'\n{more}\n\
             {limits}[simulated]\n{simulated}\n",
            self.addr,
            self.path("data").display(),
            self.database,
        );
        std::fs::write(&path, text)?;
        Ok(path)
    }

    pub async fn open(&self) -> Result<std::sync::Arc<dyn Store>> {
        store::open(&self.database).await.context("the trial's database cannot be opened")
    }

    /// Makes the business and its agents `agent-0`, `agent-1`, ...
    pub async fn seed(&self, settings: &Settings, agents: usize) -> Result<Vec<AgentId>> {
        let store = self.open().await?;
        let business = Business {
            id: self.business,
            key: KEY.to_owned(),
            origins: vec![SHOP.to_owned()],
            dialer: Some("simulated".to_owned()),
            ..demo::new_business("Rig", "US", now())
        };
        store.put_business(&business, settings).await?;
        let hash = tokio::task::spawn_blocking(|| passwords::hash(PASSWORD)).await??;
        let mut ids = Vec::with_capacity(agents);
        for n in 0..agents {
            let id = AgentId(ids::fresh(now()));
            let profile = AgentProfile {
                id,
                name: format!("Agent {n}"),
                skills: Default::default(),
                supervisor: false,
                plays_recordings: false,
            };
            store.put_agent(self.business, &profile, &login(n), &hash).await?;
            ids.push(id);
        }
        Ok(ids)
    }

    /// Sessions as a sign-in gives them, without the time that a password takes: cookies.
    pub async fn sessions(&self, agents: &[AgentId]) -> Result<Vec<String>> {
        let store = self.open().await?;
        let mut cookies = Vec::with_capacity(agents.len());
        for agent in agents {
            let token = ids::token();
            let scope = Scope::AgentSession { agent: *agent, csrf: ids::token() };
            let expires_at = now() + Duration::from_hours(4);
            store
                .put_token(&Token { hash: ids::hash(&token), business: self.business, scope, expires_at })
                .await?;
            cookies.push(format!("ringside_session={token}"));
        }
        Ok(cookies)
    }

    pub fn launch<'a>(&'a self, config: &'a std::path::Path, log: &'a std::path::Path) -> Launch<'a> {
        Launch { command: vec![self.server.display().to_string()], config, log, env: Vec::new() }
    }
}

pub fn login(n: usize) -> String {
    format!("agent-{n}")
}

pub fn now() -> Timestamp {
    SystemClock::default().now()
}

/// A port below those that the system gives to clients: a client that tries in vain to reach a server which
/// is down could otherwise be given that very port, and reach itself. No two trials of this process get the same.
fn free_addr() -> Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 8_000)?;
    (0..8_000)
        .map(|_| NEXT.fetch_add(1, Ordering::Relaxed) % 8_000)
        .map(|n| SocketAddr::from(([127, 0, 0, 1], 20_000 + (start + n) % 8_000)))
        .find(|addr| std::net::TcpListener::bind(addr).is_ok())
        .context("no port between 20000 and 28000 is free")
}

/// Settings with which nobody waits long: a contact takes seconds.
pub fn shortened() -> Settings {
    let ms = Duration::from_millis;
    Settings {
        version: 1,
        dial_mode: DialMode::AgentReserved,
        press_one: true,
        pointing: true,
        control: true,
        name_supervisors: false,
        show_page: true,
        shown_pages: 200,
        show_unseen: ms(600_000),
        show_limit: ms(3_600_000),
        page_grace: ms(60_000),
        ring_customer: ms(3_000),
        confirm_within: ms(2_500),
        ring_agent: ms(2_500),
        connect_agent: ms(2_000),
        hold_limit: ms(8_000),
        wait_limit: ms(120_000),
        media_grace: ms(2_000),
        console_grace: ms(3_000),
        wrap_up_limit: ms(4_000),
        retry: Retry {
            attempts: 3,
            after_busy: ms(1_500),
            after_no_answer: ms(1_500),
            after_failure: ms(500),
        },
        regions: ["US", "GB"].map(String::from).into(),
        dial_budget: 1_000_000,
        dials_per_number: 1_000_000,
        open_contacts: 100_000,
        merged_contacts: 100_000,
        skills: Default::default(),
    }
}
