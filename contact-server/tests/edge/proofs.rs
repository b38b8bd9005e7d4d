//! A flood from many addresses: whoever brings no proof of work gains nothing, and a customer who does is served.
use std::time::Duration;

use contact_server::{
    attack::{Attack, challenge::Visitor},
    config::Config,
    ids,
};
use serde_json::{Value, json};
use shared::work::Search;

use super::{schema, support::*};

/// Addresses of an attacker, each in a network of its own.
const CROWD: u32 = 2_000;
/// Requests of a minute from which on it is an attack here.
const BEGINS: u32 = 40;

#[tokio::test]
async fn a_flood_from_thousands_of_addresses_gains_nothing_and_a_customer_is_served() {
    let server = guarded(|_| {}).await;
    let mut taken = 0;
    for n in 0..CROWD {
        let answer = knock(&server, n).await;
        taken += u32::from(answer.status == 201);
        if answer.status != 201 {
            assert_eq!((answer.status, answer.problem().as_str()), (429, "proof_required"));
            let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=300).contains(&seconds), "{seconds}");
        }
    }
    assert_eq!(taken, BEGINS - 1, "what came before it was an attack");
    assert_eq!(rows(&server).await, taken, "and no row came of the rest");

    let key = ids::token();
    let asked = ask(&server, &key, None).await;
    assert_eq!(asked.problem(), "proof_required");
    schema::describes("/api/v1/requests", "post", &asked);
    let served = ask(&server, &key, Some(&solve(&asked.json()["proof"]))).await;
    assert_eq!(served.status, 201, "{}", served.body);
    assert_eq!(rows(&server).await, taken + 1);
    // A lost answer: the same request again is the same contact, for another proof.
    let asked = ask(&server, &key, None).await;
    let again = ask(&server, &key, Some(&solve(&asked.json()["proof"]))).await;
    assert_eq!(again.json()["contact"], served.json()["contact"]);
    assert_eq!(rows(&server).await, taken + 1);
}

#[tokio::test]
async fn proofs_that_are_used_bent_too_easy_or_somebody_elses_are_refused() {
    let server = guarded(|_| {}).await;
    flood(&server).await;
    let before = rows(&server).await;
    let challenge = |answer: Response| answer.json()["proof"].clone();
    let good = solve(&challenge(ask(&server, &ids::token(), None).await));
    assert_eq!(ask(&server, &ids::token(), Some(&good)).await.status, 201);
    let other = solve(&challenge(knock(&server, 7).await));
    let mut easy = challenge(ask(&server, &ids::token(), None).await);
    let (mut bent, bits) = (easy.clone(), easy["bits"].as_u64().unwrap());
    easy["bits"] = (bits - 3).into();
    let text = bent["challenge"].as_str().unwrap().to_owned();
    bent["challenge"] = format!("{}01{}", &text[..2], &text[4..]).into();
    bent["bits"] = 1.into();
    for (what, proof) in [
        ("used", good),
        ("another network's", other),
        ("too easy", solve(&easy)),
        ("made easier", solve(&bent)),
        ("made up", format!("{}.{}", "0".repeat(text.len()), "0".repeat(128))),
        ("none", String::new()),
    ] {
        let refused = ask(&server, &ids::token(), Some(&proof)).await;
        assert_eq!((refused.status, refused.problem().as_str()), (429, "proof_required"), "{what}");
        assert!(refused.json()["proof"]["challenge"].is_string(), "{what}: the next one to solve");
    }
    // The other business is not under attack until it is; then this one's proofs are nothing to it.
    let mine = solve(&challenge(ask(&server, &ids::token(), None).await));
    flood_of(&server, OTHER_KEY, OTHER_SHOP).await;
    let refused = request_of(&server, OTHER_KEY, OTHER_SHOP, "198.51.100.9").header("ringside-proof", &mine);
    assert_eq!(refused.send().await.problem(), "proof_required");
    assert_eq!(ask(&server, &ids::token(), Some(&mine)).await.status, 201, "it is good where it belongs");
    assert_eq!(rows(&server).await, before + 2);
}

#[tokio::test]
async fn an_attack_ends_and_nobody_is_asked_any_more() {
    let server = guarded(|_| {}).await;
    flood(&server).await;
    let asked = ask(&server, &ids::token(), None).await;
    let proof = solve(&asked.json()["proof"]);
    let app = &server.running.as_ref().unwrap().app;
    let now = app.clock.now();
    assert_eq!(app.guard.levels(now), (1, false));
    let over = now + Duration::from_secs(300);
    assert_eq!(app.guard.levels(over), (0, false));
    let business = app.sites.by_key(KEY).unwrap().business.id;
    let visitor = Visitor { business, origin: SHOP, network: "192.0.2.1".parse().unwrap() };
    assert_eq!(app.guard.admit(visitor, None, 0, over), Ok(()), "the first after five calm minutes");
    assert_eq!(ask(&server, &ids::token(), Some(&proof)).await.status, 201, "and no proof is looked at");
}

#[tokio::test]
async fn where_no_more_proofs_can_be_remembered_requests_are_refused_with_a_time() {
    let server = guarded(|config| config.attack.proofs = 1).await;
    flood(&server).await;
    for expected in [201, 503] {
        let asked = ask(&server, &ids::token(), None).await;
        let answer = ask(&server, &ids::token(), Some(&solve(&asked.json()["proof"]))).await;
        assert_eq!(answer.status, expected, "{}", answer.body);
        if expected == 503 {
            assert_eq!(answer.problem(), "too_many_proofs");
            let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=120).contains(&seconds), "{seconds}");
        }
    }
}

/// A server where proofs are found soon.
async fn guarded(change: impl FnOnce(&mut Config)) -> Server {
    server_with(|config, _| {
        config.attack =
            Attack { business_requests: BEGINS, easiest_bits: 4, hardest_bits: 6, ..Attack::default() };
        change(config);
    })
    .await
}

fn solve(asked: &Value) -> String {
    let challenge = asked["challenge"].as_str().unwrap();
    let mut search = Search::new(challenge, u8::try_from(asked["bits"].as_u64().unwrap()).unwrap()).unwrap();
    std::iter::from_fn(|| Some(search.go_on(1_000))).flatten().next().unwrap()
}

fn request_of<'a>(server: &'a Server, business: &str, origin: &str, address: &str) -> Ask<'a> {
    let body = json!({"business": business, "channel": "browser", "consent": "1"});
    server.request(body).header("origin", origin).header("x-forwarded-for", address)
}

/// A request of the attacker's, without a proof.
async fn knock(server: &Server, n: u32) -> Response {
    request_of(server, KEY, SHOP, &format!("10.{}.{}.1", n >> 8, n & 255)).send().await
}

async fn flood(server: &Server) {
    flood_of(server, KEY, SHOP).await;
}

async fn flood_of(server: &Server, business: &str, origin: &str) {
    for n in 0..BEGINS {
        request_of(server, business, origin, &format!("10.99.{n}.1")).send().await;
    }
}

/// A customer's request. One address may ask for as many as a test needs.
async fn ask(server: &Server, key: &str, proof: Option<&str>) -> Response {
    let request = request_of(server, KEY, SHOP, "198.51.100.9").header("idempotency-key", key);
    match proof {
        Some(proof) => request.header("ringside-proof", proof).send().await,
        None => request.send().await,
    }
}

/// Contacts of the demo's business in the database.
async fn rows(server: &Server) -> u32 {
    let app = &server.running.as_ref().unwrap().app;
    let business = app.sites.by_key(KEY).unwrap().business.id;
    let kept = app.store.load(business, app.clock.now()).await.unwrap();
    u32::try_from(kept.contacts.len()).unwrap()
}
