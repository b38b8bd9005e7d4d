//! The demo shop as a program: `demo-site --listen 127.0.0.1:8090 --server http://localhost:8080`.
use std::{future::IntoFuture as _, io::Write as _, process::ExitCode, time::Duration};

use thiserror::Error;
use tokio::{net::TcpListener, sync::watch, time};

const USAGE: &str = "\
A merchant's shop with the Ringside widget in its pages.

demo-site [--listen ADDRESS] [--server URL]

  --listen ADDRESS   host and port to serve on         (127.0.0.1:8090; port 0 takes a free one)
  --server URL       origin of the contact server      (http://localhost:8080)
";
/// After Ctrl-C, answers under way get so long to finish.
const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug, PartialEq, Eq)]
struct Options {
    listen: String,
    server: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Serve(Options),
    Usage,
}

#[derive(Debug, Error)]
enum Failure {
    #[error("`{0}` is no option here; --help names them")]
    Strange(String),
    #[error("{0} wants a value after it; --help shows how")]
    NoValue(String),
    #[error("--server {0}: {1}")]
    Server(String, demo_site::ServerUrlError),
    #[error("--listen {0}: {1}")]
    Listen(String, std::io::Error),
    #[error("the signals that end the shop cannot be caught: {0}")]
    Signals(std::io::Error),
    #[error("the shop stopped: {0}")]
    Stopped(#[from] std::io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match read(std::env::args().skip(1)) {
        Ok(Asked::Serve(options)) => serve(&options).await,
        Ok(Asked::Usage) => say(USAGE).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If even this cannot be written, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "demo-site: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// `--name value` and `--name=value`; the last one counts.
fn read(words: impl Iterator<Item = String>) -> Result<Asked, Failure> {
    let mut options = Options { listen: "127.0.0.1:8090".into(), server: "http://localhost:8080".into() };
    let mut words = words;
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let slot = match name.as_str() {
            "--listen" => &mut options.listen,
            "--server" => &mut options.server,
            "--help" | "-h" => return Ok(Asked::Usage),
            _ => return Err(Failure::Strange(name)),
        };
        let value = value.or_else(|| words.next()).filter(|value| !value.is_empty());
        *slot = value.ok_or(Failure::NoValue(name))?;
    }
    Ok(Asked::Serve(options))
}

async fn serve(options: &Options) -> Result<(), Failure> {
    let Options { listen, server } = options;
    let shop = demo_site::router(server).map_err(|error| Failure::Server(server.clone(), error))?;
    let bind = async || -> std::io::Result<_> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let (listener, address) = bind().await.map_err(|error| Failure::Listen(listen.clone(), error))?;
    let stop = stop_signal().map_err(Failure::Signals)?;
    say(&format!("Harbour & Pine is open at http://{address}/ with the widget of {server}\n"))?;
    let (tell, mut told) = watch::channel(false);
    let closing = async move {
        stop.await;
        tell.send_replace(true);
    };
    let serving = axum::serve(listener, shop).with_graceful_shutdown(closing).into_future();
    let out_of_patience = async move {
        // An error says that the sender is gone, which is after it told.
        let _ = told.wait_for(|stopping| *stopping).await;
        time::sleep(GRACE).await;
    };
    tokio::select! {
        done = serving => Ok(done?),
        () = out_of_patience => Ok(()),
    }
}

/// Ready when the shop is to end: Ctrl-C, or SIGTERM where there is one.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_both_forms_and_have_defaults() {
        assert_eq!(asked(&[]), serve_with("127.0.0.1:8090", "http://localhost:8080"));
        let words = ["--listen", "127.0.0.1:0", "--server=https://calls.example"];
        assert_eq!(asked(&words), serve_with("127.0.0.1:0", "https://calls.example"));
        assert_eq!(asked(&["--help"]), Asked::Usage);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refused(&["--port", "1"]).contains("`--port`"));
        assert!(refused(&["shop"]).contains("`shop`"));
        assert!(refused(&["--server"]).contains("--server wants a value"));
        assert!(refused(&["--listen="]).contains("--listen wants a value"));
    }

    fn asked(words: &[&str]) -> Asked {
        read(words.iter().map(|&word| word.to_owned())).unwrap()
    }

    fn refused(words: &[&str]) -> String {
        read(words.iter().map(|&word| word.to_owned())).unwrap_err().to_string()
    }

    fn serve_with(listen: &str, server: &str) -> Asked {
        Asked::Serve(Options { listen: listen.into(), server: server.into() })
    }
}
