//! Metrics, health and traces of a server that runs.
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::Command,
    sync::mpsc,
};

use serde_json::{Value, json};

use crate::{
    process::{Place, SHOP, Server, ask},
    search::{NAME, NOTE, NUMBER, planted},
};

fn metrics(server: &Server) -> String {
    let answer = ask(server.watch, "GET", "/metrics", &[], "");
    assert_eq!(answer.status, 200);
    answer.body
}

fn value(metrics: &str, series: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is missing in\n{metrics}")).parse().unwrap()
}

#[test]
fn metrics_count_what_happens_and_name_nobody() {
    let place = Place::sqlite();
    let server = place.serve("info");
    let before = metrics(&server);
    assert_eq!(value(&before, "ringside_contacts{phase=\"waiting\"}"), 0.0);
    let accepted = server.request(NUMBER, &json!({ "name": NAME, "note": NOTE }));
    assert_eq!(accepted.status, 201, "{}", accepted.body);
    assert_eq!(server.request("banana", &json!({})).status, 422);
    for attack in ["/nowhere/1", "/nowhere/2", "/api/v1/contacts/deadbeef"] {
        server.get(attack);
    }
    let after = metrics(&server);
    assert_eq!(value(&after, "ringside_contacts{phase=\"waiting\"}"), 1.0);
    assert_eq!(value(&after, "ringside_contacts_requested_total{channel=\"telephone\"}"), 1.0);
    let posted = |status| {
        value(
            &after,
            &format!("ringside_http_requests_total{{route=\"/api/v1/requests\",status=\"{status}\"}}"),
        )
    };
    assert_eq!((posted(201), posted(422)), (1.0, 1.0));
    assert_eq!(value(&after, "ringside_http_requests_total{route=\"other\",status=\"404\"}"), 2.0);
    assert!(value(&after, "ringside_commit_seconds_count") >= 1.0);
    assert!(value(&after, "ringside_disk_free_bytes") > 0.0);
    assert!(value(&after, "process_resident_memory_bytes") > 1e6);
    for text in planted() {
        assert!(!after.contains(&text), "{text:?} in the metrics");
    }
    assert!(!after.contains("nowhere") && !after.contains("deadbeef"), "a path is a label without bounds");
}

#[test]
fn metrics_are_not_served_to_the_public() {
    let place = Place::sqlite();
    let server = place.serve("off");
    assert_eq!(server.get("/metrics").status, 404);
}

/// A limit on the size of files is how a test without a disk of its own makes one that is full.
#[test]
fn a_full_disk_is_told_and_so_is_room_again() {
    let place = Place::sqlite();
    place.serve("off").end();
    let limited = |place: &Place| {
        let ringside = place.ringside();
        let mut command = Command::new("sh");
        command.current_dir(place.folder.path()).env_clear();
        // The kernel's signal would end the process; without it a write fails, as on a full disk.
        command.args(["-c", "trap '' XFSZ; ulimit -S -f 800; exec \"$0\" \"$@\""]);
        command.arg(ringside.get_program()).args(ringside.get_args());
        command
    };
    // A log in a file would be full as well.
    let (server, log) = place.serve_heard(limited(&place), "contact_server::health=info", &[]);
    assert_eq!(server.get("/readyz").status, 200);
    let note = "x".repeat(900);
    let mut refused = None;
    for n in 0..2000 {
        let by = format!("10.0.{}.{}", n / 250, n % 250);
        let answer =
            server.request_from(&by, &format!("020 7946 0{:03}", n % 1000), &json!({ "note": note }));
        if answer.status != 201 && answer.status != 429 {
            refused = Some(answer.status);
            break;
        }
    }
    assert_eq!(refused, Some(503), "nothing is accepted that cannot be written");
    log.says("the server is not ready");
    assert_eq!(server.get("/readyz").status, 503);
    let why = ask(server.watch, "GET", "/readyz", &[], "");
    assert_eq!((why.status, why.body.as_str()), (503, "the database takes no writes\n"));
    assert_eq!(server.get("/healthz").status, 200, "the process lives");

    let pid = server.child.id().to_string();
    let room = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
    assert!(room.success());
    log.says("the server is ready again");
    assert_eq!(server.get("/readyz").status, 200, "without a restart");
    assert_eq!(server.request_from("10.9.9.9", "020 7946 0001", &json!({})).status, 201);
}

/// Takes OTLP messages over HTTP until it is dropped.
pub(crate) fn collector() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let (sender, messages) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 2 {}
            let head = head.to_lowercase();
            assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
            assert!(head.contains("content-type: application/json"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            if sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                return;
            }
        }
    });
    (at, messages)
}

pub(crate) fn spans(messages: impl Iterator<Item = Value>) -> Vec<Value> {
    messages
        .flat_map(|message| message["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone())
        .collect()
}

#[test]
fn one_trace_follows_a_contact_and_joins_that_of_its_page() {
    let (at, messages) = collector();
    let place = Place::sqlite();
    let server = place.serve_with("info", &[("RINGSIDE_OTLP", &at)]);
    let own = server.request(NUMBER, &json!({ "name": NAME, "note": NOTE }));
    assert_eq!(own.status, 201);
    let key = contact_server::ids::token();
    let headers = [
        ("origin", SHOP),
        ("content-type", "application/json"),
        ("idempotency-key", key.as_str()),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let body = json!({ "business": crate::process::KEY, "channel": "telephone", "number": "020 7946 0666", "consent": "1" });
    let joined = ask(server.port, "POST", "/api/v1/requests", &headers, &body.to_string());
    assert_eq!(joined.status, 201);
    // Erasing ends both, and with them their traces.
    for number in [NUMBER, "020 7946 0666"] {
        place.says(&["admin", "customer", "erase", "--business", crate::process::KEY, "--number", number]);
    }
    server.end();

    let spans = spans(messages.try_iter());
    let told = serde_json::to_string(&spans).unwrap();
    for text in planted() {
        assert!(!told.contains(&text), "{text:?} in a trace");
    }
    let of = |name: &str, trace: &str| {
        let is = |span: &&Value| span["name"] == name && span["traceId"] == trace;
        spans.iter().find(is).unwrap_or_else(|| panic!("no {name} of {trace} in {told}")).clone()
    };
    let contact = own.json()["contact"].as_str().unwrap().to_owned();
    let root = of("contact", &contact);
    assert_eq!(root["parentSpanId"], Value::Null);
    let events: Vec<&str> =
        root["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(events, ["requested", "queued", "ended", "erased"]);
    for child in ["POST /api/v1/requests", "waiting"] {
        assert_eq!(of(child, &contact)["parentSpanId"], root["spanId"]);
    }
    let root = of("contact", "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(root["parentSpanId"], "00f067aa0ba902b7");
}

#[test]
fn a_collector_that_is_away_costs_spans_and_nothing_else() {
    let place = Place::sqlite();
    let away = [("RINGSIDE_OTLP", "http://127.0.0.1:1")];
    let (server, log) = place.serve_heard(place.ringside(), "contact_server::trace=warn", &away);
    assert_eq!(server.request(NUMBER, &json!({})).status, 201);
    log.says("traces are lost");
    assert!(value(&metrics(&server), "ringside_spans_total{outcome=\"lost\"}") >= 1.0);
    assert_eq!(server.get("/readyz").status, 200);
    server.end();
}

/// Fills the pipe of a log that nobody reads, and what the server keeps for it.
fn stall(server: &Server) {
    const LOST: &str = "ringside_log_lines_lost_total";
    for n in 0_u32.. {
        // From so few networks that it is no attack.
        let answer = server.request_from(&format!("10.{}.0.{}", n % 10, n / 10), NUMBER, &json!({}));
        assert_eq!(answer.status, 201, "{}", answer.body);
        if n % 16 == 0 && value(&metrics(server), LOST) > 0.0 {
            return;
        }
    }
}

#[test]
fn a_log_that_nobody_reads_stops_no_call_and_no_end() {
    let place = Place::sqlite();
    let mut server = place.serve_unheard("trace");
    stall(&server);
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(server.request("020 7946 0666", &json!({})).status, 201);
    server.hear().says("lines of the log were lost");
    server.end();
    let server = place.serve_unheard("trace");
    stall(&server);
    server.end();
}

#[test]
fn log_lines_are_objects_if_that_is_asked_for() {
    let place = Place::sqlite();
    let server = place.serve_with("info", &[("RINGSIDE_LOG_FORMAT", "json")]);
    assert_eq!(server.request(NUMBER, &json!({ "name": NAME })).status, 201);
    server.end();
    let lines: Vec<Value> = place.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let accepted = lines.iter().find(|line| line["message"] == "request accepted").unwrap();
    assert_eq!(accepted["level"], "INFO");
    assert!(accepted["contact"].is_string() && accepted["timestamp"].is_string());
    let mut bad = place.ringside();
    let bad = bad.env("RINGSIDE_LOG_FORMAT", "xml").arg("serve").output().unwrap();
    assert!(!bad.status.success() && String::from_utf8_lossy(&bad.stderr).contains("text or json"));
}
