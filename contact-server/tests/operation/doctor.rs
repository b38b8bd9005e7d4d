//! `ringside doctor` before deployments that are broken, each in its own way.
use std::{
    fs,
    net::{SocketAddr, TcpListener, UdpSocket},
    os::unix::fs::PermissionsExt as _,
};

use contact_server::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::process::Place;

impl Place {
    /// The findings of a check that are not fine, and whether the deployment is fit.
    fn doctor(&self, variables: &[(&str, &str)]) -> (bool, Vec<(String, String, String)>) {
        let output =
            self.ringside().envs(variables.iter().copied()).args(["doctor", "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let fit = report["fit"].as_bool().unwrap();
        assert_eq!(output.status.success(), fit, "the exit code says the same");
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        let bad = findings.filter(|finding| finding["verdict"] != "fine").map(|finding| {
            assert!(finding["mend"].is_string(), "it says what to mend: {finding}");
            let words = format!("{} -> {}", text(finding, "found"), text(finding, "mend"));
            (text(finding, "check"), text(finding, "verdict"), words)
        });
        (fit, bad.collect())
    }

    /// The one finding of that check.
    fn finds(&self, variables: &[(&str, &str)], check: &str, verdict: &str) -> String {
        let (fit, findings) = self.doctor(variables);
        assert_eq!(fit, findings.iter().all(|(_, verdict, _)| verdict != "broken"), "{findings:?}");
        let is = |(of, how, _): &&(String, String, String)| of == check && how == verdict;
        let found = findings.iter().find(is).unwrap_or_else(|| panic!("no {verdict} {check}: {findings:?}"));
        found.2.clone()
    }
}

const FREE: [(&str, &str); 2] = [("RINGSIDE_LISTEN", "127.0.0.1:0"), ("RINGSIDE_MEDIA_BIND", "127.0.0.1:0")];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&FREE, more].concat()
}

/// A place whose businesses want nothing.
fn well() -> Place {
    let place = Place::sqlite();
    let wav = place.path("name.wav");
    fs::write(&wav, contact_server::prompts::DEMO_NAME).unwrap();
    let create = ["business", "create", "--name", "Acme", "--region", "DE", "--key", "acme"];
    for args in [
        &[&create[..], &["--origin", "https://shop.example"]].concat()[..],
        &["agent", "create", "--business", "acme", "--login", "ada", "--name", "Ada"],
        &["prompt", "set", "--business", "acme", "--slot", "name", "name.wav"],
    ] {
        place.says(&[&["admin"], args].concat());
    }
    place
}

#[test]
fn a_deployment_that_is_well_is_fit() {
    let place = well();
    let (fit, findings) = place.doctor(&FREE);
    assert!(fit);
    // A machine for tests may allow few files, have little room, or lie about its disk; the rest must be well.
    let of_machine = ["open files", "disk room", "disk sync"];
    let others = findings.iter().filter(|(check, ..)| !of_machine.contains(&check.as_str()));
    let checks: Vec<&str> = others.map(|(check, ..)| check.as_str()).collect();
    assert_eq!(checks, ["address"], "that it is for this machine alone: {findings:?}");
    let output = place.ringside().envs(FREE).arg("doctor").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ok       business: acme can be called from its sites"), "{said}");
    assert!(said.contains("disk sync") && said.contains("0 broken"), "{said}");
    assert!(!place.path("data/.doctor").exists(), "it leaves nothing behind");
}

#[test]
fn a_configuration_that_cannot_be_used_is_told_whole() {
    let place = Place::sqlite();
    let (fit, findings) = place.doctor(&[("RINGSIDE_LISTEN", "here"), ("RINGSIDE_COLOUR", "red")]);
    assert!(!fit);
    let all = format!("{findings:?}");
    assert!(all.contains("`listen`") && all.contains("`colour`"), "{all}");
}

#[test]
fn a_port_of_another_program_is_told_and_one_of_a_ringside_is_fine() {
    let place = well();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap().to_string();
    // It takes connections and says nothing, as many programs do.
    let found = place.finds(&with(&[("RINGSIDE_LISTEN", &at)]), "http port", "broken");
    assert!(found.contains("another program"), "{found}");
    drop(other);

    let server = place.serve("off");
    let at = format!("127.0.0.1:{}", server.port);
    let (fit, findings) = place.doctor(&[("RINGSIDE_LISTEN", &at)]);
    assert!(fit && findings.iter().all(|(check, ..)| !check.contains("port")), "{findings:?}");

    let found = place.finds(
        &with(&[("RINGSIDE_LISTEN", "192.0.2.1:80"), ("RINGSIDE_PUBLIC_URL", "http://localhost")]),
        "http port",
        "broken",
    );
    assert!(found.contains("cannot be listened on"), "{found}");
}

#[test]
fn a_voice_port_that_is_held_or_leads_nowhere_is_told() {
    let place = well();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap().to_string();
    place.finds(&with(&[("RINGSIDE_MEDIA_BIND", &at)]), "voice port", "broken");
    // That port is somebody else's: what is sent there does not come back.
    let found = place.finds(&with(&[("RINGSIDE_MEDIA_ADVERTISE", &at)]), "voice port", "broken");
    assert!(found.contains("does not arrive"), "{found}");
    let abroad =
        place.finds(&with(&[("RINGSIDE_MEDIA_ADVERTISE", "203.0.113.7:9")]), "voice port", "warning");
    assert!(abroad.contains("forward UDP"), "{abroad}");
    let public = [("RINGSIDE_PUBLIC_URL", "https://call.example"), ("RINGSIDE_TRUSTED_PROXIES", "127.0.0.1")];
    let loopback = place.finds(&with(&public), "voice address", "broken");
    assert!(loopback.contains("their own machine"), "{loopback}");
    let inside = [&public[..], &[("RINGSIDE_MEDIA_ADVERTISE", "10.0.0.7:9")]].concat();
    place.finds(&with(&inside), "voice address", "warning");
}

/// Answers a datagram as it is told to, for as long as the test runs.
fn answering(how: impl Fn(&[u8], SocketAddr) -> Vec<u8> + Send + 'static) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut request = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut request) {
            socket.send_to(&how(&request[..length], from), from).unwrap();
        }
    });
    at
}

/// An NTP server that is `ahead` of this machine by so many seconds.
fn time_server(ahead: i64) -> String {
    answering(move |request, _| {
        let now = SystemClock::default().now().0;
        let seconds = (now / 1_000 + 2_208_988_800).checked_add_signed(ahead).unwrap();
        let now = (seconds << 32) | (((now % 1_000) << 32) / 1_000);
        let mut answer = vec![0x24, 2, 0, 0];
        answer.resize(24, 0);
        answer.extend(&request[40..48]);
        answer.extend([now.to_be_bytes(), now.to_be_bytes()].concat());
        answer
    })
}

#[test]
fn a_clock_that_is_wrong_by_an_outside_one_is_told() {
    let place = well();
    let asked = |server: &str| place.doctor(&with(&[("RINGSIDE_TIME_SERVER", server)])).1;
    assert!(asked(&time_server(0)).iter().all(|(check, ..)| check != "clock outside"));
    let ahead = time_server(-7_200);
    let found = place.finds(&with(&[("RINGSIDE_TIME_SERVER", &ahead)]), "clock outside", "broken");
    assert!(found.contains("7200.0 s ahead of"), "{found}");
    let behind = time_server(20);
    let found = place.finds(&with(&[("RINGSIDE_TIME_SERVER", &behind)]), "clock outside", "warning");
    assert!(found.contains("20.0 s behind") && found.contains("chrony"), "{found}");
    let nonsense = answering(|_, _| vec![0x24; 48]);
    let found = place.finds(&with(&[("RINGSIDE_TIME_SERVER", &nonsense)]), "clock outside", "warning");
    assert!(found.contains("no answer"), "{found}");
    place.finds(&with(&[("RINGSIDE_TIME_SERVER", "nowhere.invalid:123")]), "clock outside", "warning");
}

/// A STUN server that sees whoever asks at an address of `seen`'s choice.
fn stun_server(seen: impl Fn(SocketAddr) -> SocketAddr + Send + 'static) -> String {
    answering(move |request, from| {
        assert_eq!((&request[..4], request.len()), (&[0, 1, 0, 0][..], 20));
        let SocketAddr::V4(seen) = seen(from) else { panic!("IPv4 alone") };
        let mut answer = vec![1, 1, 0, 12];
        answer.extend(&request[4..]);
        answer.extend([0, 0x20, 0, 8, 0, 1]);
        answer.extend((seen.port() ^ 0x2112).to_be_bytes());
        answer.extend((seen.ip().to_bits() ^ 0x2112_A442).to_be_bytes());
        answer
    })
}

#[test]
fn a_voice_address_that_the_world_sees_otherwise_is_told() {
    let place = well();
    let same = stun_server(|from| from);
    let (_, findings) = place.doctor(&with(&[("RINGSIDE_STUN_SERVER", &same)]));
    assert!(findings.iter().all(|(check, ..)| check != "voice outside"), "{findings:?}");
    let elsewhere = stun_server(|from| SocketAddr::from(([203, 0, 113, 7], from.port())));
    let found = place.finds(&with(&[("RINGSIDE_STUN_SERVER", &elsewhere)]), "voice outside", "broken");
    assert!(found.contains("sees this machine as 203.0.113.7"), "{found}");
    // A router that maps the port to another one.
    let mapping = stun_server(|from| SocketAddr::from(([127, 0, 0, 1], from.port() ^ 1)));
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let variables = [("RINGSIDE_STUN_SERVER", mapping.as_str()), ("RINGSIDE_MEDIA_BIND", free.as_str())];
    let found = place.finds(&with(&variables), "voice outside", "warning");
    assert!(found.contains("forward"), "{found}");
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap().to_string();
    let found = place.finds(&with(&[("RINGSIDE_STUN_SERVER", &at)]), "voice outside", "warning");
    assert!(found.contains("no answer"), "{found}");
}

#[test]
fn nobody_outside_is_asked_who_is_not_named() {
    let place = well();
    let output = place.ringside().envs(FREE).arg("doctor").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for check in ["clock outside", "voice outside"] {
        assert!(said.contains(&format!("ok       {check}: not asked")), "{said}");
    }
}

#[test]
fn metrics_that_strangers_can_read_are_told() {
    let place = well();
    let found = place.finds(&with(&[("RINGSIDE_METRICS_LISTEN", "0.0.0.0:0")]), "metrics port", "warning");
    assert!(found.contains("strangers"), "{found}");
}

#[test]
fn a_data_folder_that_is_open_missing_or_in_memory_is_told() {
    let place = well();
    fs::set_permissions(place.path("data"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(place.finds(&FREE, "data folder", "warning").contains("chmod 700"));
    fs::write(place.path("file"), "").unwrap();
    let mut misplaced = place.ringside();
    misplaced.args(["doctor", "--data"]).arg(place.path("file"));
    let said = misplaced.envs(FREE).output().unwrap();
    assert!(!said.status.success() && String::from_utf8_lossy(&said.stdout).contains("is no folder"));

    let Ok(memory) = tempfile::tempdir_in("/dev/shm") else { panic!("a folder in memory is needed") };
    let mut misplaced = place.ringside();
    misplaced.args(["doctor", "--data"]).arg(memory.path());
    let said = misplaced.envs(FREE).output().unwrap();
    assert!(!said.status.success() && String::from_utf8_lossy(&said.stdout).contains("lies in memory"));
}

#[test]
fn a_database_that_is_damaged_newer_ahead_of_time_or_away_is_told() {
    let place = well();
    let tamper = |sql: &str| {
        let file = place.path("data/ringside.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(store::testing::tamper(&format!("sqlite:{}", file.display()), sql));
    };
    tamper("UPDATE owners SET last_at = 4102444800000");
    assert!(place.finds(&FREE, "clock", "broken").contains("behind what is stored"));
    tamper("UPDATE owners SET last_at = 0");
    tamper(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', true, x'00', 1)",
    );
    assert!(place.finds(&FREE, "database", "broken").contains("newer version"));
    tamper("DELETE FROM _sqlx_migrations WHERE version = 9999");
    place.doctor(&FREE);

    let file = place.path("data/ringside.db");
    let mut bytes = fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    bytes[4096..half].fill(0x5A);
    fs::write(&file, &bytes).unwrap();
    place.finds(&FREE, "database", "broken");
    fs::write(&file, "no database at all, however long it is looked at ".repeat(99)).unwrap();
    place.finds(&FREE, "database", "broken");

    let away = Place { database: "postgres://nobody:secret@127.0.0.1:1/x".into(), ..Place::sqlite() };
    let found = away.finds(&FREE, "database", "broken");
    assert!(!found.contains("secret"), "{found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_is_looked_at_too() {
    let place = Place { database: store::testing::postgres_url().await, ..Place::sqlite() };
    let (fit, findings) = place.doctor(&FREE);
    assert!(fit, "{findings:?}");
    let output = place.ringside().envs(FREE).arg("doctor").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for line in ["database: it is new", "clock: it agrees", "encryption: "] {
        assert!(said.contains(line), "{line} is missing in\n{said}");
    }
}

#[test]
fn businesses_whose_customers_could_not_be_called_are_told() {
    let place = Place::sqlite();
    place.says(&["admin", "business", "create", "--name", "Acme", "--region", "DE", "--key", "acme"]);
    let (fit, findings) = place.doctor(&FREE);
    assert!(fit, "it may be set up later");
    let all = format!("{findings:?}");
    for what in ["no site may use its key", "it has no agent", "do not hear its name"] {
        assert!(all.contains(what), "{what} is missing in {all}");
    }
    place.says(&["admin", "origin", "add", "--business", "acme", "http://shop.example"]);
    let all = format!("{:?}", place.doctor(&FREE).1);
    assert!(all.contains("travel without TLS"), "{all}");
}
