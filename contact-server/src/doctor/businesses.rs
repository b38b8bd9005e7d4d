//! The businesses as they are set up: could a customer of each be called?
use std::path::Path;

use store::{Business, Setup, StoreError};

use super::{Finding, broken, fine, warning};
use crate::{archive::keys::KeyRing, config::Config, prompts};

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    look(config).await.unwrap_or_else(|error| {
        vec![broken("businesses", format!("they cannot be read: {error}"), "look at the database")]
    })
}

async fn look(config: &Config) -> Result<Vec<Finding>, StoreError> {
    let store = store::open(&config.database).await?;
    let businesses = store.businesses().await?;
    let mut findings = Vec::new();
    if businesses.is_empty() {
        findings.push(warning(
            "businesses",
            "there is none",
            "make one: ringside admin business create --name NAME --region GB --origin https://shop.example",
        ));
    }
    for business in businesses {
        let setup = store.setup(business.id).await?;
        let has_name = store.prompts(business.id).await?.iter().any(|clip| clip.slot == prompts::NAME_SLOT);
        let before = findings.len();
        findings.extend(of_one(&business, &setup, has_name));
        findings.extend(of_recording(&business, &setup, config.recording_keys.as_deref()));
        if findings.len() == before {
            findings.push(fine("business", format!("{} can be called from its sites", business.key)));
        }
    }
    store.records().close().await;
    Ok(findings)
}

fn of_one(business: &Business, setup: &Setup, has_name: bool) -> Vec<Finding> {
    let key = &business.key;
    let mut findings = Vec::new();
    let mut warn =
        |found: String, mend: String| findings.push(warning("business", format!("{key}: {found}"), mend));
    if business.origins.is_empty() {
        warn(
            "no site may use its key".into(),
            format!("ringside admin origin add --business {key} https://shop.example"),
        );
    }
    for origin in business.origins.iter().filter(|origin| is_plain(origin)) {
        warn(
            format!("pages of {origin} travel without TLS: anybody on the way may change them"),
            format!("serve the site by https; then: ringside admin origin remove --business {key} {origin}"),
        );
    }
    if setup.agents.is_empty() {
        warn(
            "it has no agent".into(),
            format!("ringside admin agent create --business {key} --login LOGIN --name NAME"),
        );
    }
    if setup.settings.regions.is_empty() && !business.browser_voice {
        warn(
            "no country may be called, and pages may not talk: nobody can be reached".into(),
            format!("ringside admin settings set --business {key} regions GB,DE"),
        );
    }
    if !has_name {
        warn(
            "callers do not hear its name".into(),
            format!("ringside admin prompt set --business {key} --slot name NAME.wav"),
        );
    }
    findings
}

/// Whoever records needs a key, and somebody who may play.
fn of_recording(business: &Business, setup: &Setup, keys: Option<&Path>) -> Option<Finding> {
    let key = &business.key;
    if !business.record_cobrowse {
        return None;
    }
    let Some(path) = keys else {
        return Some(broken(
            "recording",
            format!("{key}: co-browsing is to be recorded, and `recording_keys` is not set: nothing is"),
            "name a file in `recording_keys`, then: ringside admin recording new-key --id ID",
        ));
    };
    if let Err(error) = KeyRing::read(path) {
        return Some(broken(
            "recording",
            format!("{key}: nothing is recorded: {error} ({})", path.display()),
            "put the file back from its copy, chmod 600; or: ringside admin recording new-key --id ID",
        ));
    }
    let plays = setup.agents.iter().any(|agent| agent.plays_recordings);
    (!plays).then(|| {
        warning(
            "recording",
            format!("{key}: co-browsing is recorded, and nobody may play it"),
            "ringside admin agent player --login LOGIN true",
        )
    })
}

/// Localhost is for trying out, and never leaves the machine.
fn is_plain(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").map(|rest| rest.split(':').next().unwrap_or_default());
    host.is_some_and(|host| !matches!(host, "localhost" | "127.0.0.1") && !host.ends_with(".localhost"))
}
