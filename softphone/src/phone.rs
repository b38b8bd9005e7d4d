//! One leg in this page: microphone, session, speaker, and the rule that renews a session that broke.
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use shared::{LegId, wire::LegTrouble};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MediaStream, MediaStreamTrack, MediaStreamTrackState, Node};

use crate::{
    dom::{Listener, Timer, Turn},
    levels::{Levels, Meter},
    microphone::Microphone,
    renewal::{COME_UP_MS, Renewal, Seen, Step},
    session::{self, Session},
    speaker::Speaker,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneEvent {
    /// To the server, as `LegOffer`. Comes again whenever the session must be renewed.
    Offer { leg: LegId, sdp: String },
    /// Media flow.
    Connected,
    /// Media are away; the softphone is mending it.
    Disconnected,
    /// Over: tell the server (`LegFailed`) and drop the softphone.
    Failed(LegTrouble),
    /// The browser plays no sound before a gesture: show "Tap to hear". Any touch or key will do.
    AutoplayBlocked,
    /// The microphone was pulled out and no other could be had; the leg still hears.
    MicrophoneLost,
}

pub struct StartOptions {
    pub leg: LegId,
    /// Asked for at the user's click; None asks now.
    pub microphone: Option<Microphone>,
    /// Where the `<audio>` element is appended: the document's body, or a shadow root.
    pub mount: Node,
    /// Called from the page's event loop, never from within a call of the softphone. It may drop it.
    pub on_event: Rc<dyn Fn(PhoneEvent)>,
}

/// Owns the leg's media in this page; dropping it lets go of all of it.
pub struct Softphone(Rc<Inner>);

struct Inner {
    leg: LegId,
    on_event: Rc<dyn Fn(PhoneEvent)>,
    microphone: RefCell<Microphone>,
    track: RefCell<Option<Track>>,
    speaker: Option<Speaker>,
    session: RefCell<Option<Session>>,
    meter: RefCell<Option<Meter>>,
    renewal: RefCell<Renewal>,
    timer: RefCell<Option<Timer>>,
    muted: Cell<bool>,
    /// Of sessions: what comes late from an older one is passed over.
    turn: Turn,
    /// The offer that has no answer yet.
    offered: RefCell<Option<String>>,
}

/// The microphone's track in use, and the ear for its end.
struct Track {
    media: MediaStreamTrack,
    _ended: Listener,
}

impl Softphone {
    /// Begins at once; the offer comes as an event when the user has granted the microphone.
    pub fn start(options: StartOptions) -> Self {
        let StartOptions { leg, microphone, mount, on_event } = options;
        let inner = Rc::new(Inner {
            leg,
            on_event,
            microphone: RefCell::new(microphone.unwrap_or_else(|| Microphone::request(None))),
            track: RefCell::default(),
            speaker: Speaker::new(leg, &mount),
            session: RefCell::default(),
            meter: RefCell::default(),
            renewal: RefCell::default(),
            timer: RefCell::default(),
            muted: Cell::new(false),
            turn: Turn::default(),
            offered: RefCell::default(),
        });
        let started = Rc::downgrade(&inner);
        spawn_local(async move {
            if let Err(why) = begin(&started).await {
                tell(&started, PhoneEvent::Failed(why));
            }
        });
        Self(inner)
    }

    pub fn leg(&self) -> LegId {
        self.0.leg
    }

    /// The server's SDP answer.
    pub fn answer(&self, sdp: String) {
        let inner = Rc::downgrade(&self.0);
        let pc = self.0.session.borrow().as_ref().map(Session::connection);
        self.0.offered.take();
        spawn_local(async move {
            let Some(pc) = pc else { return };
            if session::answer(&pc, &sdp).await.is_err() {
                with(&inner, |inner| inner.see(Seen::Failed));
            }
        });
    }

    /// The server invited this leg again, on a new connection: an offer that found no answer is repeated,
    /// a session without media renewed, a healthy one left alone.
    pub fn invited_again(&self) {
        let offered = self.0.offered.borrow().clone();
        if let Some(sdp) = offered {
            let inner = Rc::downgrade(&self.0);
            spawn_local(async move {
                with(&inner, |inner| (inner.on_event)(PhoneEvent::Offer { leg: inner.leg, sdp }));
            });
        } else if self.0.track.borrow().is_some() && !self.0.renewal.borrow().is_up() {
            self.0.renew(COME_UP_MS);
        }
    }

    /// A muted microphone sends silence; the leg stays up.
    pub fn mute(&self, muted: bool) {
        self.0.muted.set(muted);
        if let Some(track) = &*self.0.track.borrow() {
            track.media.set_enabled(!muted);
        }
    }

    pub fn is_muted(&self) -> bool {
        self.0.muted.get()
    }

    /// Changes the microphone in mid-call; the old one stays if the new one cannot be had. The work goes on
    /// without the softphone being borrowed.
    pub fn set_input(&self, device: Option<&str>) -> impl Future<Output = Result<(), LegTrouble>> + 'static {
        let (inner, microphone) = (Rc::downgrade(&self.0), Microphone::request(device));
        async move { use_microphone(&inner, microphone).await }
    }

    /// For a meter: call it some ten times a second. The first call starts the analysis.
    pub fn levels(&self) -> Levels {
        let mut meter = self.0.meter.borrow_mut();
        if meter.is_none() {
            *meter = self.0.new_meter();
        }
        let silence = crate::levels::SILENCE_DBFS;
        meter.as_ref().map_or(Levels { microphone: silence, remote: silence }, Meter::read)
    }

    /// Starts the sound after [`PhoneEvent::AutoplayBlocked`], in the handler of a gesture.
    pub fn hear(&self) {
        if let Some(speaker) = &self.0.speaker {
            speaker.resume();
        }
    }
}

fn with(inner: &Weak<Inner>, work: impl FnOnce(&Rc<Inner>)) {
    if let Some(inner) = inner.upgrade() {
        work(&inner);
    }
}

fn tell(inner: &Weak<Inner>, event: PhoneEvent) {
    with(inner, |inner| (inner.on_event)(event));
}

async fn begin(inner: &Weak<Inner>) -> Result<(), LegTrouble> {
    let Some(microphone) = inner.upgrade().map(|inner| inner.microphone.borrow().clone()) else {
        return Ok(());
    };
    let media = microphone.track().await?;
    with(inner, |inner| {
        inner.take_track(media);
        inner.renew(COME_UP_MS);
    });
    Ok(())
}

async fn use_microphone(inner: &Weak<Inner>, microphone: Microphone) -> Result<(), LegTrouble> {
    let media = microphone.track().await?;
    // Before it is heard anywhere: a muted leg stays muted.
    with(inner, |inner| media.set_enabled(!inner.muted.get()));
    let sender = inner.upgrade().and_then(|inner| inner.session.borrow().as_ref().map(Session::sender));
    if let Some(sender) = sender {
        let replaced = JsFuture::from(sender.replace_track(Some(&media))).await;
        replaced.map_err(|_| LegTrouble::MediaFailed)?;
    }
    with(inner, |inner| {
        inner.take_track(media);
        // The one before lets its tracks go here.
        let before = inner.microphone.replace(microphone);
        drop(before);
        inner.meter.take();
    });
    Ok(())
}

impl Inner {
    fn take_track(self: &Rc<Self>, media: MediaStreamTrack) {
        media.set_enabled(!self.muted.get());
        let inner = Rc::downgrade(self);
        let ended = Listener::new(&media, "ended", move |_| {
            let inner = inner.clone();
            spawn_local(async move {
                if use_microphone(&inner, Microphone::request(None)).await.is_err() {
                    tell(&inner, PhoneEvent::MicrophoneLost);
                }
            });
        });
        let before = self.track.replace(Some(Track { media, _ended: ended }));
        drop(before);
    }

    /// Replaces the session by a new one and offers it; it has `limit_ms` to come up.
    fn renew(self: &Rc<Self>, limit_ms: u32) {
        let turn = self.turn.next();
        self.offered.take();
        self.expect_within(limit_ms);
        // `track.media.clone()` would be JavaScript's: another track, which no mute and no stop reaches.
        let Some(media) = self.track.borrow().as_ref().map(|track| Clone::clone(&track.media)) else {
            return;
        };
        let (watching, hearing) = (Rc::downgrade(self), Rc::downgrade(self));
        let session = Session::new(
            &media,
            move |seen| with(&watching, |inner| inner.see(seen)),
            move |stream| with(&hearing, |inner| inner.play(&stream)),
        );
        let Ok(session) = session else { return };
        let pc = session.connection();
        let before = self.session.replace(Some(session));
        drop(before);
        let inner = Rc::downgrade(self);
        spawn_local(async move {
            let offer = session::offer(&pc).await;
            with(&inner, |inner| match offer {
                // A session that was replaced meanwhile has nothing to say.
                _ if !inner.turn.is(turn) => {}
                Ok(sdp) => {
                    *inner.offered.borrow_mut() = Some(sdp.clone());
                    (inner.on_event)(PhoneEvent::Offer { leg: inner.leg, sdp });
                }
                Err(_) => inner.see(Seen::Failed),
            });
        });
    }

    fn play(self: &Rc<Self>, stream: &MediaStream) {
        self.meter.take();
        let inner = Rc::downgrade(self);
        if let Some(speaker) = &self.speaker {
            speaker.play(stream, move || tell(&inner, PhoneEvent::AutoplayBlocked));
        }
    }

    fn see(self: &Rc<Self>, seen: Seen) {
        let was_up = self.renewal.borrow().is_up();
        let step = self.renewal.borrow_mut().see(seen);
        match step {
            Step::Nothing => {}
            Step::Connected => {
                self.timer.take();
                (self.on_event)(PhoneEvent::Connected);
            }
            Step::Disconnected(limit_ms) => {
                self.expect_within(limit_ms);
                (self.on_event)(PhoneEvent::Disconnected);
            }
            Step::Renew(limit_ms) => {
                self.renew(limit_ms);
                if was_up {
                    (self.on_event)(PhoneEvent::Disconnected);
                }
            }
            Step::GiveUp => {
                self.timer.take();
                (self.on_event)(PhoneEvent::Failed(LegTrouble::MediaFailed));
            }
        }
    }

    fn expect_within(self: &Rc<Self>, limit_ms: u32) {
        let inner = Rc::downgrade(self);
        let timer = Timer::new(limit_ms, move || with(&inner, |inner| inner.see(Seen::TimeUp)));
        let before = self.timer.replace(Some(timer));
        drop(before);
    }

    fn new_meter(&self) -> Option<Meter> {
        let microphone = self.track.borrow().as_ref().and_then(|track| {
            let live = track.media.ready_state() == MediaStreamTrackState::Live;
            let stream = MediaStream::new().ok().filter(|_| live)?;
            stream.add_track(&track.media);
            Some(stream)
        });
        let remote = self.speaker.as_ref().and_then(Speaker::stream);
        Meter::new(microphone.as_ref(), remote.as_ref())
    }
}
