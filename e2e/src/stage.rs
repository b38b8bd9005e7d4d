//! The server as people run it, and a merchant's shop on another site.
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
};

/// In the stage's folder.
const CONFIG: &str = "ringside.toml";

/// How the stage differs from the demo.
#[derive(Default, Clone)]
pub struct StageOptions {
    /// `ringside admin settings set` pairs, applied before the story.
    pub settings: Vec<(&'static str, &'static str)>,
    /// `ringside admin business set` pairs, likewise.
    pub business: Vec<(&'static str, &'static str)>,
    /// Sites beside the shop that may use the demo's business, such as `http://127.0.0.1:4000`.
    pub origins: Vec<String>,
    /// The server's program; none: the one that cargo put beside this one.
    pub program: Option<PathBuf>,
    /// The server's configuration file.
    pub config: &'static str,
}

/// One server process, one shop, one temporary folder. Ends with the value.
pub struct Stage {
    /// What the server said when it was ready.
    pub ready: Ready,
    /// `http://127.0.0.1:PORT`, another site than the server's `http://localhost:PORT`.
    pub shop: String,
    options: StageOptions,
    server: Server,
    folder: tempfile::TempDir,
    shop_task: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Clone)]
pub struct Ready {
    pub url: String,
    pub agent_login: String,
    pub agent_password: String,
    /// The second agent of the demo.
    pub handset: String,
    pub handset_number: String,
}

struct Server {
    child: Child,
    _stdout: Lines<BufReader<ChildStdout>>,
}

/// Where cargo put the programs that the test command built before.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    let found = folder.map(|folder| folder.join(name));
    found.with_context(|| {
        format!("`{name}` was not built: run `cargo xtask test stories`, which builds it first")
    })
}

/// A debug build of the server reads `dist/` where it was built: one that was copied from another checkout serves that
/// one's, and a story would judge scripts that are not here.
async fn serves_this_tree(url: &str) -> Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/widget.js");
    let built = std::fs::read(built).context("`cargo xtask build` comes first")?;
    let address = url.trim_start_matches("http://");
    let mut server = TcpStream::connect(address).await?;
    server.write_all(format!("GET /widget.js HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    if !answer.ends_with(&built) {
        bail!("the server serves another checkout's files: build it here (`cargo xtask test stories` does)");
    }
    Ok(())
}

impl StageOptions {
    fn server(&self) -> Result<PathBuf> {
        self.program.clone().map_or_else(|| program("ringside"), Ok)
    }
}

impl Stage {
    pub async fn start(options: StageOptions) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let shop = format!("http://{}", listener.local_addr()?);
        std::fs::write(folder.path().join(CONFIG), options.config)?;
        let (server, ready) = Server::start(folder.path(), &shop, &options, "127.0.0.1:0").await?;
        serves_this_tree(&ready.url).await?;
        let stage_shop = demo_site::router(&ready.url).context("the shop takes the server's address")?;
        let shop_task = tokio::spawn(async move {
            // It ends with the story; a shop that fails shows in the browser at once.
            let _ = axum::serve(listener, stage_shop).await;
        });
        let mut stage = Self { ready, shop, options, server, folder, shop_task };
        let StageOptions { settings, business, .. } = stage.options.clone();
        for (key, value) in &settings {
            stage.admin(&["settings", "set", "--business", "harbour-and-pine", key, value]).await?;
        }
        for (key, value) in &business {
            stage.admin(&["business", "set", "--business", "harbour-and-pine", key, value]).await?;
        }
        if !(settings.is_empty() && business.is_empty()) {
            // A running server notices within two seconds; a new one has noticed.
            stage.kill().await?;
            stage.restart().await?;
        }
        Ok(stage)
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// `ringside admin ...` on this stage's database; returns what it printed.
    pub async fn admin(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(self.options.server()?);
        command.arg("--data").arg(self.folder.path()).arg("admin").args(words);
        let output = command.kill_on_drop(true).output().await?;
        if !output.status.success() {
            bail!("ringside admin {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.server.child.id()
    }

    /// kill -9, as a power cut would have it.
    pub async fn kill(&mut self) -> Result<()> {
        self.server.child.kill().await.context("the server was not running")
    }

    /// Starts the server again on the same port and folder.
    pub async fn restart(&mut self) -> Result<()> {
        let listen = self.ready.url.replace("http://localhost", "127.0.0.1");
        let (server, _) = Server::start(self.folder.path(), &self.shop, &self.options, &listen).await?;
        self.server = server;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shop_task.abort();
        // `kill_on_drop` ends the server.
    }
}

impl Server {
    async fn start(folder: &Path, shop: &str, options: &StageOptions, listen: &str) -> Result<(Self, Ready)> {
        let log = std::fs::File::options().create(true).append(true).open(folder.join("server.log"))?;
        let mut command = Command::new(options.server()?);
        command.arg("--config").arg(folder.join(CONFIG));
        command.arg("--data").arg(folder).args(["serve", "--demo", "--ready-json", "--listen", listen]);
        command.args(["--demo-origin", shop]);
        command.args(options.origins.iter().flat_map(|origin| ["--demo-origin", origin]));
        command.stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut child = command.spawn().context("the server does not start")?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await? {
            let Ok(value) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            let text =
                |key: &str| value["ready"][key].as_str().map(str::to_owned).with_context(|| key.to_owned());
            let ready = Ready {
                url: text("url")?,
                agent_login: text("agent_login")?,
                agent_password: text("agent_password")?,
                handset: text("handset")?,
                handset_number: text("handset_number")?,
            };
            return Ok((Self { child, _stdout: lines }, ready));
        }
        let status = child.wait().await?;
        let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        bail!("the server ended before it was ready ({status}):\n{log}")
    }
}
