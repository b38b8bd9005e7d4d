//! Businesses, their origins, keys, skills and settings.
use anyhow::{Context as _, bail, ensure};
use contact_core::Settings;
use store::Business;
use url::Url;

use super::{BusinessCommand, Desk, KeyCommand, Of, OriginCommand, SettingsCommand, SkillCommand, values};
use crate::demo;

pub(super) async fn business(desk: &mut Desk<'_>, command: BusinessCommand) -> anyhow::Result<()> {
    match command {
        BusinessCommand::Create { name, region, key, origins } => {
            let mut business =
                demo::new_business(&values::name(&name)?, &values::region(&region)?, desk.clock.now());
            if let Some(key) = key {
                business.key = values::key(&key)?;
            }
            business.origins = origins.iter().map(|text| origin_of(text)).collect::<anyhow::Result<_>>()?;
            // Only the business's own country, until somebody says more.
            let settings =
                Settings { regions: [business.default_region.clone()].into(), ..Settings::default() };
            desk.store.put_business(&business, &settings).await?;
            writeln!(desk.out, "{}", business.key)?;
            Ok(())
        }
        BusinessCommand::Set { of, field: Some(field), value: Some(value) } => {
            let mut business = desk.find(&of).await?;
            values::set_business(&mut business, &field, &value)?;
            keep(desk, &business).await
        }
        BusinessCommand::Set { of, field: None, .. } => {
            let business = desk.find(&of).await?;
            for (field, value) in values::show_business(&business) {
                writeln!(desk.out, "{field} = {value}")?;
            }
            Ok(())
        }
        BusinessCommand::Set { field: Some(field), value: None, .. } => {
            bail!(
                "say what `{field}` is to be, for example: ringside admin business set --business KEY {field} VALUE"
            )
        }
        BusinessCommand::List => {
            for business in desk.store.businesses().await? {
                writeln!(desk.out, "{}\t{}\t{}", business.key, business.name, business.origins.join(" "))?;
            }
            Ok(())
        }
    }
}

pub(super) async fn origin(desk: &mut Desk<'_>, command: OriginCommand) -> anyhow::Result<()> {
    match command {
        OriginCommand::Add { of, origin } => {
            let (mut business, origin) = (desk.find(&of).await?, origin_of(&origin)?);
            if !business.origins.contains(&origin) {
                business.origins.push(origin.clone());
                keep(desk, &business).await?;
            }
            writeln!(desk.out, "Pages of {origin} may use the key of {}.", business.name)?;
            Ok(())
        }
        OriginCommand::Remove { of, origin } => {
            let mut business = desk.find(&of).await?;
            ensure!(
                business.origins.contains(&origin),
                "{origin} is not on the list, which is: {}",
                business.origins.join(" ")
            );
            business.origins.retain(|allowed| *allowed != origin);
            keep(desk, &business).await?;
            writeln!(desk.out, "Pages of {origin} may no longer use the key of {}.", business.name)?;
            Ok(())
        }
    }
}

pub(super) async fn key(desk: &mut Desk<'_>, command: KeyCommand) -> anyhow::Result<()> {
    let KeyCommand::Rotate { of } = command;
    let mut business = desk.find(&of).await?;
    business.key = demo::new_key();
    keep(desk, &business).await?;
    writeln!(desk.out, "{}", business.key)?;
    Ok(())
}

pub(super) async fn skill(desk: &mut Desk<'_>, command: SkillCommand) -> anyhow::Result<()> {
    let SkillCommand::Add { of, skill } = command;
    let skill = values::skill(&skill)?;
    change(desk, &of, |settings| {
        settings.skills.insert(skill.clone());
        Ok(())
    })
    .await?;
    writeln!(desk.out, "Pages may ask for `{skill}`.")?;
    Ok(())
}

pub(super) async fn settings(desk: &mut Desk<'_>, command: SettingsCommand) -> anyhow::Result<()> {
    match command {
        SettingsCommand::Set { of, setting, value } => {
            change(desk, &of, |settings| values::set_setting(settings, &setting, &value)).await
        }
        SettingsCommand::Show { of } => {
            let business = desk.find(&of).await?;
            let settings = desk.store.setup(business.id).await?.settings;
            for (setting, value) in values::show_settings(&settings) {
                writeln!(desk.out, "{setting} = {value}")?;
            }
            Ok(())
        }
    }
}

/// Stores a changed business; its settings stay.
pub(super) async fn keep(desk: &Desk<'_>, business: &Business) -> anyhow::Result<()> {
    let settings = desk.store.setup(business.id).await?.settings;
    desk.store.put_business(business, &settings).await?;
    Ok(())
}

/// Stores changed settings under the next version.
async fn change(
    desk: &Desk<'_>,
    of: &Of,
    edit: impl FnOnce(&mut Settings) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let business = desk.find(of).await?;
    let old = desk.store.setup(business.id).await?.settings;
    let mut new = old.clone();
    edit(&mut new)?;
    if new != old {
        new.version = old.version.checked_add(1).context("the settings were changed too often")?;
        desk.store.put_business(&business, &new).await?;
    }
    Ok(())
}

/// An origin as browsers send it: scheme, host and port that is not the scheme's own.
fn origin_of(text: &str) -> anyhow::Result<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let url = url.with_context(|| format!("`{text}` is no origin: write it like https://shop.example"))?;
    let origin = url.origin().ascii_serialization();
    ensure!(
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty(),
        "`{text}` is more than an origin: use {origin}"
    );
    Ok(origin)
}
