//! `ringside doctor`: looks at a deployment as it stands, and says in plain words what to mend.
//!
//! It changes nothing but a file of its own in the data folder, which it deletes; it may run beside a server.
use std::{io::Write, path::Path};

use serde::Serialize;
use store::Inspection;

use crate::{
    clock::{Clock as _, SystemClock},
    config::{Config, ConfigError},
};

mod businesses;
mod database;
mod disk;
mod network;
mod outside;

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Fine,
    /// It works, and may hurt later or others.
    Warning,
    /// Calls will fail, or what was accepted may be lost.
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at; stable.
    pub check: &'static str,
    pub verdict: Verdict,
    pub found: String,
    pub mend: Option<String>,
}

pub(crate) fn fine(check: &'static str, found: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Fine, found: found.into(), mend: None }
}

pub(crate) fn warning(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Warning, found: found.into(), mend: Some(mend.into()) }
}

pub(crate) fn broken(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Broken, found: found.into(), mend: Some(mend.into()) }
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    /// Nothing is broken.
    pub fn is_fit(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict < Verdict::Broken)
    }

    pub fn print(&self, json: bool, out: &mut dyn Write) -> std::io::Result<()> {
        if json {
            let report = serde_json::json!({ "fit": self.is_fit(), "findings": self.findings });
            return writeln!(out, "{report}");
        }
        for Finding { check, verdict, found, mend } in &self.findings {
            let mark = match verdict {
                Verdict::Fine => "ok     ",
                Verdict::Warning => "warning",
                Verdict::Broken => "BROKEN ",
            };
            writeln!(out, "{mark}  {check}: {found}")?;
            if let Some(mend) = mend {
                writeln!(out, "         -> {mend}")?;
            }
        }
        let count = |verdict| self.findings.iter().filter(|finding| finding.verdict == verdict).count();
        writeln!(out, "{} broken, {} warnings", count(Verdict::Broken), count(Verdict::Warning))
    }
}

/// Looks at everything that the configuration names. One that cannot be used is all that is told.
pub async fn examine(config: anyhow::Result<Config>) -> Report {
    let config = match config {
        Ok(config) => config,
        Err(error) => return Report { findings: of_configuration(&error) },
    };
    let clock = SystemClock::default();
    let mut findings = vec![fine("configuration", "it can be used")];
    findings.extend(disk::examine(&config.data));
    let inspected = database::examine(&config, clock.now(), &mut findings).await;
    findings.extend(network::examine(&config).await);
    findings.extend(outside::examine(&config).await);
    findings.extend(of_address(&config));
    if inspected.as_ref().is_some_and(is_current) {
        findings.extend(businesses::examine(&config).await);
    }
    findings.push(match crate::prompts::Prompts::built_in() {
        Ok(_) => fine("prompts", "the built-in ones can be played"),
        Err(error) => {
            broken("prompts", format!("a built-in one cannot be used: {error}"), "build Ringside anew")
        }
    });
    Report { findings }
}

fn is_current(inspection: &Inspection) -> bool {
    !inspection.is_new && inspection.applied == inspection.known && inspection.damage.is_none()
}

fn of_configuration(error: &anyhow::Error) -> Vec<Finding> {
    match error.downcast_ref::<ConfigError>() {
        Some(ConfigError::Faults(faults)) => faults
            .iter()
            .map(|fault| {
                let found = format!("`{}` ({}) {}", fault.key, fault.place, fault.what);
                broken("configuration", found, format!("change `{}`", fault.key))
            })
            .collect(),
        Some(ConfigError::Read(..) | ConfigError::Toml(..)) | None => {
            vec![broken(
                "configuration",
                format!("{error:#}"),
                "mend the file, or name another with --config",
            )]
        }
    }
}

/// What `Config` has checked already is not said again.
fn of_address(config: &Config) -> Vec<Finding> {
    let url = &config.public_url;
    let mut findings = Vec::new();
    if url.scheme() == "https" {
        findings.push(fine("address", format!("browsers use {url}; cookies are for TLS alone")));
        let open: Vec<String> = config
            .trusted_proxies
            .iter()
            .filter(|ip| ip.is_unspecified())
            .map(std::string::ToString::to_string)
            .collect();
        if !open.is_empty() {
            findings.push(broken(
                "proxies",
                format!("{} is no address of a proxy", open.join(", ")),
                "list the proxy's own address in `trusted_proxies`",
            ));
        }
        if config.listen.ip().is_unspecified() {
            findings.push(warning(
                "address",
                format!("{} takes plain HTTP from everywhere, also past the proxy", config.listen),
                "listen on an address that only the proxy reaches, or close the port in the firewall",
            ));
        }
    } else {
        findings.push(warning(
            "address",
            format!("{url} is for this machine alone"),
            "for others set `public_url` to an https address, with a proxy that ends TLS in `trusted_proxies`",
        ));
    }
    if config.demo {
        findings.push(warning(
            "demo",
            "the demo is on: virtual telephones, agents with a known password",
            "take `demo` out of the configuration before anybody else uses this server",
        ));
    }
    findings
}

/// A path as people write it.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
