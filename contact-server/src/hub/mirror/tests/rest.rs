//! Pages that are cut off and come back: they go on where the log is whole, and only where it is not is a keyframe
//! asked for.
use std::time::Duration;

use super::*;
use crate::limits::PAGE_RESTS;

const PAGE: u128 = 1;

#[test]
fn a_page_that_was_cut_off_goes_on_and_its_viewers_keep_what_they_see() {
    let (mut mirror, mut follow) = watched_page();
    mirror.leave_publisher(1, NOW);
    assert!(matches!(drain(&mut mirror, 10, &mut follow)[..], [ServerToViewer::StreamEnded(_)]));
    mirror.push_url(10, "u".into(), None);
    let outcome = drain(&mut mirror, 10, &mut follow);
    assert!(
        matches!(&outcome[..], [ServerToViewer::PushOutcome(o)] if o.refused.as_deref() == Some("no_page")),
        "{outcome:?}"
    );
    let again = page(&mut mirror, 2, PAGE);
    publish(&mut mirror, 2, (1, 2)).unwrap();
    let seen = drain(&mut mirror, 10, &mut follow);
    let [ServerToViewer::StreamStarted(_), ServerToViewer::StreamFrame(frame)] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!((frame.epoch, frame.seq), (1, 2));
    assert_eq!(told(&again), []);
}

#[test]
fn a_connection_that_is_not_noticed_to_be_gone_gives_its_page_up_and_ends_nothing() {
    let (mut mirror, mut follow) = watched_page();
    let again = page(&mut mirror, 2, PAGE);
    publish(&mut mirror, 1, (1, 2)).unwrap();
    publish(&mut mirror, 2, (1, 2)).unwrap();
    mirror.leave_publisher(1, NOW);
    publish(&mut mirror, 2, (1, 3)).unwrap();
    let seen = drain(&mut mirror, 10, &mut follow);
    assert!(matches!(seen[..], [ServerToViewer::StreamFrame(_), ServerToViewer::StreamFrame(_)]), "{seen:?}");
    assert_eq!(told(&again), []);
}

#[test]
fn patches_that_were_lost_cost_a_keyframe_at_once() {
    let (mut mirror, _) = watched_page();
    // One was asked for just before.
    publish(&mut mirror, 1, (1, 9)).unwrap();
    publish(&mut mirror, 1, (2, 0)).unwrap();
    mirror.leave_publisher(1, NOW);
    let again = page(&mut mirror, 2, PAGE);
    publish(&mut mirror, 2, (2, 2)).unwrap();
    assert_eq!(told(&again), [KeyframeWanted {}.into()]);
}

#[test]
fn nobody_goes_on_from_what_is_masked_otherwise_was_stopped_or_lay_too_long() {
    let goes_on = |change: fn(&mut Mirror, &mut PageId) -> Timestamp| {
        let (mut mirror, _) = watched_page();
        mirror.leave_publisher(1, NOW);
        let mut id = page_id(PAGE);
        let now = change(&mut mirror, &mut id);
        mirror.join_publisher(2, id, Arc::default(), now).unwrap();
        mirror.publishers[0].log.is_whole()
    };
    assert!(goes_on(|_, _| NOW + PAGE_RESTS.saturating_sub(Duration::from_millis(1))));
    assert!(!goes_on(|_, _| NOW + PAGE_RESTS));
    assert!(!goes_on(|_, id| {
        id.masking = Masking::Strict;
        NOW
    }));
    assert!(!goes_on(|_, id| {
        id.mask_selectors.push(".secret".into());
        NOW
    }));
    assert!(!goes_on(|_, id| {
        id.document = DocumentId(9);
        NOW
    }));
    assert!(!goes_on(|mirror, _| {
        mirror.set_viewing(seen_by(ADA, false));
        mirror.set_viewing(seen_by(ADA, true));
        NOW
    }));
    assert!(!goes_on(|mirror, _| {
        page(mirror, 7, 7);
        mirror.leave_publisher(7, NOW);
        NOW
    }));
}

#[derive(Debug, Clone)]
enum Step {
    Patch,
    LostPatch,
    Keyframe,
    /// True: the old connection is noticed to be gone only afterwards.
    Cut(bool),
    Gone,
    Back,
    Read(usize),
    Rejoin(usize),
}

proptest! {
    /// Whatever is cut when: viewers see what follows from what they have, in ever later orders, and in the end the
    /// page as it is; and the page is asked for a keyframe only after one of its frames was lost.
    #[test]
    fn what_was_cut_off_converges_and_costs_no_keyframe_where_nothing_was_lost(
        steps in proptest::collection::vec(step(), 1..150),
    ) {
        let mut world = Cuts::new();
        for step in steps {
            world.take(&step)?;
        }
        for step in [Step::Cut(false), Step::Patch, Step::Patch] {
            world.take(&step)?;
        }
        for viewer in 0..2 {
            world.take(&Step::Read(viewer))?;
            prop_assert_eq!(world.viewers[viewer].0.has, Some((DocumentId(PAGE), world.epoch, world.seq)));
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Patch),
        1 => Just(Step::LostPatch),
        1 => Just(Step::Keyframe),
        2 => any::<bool>().prop_map(Step::Cut),
        1 => Just(Step::Gone),
        2 => Just(Step::Back),
        6 => (0_usize..2).prop_map(Step::Read),
        1 => (0_usize..2).prop_map(Step::Rejoin),
    ]
}

/// One page, two viewers.
struct Cuts {
    mirror: Mirror,
    serial: u64,
    /// Of the page's connection.
    socket: Option<(u64, Arc<Outbox>)>,
    epoch: u32,
    seq: u32,
    lost: bool,
    /// With the latest order that each was told of.
    viewers: Vec<(Onlooker, u64)>,
}

impl Cuts {
    fn new() -> Self {
        let mut world = Self {
            mirror: shared_page(),
            serial: 0,
            socket: None,
            epoch: 1,
            seq: 0,
            lost: false,
            viewers: Vec::new(),
        };
        world.connect();
        world.publish();
        for _ in 0..2 {
            let viewer = world.look(None);
            world.viewers.push((viewer, 0));
        }
        world
    }

    fn connect(&mut self) {
        self.serial += 1;
        let outbox = page(&mut self.mirror, self.serial, PAGE);
        self.socket = Some((self.serial, outbox));
    }

    fn publish(&mut self) {
        if let Some((socket, _)) = self.socket {
            publish(&mut self.mirror, socket, (self.epoch, self.seq)).unwrap();
        }
    }

    fn look(&mut self, has: Option<(DocumentId, u32, u32)>) -> Onlooker {
        self.serial += 1;
        let serial = self.serial;
        let resume = has.map(|(document, epoch, seq)| ResumePoint { document, epoch, seq });
        let (follow, _) = self.mirror.join_viewer(serial, (ADA, "Ada".into()), resume, NOW).unwrap();
        Onlooker { serial, follow, has, sharing: true }
    }

    /// The page does what it is asked for.
    fn heeds(&mut self) {
        let Some((_, outbox)) = &self.socket else { return };
        if told(outbox).contains(&KeyframeWanted {}.into()) {
            assert!(self.lost, "nothing was lost, and a keyframe is asked for");
            (self.epoch, self.seq, self.lost) = (self.epoch + 1, 0, false);
            self.publish();
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            // What happens meanwhile goes with the next one.
            Step::Patch if self.socket.is_some() => {
                self.seq += 1;
                self.publish();
                self.heeds();
            }
            Step::LostPatch if self.socket.is_some() => {
                (self.seq, self.lost) = (self.seq + 1, true);
            }
            Step::Keyframe => {
                let Some((_, outbox)) = &self.socket else { return Ok(()) };
                // One that was asked for meanwhile is this one.
                told(outbox);
                (self.epoch, self.seq, self.lost) = (self.epoch + 1, 0, false);
                self.publish();
            }
            Step::Cut(late) => {
                let before = self.socket.take();
                if let Some((serial, _)) = before.as_ref().filter(|_| !late) {
                    self.mirror.leave_publisher(*serial, NOW);
                }
                self.connect();
                if let Some((serial, _)) = before.filter(|_| *late) {
                    self.mirror.leave_publisher(serial, NOW);
                }
            }
            Step::Gone => {
                if let Some((serial, _)) = self.socket.take() {
                    self.mirror.leave_publisher(serial, NOW);
                }
            }
            Step::Back if self.socket.is_none() => self.connect(),
            Step::Rejoin(who) => {
                let Onlooker { serial, has, .. } = self.viewers[*who].0;
                self.mirror.leave_viewer(serial);
                self.viewers[*who] = (self.look(has), 0);
            }
            Step::Read(who) => {
                let (viewer, last) = &mut self.viewers[*who];
                let mut out = Vec::new();
                while self.mirror.next(viewer.serial, &mut viewer.follow, &mut out) == Rest::More {}
                for message in out {
                    let order = frame::order(&message);
                    prop_assert!(order > *last, "{order} after {last}");
                    *last = order;
                    viewer.show(ServerToViewer::decode(&message).unwrap())?;
                }
            }
            Step::Patch | Step::LostPatch | Step::Back => {}
        }
        Ok(())
    }
}

/// A page at (1, 1), and a viewer who has all of it.
fn watched_page() -> (Mirror, Follow) {
    let mut mirror = shared_page();
    page(&mut mirror, 1, PAGE);
    publish(&mut mirror, 1, (1, 0)).unwrap();
    publish(&mut mirror, 1, (1, 1)).unwrap();
    let (mut follow, _) = join(&mut mirror, 10, ADA);
    drain(&mut mirror, 10, &mut follow);
    (mirror, follow)
}
