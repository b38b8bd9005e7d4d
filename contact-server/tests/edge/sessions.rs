//! Agents' sessions, and what stands between tenants.
use serde_json::{Value, json};
use shared::{
    close,
    wire::console::{ConsoleToServer, GoReady, ServerToConsole, ViewRequest},
};

use super::support::*;

#[tokio::test]
async fn session_is_a_cookie_that_scripts_and_other_sites_cannot_use() {
    let server = server().await;
    let signed_in = server
        .post("/api/v1/session", &server.origin, json!({"login": "ada", "password": "ringside-demo"}))
        .send()
        .await;
    let cookie = signed_in.header("set-cookie").unwrap();
    for attribute in ["ringside_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert_eq!(signed_in.json()["name"], "Ada Marlowe");
    assert_eq!(signed_in.header("cache-control"), Some("no-store"));
    let agent = Agent {
        cookie: cookie.split(';').next().unwrap().into(),
        csrf: signed_in.json()["csrf"].as_str().unwrap().into(),
    };
    let me = server.ask("GET", "/api/v1/session").agent(&agent).send().await;
    assert_eq!(me.json(), signed_in.json());
}

#[tokio::test]
async fn wrong_password_and_unknown_login_look_the_same() {
    let server = server().await;
    let sign_in = |login: &'static str, password: &'static str| {
        server.post("/api/v1/session", &server.origin, json!({"login": login, "password": password})).send()
    };
    let (wrong, unknown) =
        (sign_in("ada", "not the password").await, sign_in("nobody", "ringside-demo").await);
    assert_eq!((wrong.status, wrong.problem().as_str()), (401, "bad_credentials"));
    assert_eq!(wrong.body, unknown.body);
    assert_eq!(wrong.header("set-cookie"), None);
}

#[tokio::test]
async fn guessing_at_one_login_is_slowed_down_from_wherever_it_comes() {
    let server = server().await;
    let mut last = 0;
    for n in 0..11 {
        let body = json!({"login": "ada", "password": "guess"});
        let ask = server.post("/api/v1/session", &server.origin, body);
        last = ask.header("x-forwarded-for", &format!("198.51.100.{n}")).send().await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn guessing_at_one_login_in_many_spellings_is_slowed_down() {
    let server = server().await;
    let mut last = 0;
    for (n, login) in ["ada", "ADA", " ada", "Ada ", "aDa"].iter().cycle().take(11).enumerate() {
        let body = json!({"login": login, "password": "guess"});
        let ask = server.post("/api/v1/session", &server.origin, body);
        last = ask.header("x-forwarded-for", &format!("198.51.100.{n}")).send().await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn cookie_without_csrf_value_changes_nothing() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let ada = server.ada().await;
    let path = format!("{}/wrap-up", contact_path(accepted.contact));
    let body = json!({"disposition": "Sold", "notes": "", "order": []});
    let put = || {
        server.ask("PUT", &path).agent(&ada).header("content-type", "application/json").body(body.to_string())
    };
    let csrf = ada.csrf.as_str();
    for (why, ask) in [
        ("no value", put()),
        ("another's value", put().header("x-ringside-csrf", "0123")),
        ("foreign origin", put().header("x-ringside-csrf", csrf).header("origin", "http://evil.test")),
        ("cross-site", put().header("x-ringside-csrf", csrf).header("sec-fetch-site", "cross-site")),
        ("sign-out without a value", server.ask("DELETE", "/api/v1/session").agent(&ada)),
    ] {
        let refused = ask.send().await;
        assert_eq!((refused.status, refused.problem().as_str()), (403, "cross_site"), "{why}");
    }
    let stranger = put().without("cookie").header("x-ringside-csrf", csrf).send().await;
    assert_eq!(stranger.problem(), "unauthenticated");
    let sneaked = server
        .post("/api/v1/session", "http://evil.test", json!({"login": "ada", "password": "ringside-demo"}))
        .send()
        .await;
    assert_eq!(sneaked.problem(), "cross_site", "signing somebody in from another site");
    assert_eq!(server.ask("GET", "/api/v1/session").agent(&ada).send().await.status, 200);
}

#[tokio::test]
async fn console_of_another_site_or_without_a_session_is_closed() {
    let server = server().await;
    let ada = server.ada().await;
    for (origin, cookie, code) in [
        ("http://evil.test", ada.cookie.as_str(), close::ORIGIN),
        (SHOP, ada.cookie.as_str(), close::ORIGIN),
        (server.origin.as_str(), "ringside_session=guess", close::UNAUTHORIZED),
        (server.origin.as_str(), &format!("ringside_session={}", "0".repeat(64)), close::UNAUTHORIZED),
    ] {
        let mut socket = server.socket("/ws/console", &[("origin", origin), ("cookie", cookie)]).await;
        let hello =
            shared::wire::console::Hello { version: shared::ProtocolVersion::CURRENT, take_over: true };
        socket.send(ConsoleToServer::from(hello).encode()).await;
        assert_eq!(socket.closed().await, code, "{origin} {cookie}");
    }
    server.assert_alive().await;
}

#[tokio::test]
async fn second_sign_in_drops_the_first() {
    let server = server().await;
    let first = server.ada().await;
    let mut console = server.console(&first, true).await;
    console.console_wait(|message| matches!(message, ServerToConsole::AgentState(_)).then_some(())).await;
    let second = server.ada().await;
    assert_eq!(console.closed().await, close::DISPLACED);
    assert_eq!(server.ask("GET", "/api/v1/session").agent(&first).send().await.status, 401);
    assert_eq!(server.ask("GET", "/api/v1/session").agent(&second).send().await.status, 200);
}

#[tokio::test]
async fn second_window_asks_before_it_takes_over() {
    let server = server().await;
    let ada = server.ada().await;
    let mut first = server.console(&ada, false).await;
    first.console_wait(|message| matches!(message, ServerToConsole::AgentState(_)).then_some(())).await;
    // A browser answers pings by itself; here somebody has to read.
    let reading = tokio::spawn(async move {
        let code = first.closed().await;
        (first, code)
    });
    let mut second = server.console(&ada, false).await;
    let refused = second
        .console_wait(
            |message| if let ServerToConsole::Refused(refused) = message { Some(refused.code) } else { None },
        )
        .await;
    assert_eq!(refused, "connected_elsewhere");
    assert_eq!(second.closed().await, close::DISPLACED);

    let mut third = server.console(&ada, true).await;
    third.console_wait(|message| matches!(message, ServerToConsole::AgentState(_)).then_some(())).await;
    assert_eq!(reading.await.unwrap().1, close::DISPLACED);
}

#[tokio::test]
async fn sign_out_ends_the_session_and_its_console() {
    let server = server().await;
    let ada = server.ada().await;
    let mut console = server.console(&ada, true).await;
    console.console_wait(|message| matches!(message, ServerToConsole::AgentState(_)).then_some(())).await;
    let signed_out =
        server.ask("DELETE", "/api/v1/session").agent(&ada).header("x-ringside-csrf", &ada.csrf).send().await;
    assert_eq!(signed_out.status, 204);
    assert!(signed_out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(console.closed().await, close::UNAUTHORIZED);
    assert_eq!(server.ask("GET", "/api/v1/session").agent(&ada).send().await.status, 401);
}

#[tokio::test]
async fn other_business_sees_and_changes_nothing() {
    let server = server().await;
    let accepted = server.accepted(call("020 7946 0100")).await;
    let mallory = server.sign_in("mallory", PASSWORD).await;

    let history = server.ask("GET", "/api/v1/contacts").agent(&mallory).send().await;
    assert_eq!(history.json()["contacts"], json!([]));
    let detail = server.ask("GET", &contact_path(accepted.contact)).agent(&mallory).send().await;
    assert_eq!((detail.status, detail.problem().as_str()), (404, "not_found"));
    let guessed = server.ask("GET", "/api/v1/contacts/0123").agent(&mallory).send().await;
    assert_eq!(guessed.body, detail.body, "an id that exists elsewhere looks like one that does not");
    let wrap_up = server
        .ask("PUT", &format!("{}/wrap-up?done=true", contact_path(accepted.contact)))
        .agent(&mallory)
        .header("x-ringside-csrf", &mallory.csrf)
        .header("content-type", "application/json")
        .body(json!({"disposition": "Sold", "notes": "mine", "order": []}).to_string())
        .send()
        .await;
    assert_eq!(wrap_up.status, 404);

    let mut console = server.console(&mallory, true).await;
    let queue = console
        .console_wait(|message| if let ServerToConsole::Queue(queue) = message { Some(queue) } else { None })
        .await;
    assert_eq!(queue.total, 0);
    console.send(ConsoleToServer::from(GoReady {}).encode()).await;
    console.send(ConsoleToServer::from(ViewRequest { contact: accepted.contact }).encode()).await;
    let refused = console
        .console_wait(|message| {
            assert!(!matches!(message, ServerToConsole::ViewGranted(_)), "a page of another business");
            if let ServerToConsole::Refused(refused) = message { Some(refused.code) } else { None }
        })
        .await;
    assert_eq!(refused, "not_yours");

    // The other shop's pages cannot use the contact's token, nor its key the shop's origin.
    let mut page = server.socket("/ws/widget", &[("origin", OTHER_SHOP)]).await;
    page.send(widget_hello(&accepted.token)).await;
    assert_eq!(page.closed().await, close::ORIGIN);
    let key = server.request(call_with("business", OTHER_KEY)).send().await;
    assert_eq!(key.problem(), "origin_not_allowed");
}

#[tokio::test]
async fn replica_page_loads_the_business_origins_for_its_agents_alone() {
    let server = server().await;
    let ada = server.ada().await;
    let policy = |cookie: Option<&Agent>| {
        let ask = server.ask("GET", "/replica");
        let ask = if let Some(agent) = cookie { ask.agent(agent) } else { ask };
        async move { ask.send().await.headers["content-security-policy"].clone() }
    };
    let signed_in = policy(Some(&ada)).await;
    assert!(signed_in.starts_with("sandbox allow-same-origin; default-src 'none';"), "{signed_in}");
    assert!(signed_in.contains(&format!("img-src blob: data: {SHOP};")), "{signed_in}");
    assert!(signed_in.contains("frame-ancestors 'self'"));
    let anybody = policy(None).await;
    assert!(!anybody.contains("http"), "{anybody}");
}

#[tokio::test]
async fn history_asks_for_a_session_and_takes_bounded_queries() {
    let server = server().await;
    let none: Value = server.ask("GET", "/api/v1/contacts").send().await.json();
    assert_eq!(none["code"], "unauthenticated");
    let ada = server.ada().await;
    server.accepted(call_with("note", "blue lamp")).await;
    let found = server.ask("GET", "/api/v1/contacts?search=LAMP&limit=1").agent(&ada).send().await;
    assert_eq!(found.json()["contacts"][0]["note"], "blue lamp");
    for query in
        ["limit=x", "limit=-1", &format!("before={}", "x".repeat(65)), &format!("search={}", "x".repeat(101))]
    {
        let refused = server.ask("GET", &format!("/api/v1/contacts?{query}")).agent(&ada).send().await;
        assert!((400..500).contains(&refused.status), "{query}");
        refused.problem();
    }
}
