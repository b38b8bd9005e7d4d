//! Claims about one contact's pages and viewers, without sockets.
use proptest::prelude::*;
use shared::{
    DocumentId, TabId,
    wire::mirror::{FrameKind, Masking, ServerToViewer, SharingChanged, StreamFrame, Viewers},
};

use super::*;

mod order;
mod rest;
mod tape;

const ADA: AgentId = AgentId(1);
const GRACE: AgentId = AgentId(2);
const NOW: Timestamp = Timestamp(0);

#[test]
fn viewer_loses_the_page_when_it_is_another_agents() {
    let mut mirror = shared_page();
    let (mut follow, _) = join(&mut mirror, 10, ADA);
    assert_eq!(mirror.next(10, &mut follow, &mut Vec::new()), Rest::Nothing);
    mirror.set_viewing(seen_by(GRACE, true));
    assert_eq!(mirror.next(10, &mut follow, &mut Vec::new()), Rest::Close(close::FINISHED));
    let (mut late, _) = join(&mut mirror, 11, ADA);
    assert_eq!(mirror.next(11, &mut late, &mut Vec::new()), Rest::Close(close::FINISHED));
}

#[test]
fn pages_are_told_by_first_name_who_looks_each_once() {
    let mut mirror = shared_page();
    let page = page(&mut mirror, 1, 1);
    join(&mut mirror, 10, ADA);
    join(&mut mirror, 11, ADA);
    assert_eq!(told(&page).last(), Some(&Viewers { names: vec!["Ada".into()] }.into()));
    mirror.leave_viewer(10);
    assert_eq!(told(&page), []);
    mirror.leave_viewer(11);
    assert_eq!(told(&page), [Viewers { names: vec![] }.into()]);
}

#[test]
fn stop_drops_what_was_kept_and_what_still_comes() {
    let mut mirror = shared_page();
    let page = page(&mut mirror, 1, 1);
    publish(&mut mirror, 1, (1, 0)).unwrap();
    let (mut follow, _) = join(&mut mirror, 10, ADA);
    told(&page);
    mirror.set_viewing(seen_by(ADA, false));
    assert_eq!(told(&page), [SharingSet { on: false }.into()]);
    publish(&mut mirror, 1, (1, 1)).unwrap();
    let seen = drain(&mut mirror, 10, &mut follow);
    assert!(
        matches!(seen.last(), Some(ServerToViewer::SharingChanged(SharingChanged { on: false, .. }))),
        "{seen:?}"
    );
    assert!(!seen.iter().any(|message| matches!(message, ServerToViewer::StreamFrame(_))), "{seen:?}");
}

#[test]
fn where_the_memory_for_all_pages_is_used_up_one_that_nobody_looks_at_is_not_kept() {
    let mut mirror = Mirror::new(Kept::full());
    mirror.set_viewing(seen_by(ADA, true));
    let page = page(&mut mirror, 1, 1);
    publish(&mut mirror, 1, (1, 0)).unwrap();
    assert_eq!(told(&page), [], "nothing is asked for while nobody looks");
    let (mut follow, _) = join(&mut mirror, 10, ADA);
    assert!(told(&page).contains(&KeyframeWanted {}.into()));
    publish(&mut mirror, 1, (2, 0)).unwrap();
    let seen = drain(&mut mirror, 10, &mut follow);
    assert!(seen.iter().any(|message| matches!(message, ServerToViewer::StreamFrame(_))), "{seen:?}");
}

#[test]
fn of_a_tab_behind_nothing_is_kept_and_a_keyframe_is_asked_for_when_it_comes_to_the_front() {
    let mut mirror = shared_page();
    let behind = page(&mut mirror, 1, 1);
    let _front = page(&mut mirror, 2, 2);
    join(&mut mirror, 10, ADA);
    told(&behind);
    publish(&mut mirror, 1, (1, 0)).unwrap();
    assert_eq!(told(&behind), []);
    mirror.set_in_front(1, true, NOW);
    assert_eq!(told(&behind), [KeyframeWanted {}.into()]);
}

#[test]
fn replica_that_lost_the_thread_gets_the_page_again_a_few_times_and_the_page_is_asked_seldom() {
    let mut mirror = shared_page();
    let page = page(&mut mirror, 1, 1);
    publish(&mut mirror, 1, (1, 0)).unwrap();
    let (mut follow, _) = join(&mut mirror, 10, ADA);
    drain(&mut mirror, 10, &mut follow);
    told(&page);
    let mut resent = 0;
    for _ in 0..10 {
        mirror.need_keyframe(10, &mut follow, DocumentId(1), NOW);
        resent += drain(&mut mirror, 10, &mut follow).len();
    }
    assert_eq!(resent, usize::try_from(RESENDS.burst).unwrap());
    assert_eq!(told(&page), [KeyframeWanted {}.into()]);
    mirror.need_keyframe(10, &mut follow, DocumentId(9), NOW);
    assert_eq!(drain(&mut mirror, 10, &mut follow), [], "of another document nothing is needed");
}

#[test]
fn outcomes_of_pushes_are_bounded_for_a_viewer_who_does_not_read() {
    let mut mirror = shared_page();
    let (mut follow, _) = join(&mut mirror, 10, ADA);
    for n in 0..crate::limits::OUTCOMES + 5 {
        mirror.push_url(10, n.to_string(), None);
    }
    let seen = drain(&mut mirror, 10, &mut follow);
    let outcomes = seen.iter().filter_map(|message| {
        if let ServerToViewer::PushOutcome(outcome) = message { outcome.refused.as_deref() } else { None }
    });
    assert_eq!(outcomes.collect::<Vec<_>>(), ["no_page"; crate::limits::OUTCOMES]);
}

#[derive(Debug, Clone)]
enum Step {
    Keyframe(usize),
    Patch(usize),
    InFront(usize, bool),
    Navigate(usize),
    Share(bool),
    Read(usize),
    Rejoin(usize),
}

proptest! {
    /// Whatever tabs, stops, navigations and slow viewers do: a viewer never sees a frame that does not follow
    /// from what it has, never one after a stop, and when it has caught up it has the page in front, whole.
    #[test]
    fn every_viewer_converges(steps in proptest::collection::vec(step(), 1..150)) {
        let mut world = World::new();
        for step in steps {
            world.take(step)?;
        }
        world.take(Step::Share(true))?;
        world.take(Step::InFront(0, true))?;
        for step in [Step::Keyframe(0), Step::Patch(0), Step::Patch(0)] {
            world.take(step)?;
        }
        let (document, epoch, next) = world.tabs[0].place();
        for viewer in 0..world.viewers.len() {
            world.take(Step::Read(viewer))?;
            prop_assert_eq!(world.viewers[viewer].has, Some((document, epoch, next - 1)));
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0_usize..2).prop_map(Step::Keyframe),
        8 => (0_usize..2).prop_map(Step::Patch),
        2 => (0_usize..2, any::<bool>()).prop_map(|(tab, yes)| Step::InFront(tab, yes)),
        1 => (0_usize..2).prop_map(Step::Navigate),
        1 => any::<bool>().prop_map(Step::Share),
        5 => (0_usize..3).prop_map(Step::Read),
        1 => (0_usize..3).prop_map(Step::Rejoin),
    ]
}

/// Two tabs, three viewers.
struct World {
    mirror: Mirror,
    tabs: Vec<Tab>,
    viewers: Vec<Onlooker>,
    serial: u64,
}

struct Tab {
    serial: u64,
    document: DocumentId,
    epoch: u32,
    next: u32,
}

impl Tab {
    fn place(&self) -> (DocumentId, u32, u32) {
        (self.document, self.epoch, self.next)
    }
}

struct Onlooker {
    serial: u64,
    follow: Follow,
    /// What its replica shows: document, epoch, seq.
    has: Option<(DocumentId, u32, u32)>,
    sharing: bool,
}

impl World {
    fn new() -> Self {
        let mut world = Self { mirror: shared_page(), tabs: Vec::new(), viewers: Vec::new(), serial: 0 };
        for tab in 0..2 {
            let opened = world.open(tab);
            world.tabs.push(opened);
        }
        for _ in 0..3 {
            let joined = world.join(None);
            world.viewers.push(joined);
        }
        world
    }

    fn open(&mut self, tab: usize) -> Tab {
        self.serial += 1;
        let (serial, document) = (self.serial, DocumentId(u128::from(self.serial)));
        let page = PageId { tab: TabId(u128::try_from(tab).unwrap()), ..page_id(document.0) };
        self.mirror.join_publisher(serial, page, Arc::default(), NOW).unwrap();
        Tab { serial, document, epoch: 0, next: 0 }
    }

    fn join(&mut self, has: Option<(DocumentId, u32, u32)>) -> Onlooker {
        self.serial += 1;
        let serial = self.serial;
        let resume = has.map(|(document, epoch, seq)| ResumePoint { document, epoch, seq });
        let (follow, _) = self.mirror.join_viewer(serial, (ADA, "Ada".into()), resume, NOW).unwrap();
        let sharing = self.mirror.sharing();
        Onlooker { serial, follow, has: has.filter(|_| sharing), sharing }
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Keyframe(tab) => {
                let tab = &mut self.tabs[tab];
                (tab.epoch, tab.next) = (tab.epoch + 1, 1);
                publish(&mut self.mirror, tab.serial, (tab.epoch, 0)).unwrap();
            }
            Step::Patch(tab) => {
                let tab = &mut self.tabs[tab];
                publish(&mut self.mirror, tab.serial, (tab.epoch, tab.next)).unwrap();
                tab.next += 1;
            }
            Step::InFront(tab, yes) => self.mirror.set_in_front(self.tabs[tab].serial, yes, NOW),
            Step::Navigate(tab) => {
                self.mirror.leave_publisher(self.tabs[tab].serial, NOW);
                self.tabs[tab] = self.open(tab);
            }
            Step::Share(on) => {
                self.mirror.set_viewing(seen_by(ADA, on));
            }
            Step::Rejoin(viewer) => {
                let Onlooker { serial, has, .. } = self.viewers[viewer];
                self.mirror.leave_viewer(serial);
                self.viewers[viewer] = self.join(has);
            }
            Step::Read(viewer) => {
                let watcher = &mut self.viewers[viewer];
                for message in drain(&mut self.mirror, watcher.serial, &mut watcher.follow) {
                    watcher.show(message)?;
                }
            }
        }
        Ok(())
    }
}

impl Onlooker {
    fn show(&mut self, message: ServerToViewer) -> Result<(), TestCaseError> {
        match message {
            ServerToViewer::SharingChanged(changed) => {
                self.sharing = changed.on;
                self.has = self.has.filter(|_| changed.on);
            }
            ServerToViewer::StreamFrame(StreamFrame { document, epoch, seq, .. }) => {
                prop_assert!(self.sharing, "a frame after a stop");
                let follows = self.has == seq.checked_sub(1).map(|before| (document, epoch, before));
                prop_assert!(seq == 0 || follows, "{:?} then {seq} of {epoch}", self.has);
                self.has = Some((document, epoch, seq));
            }
            ServerToViewer::ViewerWelcome(_)
            | ServerToViewer::Pong(_)
            | ServerToViewer::StreamStarted(_)
            | ServerToViewer::StreamEnded(_)
            | ServerToViewer::Audience(_)
            | ServerToViewer::PushOutcome(_)
            | ServerToViewer::Standings(_)
            | ServerToViewer::Pointed(_)
            | ServerToViewer::ActOutcome(_)
            | ServerToViewer::Notes(_)
            | ServerToViewer::Unknown { .. } => {}
        }
        Ok(())
    }
}

fn seen_by(agent: AgentId, sharing: bool) -> Viewing {
    Viewing { agent: Some(agent), watchers: Vec::new(), sharing }
}

fn shared_page() -> Mirror {
    let mut mirror = Mirror::default();
    mirror.set_viewing(seen_by(ADA, true));
    mirror
}

fn page(mirror: &mut Mirror, serial: u64, document: u128) -> Arc<Outbox> {
    let outbox = Arc::new(Outbox::default());
    mirror.join_publisher(serial, page_id(document), outbox.clone(), NOW).unwrap();
    outbox
}

fn page_id(document: u128) -> PageId {
    let (tab, document) = (TabId(document), DocumentId(document));
    PageId { tab, document, masking: Masking::Balanced, mask_selectors: Vec::new() }
}

fn join(mirror: &mut Mirror, serial: u64, agent: AgentId) -> (Follow, Arc<Notify>) {
    mirror.join_viewer(serial, (agent, "Ada".into()), None, NOW).unwrap()
}

fn publish(mirror: &mut Mirror, serial: u64, (epoch, seq): (u32, u32)) -> Result<(), BadFrame> {
    let kind = if seq == 0 { FrameKind::Keyframe } else { FrameKind::Patch };
    mirror.take(serial, &Incoming { kind, epoch, seq, bytes: b"frame" }, NOW)
}

fn drain(mirror: &mut Mirror, serial: u64, follow: &mut Follow) -> Vec<ServerToViewer> {
    let mut out = Vec::new();
    while mirror.next(serial, follow, &mut out) == Rest::More {}
    out.iter().map(|message| ServerToViewer::decode(message).unwrap()).collect()
}

fn told(page: &Outbox) -> Vec<ServerToPublisher> {
    page.take().messages.iter().map(|message| ServerToPublisher::decode(message).unwrap()).collect()
}
