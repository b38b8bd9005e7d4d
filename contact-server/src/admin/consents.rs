//! The text above the button.
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use shared::{consent, wire::lead::Power};
use store::Consent;

use super::{ConsentCommand, Desk, businesses, values};

/// Longest text, in characters: it is read before every call.
const TEXT_CHARS: usize = 600;

pub(super) async fn consent(desk: &mut Desk<'_>, command: ConsentCommand) -> anyhow::Result<()> {
    match command {
        ConsentCommand::Set { of, version, text, file } => {
            let mut business = desk.find(&of).await?;
            let version = values::version(&version)?;
            let text = checked(&given(text, file)?)?;
            let consent = Consent { version: version.clone(), text: text.clone(), at: desk.clock.now() };
            let put = desk.store.records().put_consent(business.id, &consent).await;
            put.with_context(|| {
                format!(
                    "version `{version}` keeps its text, which customers agreed to: choose another version"
                )
            })?;
            business.consent_version = version;
            business.consent_text = Some(text);
            businesses::keep(desk, &business).await?;
            writeln!(desk.out, "Customers of {} now agree to:\n{}", business.name, business.consent().1)?;
            Ok(())
        }
        ConsentCommand::Show { of } => {
            let business = desk.find(&of).await?;
            let kept = desk.store.records().consents(business.id).await?;
            let texts = kept.iter().map(|kept| (kept.version.as_str(), kept.text.as_str()));
            for (version, text) in [(consent::VERSION, consent::TEXT)].into_iter().chain(texts) {
                let now = if version == business.consent_version { "now" } else { "" };
                writeln!(desk.out, "{version}\t{now}\t{text}")?;
            }
            // What customers are asked in the page, when an agent wants more than to look.
            for (version, text) in [Power::Control, Power::Point].map(consent::of_power) {
                writeln!(desk.out, "{version}\tnow\t{text}")?;
            }
            Ok(())
        }
    }
}

fn given(text: Option<String>, file: Option<PathBuf>) -> anyhow::Result<String> {
    match (text, file) {
        (Some(text), None) => Ok(text),
        (None, Some(file)) => {
            std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))
        }
        (None, None) | (Some(_), Some(_)) => bail!("give the text with --text, or in a file with --file"),
    }
}

/// One paragraph of plain text.
fn checked(text: &str) -> anyhow::Result<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(!text.is_empty(), "the text must not be empty");
    ensure!(text.chars().count() <= TEXT_CHARS, "the text has at most {TEXT_CHARS} characters");
    ensure!(!text.chars().any(char::is_control), "the text must not hold control characters");
    Ok(text)
}
