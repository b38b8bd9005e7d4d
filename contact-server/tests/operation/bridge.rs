//! A call that is bridged, on the driver that calls nobody: its trace, and its end when its customer is erased.
use contact_server::demo;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use shared::{
    ContactId, ProtocolVersion,
    contact::Presence,
    wire::console::{Accept, AgentState, ConsoleToServer, GoReady, Hello, ServerToConsole},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{
    process::{KEY, Place, Server, ask},
    search::{NAME, NOTE, NUMBER, found_below, planted},
    seen::{collector, spans},
};

/// Everybody answers at once, presses 1 and talks for an hour.
const WILLING: &str = r#"
dialer = "simulated"
[simulated]
customers = { answer = 1, no_answer = 0, busy = 0, rejected = 0, failed = 0, rings_ms = [5, 5], presses_one = 1,
    presses_nine = 0, presses_nothing = 0, presses_ms = [5, 5], talks_ms = [3600000, 3600000] }
agents = { answer = 1, no_answer = 0, rejected = 0, failed = 0, rings_ms = [5, 5], talks_ms = [3600000, 3600000] }
"#;

struct Console(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Console {
    async fn of_ada(server: &Server) -> Self {
        let origin = format!("http://localhost:{}", server.port);
        let body = json!({ "login": "ada", "password": demo::PASSWORD }).to_string();
        let headers = [("origin", origin.as_str()), ("content-type", "application/json")];
        let signed_in = ask(server.port, "POST", "/api/v1/session", &headers, &body);
        assert_eq!(signed_in.status, 200, "{}", signed_in.body);
        let cookie = signed_in.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let mut request = format!("ws://127.0.0.1:{}/ws/console", server.port).into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request.headers_mut().insert("cookie", cookie.split(';').next().unwrap().parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let mut console = Self(socket);
        console.say(Hello { version: ProtocolVersion::CURRENT, take_over: false }).await;
        console
    }

    async fn say(&mut self, message: impl Into<ConsoleToServer>) {
        self.0.send(Message::Binary(message.into().encode().into())).await.unwrap();
    }

    /// Waits until the agent stands like that.
    async fn stands(&mut self, presence: Presence) -> AgentState {
        loop {
            if let Message::Binary(bytes) = self.0.next().await.unwrap().unwrap()
                && let ServerToConsole::AgentState(state) = ServerToConsole::decode(&bytes).unwrap()
                && state.presence == presence
            {
                return state;
            }
        }
    }
}

/// From the request to the bridge.
async fn bridged(server: &Server) -> (Console, ContactId) {
    let mut console = Console::of_ada(server).await;
    console.say(GoReady {}).await;
    console.stands(Presence::Ready).await;
    let accepted = server.request(NUMBER, &json!({ "name": NAME, "note": NOTE }));
    assert_eq!(accepted.status, 201, "{}", accepted.body);
    let contact: ContactId = accepted.json()["contact"].as_str().unwrap().parse().unwrap();
    console.stands(Presence::Ringing).await;
    console.say(Accept { contact }).await;
    console.stands(Presence::Talking).await;
    (console, contact)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_goes_from_the_click_to_the_bridge_and_an_erasure_ends_the_call() {
    let (at, messages) = collector();
    let place = Place::sqlite();
    std::fs::write(place.path("ringside.toml"), WILLING).unwrap();
    let server = place.serve_with("trace", &[("RINGSIDE_OTLP", &at)]);
    let (mut console, contact) = bridged(&server).await;

    let said = place.says(&["admin", "customer", "erase", "--business", KEY, "--number", NUMBER]);
    assert!(said.contains("1 contact erased"), "{said}");
    // Straight from the call to the next one: no wrap-up is asked of somebody who is not to be known any more.
    console.stands(Presence::Ready).await;
    assert_eq!(found_below(&place.path("data"), &planted()), [""; 0]);
    assert_eq!(crate::search::found(place.log().as_bytes(), &planted()), [""; 0], "in the log");
    server.end();

    let spans = spans(messages.try_iter());
    let of = |name: &str| {
        let is = |span: &&Value| span["name"] == name && span["traceId"] == contact.to_string();
        spans.iter().find(is).unwrap_or_else(|| panic!("no {name} in {spans:?}"))
    };
    let root = of("contact");
    let events: Vec<&str> =
        root["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    let mut rest = events.iter();
    for event in
        ["requested", "dialed", "answered", "confirmed", "offered", "accepted", "bridged", "ended", "erased"]
    {
        assert!(
            rest.any(|happened| *happened == event),
            "{event} is missing, or out of order, in {events:?}"
        );
    }
    for phase in ["calling", "confirming", "connecting", "talking"] {
        assert_eq!(of(phase)["parentSpanId"], root["spanId"]);
    }
    let told = serde_json::to_string(&spans).unwrap();
    assert_eq!(crate::search::found(told.as_bytes(), &planted()), [""; 0], "in the trace");
}
