//! The authorisation matrix, tried door by door with everybody else's credentials. The doors are derived from
//! the sources, so that a new one without a row fails here.
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use contact_server::{
    access::{ROUTES, Route, SOCKETS, WATCH, Who},
    ids,
};
use serde_json::{Value, json};
use shared::ContactId;
use store::{Scope, Token};

use super::support::*;

/// Where doors are made.
fn source(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

#[test]
fn every_route_of_the_router_and_of_the_openapi_document_has_a_row() {
    let known = |path: &str| ROUTES.iter().any(|row| row.path == path);
    let mut seen = BTreeSet::new();
    for (file, text) in source("src") {
        // What the router's own tests make is no door.
        let text = text.split("#[cfg(test)]").next().unwrap();
        for other in [".nest(", ".route_service(", ".nest_service(", ".fallback_service("] {
            assert!(!text.contains(other), "{}: `{other}` hides routes from this test", file.display());
        }
        for call in text.split(".route(").skip(1) {
            let path = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
            let path = path.unwrap_or_else(|| panic!("{}: write a route's path as a text", file.display()));
            if file.ends_with("watch_listen.rs") {
                assert!(
                    WATCH.contains(&path),
                    "{path} is new: give it a row in contact-server/src/access.rs"
                );
                continue;
            }
            assert!(known(path), "{path} is new: give it a row in contact-server/src/access.rs");
            seen.insert(path.to_owned());
        }
    }
    let document = serde_json::to_value(contact_server::http::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let has_row = ROUTES.iter().any(|row| row.path == path && row.method == method);
            assert!(has_row, "{method} {path} is new: give it a row in contact-server/src/access.rs");
            seen.insert(path.clone());
        }
    }
    let gone: Vec<_> = ROUTES.iter().filter(|row| !seen.contains(row.path)).collect();
    assert!(gone.is_empty(), "rows without a door: {gone:?}");
    let sockets: BTreeSet<_> = SOCKETS.iter().map(|socket| socket.path).collect();
    let routes = ROUTES.iter().filter(|row| row.who == Who::Socket).map(|row| row.path);
    assert_eq!(sockets, routes.collect(), "a socket and what opens it");
}

#[test]
fn every_message_that_a_client_may_send_has_a_row() {
    let mut seen = 0;
    for (_, text) in source("../shared/src/wire") {
        for block in text.split("messages! {").skip(1) {
            let (head, body) = block.split_once("pub enum ").unwrap().1.split_once('{').unwrap();
            let name = head.trim();
            let body = body.split('}').next().unwrap();
            let messages: Vec<&str> = body
                .split(',')
                .filter_map(|line| line.split_once("=>"))
                .map(|(_, message)| message.trim())
                .collect();
            assert!(!messages.is_empty());
            if !name.ends_with("ToServer") {
                continue;
            }
            let socket = SOCKETS.iter().find(|socket| socket.says == name);
            let socket = socket.unwrap_or_else(|| panic!("{name} is a new socket: give it a row"));
            let rows: Vec<&str> = socket.messages.iter().map(|(message, _)| *message).collect();
            assert_eq!(rows, messages, "{name}: give the new message a row in contact-server/src/access.rs");
            seen += 1;
        }
    }
    assert_eq!(seen, SOCKETS.len());
}

#[tokio::test]
async fn every_route_is_closed_to_everybody_else() {
    let house = House::furnish().await;
    for row in ROUTES {
        for (why, ask, expected) in house.strangers(row) {
            let answer = ask.send().await;
            let found = if answer.status < 400 { String::new() } else { answer.problem() };
            let at = format!("{} {} with {why}: {} {}", row.method, row.path, answer.status, answer.body);
            assert!(expected.contains(&found.as_str()), "{at}");
            assert!(!answer.body.contains(house.secret_note), "{at}");
            assert!(answer.header("set-cookie").is_none(), "{at}");
        }
    }
    assert_eq!(house.detail().await, house.before, "nothing of it has changed");
    house.server.assert_alive().await;
}

#[tokio::test]
async fn a_path_without_a_row_and_a_method_without_one_are_refused_as_problems() {
    let server = server().await;
    for row in ROUTES.iter().filter(|row| row.who != Who::Socket) {
        let answer = server.ask("PATCH", &filled(row, "x")).send().await;
        assert_eq!(answer.problem(), "method_not_allowed", "{}", row.path);
        assert!(answer.header("allow").unwrap().contains(row.method), "{:?}", answer.headers);
    }
}

/// A shop with a contact that it keeps to itself, and credentials of everybody who might want it.
struct House {
    server: Server,
    contact: ContactId,
    secret_note: &'static str,
    before: Value,
    ada: Agent,
    mallory: Agent,
    /// Cookies that are good for nothing.
    worthless: Vec<(&'static str, String)>,
}

impl House {
    async fn furnish() -> Self {
        let server = server().await;
        let secret_note = "only for the shop's own agents";
        let accepted = server.accepted(call_with("note", secret_note)).await;
        let (ada, mallory) = (server.ada().await, server.sign_in("mallory", PASSWORD).await);
        let me = server.ask("GET", "/api/v1/session").agent(&ada).send().await.json();
        let agent = serde_json::from_value(me["agent"].clone()).unwrap();
        let app = &server.running.as_ref().unwrap().app;
        let business = app.sites.by_key(KEY).unwrap().business.id;
        let now = app.clock.now();
        let mut worthless = vec![
            ("no cookie", String::new()),
            ("a guessed cookie", ids::token()),
            ("a cookie that is no token", "x".repeat(5_000)),
            ("the contact's token", accepted.token.clone()),
        ];
        let session = Scope::AgentSession { agent, csrf: "known".into() };
        let viewer = Scope::Viewer { agent, contact: accepted.contact };
        let handset = Scope::Handset { e164: "+442079460100".into() };
        let code = Scope::HandsetCode { e164: "+442079460100".into() };
        let later = now + std::time::Duration::from_secs(600);
        for (what, scope, expires_at) in [
            ("an expired session", session.clone(), now),
            ("a revoked session", session, later),
            ("a viewer's token", viewer, later),
            ("a handset's token", handset, later),
            ("a handset's code", code, later),
        ] {
            let token = ids::token();
            let hash = ids::hash(&token);
            app.store.put_token(&Token { hash, business, scope, expires_at }).await.unwrap();
            if what == "a revoked session" {
                app.store.revoke_token(&hash).await.unwrap();
            }
            worthless.push((what, token));
        }
        let mut house = Self {
            server,
            contact: accepted.contact,
            secret_note,
            before: Value::Null,
            ada,
            mallory,
            worthless,
        };
        house.before = house.detail().await;
        assert_eq!(house.before["summary"]["note"], secret_note, "its own agent sees it");
        house
    }

    async fn detail(&self) -> Value {
        self.server.ask("GET", &contact_path(self.contact)).agent(&self.ada).send().await.json()
    }

    /// Who should not pass, what they send, and the refusals that are right (empty: an answer that tells nothing).
    fn strangers(&self, row: &'static Route) -> Vec<(String, Ask<'_>, Vec<&'static str>)> {
        let path = filled(row, &self.contact.to_string());
        let ask = || {
            let ask = self.server.ask(row.method, &path).header("origin", &self.server.origin);
            with_body(ask, row)
        };
        match row.who {
            Who::Anybody => {
                // Files may not have been built; the small window asks for a business.
                vec![("nothing".to_owned(), ask(), vec!["", "not_found", "unknown_key"])]
            }
            Who::Agent | Who::AgentWithCsrf => self.no_agents(row, &ask),
            Who::Player | Who::PlayerWithCsrf => {
                let mut all = self.no_agents(row, &ask);
                let mine = ask().agent(&self.ada).header("x-ringside-csrf", &self.ada.csrf);
                all.push(("an agent who plays no recordings".to_owned(), mine, vec!["no_player"]));
                all
            }
            Who::ReaderOfKey | Who::PageOfKey => self.foreign_pages(row, &path),
            Who::Password => self.no_passwords(&ask),
            Who::Code => {
                let post = |code: &str| ask().body(json!({ "code": code }).to_string());
                let mut all: Vec<_> = (self.worthless.iter())
                    .filter(|(why, _)| *why != "a handset's code")
                    .map(|(why, token)| ((*why).to_owned(), post(token), vec!["bad_code"]))
                    .collect();
                let stolen = self.ada.cookie.split_once('=').unwrap().1;
                all.push(("a session".to_owned(), post(stolen), vec!["bad_code"]));
                all
            }
            // No upgrade; the sockets have a test of their own.
            Who::Socket => vec![("no upgrade".to_owned(), ask(), vec!["malformed"])],
        }
    }

    fn no_agents<'a>(
        &self,
        row: &Route,
        ask: &impl Fn() -> Ask<'a>,
    ) -> Vec<(String, Ask<'a>, Vec<&'static str>)> {
        let mut all = Vec::new();
        for (why, token) in &self.worthless {
            let cookie = format!("ringside_session={token}");
            let ask = ask().header("cookie", &cookie).header("x-ringside-csrf", "known");
            all.push(((*why).to_owned(), ask, vec!["unauthenticated"]));
        }
        let both = format!("{}; {}", self.mallory.cookie, self.ada.cookie);
        let planted = ask().header("cookie", &both).header("x-ringside-csrf", &self.ada.csrf);
        all.push(("a planted cookie beside the right one".to_owned(), planted, vec!["unauthenticated"]));
        if row.path != "/api/v1/session" {
            let theirs = ask().agent(&self.mallory).header("x-ringside-csrf", &self.mallory.csrf);
            // A list of her own is empty.
            let expected = if row.path.contains("{id}") { vec!["not_found"] } else { vec![""] };
            all.push(("another business's agent".to_owned(), theirs, expected));
        }
        if matches!(row.who, Who::AgentWithCsrf | Who::PlayerWithCsrf) {
            let mine = || ask().agent(&self.ada);
            let csrf = self.ada.csrf.as_str();
            for (why, ask) in [
                ("no CSRF value", mine()),
                ("another session's CSRF value", mine().header("x-ringside-csrf", &self.mallory.csrf)),
                ("a page of the shop", mine().header("x-ringside-csrf", csrf).header("origin", SHOP)),
                ("a hidden origin", mine().header("x-ringside-csrf", csrf).header("origin", "null")),
                (
                    "a page of a neighbouring host",
                    mine().header("x-ringside-csrf", csrf).header("sec-fetch-site", "same-site"),
                ),
            ] {
                all.push((why.to_owned(), ask, vec!["cross_site"]));
            }
        }
        all
    }

    fn foreign_pages(&self, row: &Route, path: &str) -> Vec<(String, Ask<'_>, Vec<&'static str>)> {
        let mut all = Vec::new();
        for key in [KEY, OTHER_KEY, "nobody", ""] {
            for origin in
                [Some(SHOP), Some(OTHER_SHOP), Some("http://evil.test"), Some("null"), Some(""), None]
            {
                let owns =
                    [(KEY, SHOP), (OTHER_KEY, OTHER_SHOP)].contains(&(key, origin.unwrap_or("nothing")));
                if owns || (row.who == Who::ReaderOfKey && origin.is_none() && key.contains('-')) {
                    continue;
                }
                let path = path.replace(KEY, if key.is_empty() { "%20" } else { key });
                let ask = with_body(self.server.ask(row.method, &path), row);
                let mut body: Value = serde_json::from_str(&body_of(row)).unwrap_or_default();
                let ask = if body.is_object() {
                    body["business"] = key.into();
                    ask.body(body.to_string())
                } else {
                    ask
                };
                let ask = ask.header("idempotency-key", &ids::token());
                let ask = if let Some(origin) = origin { ask.header("origin", origin) } else { ask };
                let why = format!("key {key:?} from {origin:?}");
                all.push((why, ask, vec!["unknown_key", "origin_not_allowed"]));
            }
        }
        all
    }

    fn no_passwords<'a>(&self, ask: &impl Fn() -> Ask<'a>) -> Vec<(String, Ask<'a>, Vec<&'static str>)> {
        let sign_in = |login: &str, password: &str| {
            ask().body(json!({ "login": login, "password": password }).to_string())
        };
        let right = || sign_in("ada", contact_server::demo::PASSWORD);
        vec![
            ("another's password".to_owned(), sign_in("ada", PASSWORD), vec!["bad_credentials"]),
            ("no password".to_owned(), sign_in("ada", ""), vec!["bad_credentials"]),
            ("a page of the shop".to_owned(), right().header("origin", SHOP), vec!["cross_site"]),
            (
                "a page of another site".to_owned(),
                right().header("sec-fetch-site", "cross-site"),
                vec!["cross_site"],
            ),
        ]
    }
}

/// The path with an id, and this business's key, in it.
fn filled(row: &Route, id: &str) -> String {
    row.path
        .replace("{id}", id)
        .replace("{key}", KEY)
        .replace("{origin}", "http%3A%2F%2Fshop.test")
        .replace("{code}", "not_found")
        .replace("{recording}", &"0".repeat(32))
        .replace("{segment}", "0")
        .replace("{hash}", "0")
        .replace("{*path}", "x.js")
}

fn body_of(row: &Route) -> String {
    match (row.method, row.path) {
        ("POST", "/api/v1/numbers") => json!({"business": KEY, "number": "020 7946 0100"}).to_string(),
        ("POST", "/api/v1/requests") => call("020 7946 0100").to_string(),
        ("POST", "/api/v1/session") => json!({"login": "ada", "password": "x"}).to_string(),
        ("POST", "/api/v1/handset") => json!({"code": "x"}).to_string(),
        ("PUT", "/api/v1/contacts/{id}/wrap-up") => {
            json!({"disposition": "Sold", "notes": "mine", "order": []}).to_string()
        }
        ("POST", "/api/v1/contacts/{id}/plays") => String::new(),
        ("GET" | "DELETE", _) => String::new(),
        (method, path) => panic!("{method} {path} is new: say what a good body for it is"),
    }
}

fn with_body<'a>(ask: Ask<'a>, row: &Route) -> Ask<'a> {
    let body = body_of(row);
    if body.is_empty() { ask } else { ask.header("content-type", "application/json").body(body) }
}
