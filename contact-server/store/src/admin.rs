//! Businesses, agents and prompts: what an operator changes.
use contact_core::{Settings, record::AgentProfile};
use shared::{AgentId, BusinessId};

use crate::{
    AgentLogin, Business, PromptClip, Setup, StoreError,
    backend::{Backend, Session},
    commit::settings_row,
    load::Reader,
    sql::{Row, args},
    table,
};

const PUT_BUSINESS: &str = "INSERT INTO businesses (id, public_key, body) VALUES ($1, $2, $3) \
     ON CONFLICT (id) DO UPDATE SET public_key = excluded.public_key, body = excluded.body";
const PUT_OWNER: &str = "INSERT INTO owners (business) VALUES ($1) ON CONFLICT (business) DO NOTHING";
const BUSINESSES: &str = "SELECT body FROM businesses ORDER BY id";
const LOGIN: &str = "SELECT id, business, login, body, password_hash FROM agents WHERE login_key = $1";
const AGENT_LOGIN: &str = "SELECT id, business, login, body, password_hash FROM agents \
     WHERE business = $1 AND id = $2 AND login IS NOT NULL";
const PROMPTS: &str = "SELECT slot, wav FROM prompts WHERE business = $1 ORDER BY slot";

const SETUP_CHANGED: &str = "UPDATE setup SET version = version + 1";
const SETUP_VERSION: &str = "SELECT version FROM setup";

const BUSINESS: &str = "the business";

pub(crate) async fn put_business(
    backend: &Backend,
    business: &Business,
    settings: &Settings,
) -> Result<(), StoreError> {
    let mut session = backend.write().await?;
    let row = args().id(business.id.0).text(business.key.as_str()).json(business)?;
    session.run(PUT_BUSINESS, row).await.map_err(|error| error.named("the business key", BUSINESS))?;
    session.run(PUT_OWNER, args().id(business.id.0)).await?;
    session.upsert(&table::SETTINGS, vec![settings_row(business.id.0, settings)?]).await?;
    finish(session).await
}

/// Every change of the setup ends here, so that a running server notices it.
pub(crate) async fn finish(mut session: Session) -> Result<(), StoreError> {
    session.run(SETUP_CHANGED, args()).await?;
    session.commit().await
}

pub(crate) async fn setup_version(backend: &Backend) -> Result<u64, StoreError> {
    let rows = backend.rows("the setup", SETUP_VERSION, args()).await?;
    rows.into_iter().next().ok_or(StoreError::Corrupt("the setup"))?.number()
}

pub(crate) async fn setup(backend: &Backend, business: BusinessId) -> Result<Setup, StoreError> {
    let mut reader = Reader::new(backend, business).await?;
    Ok(Setup { settings: reader.newest_settings().await?, agents: reader.agents().await? })
}

pub(crate) async fn businesses(backend: &Backend) -> Result<Vec<Business>, StoreError> {
    backend.rows(BUSINESS, BUSINESSES, args()).await?.iter_mut().map(Row::json).collect()
}

pub(crate) async fn put_agent(
    backend: &Backend,
    business: BusinessId,
    profile: &AgentProfile,
    login: &str,
    password_hash: &str,
) -> Result<(), StoreError> {
    let row = args()
        .id(business.0)
        .id(profile.id.0)
        .json(profile)?
        .text(login)
        .text(login_key(login))
        .text(password_hash)
        .flag(false);
    let mut session = backend.write().await?;
    let put = session.upsert(&table::AGENTS, vec![row]).await;
    put.map_err(|error| error.named("the login", BUSINESS))?;
    finish(session).await
}

pub(crate) async fn find_login(backend: &Backend, login: &str) -> Result<Option<AgentLogin>, StoreError> {
    let rows = backend.rows("a login", LOGIN, args().text(login_key(login))).await?;
    rows.into_iter().next().map(agent_login_row).transpose()
}

pub(crate) async fn agent_login(
    backend: &Backend,
    business: BusinessId,
    agent: AgentId,
) -> Result<Option<AgentLogin>, StoreError> {
    let rows = backend.rows("a login", AGENT_LOGIN, args().id(business.0).id(agent.0)).await?;
    rows.into_iter().next().map(agent_login_row).transpose()
}

/// Telephones write a capital where none was meant.
fn login_key(login: &str) -> String {
    login.trim().to_lowercase()
}

fn agent_login_row(mut row: Row) -> Result<AgentLogin, StoreError> {
    let (agent, business, login) = (AgentId(row.id()?), BusinessId(row.id()?), row.text()?);
    let profile: AgentProfile = row.json()?;
    let AgentProfile { name, plays_recordings, .. } = profile;
    Ok(AgentLogin { agent, business, login, name, plays_recordings, password_hash: row.text()? })
}

pub(crate) async fn put_prompt(
    backend: &Backend,
    business: BusinessId,
    clip: &PromptClip,
) -> Result<(), StoreError> {
    let row = args().id(business.0).text(clip.slot.as_str()).bytes(clip.wav.as_slice());
    let mut session = backend.write().await?;
    let put = session.upsert(&table::PROMPTS, vec![row]).await;
    put.map_err(|error| error.named("the prompt", BUSINESS))?;
    finish(session).await
}

pub(crate) async fn prompts(backend: &Backend, business: BusinessId) -> Result<Vec<PromptClip>, StoreError> {
    let rows = backend.rows("a prompt", PROMPTS, args().id(business.0)).await?;
    rows.into_iter().map(|mut row| Ok(PromptClip { slot: row.text()?, wav: row.bytes()? })).collect()
}
