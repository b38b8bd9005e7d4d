//! What somebody might try to make others' telephones ring, or to spend a business's money. Nothing of it helps:
//! it is refused at the request, and again at the dial.
use std::{collections::BTreeSet, sync::Arc, time::Duration};

use contact_core::{DialCommand, DialEvent, Endpoint, Settings, effect::Action, settings::Retry};
use contact_server::{
    config::Config,
    dialer::{Drivers, drivers::Place},
    hub::Hub,
    ids,
    ports::{Dialer as _, SharedDirectory},
    prompts::Prompts,
    sites::Sites,
};
use serde_json::{Value, json};
use shared::{
    BusinessId, EffectId, LegId,
    contact::{CustomerStatus, EndReason, LegCause, Phase},
    wire::console::{ConsoleToServer, GoReady},
};

use super::{rebuilds::WALL, support::*};

/// Numbers that cost or annoy, and how they are refused where all ordinary British ones may be called.
const DEAR: [(&str, &str); 12] = [
    ("+44 909 879 0000", "number_special"),
    ("+44 871 234 5678", "number_special"),
    ("+44 70 1234 5678", "number_special"),
    ("+44 800 123 4567", "number_special"),
    ("+1 900 234 5678", "number_special"),
    ("+800 1234 5678", "number_special"),
    ("+882 13 1234 5678", "number_special"),
    ("999", "number_too_short"),
    ("112", "number_too_short"),
    ("+49 30 23125042", "region_denied"),
    ("+53 7 8301234", "region_denied"),
    ("+44 20 7946 0100", "number_fictitious"),
];

#[tokio::test]
async fn premium_short_and_denied_numbers_are_refused_at_the_request() {
    let server = server_with(|config, _| {
        config.demo = false;
        config.dialer = "simulated".into();
    })
    .await;
    let mallory = server.sign_in("mallory", PASSWORD).await;
    for (number, code) in DEAR {
        let refused = ask_other(&server, number).await;
        let told = refused.problem();
        // Of some ranges it is not even known that they exist, and whatever is abroad is not looked at any further.
        let expected = match number.strip_prefix('+') {
            Some(abroad) if !abroad.starts_with("44") => ["region_denied"; 3],
            _ => [code, "number_invalid", "number_unknown_country"],
        };
        assert!(refused.status == 422 && expected.contains(&told.as_str()), "{number}: {}", refused.body);
    }
    let history = server.ask("GET", "/api/v1/contacts").agent(&mallory).send().await.json();
    assert_eq!(history["contacts"], json!([]), "nothing came of it");
    assert_eq!(ask_other(&server, "020 7183 8750").await.status, 201, "an ordinary number");
}

#[tokio::test]
async fn premium_short_and_denied_numbers_are_refused_again_at_the_dial() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { dialer: "simulated".into(), ..Config::local(folder.path()) };
    let directory: SharedDirectory = Arc::new(Hub::default());
    let (prompts, sites) = (Arc::new(Prompts::built_in().unwrap()), Arc::new(Sites::default()));
    let place = Place { config: &config, directory: &directory, prompts: &prompts, sites: &sites };
    let (drivers, mut events) = Drivers::start(place).await.unwrap();
    // What the gate refuses is told by the first of them.
    let refusals = &mut events[0];
    let numbers = DEAR.iter().filter(|(_, code)| *code != "region_denied").map(|(number, _)| *number);
    for (n, number) in (1..).zip(numbers.chain(["", "+", "sip:mallory@evil.test", "+442071838750;ext=1"])) {
        let number: String = number.chars().filter(|c| *c != ' ').collect();
        let (leg, effect) = (LegId(n), EffectId(n));
        let to = Endpoint::Telephone(number.clone());
        let action = Action::Originate { to, caller_name: "x".into(), ring: Duration::from_secs(1) };
        drivers.command(BusinessId(1), DialCommand { effect, leg, action });
        let told = refusals.try_recv().unwrap_or_else(|_| panic!("{number} was called"));
        assert_eq!(
            (told.leg, told.event),
            (leg, DialEvent::Failed { cause: LegCause::NotAllowed, code: 403 })
        );
    }
}

#[tokio::test]
async fn without_a_line_to_the_telephone_network_a_request_is_refused_and_not_the_call() {
    let server = server_with(|config, _| config.demo = false).await;
    let refused = ask_other(&server, "020 7183 8750").await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "no_telephone"));
    let path = format!("/api/v1/sites/{OTHER_KEY}");
    let offered = server.ask("GET", &path).header("origin", OTHER_SHOP).send().await.json();
    assert_eq!((&offered["telephone"], &offered["browser_voice"]), (&false.into(), &true.into()));
    assert_eq!(refused.json()["field"], "number");
    let body = json!({"business": OTHER_KEY, "number": "020 7183 8750"});
    let asked = server.post("/api/v1/numbers", OTHER_SHOP, body).send().await;
    assert_eq!(asked.problem(), "no_telephone", "said beside the field");
    let in_page = json!({"business": OTHER_KEY, "channel": "browser", "consent": "1"});
    assert_eq!(server.request(in_page).header("origin", OTHER_SHOP).send().await.status, 201);
}

#[tokio::test]
async fn one_visitor_gets_calls_to_a_few_numbers_a_day() {
    let server = server_with(|config, _| config.rates.requests.burst = 1_000).await;
    let from = |address: &'static str, n: u32| {
        server.request(call(&format!("020 7946 01{n:02}"))).header("x-forwarded-for", address).send()
    };
    for n in 0..10 {
        assert_eq!(from("203.0.113.7", n).await.status, 201);
    }
    let refused = from("203.0.113.7", 10).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "too_many_numbers"));
    let seconds: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 23 * 3_600, "{seconds}");
    assert_eq!(from("203.0.113.7", 3).await.status, 201, "a number that was asked for before");
    assert_eq!(from("203.0.113.8", 10).await.status, 201, "another visitor");
}

#[tokio::test]
async fn one_number_is_called_a_few_times_a_day_however_many_ask_for_it() {
    let server = thrifty_server(|settings| settings.dials_per_number = 2).await;
    for _ in 0..2 {
        let waiting = ask_for_call(&server, "020 7946 0100").await;
        assert_eq!(ended(&server, &waiting).await, Some(EndReason::Unreachable));
    }
    for _ in 0..5 {
        let refused = ask_other(&server, "020 7946 0100").await;
        assert_eq!((refused.status, refused.problem().as_str()), (422, "number_not_called"));
        assert_eq!(refused.header("retry-after"), None, "that would tell when it was called");
    }
    assert_eq!(dialled(&server).await, ["+442079460100", "+442079460100"]);
}

#[tokio::test]
async fn the_answer_does_not_tell_a_number_that_opted_out_from_one_that_was_called_often() {
    let mut database = String::new();
    let server = server_with(|config, settings| {
        config.database.clone_into(&mut database);
        settings.retry = Retry { attempts: 1, ..Retry::default() };
        settings.dials_per_number = 1;
    })
    .await;
    let waiting = ask_for_call(&server, "020 7946 0100").await;
    assert_eq!(ended(&server, &waiting).await, Some(EndReason::Unreachable));
    // Somebody presses 9 elsewhere, and the business is rebuilt.
    let opts_out = format!(
        "INSERT INTO opt_outs (business, e164, at) SELECT id, '+442079460101', 1 FROM businesses WHERE public_key = '{OTHER_KEY}'"
    );
    store::testing::tamper(&database, &opts_out).await;
    store::testing::tamper(&database, WALL).await;
    assert_eq!(ask_other(&server, "020 7946 0102").await.status, 503);
    store::testing::tamper(&database, "DROP TRIGGER wall").await;

    let mut answers = Vec::new();
    for number in ["020 7946 0100", "020 7946 0101"] {
        let mut refused = ask_other(&server, number).await;
        while refused.status == 503 {
            refused = ask_other(&server, number).await; // until it is served again
        }
        assert_eq!(refused.problem(), "number_not_called");
        refused.headers.remove("date");
        answers.push((refused.status, refused.headers, refused.body));
    }
    assert_eq!(answers[0], answers[1], "nothing in the answer says which of the two it is");
    assert_eq!(ask_other(&server, "020 7946 0102").await.status, 201, "the control");
}

/// Found by `cargo xtask chaos`: what is read from the store later said it.
#[tokio::test]
async fn whoever_comes_back_later_is_not_told_of_an_opt_out_either() {
    let mut database = String::new();
    let server = server_with(|config, settings| {
        config.database.clone_into(&mut database);
        settings.retry = Retry { attempts: 1, ..Retry::default() };
    })
    .await;
    let waiting = ask_for_call(&server, "020 7946 0100").await;
    let told = told_at_the_end(&server, &waiting).await;
    assert_eq!(told.reason, Some(EndReason::Unreachable));
    let opts_out = "UPDATE contacts SET body = replace(body, '\"unreachable\"', '\"opted_out\"')";
    store::testing::tamper(&database, opts_out).await;
    // What ended is forgotten when the business is rebuilt.
    store::testing::tamper(&database, WALL).await;
    assert_eq!(ask_other(&server, "020 7946 0102").await.status, 503);
    store::testing::tamper(&database, "DROP TRIGGER wall").await;
    while ask_other(&server, "020 7946 0102").await.status == 503 {}
    let told = CustomerStatus { reason: Some(EndReason::NotConfirmed), ..told };
    assert_eq!(told_at_the_end(&server, &waiting).await, told, "all else as it was told before");
}

#[tokio::test]
async fn many_who_ask_for_one_number_at_once_make_it_ring_once() {
    let server = thrifty_server(|_| {}).await;
    let mut all = Vec::new();
    for _ in 0..30 {
        all.push(ask_other(&server, "020 7946 0100").await);
    }
    let contacts: BTreeSet<String> =
        all.iter().map(|answer| answer.json()["contact"].as_str().unwrap().to_owned()).collect();
    assert_eq!(contacts.len(), 30, "each looks like a request of its own");
    be_ready(&server).await;
    let token = all[0].json()["token"].as_str().unwrap().to_owned();
    assert_eq!(ended(&server, &token).await, Some(EndReason::Unreachable));
    assert_eq!(dialled(&server).await, ["+442079460100"]);
}

#[tokio::test]
async fn a_spent_budget_closes_the_tap() {
    let server = thrifty_server(|settings| settings.dial_budget = 2).await;
    for number in ["020 7946 0100", "020 7946 0101"] {
        let waiting = ask_for_call(&server, number).await;
        assert_eq!(ended(&server, &waiting).await, Some(EndReason::Unreachable));
    }
    let refused = ask_other(&server, "020 7946 0102").await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "budget_spent"));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(dialled(&server).await.len(), 2);
    let in_page = json!({"business": OTHER_KEY, "channel": "browser", "consent": "1"});
    let free = server.request(in_page).header("origin", OTHER_SHOP).send().await;
    assert_eq!(free.status, 201, "what costs nothing goes on");
}

/// Calls end at once, because nobody's telephone is switched on, and are not repeated.
async fn thrifty_server(change: impl FnOnce(&mut Settings)) -> Server {
    server_with(|_, settings| {
        settings.retry = Retry { attempts: 1, ..Retry::default() };
        change(settings);
    })
    .await
}

/// Asks, as a visitor of the other shop from an address of its own.
async fn ask_other(server: &Server, number: &str) -> Response {
    let mut body = call(number);
    body["business"] = Value::from(OTHER_KEY);
    server.request(body).header("origin", OTHER_SHOP).header("idempotency-key", &ids::token()).send().await
}

async fn ask_for_call(server: &Server, number: &str) -> String {
    be_ready(server).await;
    let accepted = ask_other(server, number).await;
    assert_eq!(accepted.status, 201, "{}", accepted.body);
    accepted.json()["token"].as_str().unwrap().to_owned()
}

/// Mallory is at her console, so that calls are placed.
async fn be_ready(server: &Server) {
    let mallory = server.sign_in("mallory", PASSWORD).await;
    let mut console = server.console(&mallory, true).await;
    console.send(ConsoleToServer::from(GoReady {}).encode()).await;
    // She stays until the test ends.
    tokio::spawn(async move { while let Received::Message(_) = console.next().await {} });
}

async fn ended(server: &Server, token: &str) -> Option<EndReason> {
    told_at_the_end(server, token).await.reason
}

async fn told_at_the_end(server: &Server, token: &str) -> CustomerStatus {
    let mut page = server.socket("/ws/widget", &[("origin", OTHER_SHOP)]).await;
    page.send(widget_hello(token)).await;
    page.status(|status| status.status.phase == Phase::Ended).await.status
}

/// The numbers that were called.
async fn dialled(server: &Server) -> Vec<String> {
    let app = &server.running.as_ref().unwrap().app;
    let business = app.sites.by_key(OTHER_KEY).unwrap().business.id;
    let kept = app.store.load(business, app.clock.now()).await.unwrap();
    kept.legs.into_iter().filter_map(|leg| leg.number).collect()
}
