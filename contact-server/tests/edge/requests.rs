//! "Call me", as good pages and bad ones ask for it.
use serde_json::{Value, json};
use shared::{close, contact::Phase, wire::widget};

use super::support::*;

#[tokio::test]
async fn accepted_request_shows_its_status_on_the_socket() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    assert_eq!(accepted.status.phase, Phase::Waiting);
    let mut page = server.widget(&accepted.token).await;
    let Received::Message(first) = page.next().await else { panic!("a welcome comes first") };
    assert!(matches!(widget::ServerToWidget::decode(&first), Ok(widget::ServerToWidget::Welcome(_))));
    assert_eq!(page.status(|_| true).await.status.phase, Phase::Waiting);
}

#[tokio::test]
async fn wrong_key_and_foreign_origin_are_refused_clearly() {
    let server = server().await;
    let wrong_key = server.request(call_with("business", "nobody")).send().await;
    assert_eq!((wrong_key.status, wrong_key.problem().as_str()), (403, "unknown_key"));

    for origin in ["http://evil.test", "http://shop.test.evil", "https://shop.test", "null", OTHER_SHOP] {
        let foreign = server.request(call("020 7946 0100")).header("origin", origin).send().await;
        assert_eq!((foreign.status, foreign.problem().as_str()), (403, "origin_not_allowed"), "{origin}");
        // A page of another business may read why; a stranger's may not.
        assert_eq!(
            foreign.header("access-control-allow-origin"),
            (origin == OTHER_SHOP).then_some(OTHER_SHOP)
        );
    }
    let silent = server.request(call("020 7946 0100")).without("origin").send().await;
    assert_eq!(silent.problem(), "origin_not_allowed");
    server.assert_alive().await;
}

#[tokio::test]
async fn preflights_are_answered_for_listed_origins_alone() {
    let server = server().await;
    let preflight = |origin: &'static str| {
        server
            .ask("OPTIONS", "/api/v1/requests")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type, idempotency-key")
    };
    let listed = preflight(SHOP).send().await;
    assert_eq!(listed.status, 204);
    assert_eq!(listed.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(
        listed.header("access-control-allow-headers"),
        Some("content-type, idempotency-key, traceparent, ringside-proof")
    );
    assert_eq!(listed.header("access-control-allow-credentials"), None);
    assert_eq!(listed.header("vary"), Some("Origin"));
    let foreign = preflight("http://evil.test").send().await;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (403, None));
}

#[tokio::test]
async fn site_tells_what_it_offers_to_its_own_pages() {
    let server = server().await;
    let info = server.ask("GET", "/api/v1/sites/harbour-and-pine").header("origin", SHOP).send().await;
    assert_eq!((info.status, info.header("access-control-allow-origin")), (200, Some(SHOP)));
    assert_eq!(info.json()["regions"], json!(["GB", "US"]));
    assert_eq!(info.json()["wait_seconds"], Value::Null, "nobody is signed in");
    let foreign =
        server.ask("GET", "/api/v1/sites/harbour-and-pine").header("origin", OTHER_SHOP).send().await;
    assert_eq!(foreign.problem(), "origin_not_allowed");
}

#[tokio::test]
async fn pages_in_frames_are_of_one_business_if_both_origins_are() {
    let server = server().await;
    let ask = |key: &str, other: &str, origin: Option<&str>| {
        let path = format!("/api/v1/sites/{key}/frames/{}", other.replace(':', "%3A").replace('/', "%2F"));
        let ask = server.ask("GET", &path);
        if let Some(origin) = origin { ask.header("origin", origin) } else { ask }
    };
    let both = ask(KEY, SHOP, Some(SHOP)).send().await;
    assert_eq!((both.status, both.header("access-control-allow-origin")), (200, Some(SHOP)));
    assert_eq!(both.json(), json!({"masking": "balanced", "rules": []}));
    for (key, other, origin, code) in [
        (KEY, "http://evil.test", Some(SHOP), "origin_not_allowed"),
        (KEY, "http://shop.test.evil", Some(SHOP), "origin_not_allowed"),
        (KEY, "null", Some(SHOP), "origin_not_allowed"),
        (KEY, OTHER_SHOP, Some(SHOP), "origin_not_allowed"),
        (KEY, SHOP, Some(OTHER_SHOP), "origin_not_allowed"),
        (KEY, SHOP, Some("http://evil.test"), "origin_not_allowed"),
        (KEY, SHOP, Some("null"), "origin_not_allowed"),
        (KEY, SHOP, None, "origin_not_allowed"),
        ("nobody", SHOP, Some(SHOP), "unknown_key"),
    ] {
        assert_eq!(ask(key, other, origin).send().await.problem(), code, "{key} {other} {origin:?}");
    }
}

#[tokio::test]
async fn numbers_are_checked_as_the_field_is_left() {
    let server = server().await;
    let ask = |number: &'static str| {
        server.post("/api/v1/numbers", SHOP, json!({"business": KEY, "number": number, "region": "GB"}))
    };
    let good = ask("020 7946 0100").send().await;
    assert_eq!(good.json()["e164"], "+442079460100");
    let bad = ask("12").send().await;
    assert_eq!((bad.status, bad.problem().as_str()), (422, "number_too_short"));
    assert_eq!(bad.json()["field"], "number");
}

#[tokio::test]
async fn hostile_note_stays_text_on_its_way_to_the_agent() {
    let server = server().await;
    let hostile = "<script>alert(1)</script> ' OR 1=1; -- \u{202e}\u{1F480}";
    let mut body = call_with("note", hostile);
    body["trail"] = json!([{"url": "http://shop.test/?q=<script>", "title": hostile, "at": 1}]);
    let accepted = server.accepted(body).await;
    let ada = server.ada().await;
    let detail = server.ask("GET", &contact_path(accepted.contact)).agent(&ada).send().await;
    assert_eq!(detail.header("content-type"), Some("application/json"));
    assert_eq!(detail.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(detail.json()["summary"]["note"], hostile);
    assert_eq!(detail.json()["trail"][0]["title"], hostile);
}

#[tokio::test]
async fn what_breaks_a_bound_is_refused_with_its_field() {
    let server = server().await;
    let page = |url: &str| json!([{"url": url, "title": "t", "at": 1}]);
    for (field, value, code) in [
        ("note", json!("x".repeat(1_001)), "too_long"),
        ("note", json!("a\u{0}b"), "control_characters"),
        ("name", json!("x".repeat(101)), "too_long"),
        ("trail", page("javascript:alert(1)"), "page_url"),
        ("trail", page(&format!("http://shop.test/{}", "x".repeat(2_048))), "page_url"),
        ("trail", json!([{"url": "http://shop.test/", "title": "x".repeat(201), "at": 1}]), "page_title"),
        ("trail", Value::Array(vec![page("http://shop.test/")[0].clone(); 11]), "too_many"),
        ("context", json!("[1]"), "context"),
        ("context", json!("x".repeat(16 * 1024 + 1)), "too_long"),
        ("number", json!("letters"), "number_not_a_number"),
        ("number", json!(null), "number_empty"),
        ("consent", json!("older"), "consent_outdated"),
        ("skill", json!("unlisted"), "skill_unknown"),
    ] {
        let refused = server.request(call_with(field, value)).send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, code), "{field}: {}", refused.body);
        assert_eq!(refused.json()["field"], field);
        assert_eq!(refused.header("access-control-allow-origin"), Some(SHOP), "the widget can read it");
    }
    let window = json!({"date": "2020-01-01", "from": "09:00", "until": "10:00", "zone": "Europe/Berlin"});
    let past = server.request(call_with("window", window)).send().await;
    assert_eq!((past.status, past.problem().as_str()), (422, "window_past"));
    server.assert_alive().await;
}

#[tokio::test]
async fn what_is_no_request_at_all_is_refused_as_a_problem() {
    let server = server().await;
    let json = |body: &str| server.request(json!({})).body(body);
    let cases = [
        (json("{").send().await, 400, "malformed"),
        (json("[]").send().await, 400, "malformed"),
        (json(&format!("{}x", call("1"))).send().await, 400, "malformed"),
        (json(&"[".repeat(60_000)).send().await, 400, "malformed"),
        (server.request(call_with("admin", true)).send().await, 400, "malformed"),
        (
            server.request(call("1")).header("content-type", "text/plain").send().await,
            415,
            "unsupported_media_type",
        ),
        (server.request(call("1")).header("content-length", "70000").send().await, 413, "body_too_large"),
        (server.ask("GET", "/api/v1/requests").send().await, 405, "method_not_allowed"),
        (server.ask("GET", "/nothing").send().await, 404, "not_found"),
        (server.ask("GET", "/app/x/..%2f..%2fCargo.toml").send().await, 404, "not_found"),
        (server.ask("GET", "/console/../../Cargo.toml").send().await, 404, "not_found"),
        (server.ask("GET", "/ws/widget").send().await, 400, "malformed"),
    ];
    for (response, status, code) in cases {
        assert_eq!((response.status, response.problem().as_str()), (status, code), "{}", response.body);
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert!(response.header("content-security-policy").unwrap().contains("default-src 'none'"));
    }
    server.assert_alive().await;
}

#[tokio::test]
async fn same_request_again_gives_the_same_contact_and_a_new_token() {
    let server = server().await;
    let key = "a-random-idempotency-key";
    let again = || server.request(call("020 7946 0100")).header("idempotency-key", key).send();
    let (first, second) = (again().await.json(), again().await.json());
    assert_eq!(first["contact"], second["contact"]);
    assert_ne!(first["token"], second["token"]);
    let mut old = server.widget(first["token"].as_str().unwrap()).await;
    assert_eq!(old.closed().await, close::UNAUTHORIZED, "only the newest token is good");
    server.widget(second["token"].as_str().unwrap()).await.status(|_| true).await;

    let other = server.request(call("020 7946 0101")).header("idempotency-key", key).send().await;
    assert_eq!((other.status, other.problem().as_str()), (422, "idempotency_key_reused"));
    for bad in ["short", "with space in the middle", ""] {
        let refused = server.request(call("020 7946 0102")).header("idempotency-key", bad).send().await;
        assert_eq!(refused.problem(), "idempotency_key", "{bad}");
    }
}

#[tokio::test]
async fn stranger_who_asks_for_the_same_number_learns_nothing_and_can_do_nothing() {
    let server = server().await;
    let first = server.accepted(call("020 7946 0100")).await;
    let mut page = server.widget(&first.token).await;
    page.status(|_| true).await;

    let stranger = server.accepted(call("+44 20 7946 0100")).await;
    assert_ne!(first.contact, stranger.contact);
    assert_eq!(first.status.phase, stranger.status.phase);
    let mut other = server.widget(&stranger.token).await;
    other.status(|_| true).await;
    other.send(widget::WidgetToServer::from(widget::Cancel {}).encode()).await;
    other.status(|status| status.status.phase == Phase::Ended).await;

    page.send(widget::WidgetToServer::from(widget::Share { on: false }).encode()).await;
    let status = page.status(|status| !status.status.sharing).await;
    assert_eq!(status.status.phase, Phase::Waiting, "the first goes on");
}

#[tokio::test]
async fn one_address_is_held_to_its_rate_and_others_are_served() {
    let server = server().await;
    let from = |address: &'static str| {
        server.request(call_with("consent", "older")).header("x-forwarded-for", address).send()
    };
    let mut answers = Vec::new();
    for _ in 0..21 {
        answers.push(from("203.0.113.5").await);
    }
    let last = answers.pop().unwrap();
    assert!(answers.iter().all(|answer| answer.status == 422));
    assert_eq!((last.status, last.problem().as_str()), (429, "too_many_requests"));
    assert!(last.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert_eq!(from("203.0.113.6").await.status, 422);
}
