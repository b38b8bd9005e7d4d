//! Agents and their passwords.
use std::collections::BTreeSet;

use anyhow::Context as _;
use contact_core::record::AgentProfile;
use shared::AgentId;
use store::AgentLogin;

use super::{AgentCommand, Desk, password_from_stdin, values};
use crate::{ids, passwords};

pub(super) async fn agent(desk: &mut Desk<'_>, command: AgentCommand) -> anyhow::Result<()> {
    match command {
        AgentCommand::Create { of, login, name, skills, supervisor, player, password_stdin } => {
            let business = desk.find(&of).await?;
            let profile = AgentProfile {
                id: AgentId(ids::fresh(desk.clock.now())),
                name: values::name(&name)?,
                skills: skills.iter().map(|skill| values::skill(skill)).collect::<anyhow::Result<_>>()?,
                supervisor,
                plays_recordings: player,
            };
            let login = values::login(&login)?;
            let password = Password::get(password_stdin)?;
            desk.store.put_agent(business.id, &profile, &login, &password.hash).await?;
            password.say(desk, &login)
        }
        AgentCommand::Password { login, password_stdin } => {
            let (known, profile) = find(desk, &login).await?;
            let password = Password::get(password_stdin)?;
            desk.store.put_agent(known.business, &profile, &known.login, &password.hash).await?;
            desk.store.revoke_agent_sessions(known.business, known.agent).await?;
            password.say(desk, &known.login)
        }
        AgentCommand::Skills { login, skills } => {
            let (known, mut profile) = find(desk, &login).await?;
            profile.skills =
                skills.iter().map(|skill| values::skill(skill)).collect::<anyhow::Result<BTreeSet<_>>>()?;
            desk.store.put_agent(known.business, &profile, &known.login, &known.password_hash).await?;
            writeln!(desk.out, "{}: {}", known.login, values::list(&profile.skills))?;
            Ok(())
        }
        AgentCommand::Supervisor { login, yes } => {
            change(desk, &login, |profile| profile.supervisor = yes).await
        }
        AgentCommand::Player { login, yes } => {
            change(desk, &login, |profile| profile.plays_recordings = yes).await
        }
        AgentCommand::List { of } => {
            let business = desk.find(&of).await?;
            for profile in desk.store.setup(business.id).await?.agents {
                let login = desk.store.agent_login(business.id, profile.id).await?;
                let login = login.map_or_else(String::new, |login| login.login);
                let (name, skills) = (&profile.name, values::list(&profile.skills));
                writeln!(desk.out, "{login}\t{name}\t{skills}\t{}", role(&profile))?;
            }
            Ok(())
        }
    }
}

async fn change(
    desk: &mut Desk<'_>,
    login: &str,
    change: impl FnOnce(&mut AgentProfile),
) -> anyhow::Result<()> {
    let (known, mut profile) = find(desk, login).await?;
    change(&mut profile);
    desk.store.put_agent(known.business, &profile, &known.login, &known.password_hash).await?;
    writeln!(desk.out, "{}: {}", known.login, role(&profile))?;
    Ok(())
}

fn role(profile: &AgentProfile) -> &'static str {
    match (profile.supervisor, profile.plays_recordings) {
        (false, false) => "agent",
        (false, true) => "agent,player",
        (true, false) => "supervisor",
        (true, true) => "supervisor,player",
    }
}

async fn find(desk: &Desk<'_>, login: &str) -> anyhow::Result<(AgentLogin, AgentProfile)> {
    let known = desk.store.find_login(login).await?.with_context(|| {
        format!("nobody has the login `{login}`: `ringside admin agent list --business KEY` shows them")
    })?;
    let agents = desk.store.setup(known.business).await?.agents;
    let profile = agents.into_iter().find(|profile| profile.id == known.agent);
    Ok((known, profile.context("that agent was removed")?))
}

struct Password {
    hash: String,
    /// To be shown once, because nobody knows it yet.
    made: Option<String>,
}

impl Password {
    fn get(from_stdin: bool) -> anyhow::Result<Self> {
        let (password, made) = if from_stdin {
            (password_from_stdin()?, None)
        } else {
            let made = passwords::generate();
            (made.clone(), Some(made))
        };
        Ok(Self { hash: passwords::hash(&password)?, made })
    }

    fn say(&self, desk: &mut Desk<'_>, login: &str) -> anyhow::Result<()> {
        match &self.made {
            Some(password) => writeln!(desk.out, "login {login}\npassword {password}")?,
            None => writeln!(desk.out, "login {login}")?,
        }
        Ok(())
    }
}
