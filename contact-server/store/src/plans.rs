//! Reads that grow with the history must go by index. SQLite is asked how it would run them, without
//! statistics, which is how a new installation meets them.
use crate::{history, load, retention, sql::Args, sqlite};

/// The statement, and the steps that its plan must have in this order.
const PLANS: [(&str, &[&str]); 10] = [
    (load::TRAILS, &["page_views_1 (business=? AND contact=?)", "contacts_open"]),
    (
        load::LEGS,
        &[
            "legs_started (business=? AND started_at>?)",
            "contacts_open",
            "legs_contact (business=? AND contact=? AND started_at<?)",
        ],
    ),
    (history::LEGS, &["legs_contact (business=? AND contact=?)"]),
    (history::EARLIER, &["contacts_1", "persons_1", "persons_number (business=? AND e164=?)", "contacts_1"]),
    (history::PAGE, &["contacts_history (business=? AND (requested_at,id)<(?,?))"]),
    (retention::CUSTOMERS, &["contacts_holding (business=? AND holds=? AND requested_at<?)"]),
    (retention::TRAILS, &["contacts_holding (business=? AND holds=? AND requested_at<?)"]),
    (retention::EMPTY, &["contacts_empty (business=? AND requested_at<?)"]),
    (retention::OLDEST, &["(business=?)"]),
    (history::SEARCH, &["contacts_history (business=? AND (requested_at,id)<(?,?))"]),
];

#[tokio::test]
async fn reads_that_grow_with_the_history_go_by_index() {
    let backend = sqlite::open(":memory:").await.unwrap();
    for (sql, steps) in PLANS {
        let explained = format!("EXPLAIN QUERY PLAN {sql}");
        let mut plan = String::new();
        for mut row in backend.rows("a plan", explained, Args::default()).await.unwrap() {
            for _ in ["id", "parent", "unused"] {
                row.number().unwrap();
            }
            plan.push_str(&row.text().unwrap());
            plan.push('\n');
        }
        let mut rest = plan.as_str();
        for step in steps {
            let found = rest.split_once(step);
            rest = found.unwrap_or_else(|| panic!("{sql}\nlacks {step}:\n{plan}")).1;
        }
        assert!(!plan.contains("SCAN "), "{sql}\nreads a whole table:\n{plan}");
    }
}
