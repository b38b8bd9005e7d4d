//! The telephone as a state machine: actions in, effects out. Pure: knows no browser and no clock.
//!
//! # Invariants
//! * A leg that the user ended is ended for the server too, if need be on the next connection.
//! * A leg is answered by the user once; when its page was loaded anew it goes on by itself.
use shared::{
    LegId, close,
    wire::{
        LegFailed, LegOffer, LegTrouble,
        handset::{Digit, HandsetToServer, HangUp, Reject, ServerToHandset},
    },
};
use softphone::PhoneEvent;

/// Keys that the display keeps.
const KEYS_SHOWN: usize = 18;
/// How long the end of a call is shown, in milliseconds.
const END_SHOWN_MS: f64 = 8_000.0;

/// How this telephone stands to its exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// The code of the link is being exchanged.
    Entering,
    Connecting,
    Online,
    /// Not connected; tries again by itself.
    Waiting,
    Off(Off),
}

/// Why there is no line, and none by waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Off {
    /// Opened without a link's code.
    NoCode,
    /// The code was used, or never was one.
    BadCode,
    /// The server could not be asked about the code.
    NoAnswer,
    Revoked,
    /// It rings in other windows now.
    Displaced,
    Outdated,
    Refused,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    None,
    Ringing { leg: LegId, from: String, silenced: bool },
    Answering { leg: LegId, from: String },
    Talking { leg: LegId, from: String, since_ms: f64, shaken: bool },
    Ended { from: String, why: End, lasted_ms: f64, at_ms: f64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    HungUp,
    Declined,
    OtherSide,
    Missed,
    Trouble(LegTrouble),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) line: Line,
    pub(crate) number: Option<String>,
    pub(crate) call: Call,
    pub(crate) keys: String,
    pub(crate) muted: bool,
    /// The browser plays nothing before a touch.
    pub(crate) deaf: bool,
    pub(crate) notice: Option<Notice>,
    /// Answered before the page was loaded anew.
    resumes: Option<LegId>,
    /// Ended here, which the server may not have heard.
    farewell: Option<(LegId, HandsetToServer)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    KeyNotSent,
    MicrophoneLost,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// The link's code is being exchanged, or a kept token used.
    Enter {
        code: bool,
    },
    CannotEnter(Off),
    Connecting,
    Waiting,
    Closed(u16),
    Heard(ServerToHandset),
    Phone(PhoneEvent),
    Answer,
    Decline,
    Silence,
    HangUp,
    Press(char),
    KeyLost,
    Mute,
    Hear,
    Dismiss,
    Clock,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    Heartbeat(u32),
    Send(HandsetToServer),
    /// In the handler of the click, so that the browser's question comes with it.
    StartLeg(LegId),
    TakeAnswer(String),
    InvitedAgain,
    EndLeg,
    Mute(bool),
    Hear,
    KeyTone(char),
    /// Remember (or forget) which leg was answered.
    Keep(Option<LegId>),
    ForgetToken,
}

impl State {
    pub(crate) fn new(resumes: Option<LegId>) -> Self {
        Self {
            line: Line::Connecting,
            number: None,
            call: Call::None,
            keys: String::new(),
            muted: false,
            deaf: false,
            notice: None,
            resumes,
            farewell: None,
        }
    }

    /// The leg that rings or talks.
    pub(crate) fn leg(&self) -> Option<LegId> {
        match &self.call {
            Call::Ringing { leg, .. } | Call::Answering { leg, .. } | Call::Talking { leg, .. } => Some(*leg),
            Call::None | Call::Ended { .. } => None,
        }
    }

    pub(crate) fn rings_aloud(&self) -> bool {
        matches!(self.call, Call::Ringing { silenced: false, .. })
    }

    pub(crate) fn is_talking(&self) -> bool {
        matches!(self.call, Call::Talking { .. })
    }

    /// `now_ms`: any clock that does not jump.
    pub(crate) fn step(&mut self, action: Action, now_ms: f64) -> Vec<Effect> {
        match action {
            Action::Enter { code } => self.set_line(if code { Line::Entering } else { Line::Connecting }),
            Action::CannotEnter(why) => self.set_line(Line::Off(why)),
            Action::Connecting => self.set_line(Line::Connecting),
            Action::Waiting => self.set_line(Line::Waiting),
            Action::Closed(code) => self.closed(code, now_ms),
            Action::Heard(message) => self.heard(message, now_ms),
            Action::Phone(event) => self.phone(event, now_ms),
            Action::Answer => self.answer(),
            Action::Decline => self.decline(now_ms),
            Action::Silence => {
                if let Call::Ringing { silenced, .. } = &mut self.call {
                    *silenced = true;
                }
                Vec::new()
            }
            Action::HangUp => self.hang_up(now_ms),
            Action::Press(key) => self.press(key),
            Action::KeyLost => {
                self.notice = Some(Notice::KeyNotSent);
                Vec::new()
            }
            Action::Mute => {
                self.muted = !self.muted;
                vec![Effect::Mute(self.muted)]
            }
            Action::Hear => {
                self.deaf = false;
                vec![Effect::Hear]
            }
            Action::Dismiss => self.dismiss(),
            Action::Clock => {
                let is_over =
                    matches!(self.call, Call::Ended { at_ms, .. } if now_ms - at_ms >= END_SHOWN_MS);
                if is_over { self.dismiss() } else { Vec::new() }
            }
        }
    }

    fn set_line(&mut self, line: Line) -> Vec<Effect> {
        self.line = line;
        Vec::new()
    }

    fn dismiss(&mut self) -> Vec<Effect> {
        if let Call::Ended { .. } = self.call {
            self.call = Call::None;
        }
        Vec::new()
    }

    fn closed(&mut self, code: u16, now_ms: f64) -> Vec<Effect> {
        let why = match code {
            close::UNAUTHORIZED | close::FINISHED => Off::Revoked,
            close::DISPLACED => Off::Displaced,
            close::VERSION => Off::Outdated,
            _ => Off::Refused,
        };
        self.line = Line::Off(why);
        let mut effects = self.end(End::OtherSide, now_ms);
        if why == Off::Revoked {
            effects.push(Effect::ForgetToken);
        }
        effects
    }

    fn heard(&mut self, message: ServerToHandset, now_ms: f64) -> Vec<Effect> {
        match message {
            ServerToHandset::Welcome(welcome) => {
                self.line = Line::Online;
                self.number = Some(welcome.number);
                vec![Effect::Heartbeat(welcome.heartbeat_ms)]
            }
            ServerToHandset::Ring(ring) => self.ring(ring.leg, ring.from, now_ms),
            ServerToHandset::LegAnswer(answer) if self.leg() == Some(answer.leg) => {
                vec![Effect::TakeAnswer(answer.sdp)]
            }
            ServerToHandset::LegGone(gone) => {
                if self.farewell.as_ref().is_some_and(|(leg, _)| *leg == gone.leg) {
                    self.farewell = None;
                }
                if self.leg() != Some(gone.leg) {
                    return Vec::new();
                }
                let rang = matches!(self.call, Call::Ringing { .. });
                self.end(if rang { End::Missed } else { End::OtherSide }, now_ms)
            }
            ServerToHandset::LegAnswer(_) | ServerToHandset::Pong(_) | ServerToHandset::Unknown { .. } => {
                Vec::new()
            }
        }
    }

    /// Rings are repeated on every new connection while the leg lives.
    fn ring(&mut self, leg: LegId, from: String, now_ms: f64) -> Vec<Effect> {
        if let Some((ended, farewell)) = &self.farewell
            && *ended == leg
        {
            return vec![Effect::Send(farewell.clone())];
        }
        if self.leg() == Some(leg) {
            let carried = !matches!(self.call, Call::Ringing { .. });
            return if carried { vec![Effect::InvitedAgain] } else { Vec::new() };
        }
        let mut effects = self.end(End::OtherSide, now_ms);
        if self.resumes.take() == Some(leg) {
            effects.extend(self.begin(leg, from));
        } else {
            self.call = Call::Ringing { leg, from, silenced: false };
        }
        effects
    }

    fn begin(&mut self, leg: LegId, from: String) -> Vec<Effect> {
        self.keys.clear();
        (self.muted, self.deaf, self.notice) = (false, false, None);
        self.call = Call::Answering { leg, from };
        vec![Effect::StartLeg(leg), Effect::Keep(Some(leg))]
    }

    fn answer(&mut self) -> Vec<Effect> {
        let Call::Ringing { leg, from, .. } = &self.call else { return Vec::new() };
        let (leg, from) = (*leg, from.clone());
        self.begin(leg, from)
    }

    fn decline(&mut self, now_ms: f64) -> Vec<Effect> {
        let Call::Ringing { leg, .. } = self.call else { return Vec::new() };
        self.leave(leg, Reject { leg }.into(), End::Declined, now_ms)
    }

    fn hang_up(&mut self, now_ms: f64) -> Vec<Effect> {
        match self.call {
            Call::Answering { leg, .. } | Call::Talking { leg, .. } => {
                self.leave(leg, HangUp { leg }.into(), End::HungUp, now_ms)
            }
            Call::None | Call::Ringing { .. } | Call::Ended { .. } => Vec::new(),
        }
    }

    fn leave(&mut self, leg: LegId, farewell: HandsetToServer, why: End, now_ms: f64) -> Vec<Effect> {
        self.farewell = Some((leg, farewell.clone()));
        let mut effects = vec![Effect::Send(farewell)];
        effects.extend(self.end(why, now_ms));
        effects
    }

    /// Ends what rings or talks; nothing if nothing does.
    fn end(&mut self, why: End, now_ms: f64) -> Vec<Effect> {
        let (from, lasted_ms, carried) = match &self.call {
            Call::None | Call::Ended { .. } => return Vec::new(),
            Call::Ringing { from, .. } => (from.clone(), 0.0, false),
            Call::Answering { from, .. } => (from.clone(), 0.0, true),
            Call::Talking { from, since_ms, .. } => (from.clone(), now_ms - since_ms, true),
        };
        self.call = Call::Ended { from, why, lasted_ms, at_ms: now_ms };
        (self.deaf, self.notice) = (false, None);
        if carried { vec![Effect::EndLeg, Effect::Keep(None)] } else { Vec::new() }
    }

    fn press(&mut self, key: char) -> Vec<Effect> {
        let Call::Talking { leg, .. } = self.call else { return vec![Effect::KeyTone(key)] };
        self.notice = None;
        self.keys.push(key);
        if self.keys.len() > KEYS_SHOWN {
            self.keys.remove(0);
        }
        vec![Effect::KeyTone(key), Effect::Send(Digit { leg, digit: key }.into())]
    }

    fn phone(&mut self, event: PhoneEvent, now_ms: f64) -> Vec<Effect> {
        match event {
            PhoneEvent::Offer { leg, sdp } => vec![Effect::Send(LegOffer { leg, sdp }.into())],
            PhoneEvent::Connected => {
                self.connected(now_ms);
                Vec::new()
            }
            PhoneEvent::Disconnected => {
                if let Call::Talking { shaken, .. } = &mut self.call {
                    *shaken = true;
                }
                Vec::new()
            }
            PhoneEvent::Failed(why) => {
                let failed = self.leg().map(|leg| Effect::Send(LegFailed { leg, why }.into()));
                failed.into_iter().chain(self.end(End::Trouble(why), now_ms)).collect()
            }
            PhoneEvent::AutoplayBlocked => {
                self.deaf = true;
                Vec::new()
            }
            PhoneEvent::MicrophoneLost => {
                self.notice = Some(Notice::MicrophoneLost);
                Vec::new()
            }
        }
    }

    fn connected(&mut self, now_ms: f64) {
        if let Call::Talking { shaken, .. } = &mut self.call {
            *shaken = false;
        } else if let Call::Answering { leg, from } = &self.call {
            let (leg, from) = (*leg, from.clone());
            self.call = Call::Talking { leg, from, since_ms: now_ms, shaken: false };
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
