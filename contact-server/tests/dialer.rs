//! Every dialer driver passes `conformance`; here is `embedded`, with WebRTC clients that talk to its switch.
#![expect(clippy::unwrap_used, reason = "a test ends where its ground is missing")]
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use contact_core::{DialEvent, Endpoint, Notice, Settings, effect::Action};
use contact_server::{
    demo,
    dialer::{Embedded, LegEvent, embedded::Surroundings},
    ports::{BrowserLegs, Dialer, Directory, LegRefused},
    prompts::Prompts,
    sites::{Site, Sites},
};
use shared::{AgentId, BusinessId, ContactId, LegId, Timestamp, contact::LegCause, wire::LegTrouble};
use store::Business;
use switch::{Switch, SwitchConfig};
use tokio::sync::mpsc;

mod conformance;
#[path = "../switch/tests/support/mod.rs"]
#[expect(dead_code, reason = "the switch's own tests use more of its telephone")]
mod telephone;

use conformance::{BUSINESS, Bench, ORIGINATE, originate, until};
use telephone::Phone;

const HANDSET: &str = "+442079460123";
const AGENT: AgentId = AgentId(7);
const CUSTOMER: ContactId = ContactId(9);
const LEG: LegId = LegId(1);

conformance::suite!(Browsers);

#[tokio::test]
async fn real_number_is_not_called_and_the_cause_says_so() {
    let mut bench = Browsers::start().await;
    for (leg, real) in [(LEG, "+493023125042"), (LegId(2), "+442079461123")] {
        originate(&bench, leg, Endpoint::Telephone(real.into()), ORIGINATE);
        assert_eq!(bench.event().await, (leg, DialEvent::Failed { cause: LegCause::NotAllowed, code: 403 }));
    }
    assert!(bench.house.invited().is_empty(), "nothing rang");
}

#[tokio::test]
async fn without_the_demo_no_telephone_rings() {
    let mut bench = Browsers::open(false).await;
    originate(&bench, LEG, Endpoint::Telephone(HANDSET.into()), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Failed { cause: LegCause::NotAllowed, code: 403 }));
}

#[tokio::test]
async fn handset_that_is_switched_off_is_unreachable() {
    let mut bench = Browsers::start().await;
    bench.house.at_home(false);
    originate(&bench, LEG, Endpoint::Telephone(HANDSET.into()), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Failed { cause: LegCause::Unreachable, code: 480 }));
    assert!(bench.house.invited().is_empty(), "it does not ring later either");
}

#[tokio::test]
async fn page_that_is_between_two_pages_stays_invited_and_answers() {
    let mut bench = Browsers::start().await;
    bench.house.at_home(false);
    originate(&bench, LEG, Endpoint::Page(CUSTOMER), ORIGINATE);
    assert_eq!(bench.house.invited(), [LEG]);
    let phone = bench.answer(LEG).await;
    assert_eq!(until(&mut bench, LEG, &DialEvent::Answered).await, []);
    drop(phone);
}

#[tokio::test]
async fn browser_without_a_microphone_fails_the_leg() {
    let mut bench = Browsers::start().await;
    let page = Endpoint::Page(CUSTOMER);
    originate(&bench, LEG, page.clone(), ORIGINATE);
    assert_eq!(bench.event().await, (LEG, DialEvent::Ringing));
    bench.driver.trouble(BUSINESS, &page, LEG, LegTrouble::MicrophoneDenied);
    assert_eq!(bench.event().await, (LEG, DialEvent::Failed { cause: LegCause::NoMicrophone, code: 488 }));
}

#[tokio::test]
async fn nobody_takes_a_leg_that_was_sent_to_another() {
    let mut bench = Browsers::start().await;
    originate(&bench, LEG, Endpoint::Console(AGENT), ORIGINATE);
    let thief = Endpoint::Console(AgentId(8));
    let offer = |business, from: Endpoint| {
        let driver = bench.driver.clone();
        async move { driver.offer(business, &from, LEG, "v=0".into()).await }
    };
    assert_eq!(offer(BUSINESS, thief.clone()).await, Err(LegRefused::NotYours));
    assert_eq!(offer(BusinessId(2), Endpoint::Console(AGENT)).await, Err(LegRefused::NotYours));
    bench.driver.hang_up(BUSINESS, &thief, LEG);
    bench.driver.reject(BusinessId(2), &Endpoint::Console(AGENT), LEG);
    assert!(
        matches!(offer(BUSINESS, Endpoint::Console(AGENT)).await, Err(LegRefused::Offer(_))),
        "a bad offer"
    );
    let _phone = bench.answer(LEG).await;
    assert_eq!(until(&mut bench, LEG, &DialEvent::Answered).await, [DialEvent::Ringing]);
}

#[tokio::test]
async fn page_that_navigates_keeps_its_leg() {
    let mut bench = Browsers::start().await;
    let phone = bench.connect(LEG).await;
    phone.say(None);
    drop(phone);
    let _phone = bench.answer(LEG).await;
    // Told or not that it was away, the leg never ended.
    bench.command(LEG, conformance::STOP, Action::HangUp { cause: LegCause::OtherSide });
    let before = until(&mut bench, LEG, &DialEvent::Ended { cause: LegCause::OtherSide }).await;
    assert!(
        before.iter().all(|event| matches!(event, DialEvent::Suspended | DialEvent::Resumed)),
        "{before:?}"
    );
}

#[tokio::test]
async fn leg_whose_media_do_not_come_back_within_the_grace_of_the_business_is_lost() {
    let mut bench = Browsers::with_grace(Duration::from_millis(300)).await;
    let phone = bench.connect(LEG).await;
    drop(phone);
    until(&mut bench, LEG, &DialEvent::Ended { cause: LegCause::MediaLost }).await;
    assert!(bench.house.invited().is_empty(), "the browser is told that it is gone");
}

/// The `embedded` driver with browsers at every endpoint.
struct Browsers {
    driver: Embedded,
    events: mpsc::Receiver<LegEvent>,
    house: Arc<House>,
}

/// Who is connected, and what rings there.
#[derive(Default)]
struct House {
    away: Mutex<bool>,
    ringing: Mutex<BTreeMap<LegId, Endpoint>>,
}

impl House {
    fn at_home(&self, yes: bool) {
        *self.away.lock().unwrap() = !yes;
    }

    fn invited(&self) -> Vec<LegId> {
        self.ringing.lock().unwrap().keys().copied().collect()
    }
}

impl Directory for House {
    fn tell(&self, _: BusinessId, _: Notice) {
        unreachable!("a driver tells nobody of contacts");
    }
    fn rebuilt(&self, _: BusinessId) {}
    fn invite(&self, business: BusinessId, to: &Endpoint, leg: LegId, caller_name: &str) -> bool {
        assert_eq!((business, caller_name), (BUSINESS, "Harbour & Pine"));
        self.ringing.lock().unwrap().insert(leg, to.clone());
        !*self.away.lock().unwrap()
    }
    fn leg_gone(&self, _: BusinessId, to: &Endpoint, leg: LegId) {
        let was = self.ringing.lock().unwrap().remove(&leg);
        assert_eq!(was.as_ref(), Some(to), "told once, and where it rang");
    }
}

impl Browsers {
    async fn open(demo: bool) -> Self {
        Self::with(demo, Duration::from_secs(60)).await
    }

    async fn with_grace(grace: Duration) -> Self {
        Self::with(true, grace).await
    }

    async fn with(demo: bool, media_grace: Duration) -> Self {
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = SwitchConfig { bind, advertise: None, media_grace: Duration::from_secs(60) };
        let (switch, switch_events) = Switch::bind(config).await.unwrap();
        let house = Arc::new(House::default());
        let sites = Arc::new(Sites::default());
        let business = Business { id: BUSINESS, ..demo::new_business("Harbour & Pine", "GB", Timestamp(1)) };
        sites.put(Site { business, settings: Settings { media_grace, ..Settings::default() } });
        let prompts = Arc::new(Prompts::built_in().unwrap());
        let around = Surroundings { directory: house.clone(), prompts, sites, demo };
        let (driver, events) = Embedded::start(switch, switch_events, around);
        Self { driver, events, house }
    }

    fn where_it_rings(&self, leg: LegId) -> Endpoint {
        self.house.ringing.lock().unwrap()[&leg].clone()
    }
}

#[async_trait]
impl Bench for Browsers {
    type Far = Phone;

    async fn start() -> Self {
        Self::open(true).await
    }

    fn dialer(&self) -> &dyn Dialer {
        &self.driver
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::Telephone(HANDSET.into())
    }

    async fn next(&mut self) -> LegEvent {
        self.events.recv().await.unwrap()
    }

    async fn answer_with(&mut self, leg: LegId, hz: f64) -> Phone {
        let (driver, from) = (self.driver.clone(), self.where_it_rings(leg));
        Phone::call_through(async move |sdp| driver.offer(BUSINESS, &from, leg, sdp).await.unwrap(), hz).await
    }

    fn refuse(&mut self, leg: LegId) {
        self.driver.reject(BUSINESS, &self.where_it_rings(leg), leg);
    }

    fn far_hangs_up(&mut self, leg: LegId) {
        self.driver.hang_up(BUSINESS, &self.where_it_rings(leg), leg);
    }

    fn far_presses(&mut self, leg: LegId, digit: char) {
        self.driver.digit(BUSINESS, &self.where_it_rings(leg), leg, digit);
    }

    async fn hears(far: &mut Phone, tones: &[f64], others: &[f64]) {
        far.hears(tones, others).await;
    }
}
