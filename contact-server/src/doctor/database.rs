//! The database: is it reachable, whole, of this version, durable, encrypted; and does its clock agree?
use std::time::Duration;

use shared::Timestamp;
use store::{Inspection, Server};

use super::{Finding, broken, fine, warning};
use crate::config::Config;

/// A database that takes longer to answer is away.
const WITHIN: Duration = Duration::from_secs(10);
/// Clocks of two machines that ask the same time server differ by less.
const APART: Duration = Duration::from_secs(2);
/// The oldest Postgres whose project still mends it.
const OLDEST_POSTGRES: i64 = 140_000;
/// Nobody runs this version before (2025-01-01).
const EPOCH: Timestamp = Timestamp(1_735_689_600_000);

pub(super) async fn examine(
    config: &Config,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Option<Inspection> {
    let looked = tokio::time::timeout(WITHIN, store::inspect(&config.database)).await;
    let inspection = match looked {
        Ok(Ok(inspection)) => inspection,
        Ok(Err(error)) => {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            findings.push(unreachable(format!("{error}{cause}")));
            return None;
        }
        Err(_) => {
            findings.push(unreachable(format!("it does not answer within {} s", WITHIN.as_secs())));
            return None;
        }
    };
    findings.push(of_schema(&inspection));
    if let Some(server) = &inspection.server {
        findings.extend(of_server(server));
    }
    findings.push(of_clock(&inspection, now));
    Some(inspection)
}

fn unreachable(found: String) -> Finding {
    broken(
        "database",
        format!("it cannot be used: {found}"),
        "check `database`: the path or host, the user, the password, and whether the server runs",
    )
}

fn of_schema(inspection: &Inspection) -> Finding {
    let Inspection { applied, known, .. } = inspection;
    match (&inspection.damage, inspection.is_new) {
        (Some(damage), _) => broken(
            "database",
            format!("the file is damaged: {damage}"),
            "stop the server, keep the file, and restore the last backup: ringside admin restore",
        ),
        (None, true) => fine("database", "it is new: the first start makes its schema"),
        (None, false) if applied > known => broken(
            "database",
            format!("a newer version of Ringside made its schema ({applied}; this one knows {known})"),
            "run that version, or restore a backup from before",
        ),
        (None, false) if applied < known => {
            fine("database", format!("schema {applied}: the next start brings it to {known}"))
        }
        (None, false) => fine("database", format!("schema {known}, the newest")),
    }
}

fn of_server(server: &Server) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !server.is_durable {
        findings.push(broken(
            "durability",
            "Postgres runs with fsync or full_page_writes off: a power cut loses what was accepted",
            "set fsync = on and full_page_writes = on in postgresql.conf",
        ));
    }
    if server.version < OLDEST_POSTGRES {
        findings.push(warning(
            "database",
            format!("Postgres {} is no longer mended by its makers", server.version / 10_000),
            "upgrade it",
        ));
    }
    findings.push(match (server.is_encrypted, server.is_local) {
        (true, _) => fine("encryption", "the connection to Postgres is encrypted"),
        (false, true) => fine("encryption", "Postgres is on this machine; the connection is plain"),
        (false, false) => warning(
            "encryption",
            "the connection to Postgres is plain, and crosses a network: names and numbers with it",
            "add ?sslmode=verify-full to `database` (and sslrootcert=FILE for a CA of your own)",
        ),
    });
    findings
}

fn of_clock(inspection: &Inspection, now: Timestamp) -> Finding {
    const MEND: &str = "let the machine follow a time server (chrony, systemd-timesyncd)";
    if now < EPOCH {
        return broken("clock", "this machine's clock stands in the past", MEND);
    }
    if let Some(ahead) = inspection.last_at.map(|last| last.since(now)).filter(|ahead| *ahead > APART) {
        let found = format!("this machine's clock is {} s behind what is stored", ahead.as_secs());
        return broken("clock", found + ": time stands still until it has caught up", MEND);
    }
    let Some(server) = &inspection.server else {
        return fine("clock", "it is not behind what is stored");
    };
    let apart = now.since(server.now).max(server.now.since(now));
    if apart > APART {
        return warning("clock", format!("{} s apart from the database's", apart.as_secs()), MEND);
    }
    fine("clock", "it agrees with the database's")
}
