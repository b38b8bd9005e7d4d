//! What `ringside serve --demo` sets up: a business, two agents, and a virtual telephone.
//!
//! The agents' password is known to everybody, which is why a demo listens on loopback alone
//! ([`Config`] refuses anything else).
use std::{collections::BTreeSet, time::Duration};

use anyhow::Context as _;
use contact_core::{Settings, record::AgentProfile};
use shared::{AgentId, BusinessId, Timestamp};
use store::{Business, PromptClip, Scope, Store, Token};
use url::Url;

use crate::{clock::Clock, config::Config, ids, passwords, prompts};

pub const BUSINESS_KEY: &str = "harbour-and-pine";
pub const BUSINESS_NAME: &str = "Harbour & Pine";
pub const PASSWORD: &str = "ringside-demo";
pub const LOGINS: [(&str, &str); 2] = [("ada", "Ada Marlowe"), ("grace", "Grace Okafor")];
/// Where the demo's telephone rings, and how people write it. Of a range that is kept for drama.
pub const HANDSET_NUMBER: &str = "+442079460123";
/// A handset's link works once, and within this.
pub const HANDSET_CODE_LIFE: Duration = Duration::from_secs(24 * 3600);
const REGIONS: [&str; 2] = ["GB", "US"];

/// How to use the demo.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DemoInfo {
    pub business_key: String,
    pub agent_login: String,
    pub agent_password: String,
    pub second_agent_login: String,
    /// Link of the virtual telephone, with a single-use code in its fragment.
    pub handset: String,
    /// E.164
    pub handset_number: String,
}

/// Makes what is missing; what is there stays, except for the origins, which follow the configuration.
/// Gives out a new link for the telephone each time.
pub async fn seed(store: &dyn Store, clock: &dyn Clock, config: &Config) -> anyhow::Result<DemoInfo> {
    let now = clock.now();
    let business = business(store, config, now).await.context("the demo's business cannot be made")?;
    let mut hash = None;
    for (login, name) in LOGINS {
        if store.find_login(login).await?.is_some() {
            continue;
        }
        let hash: &String = match &hash {
            Some(hash) => hash,
            None => hash.insert(tokio::task::spawn_blocking(|| passwords::hash(PASSWORD)).await??),
        };
        let profile = AgentProfile {
            id: AgentId(ids::fresh(now)),
            name: name.into(),
            skills: BTreeSet::new(),
            supervisor: false,
            plays_recordings: false,
        };
        store.put_agent(business, &profile, login, hash).await.context("a demo agent cannot be made")?;
    }
    let handset = handset_link(store, business, HANDSET_NUMBER, &config.public_url, now).await?;
    Ok(DemoInfo {
        business_key: BUSINESS_KEY.into(),
        agent_login: LOGINS[0].0.into(),
        agent_password: PASSWORD.into(),
        second_agent_login: LOGINS[1].0.into(),
        handset,
        handset_number: HANDSET_NUMBER.into(),
    })
}

/// Makes a link that opens a virtual telephone of that number, once.
pub async fn handset_link(
    store: &dyn Store,
    business: BusinessId,
    e164: &str,
    public_url: &Url,
    now: Timestamp,
) -> anyhow::Result<String> {
    let code = ids::token();
    let token = Token {
        hash: ids::hash(&code),
        business,
        scope: Scope::HandsetCode { e164: e164.to_owned() },
        expires_at: now + HANDSET_CODE_LIFE,
    };
    store.put_token(&token).await.context("the handset's code cannot be stored")?;
    let mut link = public_url.join("handset/")?;
    link.set_fragment(Some(&format!("code={code}")));
    Ok(link.into())
}

async fn business(store: &dyn Store, config: &Config, now: Timestamp) -> anyhow::Result<BusinessId> {
    let known = store.businesses().await?.into_iter().find(|business| business.key == BUSINESS_KEY);
    if let Some(mut business) = known {
        if business.origins != config.demo_origins {
            business.origins = config.demo_origins.clone();
            let settings = store.setup(business.id).await?.settings;
            store.put_business(&business, &settings).await?;
        }
        return Ok(business.id);
    }
    let business = Business {
        key: BUSINESS_KEY.into(),
        origins: config.demo_origins.clone(),
        ..new_business(BUSINESS_NAME, "GB", now)
    };
    let settings = Settings { regions: REGIONS.map(String::from).into(), ..Settings::default() };
    store.put_business(&business, &settings).await?;
    let name = PromptClip { slot: prompts::NAME_SLOT.into(), wav: prompts::DEMO_NAME.to_vec() };
    store.put_prompt(business.id, &name).await?;
    Ok(business.id)
}

/// A business with the defaults that the admin commands give, a random key and no origin.
pub fn new_business(name: &str, region: &str, now: Timestamp) -> Business {
    let texts = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    Business {
        id: BusinessId(ids::fresh(now)),
        name: name.to_owned(),
        key: new_key(),
        origins: Vec::new(),
        default_region: region.to_owned(),
        fallback_number: None,
        consent_version: shared::consent::VERSION.into(),
        consent_text: None,
        currency: if region == "GB" { "GBP" } else { "EUR" }.into(),
        dispositions: texts(&["Sold", "Advised", "Follow up", "Complaint", "Wrong number"]),
        away_reasons: texts(&["Break", "Lunch", "Meeting", "Training"]),
        browser_voice: true,
        mask_selectors: Vec::new(),
        mask_strict: false,
        mask_off: false,
        dialer: None,
        keep: Default::default(),
        record_cobrowse: false,
        pause_recording: store::payment_pages(),
        masking: Default::default(),
    }
}

/// A public key for a script tag: it names a business and protects nothing, so 80 bits are plenty.
pub fn new_key() -> String {
    format!("rs_{}", &ids::token()[..20])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[tokio::test]
    async fn second_start_changes_nothing_but_the_link() {
        let database = store::testing::sqlite().await;
        let config = config();
        let first = seed(&*database.store, &SystemClock::default(), &config).await.unwrap();
        let business = database.store.businesses().await.unwrap();
        let second = seed(&*database.store, &SystemClock::default(), &config).await.unwrap();
        assert_eq!(database.store.businesses().await.unwrap(), business);
        assert_ne!(first.handset, second.handset);
        assert_eq!(DemoInfo { handset: first.handset.clone(), ..second }, first);
        assert_eq!(database.store.setup(business[0].id).await.unwrap().agents.len(), 2);
        assert_eq!(database.store.prompts(business[0].id).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn handset_code_stands_in_the_fragment_and_works_once() {
        let database = store::testing::sqlite().await;
        let clock = SystemClock::default();
        let info = seed(&*database.store, &clock, &config()).await.unwrap();
        let (page, code) = info.handset.split_once("#code=").unwrap();
        assert_eq!(page, "http://localhost:0/handset/");
        let token = database.store.take_token(&ids::hash(code), clock.now()).await.unwrap().unwrap();
        assert_eq!(token.scope, Scope::HandsetCode { e164: HANDSET_NUMBER.into() });
        assert_eq!(database.store.take_token(&ids::hash(code), clock.now()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn agent_signs_in_with_the_demo_password() {
        let database = store::testing::sqlite().await;
        let info = seed(&*database.store, &SystemClock::default(), &config()).await.unwrap();
        let login = database.store.find_login(&info.agent_login).await.unwrap().unwrap();
        assert!(passwords::verify(&info.agent_password, &login.password_hash));
    }

    #[tokio::test]
    async fn origins_follow_the_configuration() {
        let database = store::testing::sqlite().await;
        let clock = SystemClock::default();
        seed(&*database.store, &clock, &config()).await.unwrap();
        let moved = Config { demo_origins: vec!["http://127.0.0.1:1234".into()], ..config() };
        seed(&*database.store, &clock, &moved).await.unwrap();
        assert_eq!(database.store.businesses().await.unwrap()[0].origins, moved.demo_origins);
    }

    fn config() -> Config {
        Config { demo: true, ..Config::local(std::path::Path::new("unused")) }
    }
}
