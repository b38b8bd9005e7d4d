//! The binary as a process of its own, with its log in a file.
use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use contact_server::ids;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a line of a log is waited for, or an answer: a server looks at its health every 15 s.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const SHOP: &str = "http://shop.test";
pub(crate) const KEY: &str = contact_server::demo::BUSINESS_KEY;

/// A folder with a database, whichever it is, and the commands that use it.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) database: String,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let database = format!("sqlite:{}", folder.path().join("data/ringside.db").display());
        Self { folder, database }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ringside(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringside"));
        command.current_dir(self.folder.path()).env_clear();
        command.arg("--data").arg(self.path("data")).args(["--database", &self.database]);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.ringside().args(args).output().unwrap()
    }

    pub(crate) fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    pub(crate) fn fails(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?} was accepted");
        String::from_utf8(output.stderr).unwrap()
    }

    /// A demo server on ports of its own that logs at `level`.
    pub(crate) fn serve(&self, level: &str) -> Server {
        self.serve_with(level, &[])
    }

    pub(crate) fn serve_with(&self, level: &str, variables: &[(&str, &str)]) -> Server {
        self.serve_by(self.ringside(), level, variables)
    }

    /// `command` is one that becomes the server once its arguments are there.
    pub(crate) fn serve_by(&self, command: Command, level: &str, variables: &[(&str, &str)]) -> Server {
        let log = File::options().append(true).create(true).open(self.path("log")).unwrap();
        self.serve_into(log.into(), command, level, variables)
    }

    /// What it logs is heard, and stands in no file.
    pub(crate) fn serve_heard(
        &self,
        command: Command,
        level: &str,
        variables: &[(&str, &str)],
    ) -> (Server, Heard) {
        let mut server = self.serve_into(Stdio::piped(), command, level, variables);
        let heard = server.hear();
        (server, heard)
    }

    /// What it logs is a pipe that nobody reads: `child.stderr`.
    pub(crate) fn serve_unheard(&self, level: &str) -> Server {
        self.serve_into(Stdio::piped(), self.ringside(), level, &[])
    }

    fn serve_into(
        &self,
        log: Stdio,
        mut command: Command,
        level: &str,
        variables: &[(&str, &str)],
    ) -> Server {
        let mut child = command
            .env("RINGSIDE_LOG", level)
            .env("RINGSIDE_METRICS_LISTEN", "127.0.0.1:0")
            .env("RINGSIDE_TRUSTED_PROXIES", "127.0.0.1")
            .envs(variables.iter().copied())
            .args(["serve", "--demo", "--listen", "127.0.0.1:0", "--demo-origin", SHOP, "--ready-json"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?} {}", self.log()));
        let port = ready["ready"]["url"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        let watch = ready["ready"]["metrics"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        Server { child, port, watch }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// Lines of a server's log, as they come.
pub(crate) struct Heard(mpsc::Receiver<String>);

impl Heard {
    /// Waits for a line that says so.
    pub(crate) fn says(&self, words: &str) {
        let said = std::iter::from_fn(|| self.0.recv_timeout(PATIENCE).ok()).any(|line| line.contains(words));
        assert!(said, "the log does not say {words:?}");
    }
}

pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) port: u16,
    /// Of metrics.
    pub(crate) watch: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Server {
    /// From now on its log is read.
    pub(crate) fn hear(&mut self) -> Heard {
        let lines = BufReader::new(self.child.stderr.take().unwrap()).lines();
        let (sender, heard) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Heard(heard)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        ask(self.port, "GET", path, &[], "")
    }

    /// Asks for a call; `more` is laid over the body.
    pub(crate) fn request(&self, number: &str, more: &Value) -> Answer {
        self.requested(&[], number, more)
    }

    fn requested(&self, headers: &[(&str, &str)], number: &str, more: &Value) -> Answer {
        let mut body = json!({"business": KEY, "channel": "telephone", "number": number, "consent": "1"});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let key = ids::token();
        let usual =
            [("origin", SHOP), ("content-type", "application/json"), ("idempotency-key", key.as_str())];
        ask(self.port, "POST", "/api/v1/requests", &[&usual, headers].concat(), &body.to_string())
    }

    /// The same from an address of its own, which tests may choose since the server trusts loopback.
    pub(crate) fn request_from(&self, address: &str, number: &str, more: &Value) -> Answer {
        self.requested(&[("x-forwarded-for", address)], number, more)
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn end(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        assert!(self.child.wait().unwrap().success());
    }
}

/// One request on a connection of its own.
pub(crate) fn ask(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap()
}
