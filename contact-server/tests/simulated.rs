//! The `simulated` driver passes the same conformance suite as every other; its far ends are browsers
//! without voice, and who hears whom is read off its rooms.
#![expect(clippy::unwrap_used, reason = "a test ends where its ground is missing")]
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use contact_core::{DialCommand, DialEvent, Endpoint, Notice, Prompt, effect::Action};
use contact_server::{
    dialer::{
        Driver as _, LegEvent, Simulated,
        simulated::{Agents, Behaviour, Browsers, Customers, Faults},
    },
    ports::{BrowserLegs, Dialer, Directory, LegRefused},
};
use shared::{AgentId, BusinessId, ContactId, EffectId, LegId, contact::LegCause, wire::LegTrouble};
use tokio::sync::mpsc;

mod conformance;
use conformance::{BUSINESS, Bench, ORIGINATE, STOP, originate, until};

const LEG: LegId = LegId(1);
const NUMBER: &str = "+442079460123";

conformance::suite!(Connected);

#[tokio::test(start_paused = true)]
async fn seed_and_number_tell_what_a_customer_does() {
    let story = async |seed: u64| {
        let mut bench = Connected::with(Behaviour { seed, ..busy_day() });
        let mut told = Vec::new();
        for n in 0..40 {
            let leg = LegId(n + 1);
            let to = Endpoint::Telephone(format!("+4420794600{n:02}"));
            let ring = Duration::from_secs(20);
            bench.command(leg, ORIGINATE, Action::Originate { to, caller_name: String::new(), ring });
            loop {
                let (of, event) = bench.event().await;
                told.push((of, event.clone()));
                if matches!(event, DialEvent::Failed { .. } | DialEvent::Ended { .. }) {
                    break;
                }
            }
        }
        told
    };
    let first = story(7).await;
    assert_eq!(first, story(7).await);
    assert_ne!(first, story(8).await);
    let causes: BTreeSet<LegCause> = first
        .iter()
        .filter_map(|(_, event)| {
            if let DialEvent::Failed { cause, .. } | DialEvent::Ended { cause } = event {
                Some(*cause)
            } else {
                None
            }
        })
        .collect();
    let wanted = [LegCause::HungUp, LegCause::Busy, LegCause::NoAnswer, LegCause::Rejected, LegCause::Failed];
    assert!(wanted.iter().all(|cause| causes.contains(cause)), "every outcome comes: {causes:?}");
    assert!(first.iter().any(|(_, event)| *event == DialEvent::Digit('1')), "some press 1");
    assert!(first.iter().any(|(_, event)| *event == DialEvent::Digit('9')), "some press 9");
}

#[tokio::test(start_paused = true)]
async fn customer_who_was_bridged_talks_and_hangs_up() {
    let mut bench = Connected::with(Behaviour { customers: eager(), ..Behaviour::default() });
    originate(&bench, LEG, Endpoint::Telephone(NUMBER.into()), ORIGINATE);
    assert_eq!(
        until(&mut bench, LEG, &DialEvent::Digit('1')).await,
        [DialEvent::Ringing, DialEvent::Answered]
    );
    join(&bench, LEG);
    assert_eq!(bench.event().await, (LEG, DialEvent::Joined));
    assert_eq!(bench.event().await, (LEG, DialEvent::Ended { cause: LegCause::HungUp }));
}

#[tokio::test(start_paused = true)]
async fn agent_without_a_console_answers_by_chance_too() {
    let agents = Agents { answer: 1, no_answer: 0, rejected: 0, failed: 0, ..Agents::default() };
    let mut bench =
        Connected::with(Behaviour { browsers: Browsers::Simulated, agents, ..Behaviour::default() });
    originate(&bench, LEG, Endpoint::Console(AgentId(7)), ORIGINATE);
    assert_eq!(until(&mut bench, LEG, &DialEvent::Answered).await, [DialEvent::Ringing]);
    assert!(bench.house.invited().is_empty(), "no browser was asked");
}

#[tokio::test(start_paused = true)]
async fn lost_doubled_and_late_events_are_as_many_as_were_asked_for() {
    let faults = Faults { lost: 200, doubled: 200, late: 200, late_ms: [10_000, 20_000], crashes: 0 };
    let mut bench = Connected::with(Behaviour { customers: eager(), faults, ..Behaviour::default() });
    for n in 0..500 {
        originate(&bench, LegId(n + 1), Endpoint::Telephone(format!("+1212555{n:04}")), ORIGINATE);
    }
    let mut told: BTreeMap<(LegId, String), u32> = BTreeMap::new();
    // Paused time runs on until everything has happened: everybody loses patience in the end.
    while let Ok(event) = tokio::time::timeout(Duration::from_secs(3_600), bench.next()).await {
        *told.entry((event.leg, format!("{:?}", event.event))).or_default() += 1;
    }
    let twice = told.values().filter(|count| **count == 2).count();
    // Ringing, Answered, Digit, Ended of each.
    let lost = 2_000 - told.len();
    assert!((300..500).contains(&lost), "{lost} were lost");
    assert!((200..450).contains(&twice), "{twice} came twice");
}

#[tokio::test]
async fn driver_that_crashes_forgets_every_leg_without_a_word() {
    let faults = Faults { crashes: 1_000, ..Faults::default() };
    let bench = Connected::with(Behaviour { faults, ..Behaviour::default() });
    originate(&bench, LEG, bench.endpoint(), ORIGINATE);
    assert!(!bench.driver.has(BUSINESS, LEG));
    let mut bench = Connected::start().await;
    let _far = bench.connect(LEG).await;
    assert!(bench.driver.has(BUSINESS, LEG) && !bench.driver.has(BusinessId(2), LEG));
    bench.command(LEG, STOP, Action::HangUp { cause: LegCause::Cancelled });
    assert!(!bench.driver.has(BUSINESS, LEG));
}

#[tokio::test]
async fn nobody_takes_a_leg_that_was_sent_to_another() {
    let mut bench = Connected::start().await;
    originate(&bench, LEG, Endpoint::Console(AgentId(7)), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    let thief = Endpoint::Console(AgentId(8));
    let offer = async |business, from: Endpoint, sdp: &str| {
        bench.driver.offer(business, &from, LEG, sdp.to_owned()).await
    };
    assert_eq!(offer(BUSINESS, thief.clone(), "v=0").await, Err(LegRefused::NotYours));
    assert_eq!(offer(BusinessId(2), Endpoint::Console(AgentId(7)), "v=0").await, Err(LegRefused::NotYours));
    assert!(matches!(offer(BUSINESS, Endpoint::Console(AgentId(7)), "x").await, Err(LegRefused::Offer(_))));
    bench.driver.hang_up(BUSINESS, &thief, LEG);
    bench.driver.trouble(BUSINESS, &Endpoint::Console(AgentId(7)), LEG, LegTrouble::NoMicrophone);
    assert_eq!(bench.event().await, (LEG, DialEvent::Failed { cause: LegCause::NoMicrophone, code: 488 }));
}

#[tokio::test(start_paused = true)]
async fn journal_tells_which_legs_were_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let behaviour = Behaviour { customers: eager(), journal: Some(path.clone()), ..Behaviour::default() };
    let mut bench = Connected::with(behaviour);
    originate(&bench, LEG, Endpoint::Telephone(NUMBER.into()), ORIGINATE);
    until(&mut bench, LEG, &DialEvent::Ended { cause: LegCause::HungUp }).await;
    let lines: Vec<serde_json::Value> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let what: Vec<_> = lines.iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["started", "placed", "answered", "down"]);
    assert_eq!((lines[1]["to"].as_str(), &lines[1]["leg"]), (Some(NUMBER), &lines[3]["leg"]));
}

fn busy_day() -> Behaviour {
    let customers =
        Customers { answer: 5, no_answer: 1, busy: 1, rejected: 1, failed: 1, presses_nine: 20, ..quick() };
    Behaviour { customers, ..Behaviour::default() }
}

/// Nobody takes longer than a bench waits.
fn quick() -> Customers {
    Customers { patience_ms: [10_000, 20_000], talks_ms: [1_000, 5_000], ..Customers::default() }
}

/// Everybody answers and presses 1.
fn eager() -> Customers {
    Customers {
        answer: 1,
        no_answer: 0,
        busy: 0,
        rejected: 0,
        failed: 0,
        presses_one: 1,
        presses_nine: 0,
        presses_nothing: 0,
        ..quick()
    }
}

fn join(bench: &Connected, leg: LegId) {
    let action = Action::Join { room: ContactId(5), mode: contact_core::effect::JoinMode::Talk };
    bench.driver.command(BUSINESS, DialCommand { effect: EffectId(77), leg, action });
    let action = Action::Play { prompt: Prompt::Hold, repeat: true };
    bench.driver.command(BUSINESS, DialCommand { effect: EffectId(78), leg, action });
}

/// The driver with a browser at every page and console.
struct Connected {
    driver: Simulated,
    events: mpsc::Receiver<LegEvent>,
    house: Arc<House>,
    tones: Arc<Mutex<BTreeMap<LegId, f64>>>,
}

#[derive(Default)]
struct House(Mutex<BTreeMap<LegId, Endpoint>>);

impl House {
    fn invited(&self) -> Vec<LegId> {
        self.0.lock().unwrap().keys().copied().collect()
    }
}

impl Directory for House {
    fn tell(&self, _: BusinessId, _: Notice) {
        unreachable!("a driver tells nobody of contacts");
    }
    fn rebuilt(&self, _: BusinessId) {}
    fn invite(&self, business: BusinessId, to: &Endpoint, leg: LegId, caller_name: &str) -> bool {
        assert_eq!((business, caller_name), (BUSINESS, "Harbour & Pine"));
        self.0.lock().unwrap().insert(leg, to.clone());
        true
    }
    fn leg_gone(&self, _: BusinessId, to: &Endpoint, leg: LegId) {
        let was = self.0.lock().unwrap().remove(&leg);
        assert_eq!(was.as_ref(), Some(to), "told once, and where it rang");
    }
}

impl Connected {
    fn with(behaviour: Behaviour) -> Self {
        let house = Arc::new(House::default());
        let (driver, events) = Simulated::start(behaviour, house.clone()).unwrap();
        Self { driver, events, house, tones: Arc::default() }
    }
}

struct Far {
    driver: Simulated,
    leg: LegId,
    tones: Arc<Mutex<BTreeMap<LegId, f64>>>,
}

#[async_trait]
impl Bench for Connected {
    type Far = Far;

    async fn start() -> Self {
        Self::with(Behaviour { browsers: Browsers::Connected, prompt_ms: 10, ..Behaviour::default() })
    }

    fn dialer(&self) -> &dyn Dialer {
        &self.driver
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Page(ContactId(9))
    }

    async fn next(&mut self) -> LegEvent {
        self.events.recv().await.unwrap()
    }

    async fn answer_with(&mut self, leg: LegId, hz: f64) -> Far {
        self.driver.offer(BUSINESS, &self.endpoint(), leg, "v=0".into()).await.unwrap();
        self.tones.lock().unwrap().insert(leg, hz);
        Far { driver: self.driver.clone(), leg, tones: self.tones.clone() }
    }

    fn refuse(&mut self, leg: LegId) {
        self.driver.reject(BUSINESS, &self.endpoint(), leg);
    }

    fn far_hangs_up(&mut self, leg: LegId) {
        self.driver.hang_up(BUSINESS, &self.endpoint(), leg);
    }

    fn far_presses(&mut self, leg: LegId, digit: char) {
        self.driver.digit(BUSINESS, &self.endpoint(), leg, digit);
    }

    async fn hears(far: &mut Far, tones: &[f64], _others: &[f64]) {
        let speakers = far.driver.heard_by(far.leg);
        let heard: Vec<f64> = speakers.iter().map(|leg| far.tones.lock().unwrap()[leg]).collect();
        assert_eq!(heard, tones);
    }
}
