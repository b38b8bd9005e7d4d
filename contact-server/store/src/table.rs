//! The tables that are written many rows at a time, and the statements for it. Both databases read the same.
use std::fmt::Write;

/// Rows in one statement. Statements come in powers of two up to this, so that few of them fill the cache of
/// prepared ones; the widest table stays far below SQLite's 32,766 and Postgres' 65,535 arguments.
pub(crate) const ROWS_PER_STATEMENT: usize = 64;

pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The unique columns, which come first in a row.
    pub(crate) key: &'static [&'static str],
    pub(crate) rest: &'static [&'static str],
}

impl Table {
    fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.key.iter().chain(self.rest).copied()
    }

    /// A row that is there already is an error.
    pub(crate) fn insert(&self, rows: usize) -> String {
        let width = self.key.len() + self.rest.len();
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.name, list(self.columns()));
        for row in 0..rows {
            let places = list((1..=width).map(|column| format!("${}", row * width + column)));
            let comma = if row == 0 { "" } else { ", " };
            let _ = write!(sql, "{comma}({places})"); // a String takes every write
        }
        sql
    }

    /// A row that is there already gets the new values. No key may come twice in one statement.
    pub(crate) fn upsert(&self, rows: usize) -> String {
        let set = list(self.rest.iter().map(|column| format!("{column} = excluded.{column}")));
        let then = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {set}") };
        format!("{} ON CONFLICT ({}) DO {then}", self.insert(rows), list(self.key.iter().copied()))
    }

    /// Deletes the rows of a business (`$1`) whose `column` is one of `$2`, `$3`, ...
    pub(crate) fn delete(&self, column: &'static str, values: usize) -> String {
        let places = list((2..values + 2).map(|place| format!("${place}")));
        format!("DELETE FROM {} WHERE business = $1 AND {column} IN ({places})", self.name)
    }
}

fn list(items: impl Iterator<Item = impl AsRef<str>>) -> String {
    let mut out = String::new();
    for item in items {
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(item.as_ref());
    }
    out
}

/// Splits `rows` rows into statements: sizes that are powers of two, greatest first.
pub(crate) fn sizes(mut rows: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let size = match rows {
            0 => return None,
            1..ROWS_PER_STATEMENT => 1 << rows.ilog2(),
            _ => ROWS_PER_STATEMENT,
        };
        rows -= size;
        Some(size)
    })
}

pub(crate) const SETTINGS: Table = Table { name: "settings", key: &["business", "version"], rest: &["body"] };
/// Profiles alone: the login is no business of a commit's.
pub(crate) const AGENT_PROFILES: Table =
    Table { name: "agents", key: &["business", "id"], rest: &["body", "removed"] };
pub(crate) const AGENTS: Table = Table {
    name: "agents",
    key: &["business", "id"],
    rest: &["body", "login", "login_key", "password_hash", "removed"],
};
pub(crate) const AGENT_STATES: Table =
    Table { name: "agent_states", key: &["business", "agent"], rest: &["body"] };
pub(crate) const CONTACTS: Table = Table {
    name: "contacts",
    key: &["business", "id"],
    rest: &[
        "body",
        "place",
        "requested_at",
        "settings",
        "agent",
        "bridged_at",
        "talked_ms",
        "ended_at",
        "merged",
        "closed",
    ],
};
pub(crate) const PERSONS: Table = Table {
    name: "persons",
    key: &["business", "contact"],
    rest: &["body", "e164", "digits", "search", "context"],
};
pub(crate) const PAGE_VIEWS: Table =
    Table { name: "page_views", key: &["business", "contact", "position"], rest: &["url", "title", "at"] };
pub(crate) const WRAP_UPS: Table =
    Table { name: "wrap_ups", key: &["business", "contact"], rest: &["agent", "body", "search", "done"] };
pub(crate) const LEGS: Table =
    Table { name: "legs", key: &["business", "id"], rest: &["contact", "started_at", "body"] };
pub(crate) const ERASED_LEGS: Table =
    Table { name: "erased_legs", key: &["business", "leg"], rest: &["mark", "started_at"] };
pub(crate) const EVENTS: Table =
    Table { name: "events", key: &["business", "seq"], rest: &["at", "version", "payload"] };
pub(crate) const CONTACT_TOKENS: Table =
    Table { name: "contact_tokens", key: &["hash"], rest: &["business", "contact", "expires_at"] };
pub(crate) const TOKENS: Table =
    Table { name: "tokens", key: &["hash"], rest: &["business", "agent", "scope", "expires_at"] };
pub(crate) const IDEMPOTENCY: Table = Table {
    name: "idempotency",
    key: &["business", "request"],
    rest: &["body_hash", "contact", "expires_at"],
};
pub(crate) const OPT_OUTS: Table = Table { name: "opt_outs", key: &["business", "e164"], rest: &["at"] };
pub(crate) const ERASURES: Table = Table {
    name: "erasures",
    key: &["id"],
    rest: &["business", "contacts", "asked_at", "taken_at", "done_at"],
};
/// Written one by one ([`crate::recordings`]); deleted with their contact.
pub(crate) const RECORDINGS: Table =
    Table { name: "recordings", key: &["business", "id"], rest: &["contact", "began_at", "lock", "locked"] };
pub(crate) const PROMPTS: Table = Table { name: "prompts", key: &["business", "slot"], rest: &["wav"] };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_into_powers_of_two() {
        assert_eq!(sizes(0).count(), 0);
        assert_eq!(sizes(7).collect::<Vec<_>>(), [4, 2, 1]);
        assert_eq!(sizes(130).collect::<Vec<_>>(), [64, 64, 2]);
    }

    #[test]
    fn an_upsert_numbers_its_places_row_by_row() {
        assert_eq!(
            OPT_OUTS.upsert(2),
            "INSERT INTO opt_outs (business, e164, at) VALUES ($1, $2, $3), ($4, $5, $6) \
             ON CONFLICT (business, e164) DO UPDATE SET at = excluded.at"
        );
    }

    #[test]
    fn a_delete_names_the_business_and_every_value() {
        assert_eq!(LEGS.delete("id", 2), "DELETE FROM legs WHERE business = $1 AND id IN ($2, $3)");
    }
}
