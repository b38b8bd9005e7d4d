//! What the small window knows and what it does next. Pure: an [`Event`] goes in, [`Effect`]s come out.
//!
//! Invariants: the microphone is asked for only by a press in this window; the shop's page is told that the window
//! carries the call before the window asks the server for it, and that it lets go when it is closed.
use line::{Heard, Voice};
use shared::{
    contact::{CustomerStatus, Phase},
    wire::LegTrouble,
};

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Stage {
    /// The shop's page has not handed the call over yet.
    #[default]
    Waiting,
    /// No page opened this window, or it cannot be spoken with.
    Stray,
    /// The call is offered; `trouble` if the microphone could not be had.
    Offered {
        trouble: Option<LegTrouble>,
    },
    /// The browser asks for the microphone.
    Asking,
    Live(Box<Live>),
    /// The shop's page took the call back.
    Back,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Live {
    pub(crate) status: Option<CustomerStatus>,
    pub(crate) voice: Option<Voice>,
    pub(crate) muted: bool,
    pub(crate) offline: bool,
    /// Milliseconds that the server's clock is ahead.
    pub(crate) ahead: f64,
}

impl Live {
    pub(crate) fn phase(&self) -> Option<Phase> {
        self.status.as_ref().map(|status| status.phase)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.phase() == Some(Phase::Ended)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// Nobody opened this window.
    Alone,
    Handed,
    Pressed,
    Microphone(Result<(), LegTrouble>),
    /// From the line, at the browser's time in milliseconds.
    Heard(Heard, f64),
    Mute,
    Hear,
    HangUp,
    /// A while after the leg went elsewhere.
    StillWithout,
    /// The window is left.
    Leaving,
    CloseIt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    AskMicrophone,
    /// Tells the shop's page that the call is here.
    TellCarries,
    /// Tells it that the window lets go.
    TellClosed,
    Connect,
    Disconnect,
    Mute(bool),
    Hear,
    HangUp,
    /// Sends [`Event::StillWithout`] in a while.
    WaitForEnd,
    /// The token may not outlive the call.
    Forget,
    CloseWindow,
}

impl Stage {
    pub(crate) fn step(&mut self, event: Event) -> Vec<Effect> {
        match (&mut *self, event) {
            (Self::Waiting, Event::Alone) => self.becomes(Self::Stray, []),
            (Self::Waiting | Self::Stray, Event::Handed) => self.becomes(Self::Offered { trouble: None }, []),
            (Self::Offered { .. }, Event::Pressed) => self.becomes(Self::Asking, [Effect::AskMicrophone]),
            (Self::Asking, Event::Microphone(Ok(()))) => {
                self.becomes(Self::Live(Box::default()), [Effect::TellCarries, Effect::Connect])
            }
            (Self::Asking, Event::Microphone(Err(why))) => {
                self.becomes(Self::Offered { trouble: Some(why) }, [])
            }
            (Self::Live(live), Event::Heard(heard, now)) => live.heard(heard, now),
            (Self::Live(live), Event::Mute) => {
                live.muted = !live.muted;
                vec![Effect::Mute(live.muted)]
            }
            (Self::Live(_), Event::Hear) => vec![Effect::Hear],
            (Self::Live(live), Event::HangUp) if !live.has_ended() => vec![Effect::HangUp],
            (Self::Live(live), Event::StillWithout) if live.is_without() => {
                self.becomes(Self::Back, [Effect::Disconnect, Effect::Forget, Effect::CloseWindow])
            }
            (Self::Live(live), Event::Leaving) if !live.has_ended() => vec![Effect::TellClosed],
            (_, Event::CloseIt) => vec![Effect::CloseWindow],
            _ => Vec::new(),
        }
    }

    fn becomes<const N: usize>(&mut self, next: Self, effects: [Effect; N]) -> Vec<Effect> {
        *self = next;
        effects.into()
    }
}

impl Live {
    /// The leg was here and is not any more, though the call goes on.
    fn is_without(&self) -> bool {
        self.voice == Some(Voice::Idle) && !self.has_ended()
    }

    fn heard(&mut self, heard: Heard, now: f64) -> Vec<Effect> {
        match heard {
            Heard::Connected(yes) => self.offline = !yes,
            Heard::Clock(at) => self.ahead = at.0 as f64 - now,
            Heard::Status(told) => {
                let had_ended = self.has_ended();
                self.status = Some(told.status);
                if self.has_ended() && !had_ended {
                    return vec![Effect::Forget];
                }
            }
            Heard::Over if self.has_ended() => return vec![Effect::Disconnect],
            // A contact that the server knows nothing of any more.
            Heard::Over => {
                self.status = None;
                self.voice = Some(Voice::Idle);
                return vec![Effect::Disconnect, Effect::Forget, Effect::WaitForEnd];
            }
            // Codes are asked for in the page.
            Heard::Code(_) => {}
            Heard::Voice(voice) => {
                let had_it = self.voice.replace(voice).is_some_and(|before| before != Voice::Idle);
                if voice == Voice::Idle && had_it {
                    self.muted = false;
                    return vec![Effect::WaitForEnd];
                }
                // The shop's page had it while this window was without a connection.
                if voice == Voice::Up {
                    return vec![Effect::TellCarries];
                }
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use shared::{Timestamp, api::Channel, contact::EndReason, wire::widget::Status};

    use super::*;

    #[test]
    fn the_shop_is_told_before_the_server_is_asked_and_only_after_a_press() {
        let mut stage = Stage::default();
        assert_eq!(stage.step(Event::Pressed), [], "there is nothing to carry yet");
        assert_eq!(stage.step(Event::Handed), []);
        assert_eq!(stage.step(Event::Pressed), [Effect::AskMicrophone]);
        assert_eq!(stage.step(Event::Microphone(Ok(()))), [Effect::TellCarries, Effect::Connect]);
    }

    #[test]
    fn a_refused_microphone_leaves_the_call_where_it_is() {
        let mut stage = Stage::Asking;
        assert_eq!(stage.step(Event::Microphone(Err(LegTrouble::MicrophoneDenied))), []);
        assert_eq!(stage, Stage::Offered { trouble: Some(LegTrouble::MicrophoneDenied) });
        assert_eq!(stage.step(Event::Leaving), [], "it never had it");
        assert_eq!(stage.step(Event::Pressed), [Effect::AskMicrophone], "and can be asked again");
    }

    #[test]
    fn a_leg_that_goes_back_to_the_shop_closes_the_window_unless_the_call_ended() {
        let mut stage = live();
        assert_eq!(hear(&mut stage, Heard::Voice(Voice::Idle)), [Effect::WaitForEnd]);
        let mut ended = stage.clone();
        assert_eq!(
            stage.step(Event::StillWithout),
            [Effect::Disconnect, Effect::Forget, Effect::CloseWindow]
        );
        assert_eq!(stage, Stage::Back);
        assert_eq!(hear(&mut ended, status(Phase::Ended)), [Effect::Forget]);
        assert_eq!(ended.step(Event::StillWithout), [], "how it ended stays to be read");
        assert_eq!(ended.step(Event::Leaving), []);
    }

    #[test]
    fn a_leg_that_comes_again_stays() {
        let mut stage = live();
        hear(&mut stage, Heard::Voice(Voice::Idle));
        hear(&mut stage, Heard::Voice(Voice::Up));
        assert_eq!(stage.step(Event::StillWithout), []);
    }

    #[test]
    fn closing_the_window_in_a_call_tells_the_shop() {
        assert_eq!(live().step(Event::Leaving), [Effect::TellClosed]);
    }

    #[test]
    fn muting_is_taken_back_by_the_second_press() {
        let mut stage = live();
        assert_eq!(stage.step(Event::Mute), [Effect::Mute(true)]);
        assert_eq!(stage.step(Event::Mute), [Effect::Mute(false)]);
    }

    fn live() -> Stage {
        let mut stage = Stage::Live(Box::default());
        hear(&mut stage, Heard::Voice(Voice::Up));
        hear(&mut stage, status(Phase::Talking));
        stage
    }

    fn hear(stage: &mut Stage, heard: Heard) -> Vec<Effect> {
        stage.step(Event::Heard(heard, 0.0))
    }

    fn status(phase: Phase) -> Heard {
        let status = CustomerStatus {
            phase,
            channel: Channel::Browser,
            since: Timestamp(0),
            position: None,
            wait_seconds: None,
            agent: Some("Ada".into()),
            reason: Some(EndReason::Completed).filter(|_| phase == Phase::Ended),
            attempts: 1,
            sharing: true,
        };
        Heard::Status(Box::new(Status { status, viewers: Vec::new() }))
    }
}
