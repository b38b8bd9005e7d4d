//! The binary as an operator meets it: what it prints, how it ends, and what it keeps when it is killed.
#![expect(clippy::unwrap_used, reason = "a test ends where its ground is missing")]
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const SHOP: &str = "http://shop.test";

#[test]
fn request_that_was_answered_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::start(folder.path());
    let (status, accepted) = server.request("0123456789abcdef0123");
    assert_eq!(status, 201, "{accepted}");
    server.child.kill().unwrap();
    server.child.wait().unwrap();

    let server = Server::start(folder.path());
    let (status, again) = server.request("0123456789abcdef0123");
    assert!(matches!(status, 200 | 201), "{status}: {again}");
    assert_eq!(again["contact"], accepted["contact"], "the same request is known, and no second one made");
    assert_ne!(again["token"], accepted["token"], "under a token of its own");
    assert_eq!(again["status"]["phase"], "waiting");
    assert_eq!(again["status"]["position"], 1, "in its place");
}

/// What a huge page costs is one thread's time at once, and everybody waits who was to be served by it.
#[cfg(target_os = "linux")]
#[test]
fn memory_comes_in_small_pages() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    // Linux says so since 5.0.
    if let Some(line) = status.lines().find(|line| line.starts_with("THP_enabled:")) {
        assert_eq!(line.split_whitespace().last(), Some("0"), "{line}");
    }
}

#[test]
fn server_ends_cleanly_when_it_is_told_to() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::start(folder.path());
    let told = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn all_faults_of_a_configuration_are_named_in_plain_words() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ringside.toml");
    std::fs::write(&file, "listen = 'here'\ncolour = 'red'\n").unwrap();
    let output = ringside(folder.path()).arg("serve").arg("--config").arg(&file).output().unwrap();
    let said = failure(&output);
    assert!(said.contains("`listen`") && said.contains("`colour`"), "{said}");
}

#[test]
fn demo_on_a_reachable_address_is_refused() {
    let folder = TempDir::new().unwrap();
    let output = ringside(folder.path()).args(["serve", "--demo", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert!(failure(&output).contains("`demo`"));
}

#[test]
fn operator_sets_a_business_up_from_the_command_line() {
    let folder = TempDir::new().unwrap();
    let admin = |args: &[&str], stdin: &str| {
        let mut child = ringside(folder.path())
            .arg("admin")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let made = admin(&["business", "create", "--name", "Harbour", "--region", "GB", "--key", "harbour"], "");
    assert_eq!(String::from_utf8(made.stdout).unwrap(), "harbour\n");
    let create =
        ["agent", "create", "--business", "harbour", "--login", "ada", "--name", "Ada", "--password-stdin"];
    let short = admin(&create, "short\n");
    assert!(failure(&short).contains("longer"));
    let made = admin(&create, "a longer password\n");
    assert_eq!(
        String::from_utf8(made.stdout).unwrap(),
        "login ada\n",
        "a password that was given is not shown"
    );
    assert!(failure(&admin(&["key", "rotate", "--business", "nobody"], "")).contains("business list"));
}

/// What a command that failed said for people.
fn failure(output: &Output) -> String {
    assert!(!output.status.success(), "it was accepted");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn ringside(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ringside"));
    command.current_dir(data).arg("--data").arg(data.join("data"));
    command
}

struct Server {
    child: Child,
    /// `localhost:PORT`
    host: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut child = ringside(folder)
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--demo-origin", SHOP, "--ready-json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let host = ready["ready"]["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        Self { child, host }
    }

    fn request(&self, key: &str) -> (u16, Value) {
        let body = json!({
            "business": "harbour-and-pine", "channel": "telephone", "number": "020 7946 0123", "consent": "1",
        })
        .to_string();
        let port = self.host.rsplit(':').next().unwrap();
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        write!(
            stream,
            "POST /api/v1/requests HTTP/1.1\r\nhost: {}\r\norigin: {SHOP}\r\ncontent-type: application/json\r\n\
             idempotency-key: {key}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len(),
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }
}
