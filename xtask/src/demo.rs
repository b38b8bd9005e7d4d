//! `cargo xtask demo`: the contact server and a merchant's shop on another site, on this machine.
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
};

use anyhow::{Context, Result, bail};

use crate::{
    run::{cargo, command, exec, root, say, timed},
    setup, test, web,
};

/// Ports that people see in the README.
const SERVER: &str = "127.0.0.1:8080";
const SHOP: &str = "127.0.0.1:8090";

pub(crate) fn run() -> Result<()> {
    build()?;
    let shop_url = format!("http://{SHOP}");
    let mut serve = command(program("ringside"));
    serve.args(["serve", "--demo", "--listen", SERVER, "--demo-origin", &shop_url, "--ready-json"]);
    serve.arg("--data").arg(root().join("data"));
    let (mut server, ready) = start(serve)?;
    let text = |key: &str| ready["ready"][key].as_str().unwrap_or("?").to_owned();
    let mut shop = command(program("demo-site"));
    let mut shop = shop.args(["--listen", SHOP, "--server", &text("url")]).spawn()?;
    let url = text("url");
    say(&format!(
        "\nRingside is up. Ctrl-C ends it; data stay in data/.\n\n\
         \x20 The shop       {shop_url}/\n\
         \x20 The console    {url}/console/     login {}, password {}\n\
         \x20 A telephone    {}     (rings at {}; the link works once, restart for another)\n\n\
         Open all three. In the console press Ready; in the shop press \"Call me\" and give the telephone's number;\n\
         answer on the telephone and press 1.\n",
        text("agent_login"),
        text("agent_password"),
        text("handset"),
        text("handset_number"),
    ));
    wait_for_interrupt(&mut server)?;
    // A terminal's Ctrl-C reaches the children too; the server shuts down by itself.
    let status = server.wait()?;
    shop.kill().ok();
    shop.wait()?;
    if !status.success() {
        bail!("the server ended with {status}");
    }
    say("Ended cleanly.");
    Ok(())
}

/// The main job once, with real browsers, on free ports and a temporary folder.
pub(crate) fn smoke() -> Result<()> {
    with_browsers("smoke")
}

/// The README's pictures.
pub(crate) fn pictures() -> Result<()> {
    with_browsers("pictures")
}

/// Builds everything and runs a program of `e2e`.
fn with_browsers(program: &str) -> Result<()> {
    setup::debian(&["chromium"])?;
    build()?;
    exec(test::browser_env(&mut cargo("run")).args(["--quiet", "--package", "e2e", "--bin", program]))
}

fn build() -> Result<()> {
    timed("what browsers load", web::build)?;
    let binaries = ["--package", "contact-server", "--package", "demo-site"];
    timed("contact server and shop", || exec(cargo("build").args(binaries)))?;
    Ok(())
}

fn program(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug").join(name)
}

/// Starts the server and waits for the line in which it says where it is.
fn start(mut serve: Command) -> Result<(Child, serde_json::Value)> {
    let mut server = serve.stdout(Stdio::piped()).spawn().context("the server does not start")?;
    let stdout = server.stdout.take().context("stdout is piped")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if let Ok(ready) = serde_json::from_str::<serde_json::Value>(&line) {
            return Ok((server, ready));
        }
        say(&line);
    }
    let status = server.wait()?;
    bail!("the server ended before it was ready ({status}); what it said stands above")
}

/// Returns at Ctrl-C, or when the server ends by itself.
fn wait_for_interrupt(server: &mut Child) -> Result<()> {
    let (tell, told) = mpsc::channel();
    let on_interrupt = move || {
        // Nobody listens any more once the server has ended by itself.
        let _ = tell.send(());
    };
    ctrlc::set_handler(on_interrupt).context("Ctrl-C cannot be caught")?;
    loop {
        if told.recv_timeout(std::time::Duration::from_millis(300)).is_ok() || server.try_wait()?.is_some() {
            return Ok(());
        }
    }
}
