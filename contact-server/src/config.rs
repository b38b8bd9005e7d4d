//! The configuration: a TOML file and `RINGSIDE_*` environment variables, checked as a whole at the start.
//!
//! | key | default | |
//! |---|---|---|
//! | `listen` | `127.0.0.1:8080` | HTTP and WebSocket, TCP |
//! | `public_url` | `http://localhost:PORT` on loopback | how browsers reach this server |
//! | `data` | `data` | folder of the files that Ringside keeps |
//! | `database` | `sqlite:DATA/ringside.db` | or `postgres://USER@HOST/NAME` |
//! | `media_bind` | address and port of `listen` | browser voice, UDP |
//! | `media_advertise` | `media_bind` | what browsers are told, behind a NAT |
//! | `metrics_listen` | none | `/metrics`, `/healthz`, `/readyz` with reasons; never a public address |
//! | `time_server` | none | `HOST:PORT` of an NTP server that `doctor` compares the clock with |
//! | `stun_server` | none | `HOST:PORT` of a STUN server that `doctor` asks for this machine's address |
//! | `otlp` | none | `http://HOST:4318` of an OpenTelemetry collector that takes traces |
//! | `trusted_proxies` | none | peers whose `X-Forwarded-*` is believed |
//! | `[rates]` | see [`Rates`] | what one address may ask; a table, in the file alone |
//! | `inputs_per_commit` | `512` | inputs that may share one commit; fewer cost throughput and win nothing |
//! | `dialer` | `embedded` | the driver that places calls, unless a business names another: see [`drivers`] |
//! | `[simulated]` | see [`Behaviour`] | how the `simulated` driver's people behave; in the file alone |
//! | `[shares]` | see [`Shares`] | how much one address may hold; a table, in the file alone |
//! | `[keep]` | see [`Keep`] | days that customers' data are kept, unless a business says otherwise |
//! | `recording_keys` | none | file of the keys that lock recordings; without it nothing is recorded |
//! | `[attack]` | see [`Attack`] | when requests must bring a proof of work; a table, in the file alone |
//! | `demo` | `false` | virtual handsets; on loopback only |
//! | `demo_origins` | the demo shop's | origins that the demo business allows |
//!
//! [`drivers`]: crate::dialer::drivers
//!
//! A variable is the key in capitals behind `RINGSIDE_`, wins over the file, and separates a list by commas.
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

use contact_core::retention::Keep;
use url::{Host, Url};

use crate::{
    attack::Attack,
    dialer::{drivers, simulated::Behaviour},
    engine::INPUTS_PER_COMMIT,
    limits::{Rates, Shares},
    trace::Endpoint,
};

mod read;

pub use read::{ConfigError, DEFAULT_FILE, Fault, Source};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// Where `demo-site` serves the shop by default.
const DEMO_ORIGINS: [&str; 2] = ["http://127.0.0.1:8090", "http://localhost:8090"];

/// A configuration that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// HTTP and WebSocket.
    pub listen: SocketAddr,
    /// How browsers reach this server: scheme, host, port; no path. Cookies are `Secure` if it is https.
    pub public_url: Url,
    /// `sqlite:PATH` or `postgres://...`
    pub database: String,
    /// UDP for browser voice.
    pub media_bind: SocketAddr,
    pub media_advertise: Option<SocketAddr>,
    /// Metrics, for those who run the server.
    pub metrics_listen: Option<SocketAddr>,
    /// Whom `doctor` asks for the time (NTP).
    pub time_server: Option<Peer>,
    /// Whom `doctor` asks how the world sees this machine (STUN).
    pub stun_server: Option<Peer>,
    /// The collector of traces.
    pub otlp: Option<Endpoint>,
    /// Peers whose `X-Forwarded-For` and `-Proto` are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Virtual handsets exist, and fictitious numbers may be called. Never on a public server.
    pub demo: bool,
    /// What one address may ask of the public interface (`[rates]`).
    pub rates: Rates,
    /// Inputs that one commit takes at most.
    pub inputs_per_commit: usize,
    /// The driver that places calls, unless a business names another.
    pub dialer: String,
    /// How the people of the `simulated` driver behave.
    pub simulated: Behaviour,
    /// How much one address may hold (`[shares]`).
    pub shares: Shares,
    /// How long customers' data are kept, unless a business says otherwise (`[keep]`).
    pub keep: Keep,
    /// The keys that lock recordings of co-browsing ([`crate::archive::keys`]).
    pub recording_keys: Option<PathBuf>,
    /// When requests must bring a proof of work (`[attack]`).
    pub attack: Attack,
    /// Origins that the demo's business allows; without `demo` they mean nothing.
    pub demo_origins: Vec<String>,
    /// Where `ringside` keeps its files by default.
    pub data: PathBuf,
    /// Nobody set `public_url`: it follows the port that was really bound.
    pub public_url_follows: bool,
}

/// Somebody else's server: a name or an address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// IPv6 without brackets.
    pub host: String,
    pub port: u16,
}

impl FromStr for Peer {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (host, port) = text.rsplit_once(':').ok_or(())?;
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if host.is_empty() || inner.is_none() && host.contains(':') {
            return Err(());
        }
        Ok(Self { host: inner.unwrap_or(host).to_owned(), port: port.parse().map_err(drop)? })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl Config {
    /// Everything on loopback with ports that the system picks, files under `data`: for tests and demos.
    pub fn local(data: &Path) -> Self {
        let listen = SocketAddr::new(DEFAULT_LISTEN.ip(), 0);
        Self {
            listen,
            public_url: local_url(0),
            database: default_database(data),
            media_bind: listen,
            media_advertise: None,
            metrics_listen: None,
            time_server: None,
            stun_server: None,
            otlp: None,
            trusted_proxies: Vec::new(),
            demo: false,
            rates: Rates::default(),
            inputs_per_commit: INPUTS_PER_COMMIT,
            dialer: drivers::STANDARD.to_owned(),
            simulated: Behaviour::default(),
            shares: Shares::default(),
            keep: Keep::default(),
            recording_keys: None,
            attack: Attack::default(),
            demo_origins: DEMO_ORIGINS.map(String::from).to_vec(),
            data: data.to_owned(),
            public_url_follows: true,
        }
    }

    /// Checks everything and names all faults at once.
    pub fn from_source(mut source: Source) -> Result<Self, ConfigError> {
        let listen =
            source.parsed("listen", "an address and port such as 127.0.0.1:8080").unwrap_or(DEFAULT_LISTEN);
        let data = PathBuf::from(source.text("data").unwrap_or_else(|| "data".into()));
        let given_url: Option<Url> = source.parsed("public_url", "a URL such as https://call.example.com");
        let config = Self {
            listen,
            public_url: given_url.clone().unwrap_or_else(|| local_url(listen.port())),
            database: source.text("database").unwrap_or_else(|| default_database(&data)),
            media_bind: source
                .parsed("media_bind", "an address and port such as 0.0.0.0:8080")
                .unwrap_or(listen),
            media_advertise: source.parsed("media_advertise", "an address and port such as 203.0.113.7:8080"),
            metrics_listen: source.parsed("metrics_listen", "an address and port such as 127.0.0.1:9464"),
            time_server: source.parsed("time_server", "a host and port such as pool.ntp.org:123"),
            stun_server: source.parsed("stun_server", "a host and port such as stun.example.org:3478"),
            otlp: source.parsed("otlp", "a plain http URL such as http://127.0.0.1:4318"),
            trusted_proxies: source.parsed_list("trusted_proxies", "IP addresses"),
            demo: source.flag("demo"),
            rates: source.table("rates"),
            inputs_per_commit: source
                .parsed("inputs_per_commit", "a whole number")
                .unwrap_or(INPUTS_PER_COMMIT),
            dialer: source.text("dialer").unwrap_or_else(|| drivers::STANDARD.to_owned()),
            simulated: source.table("simulated"),
            shares: source.table("shares"),
            keep: source.table("keep"),
            recording_keys: source.text("recording_keys").map(PathBuf::from),
            attack: source.table("attack"),
            demo_origins: source
                .list("demo_origins")
                .unwrap_or_else(|| DEMO_ORIGINS.map(String::from).to_vec()),
            data,
            public_url_follows: given_url.is_none(),
        };
        config.check(&mut source);
        source.finish(config)
    }

    /// Takes over the port that was really bound.
    pub fn bound(&mut self, addr: SocketAddr) {
        self.listen = addr;
        if self.public_url_follows {
            self.public_url = local_url(addr.port());
        }
    }

    /// `https://call.example.com`: the public URL without a trailing slash, as an `Origin` header has it.
    pub fn public_origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    fn check(&self, source: &mut Source) {
        self.check_public_url(source);
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|s| self.database.starts_with(s)) {
            source.fault("database", "must start with sqlite: or postgres://");
        }
        if self.media_bind.ip().is_unspecified() && self.media_advertise.is_none() {
            source.fault(
                "media_advertise",
                "must say which address browsers can reach, because media_bind is every address",
            );
        }
        if self.media_advertise.is_some_and(|addr| addr.ip().is_unspecified() || addr.port() == 0) {
            source.fault("media_advertise", "must be one address and one port, not 0.0.0.0 or port 0");
        }
        if self.demo && !self.listen.ip().is_loopback() {
            source.fault(
                "demo",
                "has virtual telephones and a known password, so `listen` must be a loopback address such as 127.0.0.1",
            );
        }
        if !(1..=INPUTS_PER_COMMIT).contains(&self.inputs_per_commit) {
            source.fault("inputs_per_commit", format!("must be 1 to {INPUTS_PER_COMMIT}"));
        }
        if !drivers::names().any(|name| name == self.dialer) {
            let known: Vec<_> = drivers::names().collect();
            source.fault("dialer", format!("must be one of: {}", known.join(", ")));
        }
        if let Some(fault) = self.simulated.fault() {
            source.fault("simulated", fault);
        }
        if let Some(fault) = self.attack.fault() {
            source.fault("attack", fault);
        }
        for origin in &self.demo_origins {
            if Url::parse(origin).ok().is_none_or(|url| url.origin().ascii_serialization() != *origin) {
                source.fault(
                    "demo_origins",
                    format!("`{origin}` is no origin: write it like http://localhost:8090"),
                );
            }
        }
    }

    /// Voice in the page and secure cookies need https; plain http is for this machine alone (and browsers
    /// treat only localhost as secure without it).
    fn check_public_url(&self, source: &mut Source) {
        let url = &self.public_url;
        if self.public_url_follows {
            if !self.listen.ip().is_loopback() {
                source.fault(
                    "public_url",
                    "must say how browsers reach this server, because `listen` is not loopback",
                );
            }
            return;
        }
        if url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
        {
            source
                .fault("public_url", "must be scheme, host and port alone, such as https://call.example.com");
        }
        match url.scheme() {
            "https" if self.trusted_proxies.is_empty() => source.fault(
                "trusted_proxies",
                "must list the proxy that ends TLS: public_url is https, and this server itself speaks plain HTTP",
            ),
            "https" => {}
            "http" if is_loopback(url) => {}
            "http" => source.fault("public_url", "must be https: plain http is served to localhost alone"),
            _ => source.fault("public_url", "must start with https://"),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn local_url(port: u16) -> Url {
    Url::parse(&format!("http://localhost:{port}/")).expect("a host name and a port make a URL")
}

fn default_database(data: &Path) -> String {
    format!("sqlite:{}", data.join("ringside.db").display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_a_server_for_this_machine() {
        let config = load("", &[]).unwrap();
        assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(config.public_url.as_str(), "http://localhost:8080/");
        assert_eq!(config.public_origin(), "http://localhost:8080");
        assert_eq!(config.database, "sqlite:data/ringside.db");
        assert_eq!(config.media_bind, config.listen);
        assert!(!config.demo);
    }

    #[test]
    fn environment_wins_over_the_file() {
        let config =
            load("listen = '127.0.0.1:1'\ndata = 'there'", &[("RINGSIDE_LISTEN", "127.0.0.1:2")]).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.database, "sqlite:there/ringside.db");
    }

    #[test]
    fn public_server_behind_its_proxy_is_accepted() {
        let config = load(
            "listen = '0.0.0.0:8080'\npublic_url = 'https://call.example.com'\nmedia_bind = '0.0.0.0:9000'\n\
             media_advertise = '203.0.113.7:9000'\ntrusted_proxies = ['10.0.0.1']\ndatabase = 'postgres://r@db/r'",
            &[],
        )
        .unwrap();
        assert_eq!(config.public_origin(), "https://call.example.com");
        assert_eq!(config.trusted_proxies, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn all_faults_are_named_at_once() {
        let faults = load(
            "listen = 'everywhere'\npublic_url = 'http://call.example.com/x'\ndatabase = 'mysql://x'\ndemo = 'maybe'\n\
             colour = 'red'\nmedia_bind = '0.0.0.0:1'\ntrusted_proxies = ['proxy']\ndialer = 'pigeon'\n\
             [simulated]\ncustomers.rings_ms = [2, 1]\n[attack]\neasiest_bits = 30",
            &[("RINGSIDE_DEMO_ORIGINS", "http://ok.example,http://slash.example/")],
        )
        .unwrap_err();
        let text = faults.to_string();
        for key in [
            "listen",
            "public_url",
            "database",
            "demo",
            "colour",
            "media_advertise",
            "trusted_proxies",
            "dialer",
            "simulated",
            "attack",
            "demo_origins",
        ] {
            assert!(text.contains(&format!("`{key}`")), "{key} is missing in\n{text}");
        }
        assert!(text.contains("RINGSIDE_DEMO_ORIGINS"), "says where it stands: {text}");
        assert!(text.contains("slash.example") && !text.contains("ok.example`"));
    }

    #[test]
    fn plain_http_is_refused_outside_localhost() {
        assert!(load("public_url = 'http://127.0.0.1:8080'", &[]).is_ok());
        assert!(load("public_url = 'http://call.example.com'", &[]).is_err());
        assert!(load("public_url = 'https://call.example.com'", &[]).is_err(), "no proxy ends the TLS");
        assert!(load("listen = '0.0.0.0:80'\nmedia_bind = '127.0.0.1:80'", &[]).is_err(), "no public_url");
    }

    #[test]
    fn demo_is_refused_on_a_reachable_address() {
        let faults = load(
            "listen = '192.0.2.1:80'\ndemo = true\npublic_url = 'https://x.example'\ntrusted_proxies = ['192.0.2.2']",
            &[],
        )
        .unwrap_err();
        assert_eq!(faults.to_string().matches("\n").count(), 1, "one fault: {faults}");
        assert!(faults.to_string().contains("`demo`"));
    }

    #[test]
    fn bound_port_shows_in_the_url_that_nobody_set() {
        let mut config = Config::local(Path::new("x"));
        config.bound("127.0.0.1:4711".parse().unwrap());
        assert_eq!(config.public_url.as_str(), "http://localhost:4711/");
    }

    fn load(file: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::from_source(Source::text_of(Path::new("ringside.toml"), file)?.with_env(env))
    }
}
