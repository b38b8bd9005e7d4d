//! What of a page goes on the contact's tape: what somebody looks at, and may be recorded, and goes on from what is on
//! it already. Whatever is missing is marked once, and the tape goes on with the next keyframe.
use bytes::Bytes;
use shared::{
    DocumentId, Timestamp,
    wire::{
        mirror::{FrameKind, FrameSays, PageSays, ServerToViewer},
        recording::Miss,
    },
};

use super::Mirror;
use crate::{
    archive::{
        rules,
        tape::{Entry, Tape},
    },
    hub::stream::Cursor,
    limits::HURRY_EVERY,
};

#[derive(Debug)]
pub(super) struct Taping {
    tape: Tape,
    /// Something is on it. Before that nothing is missing.
    begun: bool,
    /// Pages that are never recorded.
    patterns: Vec<String>,
    /// The patch that goes on from what is on the tape. None: a keyframe must come first.
    next: Option<(DocumentId, Cursor)>,
    /// Why nothing goes on it now, as it was marked.
    missing: Option<Miss>,
    led: Option<String>,
    /// When a keyframe was last asked for out of turn.
    hurried_at: Option<Timestamp>,
}

/// Whether a page may be recorded. One that has not said what it is may not.
#[derive(Debug, Default)]
pub(super) struct Fit {
    page: bool,
    /// A page in one of its frames may not.
    spoiled: bool,
    /// One of the page's own origin in a frame may not, since the last keyframe; and what was said for the next frame.
    framed: bool,
    coming: bool,
    /// All that its log holds came while it was.
    log: bool,
}

/// A frame on its way to viewers.
pub(super) struct Passing {
    pub(super) kind: FrameKind,
    pub(super) document: DocumentId,
    pub(super) at: Cursor,
    pub(super) message: Bytes,
}

impl Fit {
    /// What comes now may.
    fn is_now(&self) -> bool {
        self.page && !self.spoiled && !self.framed
    }

    /// A frame comes, with what was said before it. A keyframe holds only what was said since the frame before.
    pub(super) fn comes(&mut self, kind: FrameKind) {
        match kind {
            FrameKind::Keyframe => self.framed = std::mem::take(&mut self.coming),
            FrameKind::Patch => self.framed |= std::mem::take(&mut self.coming),
            FrameKind::Pointer => {}
        }
    }

    /// A frame was kept in the log.
    pub(super) fn kept(&mut self, kind: FrameKind) {
        match kind {
            FrameKind::Keyframe => self.log = self.is_now(),
            FrameKind::Patch => self.log &= self.is_now(),
            FrameKind::Pointer => {}
        }
    }
}

impl Taping {
    fn takes(&self, says: &PageSays) -> bool {
        !says.secret_fields && !rules::is_left_out(&self.patterns, &says.url)
    }

    /// True: the tape cannot go on before a keyframe, which is worth asking for.
    pub(super) fn take(&mut self, passing: Passing, fit: &Fit, is_seen: bool) -> bool {
        if !fit.is_now() || !is_seen {
            self.miss(if fit.is_now() { Miss::Unseen } else { Miss::LeftOut });
            return false;
        }
        let Passing { kind, document, at, message } = passing;
        let follows = match kind {
            FrameKind::Keyframe => true,
            FrameKind::Patch => self.next == Some((document, at)),
            FrameKind::Pointer => {
                self.next.is_some_and(|(of, next)| of == document && next.epoch == at.epoch)
            }
        };
        if !follows {
            return true;
        }
        if !std::mem::replace(&mut self.begun, true) && self.led.is_some() {
            let _ = self.tape.put(Entry::Led(self.led.clone()));
        }
        if self.tape.put(Entry::Told(message)).is_err() {
            self.miss(Miss::Late);
            return true;
        }
        self.missing = None;
        if kind != FrameKind::Pointer {
            self.next = Some((document, Cursor { epoch: at.epoch, seq: at.seq.saturating_add(1) }));
        }
        false
    }

    /// A page that was left out is one that may be recorded again: what is missing should be little.
    pub(super) fn hurries(&mut self, now: Timestamp) -> bool {
        let recently = self.hurried_at.is_some_and(|at| now.since(at) < HURRY_EVERY);
        if recently || self.missing != Some(Miss::LeftOut) {
            return false;
        }
        self.hurried_at = Some(now);
        true
    }

    fn miss(&mut self, why: Miss) {
        self.next = None;
        if self.begun && self.missing != Some(why) {
            // A mark finds room where a frame does not; one that finds none is said with the next.
            self.missing = self.tape.put(Entry::Missed(why)).is_ok().then_some(why);
        }
    }

    /// Something that is worth as much as the frames before it, and no more.
    fn note(&self, message: Bytes) {
        if self.next.is_some() {
            // Without it the recording shows a pointer less.
            let _ = self.tape.put(Entry::Told(message));
        }
    }
}

impl Mirror {
    /// The contact may be recorded and is not.
    pub fn wants_tape(&self) -> bool {
        self.taping.as_ref().is_none_or(|taping| taping.tape.is_broken())
    }

    /// From here on what viewers are told goes on the tape. `patterns`: pages that do not.
    pub fn record(&mut self, tape: Tape, patterns: Vec<String>, now: Timestamp) {
        if !self.wants_tape() {
            return;
        }
        self.taping = Some(Taping {
            tape,
            begun: false,
            patterns,
            next: None,
            missing: None,
            led: None,
            hurried_at: None,
        });
        self.tape_leads();
        self.tape_what_is_shown(now);
    }

    pub fn is_recorded(&self) -> bool {
        !self.viewers.is_empty() && !self.wants_tape()
    }

    /// What the frames from here on are of. What is said while nothing is recorded is not looked at, and counts as what
    /// may not be.
    pub fn page_says(&mut self, serial: u64, says: &PageSays) {
        let page = self.taping.as_ref().is_some_and(|taping| taping.takes(says));
        if let Some(publisher) = self.publisher(serial) {
            publisher.fit.page = page;
        }
    }

    /// What the pages in its frames are, from here on.
    pub fn parts_say(&mut self, serial: u64, pages: &[PageSays]) {
        let all = |taping: &Taping| pages.iter().all(|page| taping.takes(page));
        let spoiled = !pages.is_empty() && !self.taping.as_ref().is_some_and(all);
        if let Some(publisher) = self.publisher(serial) {
            publisher.fit.spoiled = spoiled;
        }
    }

    /// What a page of its own origin in one of its frames is. Before it is known which pages are left out, all are.
    pub fn frame_says(&mut self, serial: u64, FrameSays { url }: &FrameSays) {
        let says = PageSays { url: url.clone(), secret_fields: false };
        let spoils = self.taping.as_ref().is_none_or(|taping| !taping.takes(&says));
        if let Some(publisher) = self.publisher(serial) {
            publisher.fit.coming |= spoils;
        }
    }

    /// Somebody looks who did not: what the log holds goes on the tape, if all of it may; otherwise a keyframe must
    /// come.
    pub(super) fn tape_what_is_shown(&mut self, now: Timestamp) {
        let (is_seen, front) = (!self.viewers.is_empty(), self.front);
        let Some(taping) = self.taping.as_mut().filter(|taping| is_seen && taping.next.is_none()) else {
            return;
        };
        let mut publishers = self.publishers.iter_mut();
        let Some(front) = publishers.find(|publisher| Some(publisher.stream) == front) else { return };
        if !front.fit.is_now() {
            return;
        }
        if !front.fit.log || !front.log.has_keyframe() {
            return front.ask_for_keyframe(now, false);
        }
        for (at, message) in front.log.all() {
            let kind = if at.seq == 0 { FrameKind::Keyframe } else { FrameKind::Patch };
            taping.take(Passing { kind, document: front.page.document, at, message }, &front.fit, true);
        }
    }

    /// The customer stopped showing the page.
    pub(super) fn tape_stop(&mut self) {
        if let Some(taping) = &mut self.taping {
            taping.miss(Miss::Stopped);
        }
    }

    /// Goes on the tape if the page does.
    pub(super) fn tape_note(&mut self, message: impl Into<ServerToViewer>) {
        if let Some(taping) = &self.taping {
            taping.note(message.into().encode().into());
        }
    }

    /// Who has control of the page, if it is not who had it.
    pub(super) fn tape_leads(&mut self) {
        let by = self.leading.leader();
        if let Some(taping) = self.taping.as_mut().filter(|taping| taping.led != by) {
            taping.led.clone_from(&by);
            if taping.begun {
                // The events of the contact say it as well.
                let _ = taping.tape.put(Entry::Led(by));
            }
        }
    }
}
