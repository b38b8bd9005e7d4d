//! The sockets' half of the matrix: who may open one, and how far its messages reach.
#![expect(clippy::wildcard_enum_match_arm, reason = "whatever else is said fails the test")]
use std::time::Duration;

use contact_server::{
    access::{Opens, Pages, Reach, SOCKETS, Socket as Row},
    ids,
};
use shared::{
    ContactId, DocumentId, LegId, ProtocolVersion, TabId, Timestamp,
    api::WrapUp,
    close,
    wire::{
        LegFailed, LegOffer, LegTrouble, Ping,
        console::{self, ConsoleToServer, ServerToConsole},
        handset::{self, HandsetToServer, ServerToHandset},
        mirror::{self, PublisherToServer, ViewerToServer},
        widget::{self, ServerToWidget, WidgetToServer},
    },
};
use store::{Scope, Token};

use super::support::*;

const V1: ProtocolVersion = ProtocolVersion::CURRENT;
const NUMBER: &str = "+442079460123";

#[tokio::test]
async fn every_socket_is_closed_to_everybody_else() {
    let house = House::furnish().await;
    for row in rows() {
        let own = match row.pages {
            Pages::Own => house.server.origin.clone(),
            Pages::OfTheBusiness | Pages::OfTheBusinessOrOwn => SHOP.to_owned(),
        };
        for (what, token) in &house.tokens {
            if opens(row, what) {
                continue;
            }
            let code = house.open(row, Some(&own), token).await;
            assert_eq!(code, Some(close::UNAUTHORIZED), "{} with {what}", row.path);
        }
        let good = house.token(row);
        for origin in [SHOP, OTHER_SHOP, house.server.origin.as_str(), "http://evil.test", "null", ""] {
            let is_window = row.pages == Pages::OfTheBusinessOrOwn && origin == house.server.origin;
            if origin != own && !is_window {
                let code = house.open(row, Some(origin), good).await;
                assert_eq!(code, Some(close::ORIGIN), "{} from {origin:?}", row.path);
            }
        }
        assert_eq!(house.open(row, None, good).await, Some(close::ORIGIN), "{} without an origin", row.path);
        assert_eq!(house.open(row, Some(&own), good).await, None, "{} to whom it is for", row.path);
    }
    house.server.assert_alive().await;
}

#[tokio::test]
async fn no_message_reaches_what_is_another_business_s_or_another_agent_s() {
    let house = House::furnish().await;
    let before = house.snapshot().await;
    let mallory = house.server.sign_in("mallory", PASSWORD).await;
    let grace = house.server.sign_in("grace", contact_server::demo::PASSWORD).await;
    for (who, agent) in [("another business's agent", &mallory), ("a colleague", &grace)] {
        for (name, reach) in row("/ws/console").messages {
            let named = [Reach::ContactOfAgent, Reach::Supervised, Reach::LegSentHere];
            if !named.contains(reach) {
                continue;
            }
            let mut console = house.server.console(agent, true).await;
            console.send(console_message(name, house.contact, house.leg)).await;
            console.send(ConsoleToServer::from(Ping { nonce: 77 }).encode()).await;
            let answer = console
                .console_wait(|message| match message {
                    ServerToConsole::Refused(refused) => Some(Some(refused.code)),
                    ServerToConsole::LegGone(_) => Some(Some("leg_gone".into())),
                    ServerToConsole::Pong(pong) => (pong.nonce == 77).then_some(None),
                    ServerToConsole::Welcome(_)
                    | ServerToConsole::AgentState(_)
                    | ServerToConsole::Queue(_)
                    | ServerToConsole::Today(_) => None,
                    other => panic!("{name} of {who} was answered by {other:?}"),
                })
                .await;
            let expected: &[Option<&str>] = match reach {
                Reach::LegSentHere => &[Some("leg_gone"), None],
                _ => &[Some("not_yours"), Some("not_found"), Some("not_now")],
            };
            assert!(expected.contains(&answer.as_deref()), "{name} of {who}: {answer:?}");
        }
    }
    let stranger = house.server.accepted(call("020 7946 0199")).await;
    for (name, _) in row("/ws/widget").messages.iter().filter(|(_, reach)| *reach == Reach::LegSentHere) {
        let mut page = house.server.widget(&stranger.token).await;
        page.send(widget_message(name, house.leg)).await;
        page.send(WidgetToServer::from(Ping { nonce: 77 }).encode()).await;
        page.wait(|bytes| match ServerToWidget::decode(bytes).unwrap() {
            ServerToWidget::Pong(_) => Some(()),
            ServerToWidget::Welcome(_) | ServerToWidget::Status(_) | ServerToWidget::LegGone(_) => None,
            other => panic!("{name} of another page was answered by {other:?}"),
        })
        .await;
    }
    for (name, _) in row("/ws/handset").messages.iter().filter(|(_, reach)| *reach == Reach::LegSentHere) {
        let headers = [("origin", house.server.origin.as_str())];
        let mut phone = house.server.socket("/ws/handset", &headers).await;
        phone.send(hello(row("/ws/handset"), house.token(row("/ws/handset")))).await;
        phone.send(handset_message(name, house.leg)).await;
        phone.send(HandsetToServer::from(Ping { nonce: 77 }).encode()).await;
        phone
            .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
                ServerToHandset::Pong(_) => Some(()),
                ServerToHandset::Welcome(_) | ServerToHandset::LegGone(_) => None,
                other => panic!("{name} of another telephone was answered by {other:?}"),
            })
            .await;
    }
    assert_eq!(house.snapshot().await, before, "nothing of the shop's contact has changed");
}

#[tokio::test]
async fn sockets_end_with_the_session_that_opened_them() {
    let house = House::furnish().await;
    let app = &house.server.running.as_ref().unwrap().app;
    for row in rows().filter(|row| row.pages == Pages::Own) {
        // A token that is good for a moment more.
        let (token, hash) = fresh();
        let expires_at = app.clock.now() + Duration::from_millis(500);
        let scope = house.scope(row);
        app.store.put_token(&Token { hash, business: house.business, scope, expires_at }).await.unwrap();
        let mut socket = house.connect(row, Some(&house.server.origin), &token).await;
        assert_eq!(socket.closed().await, close::UNAUTHORIZED, "{} after its token expired", row.path);
    }
    let (token, hash) = fresh();
    let scope = house.scope(row("/ws/console"));
    let expires_at = app.clock.now() + Duration::from_secs(3_600);
    app.store.put_token(&Token { hash, business: house.business, scope, expires_at }).await.unwrap();
    let mut socket = house.connect(row("/ws/console"), Some(&house.server.origin), &token).await;
    // As `ringside admin agent password` does, in a process of its own.
    app.store.revoke_token(&hash).await.unwrap();
    assert_eq!(socket.closed().await, close::UNAUTHORIZED, "after another process revoked its token");
}

#[tokio::test]
async fn token_of_a_contact_that_ended_reads_the_end_and_nothing_else_and_not_for_long() {
    let server = server().await;
    let key = ids::token();
    let ask = || server.request(call("020 7946 0100")).header("idempotency-key", &key).send();
    let accepted = ask().await.json();
    let token = accepted["token"].as_str().unwrap().to_owned();
    let app = &server.running.as_ref().unwrap().app;
    let is_good_at = async |token: &str, at: Timestamp| {
        app.store.find_contact_token(&ids::hash(token), at).await.unwrap().is_some()
    };
    let tomorrow = app.clock.now() + Duration::from_hours(23);
    assert!(is_good_at(&token, tomorrow).await, "while it waits");
    let mut page = server.widget(&token).await;
    page.send(WidgetToServer::from(widget::Cancel {}).encode()).await;
    assert_eq!(page.closed().await, close::FINISHED);
    let mut late = server.widget(&token).await;
    late.status(|status| status.status.phase == shared::contact::Phase::Ended).await;
    assert_eq!(late.closed().await, close::FINISHED);
    assert!(!is_good_at(&token, tomorrow).await, "it ended");
    // A replay of the request gets a token that is good for no more than that.
    let again = ask().await.json();
    assert_eq!(again["contact"], accepted["contact"]);
    let replayed = again["token"].as_str().unwrap().to_owned();
    assert!(is_good_at(&replayed, app.clock.now()).await && !is_good_at(&replayed, tomorrow).await);
    assert!(!is_good_at(&token, app.clock.now()).await, "the one before is revoked");
}

/// The console last: whoever takes it over and leaves ends what the others look at.
fn rows() -> impl Iterator<Item = &'static Row> {
    let is_console = |row: &&Row| row.opens == Opens::SessionCookie;
    SOCKETS.iter().filter(move |row| !is_console(row)).chain(SOCKETS.iter().filter(is_console))
}

fn row(path: &str) -> &'static Row {
    SOCKETS.iter().find(|row| row.path == path).unwrap()
}

fn fresh() -> (String, [u8; 32]) {
    let token = ids::token();
    let hash = ids::hash(&token);
    (token, hash)
}

fn opens(row: &Row, what: &str) -> bool {
    let right = match row.opens {
        Opens::ContactToken => "a contact's token",
        Opens::SessionCookie => "a session",
        Opens::ViewerToken => "a viewer's token",
        Opens::HandsetToken => "a handset's token",
    };
    right == what
}

/// A shop whose agent Ada is called for a contact, and tokens of every kind.
struct House {
    server: Server,
    business: shared::BusinessId,
    agent: shared::AgentId,
    contact: ContactId,
    leg: LegId,
    tokens: Vec<(&'static str, String)>,
    _console: Socket,
    _phone: Socket,
}

impl House {
    async fn furnish() -> Self {
        let server = quick_server().await;
        let ada = server.ada().await;
        let mut console = server.console(&ada, false).await;
        console.send(ConsoleToServer::from(console::GoReady {}).encode()).await;
        let me = server.ask("GET", "/api/v1/session").agent(&ada).send().await.json();
        let agent = serde_json::from_value(me["agent"].clone()).unwrap();
        let app = server.running.as_ref().unwrap().app.clone();
        let business = app.sites.by_key(KEY).unwrap().business.id;
        let later = app.clock.now() + Duration::from_secs(3_600);
        let put = async |scope: Scope, expires_at: Timestamp| {
            let (token, hash) = fresh();
            app.store.put_token(&Token { hash, business, scope, expires_at }).await.unwrap();
            token
        };
        let handset = put(Scope::Handset { e164: NUMBER.into() }, later).await;
        let headers = [("origin", server.origin.as_str())];
        let mut phone = server.socket("/ws/handset", &headers).await;
        phone.send(hello(row("/ws/handset"), &handset)).await;
        let accepted = server.accepted(call("020 7946 0123")).await;
        let contact = accepted.contact;
        let leg = phone
            .wait(|bytes| match ServerToHandset::decode(bytes).unwrap() {
                ServerToHandset::Ring(ring) => Some(ring.leg),
                _ => None,
            })
            .await;
        let session = Scope::AgentSession { agent, csrf: "c".into() };
        let viewer = Scope::Viewer { agent, contact };
        let revoked = put(session.clone(), later).await;
        app.store.revoke_token(&ids::hash(&revoked)).await.unwrap();
        let tokens = vec![
            ("a contact's token", accepted.token),
            ("a session", ada.cookie.split_once('=').unwrap().1.to_owned()),
            ("a viewer's token", put(viewer.clone(), later).await),
            // Of another number: it gets nothing of what rings at this one.
            ("a handset's token", put(Scope::Handset { e164: "+442079460124".into() }, later).await),
            ("a handset's code", put(Scope::HandsetCode { e164: NUMBER.into() }, later).await),
            ("an expired session", put(session, app.clock.now()).await),
            ("an expired viewer's token", put(viewer, app.clock.now()).await),
            ("a revoked session", revoked),
            ("a guess", ids::token()),
            ("nothing", String::new()),
            ("something long", "x".repeat(10_000)),
        ];
        Self { server, business, agent, contact, leg, tokens, _console: console, _phone: phone }
    }

    fn token(&self, row: &Row) -> &str {
        &self.tokens.iter().find(|(what, _)| opens(row, what)).unwrap().1
    }

    fn scope(&self, row: &Row) -> Scope {
        match row.opens {
            Opens::SessionCookie => Scope::AgentSession { agent: self.agent, csrf: "c".into() },
            Opens::ViewerToken => Scope::Viewer { agent: self.agent, contact: self.contact },
            Opens::HandsetToken => Scope::Handset { e164: "+442079460125".into() },
            Opens::ContactToken => unreachable!("it is no token of this table"),
        }
    }

    async fn connect(&self, row: &Row, origin: Option<&str>, token: &str) -> Socket {
        let cookie = format!("ringside_session={token}");
        let mut headers: Vec<(&str, &str)> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        if row.opens == Opens::SessionCookie {
            headers.push(("cookie", &cookie));
        }
        let mut socket = self.server.socket(row.path, &headers).await;
        socket.send(hello(row, token)).await;
        socket
    }

    /// The code of a refusal; None if it is let in.
    async fn open(&self, row: &Row, origin: Option<&str>, token: &str) -> Option<u16> {
        match self.connect(row, origin, token).await.next().await {
            Received::Closed(code) => Some(code),
            Received::Message(_) => None,
        }
    }

    /// What the engine and the store know of the contact, times of consoles aside.
    async fn snapshot(&self) -> (String, String) {
        let app = &self.server.running.as_ref().unwrap().app;
        let detail = app.store.contact(self.business, self.contact).await.unwrap().unwrap();
        let status = app.snapshots.customer(self.business, self.contact).await.unwrap().unwrap();
        (format!("{detail:?}"), format!("{status:?}"))
    }
}

fn hello(row: &Row, token: &str) -> Vec<u8> {
    let token = token.to_owned();
    match row.path {
        "/ws/widget" => widget_hello(&token),
        "/ws/mirror" => {
            let (tab, document) = (TabId(1), DocumentId(1));
            PublisherToServer::from(mirror::PublisherHello { version: V1, token, tab, document }).encode()
        }
        "/ws/console" => ConsoleToServer::from(console::Hello { version: V1, take_over: true }).encode(),
        "/ws/view" => ViewerToServer::from(mirror::ViewerHello { version: V1, token, resume: None }).encode(),
        "/ws/handset" => HandsetToServer::from(handset::Hello { version: V1, token }).encode(),
        path => panic!("{path} is new: say how its first message is made"),
    }
}

fn offer(leg: LegId) -> LegOffer {
    LegOffer { leg, sdp: "v=0".into() }
}

fn failed(leg: LegId) -> LegFailed {
    LegFailed { leg, why: LegTrouble::MediaFailed }
}

fn console_message(name: &str, contact: ContactId, leg: LegId) -> Vec<u8> {
    let message: ConsoleToServer = match name {
        "Accept" => console::Accept { contact }.into(),
        "Decline" => console::Decline { contact }.into(),
        "HangUp" => console::HangUp { contact }.into(),
        "Hold" => console::Hold { contact, on: true }.into(),
        "SaveWrapUp" => {
            let wrap_up = WrapUp { notes: "mine".into(), ..WrapUp::default() };
            console::SaveWrapUp { contact, wrap_up, revision: 1, done: true }.into()
        }
        "ViewRequest" => console::ViewRequest { contact }.into(),
        "Watch" => console::Watch { contact }.into(),
        "LegOffer" => offer(leg).into(),
        "LegFailed" => failed(leg).into(),
        name => panic!("{name} is new: say how it names another's contact or leg"),
    };
    message.encode()
}

fn widget_message(name: &str, leg: LegId) -> Vec<u8> {
    let message: WidgetToServer = match name {
        "LegOffer" => offer(leg).into(),
        "LegFailed" => failed(leg).into(),
        name => panic!("{name} is new: say how it names another's leg"),
    };
    message.encode()
}

fn handset_message(name: &str, leg: LegId) -> Vec<u8> {
    let message: HandsetToServer = match name {
        "LegOffer" => offer(leg).into(),
        "LegFailed" => failed(leg).into(),
        "Reject" => handset::Reject { leg }.into(),
        "Digit" => handset::Digit { leg, digit: '9' }.into(),
        "HangUp" => handset::HangUp { leg }.into(),
        name => panic!("{name} is new: say how it names another's leg"),
    };
    message.encode()
}
