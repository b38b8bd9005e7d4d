//! Files that browsers load. Debug builds read them from disk, so a test can put one there.
use std::path::{Path, PathBuf};

use contact_server::ids;

use super::support::*;

#[tokio::test]
async fn file_is_compressed_for_those_who_take_it_and_not_sent_again_if_known() {
    let server = server().await;
    let file = File::put("css", b"body{}", b"not really brotli");
    let plain = server.ask("GET", &file.url).send().await;
    assert_eq!((plain.status, plain.body.as_str()), (200, "body{}"));
    assert_eq!(plain.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("Accept-Encoding")));
    assert!(
        plain.header("content-security-policy").unwrap().contains("script-src 'self' 'wasm-unsafe-eval'")
    );

    let compressed = server.ask("GET", &file.url).header("accept-encoding", "gzip, br").send().await;
    assert_eq!(compressed.header("content-encoding"), Some("br"));
    assert_eq!(compressed.body, "not really brotli");
    assert_ne!(compressed.header("etag"), plain.header("etag"));
    let known =
        server.ask("GET", &file.url).header("if-none-match", plain.header("etag").unwrap()).send().await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
}

#[tokio::test]
async fn modules_have_the_type_that_browsers_ask_of_them() {
    let server = server().await;
    let file = File::put("wasm", b"\0asm", b"");
    let module = server.ask("GET", &file.url).send().await;
    assert_eq!(module.header("content-type"), Some("application/wasm"));
    assert_eq!(server.ask("GET", "/console/nothing.wasm").send().await.problem(), "not_found");
}

#[tokio::test]
async fn small_window_names_its_business_and_whose_messages_it_may_take() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let built = root.join("dist/call/index.html");
    if !built.exists() {
        // The browser parts were not built yet; the page's source is what they fill in.
        std::fs::create_dir_all(built.parent().unwrap()).unwrap();
        std::fs::copy(root.join("widget/call/index.html"), &built).unwrap();
    }
    let server = server().await;
    let page = server.ask("GET", &format!("/call/?business={KEY}")).send().await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("content=\"{SHOP}\"")), "{}", page.body);
    assert!(page.body.contains("content=\"Harbour &amp; Pine\""), "{}", page.body);
    assert_eq!(page.header("cross-origin-opener-policy"), Some("unsafe-none"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    for wrong in ["/call/?business=nobody", "/call/"] {
        assert_eq!(server.ask("GET", wrong).send().await.problem(), "unknown_key");
    }
}

/// A file of the console, and its compressed sibling, as long as the test needs them.
struct File {
    url: String,
    path: PathBuf,
}

impl File {
    fn put(kind: &str, plain: &[u8], compressed: &[u8]) -> Self {
        let name = format!("test-{}.{kind}", ids::token());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/console");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(&name);
        std::fs::write(&path, plain).unwrap();
        std::fs::write(path.with_extension(format!("{kind}.br")), compressed).unwrap();
        Self { url: format!("/console/{name}"), path }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let kind = self.path.extension().unwrap().to_string_lossy().into_owned();
        std::fs::remove_file(self.path.with_extension(format!("{kind}.br"))).unwrap();
        std::fs::remove_file(&self.path).unwrap();
    }
}
