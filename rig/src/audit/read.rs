//! Reads the tables with plain SQL, apart from the store's own code.
use anyhow::Result;
use contact_core::record::Event;
use shared::{BusinessId, Timestamp};
use sqlx::{Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::Kept;

const EVENTS: &str = "SELECT seq, at, payload FROM events WHERE business = $1 ORDER BY seq";
const CONTACTS: &str = "SELECT body FROM contacts WHERE business = $1";
const LEGS: &str = "SELECT body FROM legs WHERE business = $1";
const AGENTS: &str = "SELECT body FROM agent_states WHERE business = $1";
const LAST: &str = "SELECT last_seq, last_at FROM owners WHERE business = $1";

/// The rows as they stand, in one transaction.
#[derive(Default)]
struct Raw {
    events: Vec<(i64, i64, String)>,
    contacts: Vec<String>,
    legs: Vec<String>,
    agents: Vec<String>,
    /// The counter, and the last moment.
    last: (i64, i64),
}

macro_rules! fetch {
    ($transaction:ident, $business:ident) => {{
        let mut raw = Raw {
            events: sqlx::query_as(EVENTS).bind(&$business).fetch_all(&mut *$transaction).await?,
            ..Raw::default()
        };
        for (sql, into) in [(CONTACTS, &mut raw.contacts), (LEGS, &mut raw.legs), (AGENTS, &mut raw.agents)] {
            let rows: Vec<(String,)> =
                sqlx::query_as(sql).bind(&$business).fetch_all(&mut *$transaction).await?;
            into.extend(rows.into_iter().map(|(body,)| body));
        }
        let last = sqlx::query_as(LAST).bind(&$business).fetch_optional(&mut *$transaction).await?;
        raw.last = last.unwrap_or_default();
        raw
    }};
}

pub async fn read(url: &str, business: BusinessId) -> Result<Kept> {
    let business = business.0.to_be_bytes().to_vec();
    let raw = match url.strip_prefix("sqlite:") {
        Some(path) => {
            let options = SqliteConnectOptions::new().filename(path).read_only(true);
            let mut connection = SqliteConnection::connect_with(&options).await?;
            let mut transaction = connection.begin().await?;
            fetch!(transaction, business)
        }
        None => {
            let mut connection = PgConnection::connect(url).await?;
            let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
            fetch!(transaction, business)
        }
    };
    raw.decode()
}

impl Raw {
    fn decode(self) -> Result<Kept> {
        fn all<T: for<'de> serde::Deserialize<'de>>(bodies: Vec<String>) -> Result<Vec<T>> {
            bodies.iter().map(|body| Ok(serde_json::from_str(body)?)).collect()
        }
        let mut events = Vec::with_capacity(self.events.len());
        for (seq, at, payload) in self.events {
            let event: Event = serde_json::from_str(&payload)?;
            events.push((u64::try_from(seq)?, Timestamp(u64::try_from(at)?), event));
        }
        Ok(Kept {
            events,
            contacts: all(self.contacts)?,
            legs: all(self.legs)?,
            agents: all(self.agents)?,
            last_seq: u64::try_from(self.last.0)?,
            last_at: Timestamp(u64::try_from(self.last.1)?),
        })
    }
}
