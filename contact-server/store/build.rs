//! Builds anew when a migration is added: `sqlx::migrate!` itself only sees those that it knows.
fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
