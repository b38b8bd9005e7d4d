use std::path::Path;

/// `UPDATE=1 cargo test -p contact-server openapi` writes it anew.
#[test]
fn openapi_document_in_docs_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let mut current = contact_server::http::document().to_pretty_json().unwrap();
    current.push('\n');
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "docs/openapi.json is out of date: run this test with UPDATE=1 and commit it"
    );
}
