//! One order: whatever happens in a contact, every viewer is told in the same sequence; and nothing is passed on that
//! was not granted.
use std::collections::BTreeMap;

use contact_core::effect::{Lead, LeadHold};
use proptest::prelude::*;
use shared::{
    refused,
    wire::{
        lead::{Act, ActAsked, ActDone, AddNote, Deed, Mark, Point, Power, Spot},
        mirror::ServerToHand,
    },
};

use super::*;

const SPOT: Spot = Spot { node: 7, x: 1, y: 2 };
const PAGE: DocumentId = DocumentId(1);

#[test]
fn a_deed_without_a_grant_reaches_no_page_and_one_with_it_does() {
    let (mut mirror, page) = led_page();
    let (mut follow, _) = join(&mut mirror, 10, ADA);
    let (mut other, _) = join(&mut mirror, 11, GRACE);
    mirror.watcher = Some(ADA);
    told_hand(&page);
    let refusals = |mirror: &mut Mirror, serial, follow: &mut Follow| {
        let seen = drain(mirror, serial, follow);
        let outcomes = seen.into_iter().filter_map(|message| {
            if let ServerToViewer::ActOutcome(outcome) = message {
                Some((outcome.act, outcome.refused))
            } else {
                None
            }
        });
        outcomes.collect::<Vec<_>>()
    };
    // Nobody has it; somebody asked; another has it.
    for lead in [Lead::default(), control(ADA, 1, false), control(GRACE, 2, true)] {
        mirror.set_lead(Lead { pointing: true, ..lead });
        told_hand(&page);
        mirror.act(10, act(1, PAGE));
        assert_eq!(told_hand(&page), []);
        assert_eq!(refusals(&mut mirror, 10, &mut follow), [(1, Some(refused::NO_CONTROL.into()))]);
    }
    mirror.set_lead(control(ADA, 3, true));
    told_hand(&page);
    mirror.act(10, act(2, PAGE));
    let asked = told_hand(&page);
    let [ServerToHand::ActAsked(ActAsked { order, number: 3, .. })] = asked[..] else { panic!("{asked:?}") };
    assert_eq!(refusals(&mut mirror, 10, &mut follow), [], "the page answers");
    mirror.act_done(&ActDone { order: order + 1, refused: None });
    mirror.act_done(&ActDone { order, refused: Some("<b>made up</b>".into()) });
    mirror.act_done(&ActDone { order, refused: None });
    assert_eq!(refusals(&mut mirror, 10, &mut follow), [(2, Some(refused::NOT_POSSIBLE.into()))]);
    mirror.act(10, act(3, DocumentId(9)));
    assert_eq!(refusals(&mut mirror, 10, &mut follow), [(3, Some(refused::STALE.into()))]);
    mirror.act(11, act(4, PAGE));
    assert_eq!(told_hand(&page), [], "of another agent");
    assert_eq!(refusals(&mut mirror, 11, &mut other), [], "who is on the way out hears nothing more");
    mirror.set_viewing(seen_by(ADA, false));
    mirror.act(10, act(5, PAGE));
    assert_eq!(told_hand(&page), []);
    assert_eq!(refusals(&mut mirror, 10, &mut follow), [(5, Some(refused::NO_PAGE.into()))]);
}

#[test]
fn who_only_looks_on_does_nothing_whatever_is_said_of_its_powers() {
    let (mut mirror, page) = led_page();
    let watchers = vec![Watcher { agent: GRACE, name: None }];
    mirror.set_viewing(Viewing { agent: Some(ADA), watchers, sharing: true });
    let _grace = join(&mut mirror, 11, GRACE);
    mirror.set_lead(control(GRACE, 1, true));
    told_hand(&page);
    mirror.act(11, act(1, PAGE));
    assert_eq!(told_hand(&page), []);
}

#[test]
fn marks_and_notes_need_pointing_and_notes_are_bounded_and_go_with_their_document() {
    let (mut mirror, page) = led_page();
    mirror.set_lead(Lead { pointing: false, ..Lead::default() });
    join(&mut mirror, 10, ADA);
    mirror.point(10, laser());
    mirror.add_note(10, note(true));
    assert_eq!(told_hand(&page), []);
    mirror.set_lead(Lead { pointing: true, may_point: true, ..Lead::default() });
    mirror.point(10, laser());
    let told = told_hand(&page);
    assert!(matches!(told[..], [ServerToHand::Powers(_), ServerToHand::Pointed(_)]), "{told:?}");
    for pinned in [false, true].into_iter().cycle().take(2 * shared::limits::PINNED_NOTES) {
        mirror.add_note(10, note(pinned));
    }
    assert_eq!(mirror.leading_notes(), shared::limits::PINNED_NOTES);
    mirror.leave_publisher(1, NOW);
    let _next = super::page(&mut mirror, 2, 2);
    assert_eq!(mirror.leading_notes(), shared::limits::PINNED_NOTES / 2, "what is pinned to the page stays");
    mirror.set_viewing(seen_by(ADA, false));
    assert_eq!(mirror.leading_notes(), 0);
}

#[derive(Debug, Clone)]
enum Step {
    Frame,
    Keyframe,
    Pointer,
    Grant(bool),
    Mark(usize),
    Note(usize),
    Act(usize),
    Push(usize),
    InFront(usize),
    Share(bool),
    Unpin,
    Answer,
    Navigate(usize),
    Named(bool),
    Rejoin(usize),
    Read(usize),
}

proptest! {
    /// Pages, pointers, consent, grants, marks, notes, deeds, pushes, and who comes and goes share one sequence: each
    /// viewer hears of ever later things, and what two of them hear of at the same place is the same thing.
    #[test]
    fn all_viewers_see_the_same_order(steps in proptest::collection::vec(step(), 1..200)) {
        History::default().play(steps)?;
    }
}

/// Every kind of message that a viewer may be told has its place in that sequence: a history with all of them, and a
/// kind that is new fails the test.
#[test]
fn every_kind_of_message_has_its_place_in_the_order() {
    let mut history = History::default();
    let steps = [
        Step::Keyframe,
        Step::Frame,
        Step::Pointer,
        Step::Read(0),
        Step::Grant(true),
        Step::Mark(0),
        Step::Note(0),
        Step::Act(0),
        Step::Answer,
        Step::Push(0),
        Step::InFront(0),
        Step::Keyframe,
        Step::Read(0),
        Step::Navigate(0),
        Step::Share(false),
        Step::Share(true),
    ];
    history.play(steps.to_vec()).unwrap();
    let told: std::collections::BTreeSet<&str> =
        history.told.iter().map(|message| name_of(message)).collect();
    let all = [
        "stream started",
        "frame",
        "stream ended",
        "sharing",
        "audience",
        "push outcome",
        "standings",
        "pointed",
        "act outcome",
        "notes",
    ];
    assert_eq!(told, all.into());
}

/// What is told, except for the first answer and heartbeats, which are about one connection alone.
fn name_of(message: &ServerToViewer) -> &'static str {
    match message {
        ServerToViewer::StreamStarted(_) => "stream started",
        ServerToViewer::StreamFrame(_) => "frame",
        ServerToViewer::StreamEnded(_) => "stream ended",
        ServerToViewer::SharingChanged(_) => "sharing",
        ServerToViewer::Audience(_) => "audience",
        ServerToViewer::PushOutcome(_) => "push outcome",
        ServerToViewer::Standings(_) => "standings",
        ServerToViewer::Pointed(_) => "pointed",
        ServerToViewer::ActOutcome(_) => "act outcome",
        ServerToViewer::Notes(_) => "notes",
        ServerToViewer::ViewerWelcome(_) | ServerToViewer::Pong(_) | ServerToViewer::Unknown { .. } => "none",
    }
}

/// Two tabs; two viewers whose contact it is, and one who looks on.
struct History {
    mirror: Mirror,
    named: bool,
    sharing: bool,
    tabs: [Page; 2],
    viewers: [Reader; 3],
    last_serial: u64,
    told: Vec<ServerToViewer>,
}

struct Page {
    serial: u64,
    epoch: u32,
    seq: u32,
    outbox: Arc<Outbox>,
}

struct Reader {
    serial: u64,
    agent: AgentId,
    follow: Follow,
    seen: Vec<Bytes>,
    last: u64,
}

impl Default for History {
    fn default() -> Self {
        let mut mirror = shared_page();
        mirror.set_viewing(viewing(false, true));
        let tabs = [1, 2].map(|serial| open(&mut mirror, serial));
        let viewers = [(10, ADA), (11, ADA), (12, GRACE)].map(|(serial, agent)| Reader {
            serial,
            agent,
            follow: join(&mut mirror, serial, agent).0,
            seen: Vec::new(),
            last: 0,
        });
        Self { mirror, named: false, sharing: true, tabs, viewers, last_serial: 20, told: Vec::new() }
    }
}

fn viewing(named: bool, sharing: bool) -> Viewing {
    let watcher = Watcher { agent: GRACE, name: named.then(|| "Grace".into()) };
    Viewing { watchers: vec![watcher], ..seen_by(ADA, sharing) }
}

fn open(mirror: &mut Mirror, serial: u64) -> Page {
    Page { serial, epoch: 0, seq: 0, outbox: page(mirror, serial, u128::from(serial)) }
}

impl History {
    fn play(&mut self, steps: Vec<Step>) -> Result<(), TestCaseError> {
        for step in steps.into_iter().chain((0..3).map(Step::Read)) {
            self.take(step)?;
        }
        self.viewers_agree()?;
        self.pages_heard_in_order()
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let of = self.viewers.each_ref().map(|viewer| viewer.serial);
        let Self { mirror, tabs, .. } = self;
        let in_front = mirror.front.unwrap();
        let document = mirror.front_document().unwrap();
        let front = tabs.iter_mut().find(|tab| tab.serial == in_front).unwrap();
        match step {
            Step::Keyframe => {
                (front.epoch, front.seq) = (front.epoch + 1, 0);
                publish(mirror, in_front, (front.epoch, 0)).unwrap();
            }
            Step::Frame => {
                front.seq += 1;
                publish(mirror, in_front, (front.epoch, front.seq)).unwrap();
            }
            Step::Pointer => {
                let (epoch, seq) = (front.epoch, front.seq);
                let incoming = Incoming { kind: FrameKind::Pointer, epoch, seq, bytes: b"at" };
                mirror.take(in_front, &incoming, NOW).unwrap();
            }
            Step::Grant(yes) => {
                let lead = if yes { control(ADA, 1, true) } else { Lead::default() };
                mirror.set_lead(Lead { pointing: true, ..lead });
            }
            Step::Mark(by) => mirror.point(of[by], Point { document, ..laser() }),
            Step::Note(by) => mirror.add_note(of[by], AddNote { document, ..note(true) }),
            Step::Act(by) => mirror.act(of[by], act(1, document)),
            Step::Push(by) => mirror.push_url(of[by], "u".into(), None),
            Step::InFront(tab) => mirror.set_in_front(tabs[tab].serial, true, NOW),
            Step::Share(on) => {
                self.sharing = on;
                mirror.set_viewing(viewing(self.named, on));
            }
            Step::Named(named) => {
                self.named = named;
                mirror.set_viewing(viewing(named, self.sharing));
            }
            Step::Unpin => mirror.remove_note_by(of[0], mirror.leading_last_note()),
            Step::Answer => {
                if let Some(order) = mirror.leading_pending() {
                    mirror.act_done(&ActDone { order, refused: None });
                }
            }
            Step::Navigate(tab) => {
                self.last_serial += 1;
                mirror.leave_publisher(tabs[tab].serial, NOW);
                tabs[tab] = open(mirror, self.last_serial);
            }
            Step::Rejoin(who) => {
                self.last_serial += 1;
                mirror.leave_viewer(of[who]);
                let viewer = &mut self.viewers[who];
                (viewer.serial, viewer.last) = (self.last_serial, 0);
                viewer.follow = join(mirror, viewer.serial, viewer.agent).0;
            }
            Step::Read(who) => return self.read(who),
        }
        Ok(())
    }

    fn read(&mut self, who: usize) -> Result<(), TestCaseError> {
        let Reader { serial, follow, seen, last, .. } = &mut self.viewers[who];
        let mut out = Vec::new();
        while self.mirror.next(*serial, follow, &mut out) == Rest::More {}
        for message in &out {
            let order = frame::order(message);
            let decoded = ServerToViewer::decode(message).unwrap();
            prop_assert!(order > *last, "{serial} was told {order} after {last}: {decoded:?}");
            *last = order;
        }
        seen.extend(out);
        Ok(())
    }

    fn viewers_agree(&mut self) -> Result<(), TestCaseError> {
        let mut all: BTreeMap<u64, (u16, Vec<u8>)> = BTreeMap::new();
        for message in self.viewers.iter().flat_map(|viewer| &viewer.seen) {
            let order = frame::order(message);
            let kind = u16::from_le_bytes([message[0], message[1]]);
            let decoded = ServerToViewer::decode(message).unwrap();
            // What one may do oneself is another thing for each, at the same place.
            let own = matches!(decoded, ServerToViewer::Standings(_));
            self.told.push(decoded);
            let is = (kind, if own { Vec::new() } else { message.to_vec() });
            let same = all.entry(order).or_insert_with(|| is.clone());
            prop_assert_eq!(&*same, &is, "at {}", order);
        }
        Ok(())
    }

    /// A page hears what concerns it in that order, too.
    fn pages_heard_in_order(&self) -> Result<(), TestCaseError> {
        for tab in &self.tabs {
            let orders = told_hand(&tab.outbox).into_iter().filter_map(|message| match message {
                ServerToHand::Powers(powers) => Some(powers.order),
                ServerToHand::Pointed(pointed) => Some(pointed.order),
                ServerToHand::ActAsked(asked) => Some(asked.order),
                ServerToHand::ActAskedWithin(within) => Some(within.asked.order),
                ServerToHand::Notes(notes) => Some(notes.order),
                ServerToHand::Unknown { .. } => None,
            });
            let orders: Vec<u64> = orders.collect();
            // The first powers are told with the first mark: they are older than what was told before.
            prop_assert!(orders.is_sorted(), "{:?}", orders);
        }
        Ok(())
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Keyframe),
        8 => Just(Step::Frame),
        4 => Just(Step::Pointer),
        2 => any::<bool>().prop_map(Step::Grant),
        4 => (0_usize..3).prop_map(Step::Mark),
        2 => (0_usize..3).prop_map(Step::Note),
        3 => (0_usize..3).prop_map(Step::Act),
        1 => (0_usize..3).prop_map(Step::Push),
        1 => (0_usize..2).prop_map(Step::InFront),
        1 => any::<bool>().prop_map(Step::Share),
        1 => Just(Step::Unpin),
        2 => Just(Step::Answer),
        1 => (0_usize..2).prop_map(Step::Navigate),
        1 => any::<bool>().prop_map(Step::Named),
        1 => (0_usize..3).prop_map(Step::Rejoin),
        8 => (0_usize..3).prop_map(Step::Read),
    ]
}

fn led_page() -> (Mirror, Arc<Outbox>) {
    let mut mirror = shared_page();
    mirror.set_origins(&["https://shop.example".into()]);
    let page = page(&mut mirror, 1, 1);
    (mirror, page)
}

fn control(agent: AgentId, number: u32, granted: bool) -> Lead {
    let hold = LeadHold { number, agent, name: "Ada".into(), power: Power::Control, granted };
    Lead { may_point: true, may_control: true, pointing: true, holds: vec![hold] }
}

fn act(act: u32, document: DocumentId) -> Act {
    Act { act, document, epoch: 1, seq: 1, deed: Deed::Click { at: SPOT } }
}

fn laser() -> Point {
    Point { document: PAGE, epoch: 1, mark: Mark::Laser(SPOT) }
}

fn note(pinned: bool) -> AddNote {
    AddNote { document: PAGE, epoch: 1, at: pinned.then_some(SPOT), text: "here".into() }
}

fn told_hand(page: &Outbox) -> Vec<ServerToHand> {
    let messages = page.take().messages;
    let known = messages.iter().map(|message| ServerToHand::decode(message));
    known.flatten().filter(|message| !matches!(message, ServerToHand::Unknown { .. })).collect()
}
