//! The configuration: a TOML file and `RINGSIDE_*` environment variables, checked as a whole at the start.
use std::{net::SocketAddr, path::PathBuf};

/// A configuration that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// HTTP and WebSocket.
    pub listen: SocketAddr,
    /// How browsers reach this server: scheme, host, port; no path. Cookies are `Secure` if it is https.
    pub public_url: url::Url,
    /// `sqlite:PATH` or `postgres://...`
    pub database: String,
    /// UDP for browser voice.
    pub media_bind: SocketAddr,
    pub media_advertise: Option<SocketAddr>,
    /// Peers whose `X-Forwarded-For` and `-Proto` are believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Virtual handsets exist, and fictitious numbers may be called. Never on a public server.
    pub demo: bool,
    /// What one address may ask of the public interface (`[rates]`).
    pub rates: crate::limits::Rates,
    /// Where `ringside` keeps its files by default.
    pub data: PathBuf,
}
