//! Real databases for tests: fresh, empty, and gone afterwards. Feature `testing`.
//!
//! Everything here panics with the reason when it cannot do its work, as a test wants it.
use std::sync::Arc;

use tempfile::TempDir;

use crate::Store;

/// An empty database of a test's own.
pub struct TestDatabase {
    pub store: Arc<dyn Store>,
    /// For [`crate::open`], and for a look with SQL.
    pub url: String,
    _folder: Option<TempDir>,
}

/// A SQLite file in a temporary folder.
pub async fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("data").join("ringside.db");
    let url = format!("sqlite:{}", path.display());
    let store = crate::open(&url).await.expect("a new SQLite file opens");
    TestDatabase { store, url, _folder: Some(folder) }
}
