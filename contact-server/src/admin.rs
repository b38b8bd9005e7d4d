//! `ringside admin`: what an operator sets. Works on the database, beside a running server or without one;
//! a running server notices within seconds ([`crate::setup`]).
use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use shared::ContactId;
use store::{Business, PromptClip, Store};

use crate::{clock::Clock, config::Config, demo, numbers, passwords, prompts};

mod agents;
mod backups;
mod businesses;
mod consents;
mod customers;
mod recordings;
mod values;

pub use backups::restore;
pub use recordings::RecordingCommand;

#[derive(Subcommand, Debug)]
pub enum Admin {
    /// Businesses: the tenants of this installation
    #[command(subcommand)]
    Business(BusinessCommand),
    /// Agents: who takes a business's calls
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Origins: the web sites that may use a business's key
    #[command(subcommand)]
    Origin(OriginCommand),
    /// The public key in a business's script tag
    #[command(subcommand)]
    Key(KeyCommand),
    /// Skills: what a page may ask for, and agents have
    #[command(subcommand)]
    Skill(SkillCommand),
    /// Timers, limits, countries and policies of a business
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// What callers hear
    #[command(subcommand)]
    Prompt(PromptCommand),
    /// The text above the button, by which customers agree to be called and seen
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// One customer: what is kept of them, and erasing it
    #[command(subcommand)]
    Customer(CustomerCommand),
    /// The keys that lock recorded co-browsing
    #[command(subcommand)]
    Recording(RecordingCommand),
    /// Copy the SQLite database into a folder, and delete copies there that are too old
    Backup {
        /// The folder, which should lie on another disk
        #[arg(long)]
        to: PathBuf,
        /// Copies that are older are deleted
        #[arg(long, default_value_t = 30)]
        keep_days: u32,
    },
    /// Put a copy in the place of a lost SQLite database, and erase again who was erased since
    Restore {
        /// A file that `backup` made
        from: PathBuf,
        /// Journals of erasures [default: erasures.jsonl beside the copy and in the data folder]
        #[arg(long = "journal")]
        journals: Vec<PathBuf>,
    },
    /// Print a link that opens a virtual telephone, once (demo only)
    HandsetCode {
        /// Key of the business
        #[arg(long, default_value = demo::BUSINESS_KEY)]
        business: String,
        /// A fictitious number, such as +442079460123
        #[arg(long, default_value = demo::HANDSET_NUMBER)]
        number: String,
    },
}

/// The business that a command is about.
#[derive(Args, Debug)]
pub struct Of {
    /// Key of the business (`ringside admin business list` shows them)
    #[arg(long)]
    pub business: String,
}

#[derive(Subcommand, Debug)]
pub enum BusinessCommand {
    /// Make a business and print its key
    Create {
        /// As callers know it
        #[arg(long)]
        name: String,
        /// Country of its national numbers, ISO 3166 alpha-2
        #[arg(long)]
        region: String,
        /// A key of your own instead of a random one
        #[arg(long)]
        key: Option<String>,
        /// Sites that may use the key, such as https://shop.example; may be repeated
        #[arg(long = "origin")]
        origins: Vec<String>,
    },
    /// Change one field; without one, list what can be set
    Set {
        #[command(flatten)]
        of: Of,
        field: Option<String>,
        value: Option<String>,
    },
    /// List all businesses
    List,
}

#[derive(Subcommand, Debug)]
pub enum AgentCommand {
    /// Make an agent; prints a password unless one comes on standard input
    Create {
        #[command(flatten)]
        of: Of,
        /// Unique in the installation
        #[arg(long)]
        login: String,
        /// As customers are told
        #[arg(long)]
        name: String,
        /// What the agent can do; may be repeated
        #[arg(long = "skill")]
        skills: Vec<String>,
        /// May watch every contact of the business
        #[arg(long)]
        supervisor: bool,
        /// May play recordings of co-browsing
        #[arg(long)]
        player: bool,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Set a new password and sign the agent out everywhere
    Password {
        #[arg(long)]
        login: String,
        #[arg(long)]
        password_stdin: bool,
    },
    /// Set what an agent can do, in place of what was set before
    Skills {
        #[arg(long)]
        login: String,
        skills: Vec<String>,
    },
    /// Let an agent watch every contact of the business, or no more
    Supervisor {
        #[arg(long)]
        login: String,
        #[arg(action = clap::ArgAction::Set)]
        yes: bool,
    },
    /// Let an agent play recordings of co-browsing, or no more
    Player {
        #[arg(long)]
        login: String,
        #[arg(action = clap::ArgAction::Set)]
        yes: bool,
    },
    /// List a business's agents
    List {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Subcommand, Debug)]
pub enum OriginCommand {
    /// Let the pages of a site use the key
    Add {
        #[command(flatten)]
        of: Of,
        /// Scheme, host and port, such as https://shop.example
        origin: String,
    },
    /// Let them no more
    Remove {
        #[command(flatten)]
        of: Of,
        origin: String,
    },
}

#[derive(Subcommand, Debug)]
pub enum KeyCommand {
    /// Give a business a new key; the old one is refused from then on
    Rotate {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Subcommand, Debug)]
pub enum SkillCommand {
    /// Let pages ask for a skill
    Add {
        #[command(flatten)]
        of: Of,
        skill: String,
    },
}

#[derive(Subcommand, Debug)]
pub enum SettingsCommand {
    /// Change one setting; open contacts keep those that they started with
    Set {
        #[command(flatten)]
        of: Of,
        setting: String,
        /// A number, `true`/`false`, a list between commas, or a time such as 90s, 15m, 2h, 1500ms
        value: String,
    },
    /// Show all settings
    Show {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Subcommand, Debug)]
pub enum PromptCommand {
    /// Use a recording: the clip of the spoken name, or a whole prompt
    Set {
        #[command(flatten)]
        of: Of,
        /// name, confirm, hold, sorry, opted_out or on_hold
        #[arg(long)]
        slot: String,
        /// WAV, 16 bit
        file: PathBuf,
    },
}

#[derive(Subcommand, Debug)]
pub enum ConsentCommand {
    /// Set the text under a version of its own; what customers agreed to before stays on record
    Set {
        #[command(flatten)]
        of: Of,
        /// A new one, such as 2 or 2026-11
        #[arg(long)]
        version: String,
        #[arg(long)]
        text: Option<String>,
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Show all versions
    Show {
        #[command(flatten)]
        of: Of,
    },
}

/// The customer that a command is about.
#[derive(Args, Debug)]
pub struct Who {
    #[command(flatten)]
    pub of: Of,
    /// The telephone number, however it is written
    #[arg(long, required_unless_present = "contact", conflicts_with = "contact")]
    pub number: Option<String>,
    /// One contact by its id, for a customer who talked in the page
    #[arg(long)]
    pub contact: Option<ContactId>,
}

#[derive(Subcommand, Debug)]
pub enum CustomerCommand {
    /// Print all that is kept of a customer, as JSON
    Export {
        #[command(flatten)]
        who: Who,
    },
    /// Erase a customer for ever. A call that is going on ends
    Erase {
        #[command(flatten)]
        who: Who,
        /// No server uses this database: do not wait for one
        #[arg(long)]
        no_server: bool,
    },
    /// Carry out a journal of erasures on this database, after a restore by other means. No server may run
    Replay {
        #[arg(long)]
        journal: PathBuf,
    },
}

/// What a command works with.
struct Desk<'a> {
    store: &'a Arc<dyn Store>,
    clock: &'a Arc<dyn Clock>,
    out: &'a mut dyn Write,
}

/// Carries out one command. What it says for people and scripts goes to `out`.
pub async fn run(
    command: Admin,
    config: &Config,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut desk = Desk { store, clock, out };
    match command {
        Admin::Business(command) => businesses::business(&mut desk, command).await,
        Admin::Origin(command) => businesses::origin(&mut desk, command).await,
        Admin::Key(command) => businesses::key(&mut desk, command).await,
        Admin::Skill(command) => businesses::skill(&mut desk, command).await,
        Admin::Settings(command) => businesses::settings(&mut desk, command).await,
        Admin::Agent(command) => agents::agent(&mut desk, command).await,
        Admin::Prompt(PromptCommand::Set { of, slot, file }) => desk.prompt(&of, slot, file).await,
        Admin::Consent(command) => consents::consent(&mut desk, command).await,
        Admin::Customer(command) => customers::customer(&mut desk, config, command).await,
        Admin::Recording(command) => recordings::recording(&mut desk, config, command).await,
        Admin::Backup { to, keep_days } => desk.backup(config, to, keep_days).await,
        Admin::Restore { .. } => bail!("a database that is open cannot be restored"),
        Admin::HandsetCode { business, number } => desk.handset(config, &Of { business }, &number).await,
    }
}

impl Desk<'_> {
    async fn find(&self, of: &Of) -> anyhow::Result<Business> {
        let businesses = self.store.businesses().await?;
        let found = businesses.into_iter().find(|business| business.key == of.business);
        found.with_context(|| {
            format!("no business has the key `{}`: `ringside admin business list` shows them", of.business)
        })
    }

    async fn prompt(&mut self, of: &Of, slot: String, file: PathBuf) -> anyhow::Result<()> {
        let business = self.find(of).await?;
        let wav = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let seconds = prompts::read(&slot, &wav)?.duration_ms().div_ceil(1_000);
        self.store.put_prompt(business.id, &PromptClip { slot: slot.clone(), wav }).await?;
        writeln!(self.out, "{} now says {} ({seconds} s) for `{slot}`.", business.name, file.display())?;
        Ok(())
    }

    async fn handset(&mut self, config: &Config, of: &Of, number: &str) -> anyhow::Result<()> {
        if !config.demo {
            bail!("virtual telephones exist in the demo alone: set `demo = true`, or RINGSIDE_DEMO=true");
        }
        let business = self.find(of).await?;
        let number = numbers::parse(number, Some(&business.default_region), true)?;
        let link = demo::handset_link(
            &**self.store,
            business.id,
            &number.e164,
            &config.public_url,
            self.clock.now(),
        )
        .await?;
        writeln!(self.out, "{link}")?;
        Ok(())
    }
}

/// The first line of standard input, without its end.
fn password_from_stdin() -> anyhow::Result<String> {
    let mut line = String::new();
    let limit = passwords::LONGEST_BYTES as u64 + 2;
    std::io::BufRead::read_line(&mut std::io::Read::take(std::io::stdin().lock(), limit), &mut line)
        .context("the password cannot be read from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests;
