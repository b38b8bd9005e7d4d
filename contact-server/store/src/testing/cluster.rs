//! A Postgres cluster that lasts as long as this process: on loopback, in a temporary folder, with fsync on.
//!
//! A shell stands between: it starts the server, waits until its own standard input closes (this process has
//! ended, however it ended), stops the server by the pid that it started and removes the folder. So neither
//! a panic nor a killed test leaves anything behind.
use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// Postgres refuses to run as root; Debian's package brings this user.
const UNPRIVILEGED: &str = "postgres";
const PROGRAMS: &str = "/usr/lib/postgresql";
/// Another process may take the free port before the server does.
const STARTS: u32 = 5;

/// `$1` programs, `$2` folder, `$3` port, `$4` `on` if it speaks TLS, by a certificate for 127.0.0.1 that signs
/// itself. Says one line: `ready`, or what went wrong.
const SUPERVISE: &str = r#"
trap '' HUP INT TERM
cd "$2" || exit 1
finish() { cd /; rm -rf "$2"; exit; }
fail() { tail -n 3 log | tr '\n' ' '; echo; finish "$1" "$2"; }
"$1/initdb" --pgdata=data --username=ringside --pwfile=password --auth=scram-sha-256 --encoding=UTF8 \
    --locale=C.UTF-8 --no-sync >log 2>&1 || fail "$1" "$2"
if [ "$4" = on ]; then
    printf '%s\n' '[req]' 'distinguished_name=n' 'x509_extensions=e' 'prompt=no' '[n]' 'CN=a server for tests' \
        '[e]' 'basicConstraints=critical,CA:FALSE' 'subjectAltName=IP:127.0.0.1' >certificate
    openssl req -x509 -config certificate -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
        -keyout data/server.key -out data/server.crt >>log 2>&1 || fail "$1" "$2"
fi
"$1/pg_ctl" --pgdata=data --wait --log=log \
    --options="-c ssl=$4 -c listen_addresses=127.0.0.1 -c port=$3 -c unix_socket_directories='$2' -c max_connections=400" \
    start >>log 2>&1 </dev/null || fail "$1" "$2"
echo ready
read -r end
"$1/pg_ctl" --pgdata=data --wait --mode=immediate stop >>log 2>&1
finish "$1" "$2"
"#;

struct Cluster {
    url: String,
    /// There if it speaks TLS.
    certificate: PathBuf,
    /// Its standard input stays open as long as this process lives.
    _supervisor: Child,
}

/// The URL of the process's cluster, which is started when first asked for.
pub(super) async fn url() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let started = tokio::task::spawn_blocking(|| CLUSTER.get_or_init(|| start(false)).url.clone()).await;
    started.expect("a throw-away Postgres cluster starts")
}

/// The same of one that speaks TLS, and the file of its certificate.
pub(super) async fn tls_url() -> (String, PathBuf) {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let started = tokio::task::spawn_blocking(|| {
        let cluster = CLUSTER.get_or_init(|| start(true));
        (cluster.url.clone(), cluster.certificate.clone())
    });
    started.await.expect("a throw-away Postgres cluster starts")
}

fn start(tls: bool) -> Cluster {
    let programs = programs().unwrap_or_else(|| {
        panic!(
            "the tests need Postgres: no {PROGRAMS}/*/bin/initdb here. \
             Install it (Debian: apt-get install postgresql), or name a server in {}",
            super::SERVER_VARIABLE
        )
    });
    let mut last = String::new();
    for _ in 0..STARTS {
        match try_start(&programs, tls) {
            Ok(cluster) => return cluster,
            Err(why) => last = why,
        }
    }
    panic!("no throw-away Postgres cluster came up: {last}");
}

/// Those of the newest version.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).ok()?.flatten().map(|version| version.path());
    let installed = versions.filter(|version| version.join("bin/initdb").exists());
    let number = |version: &PathBuf| version.file_name()?.to_str()?.parse::<u32>().ok();
    Some(installed.max_by_key(number)?.join("bin"))
}

fn try_start(programs: &Path, tls: bool) -> Result<Cluster, String> {
    let folder = tempfile::Builder::new().prefix("ringside-postgres-").tempdir().map_err(text)?.keep();
    let password = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    fs::write(folder.join("password"), &password).map_err(text)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(text)?;
    let port = free_port().map_err(text)?;

    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", SUPERVISE, "supervise"]).arg(programs).arg(&folder).arg(port.to_string()).arg(if tls {
        "on"
    } else {
        "off"
    });
    if fs::metadata(&folder).map_err(text)?.uid() == 0 {
        let (user, group) = unprivileged()?;
        chown(&folder, Some(user), Some(group)).map_err(text)?;
        chown(folder.join("password"), Some(user), Some(group)).map_err(text)?;
        shell.uid(user).gid(group);
    }
    // Its own standard error would keep a pipe of the test runner open after the tests.
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut supervisor = shell.current_dir("/").spawn().map_err(text)?;
    let mut said = String::new();
    let output = supervisor.stdout.take().ok_or("the shell has no output")?;
    BufReader::new(output).read_line(&mut said).map_err(text)?;
    match said.trim() {
        "ready" => {
            let url = format!("postgres://ringside:{password}@127.0.0.1:{port}/postgres");
            Ok(Cluster { url, certificate: folder.join("data/server.crt"), _supervisor: supervisor })
        }
        why => Err(why.to_owned()),
    }
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}

fn free_port() -> std::io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port())
}

/// User and group id, as /etc/passwd tells them: name, password, uid, gid, ...
fn unprivileged() -> Result<(u32, u32), String> {
    let users = fs::read_to_string("/etc/passwd").map_err(text)?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix(UNPRIVILEGED)?.strip_prefix(':')?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    ids.ok_or(format!("Postgres does not run as root, and there is no user {UNPRIVILEGED} to run it as"))
}
