//! What a player does: where it is, how fast it goes. Pure.
use std::rc::Rc;

use yew::Reducible;

pub(crate) const SPEEDS: [u32; 4] = [1, 2, 4, 8];
/// A time without any entry that is worth skipping, and how long before the next one it goes on, in milliseconds.
pub(crate) const IDLE_MS: u64 = 3_000;
pub(crate) const LEAD_MS: u64 = 500;
/// What one press of an arrow moves.
pub(crate) const STEP_MS: u64 = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Play {
    pub(crate) at: u64,
    pub(crate) end: u64,
    pub(crate) playing: bool,
    pub(crate) speed: u32,
    pub(crate) skips_idle: bool,
    /// Counts up with what came.
    pub(crate) came: u32,
}

impl Play {
    /// At the beginning of so many milliseconds.
    pub(crate) fn of(end: u64) -> Self {
        Self { at: 0, end, playing: false, speed: 1, skips_idle: true, came: 0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// More of it is here. With the first of it, it plays.
    Came {
        first: bool,
    },
    PlayOrPause,
    Seek(u64),
    Back,
    Forth,
    Speed(u32),
    SkipIdle(bool),
    /// Time passed; `next` is when the next thing happens, `until` how far it is here.
    Tick {
        ms: u64,
        next: Option<u64>,
        until: u64,
    },
}

impl Play {
    pub(crate) fn after(mut self, act: Act) -> Self {
        match act {
            Act::Came { first } => {
                self.came = self.came.wrapping_add(1);
                self.playing |= first && !self.is_over();
            }
            Act::PlayOrPause if self.playing => self.playing = false,
            Act::PlayOrPause => {
                self.playing = true;
                if self.is_over() {
                    self.at = 0;
                }
            }
            Act::Seek(at) => self.at = at.min(self.end),
            Act::Back => self.at = self.at.saturating_sub(STEP_MS),
            Act::Forth => self.at = self.at.saturating_add(STEP_MS).min(self.end),
            Act::Speed(speed) => self.speed = speed,
            Act::SkipIdle(yes) => self.skips_idle = yes,
            Act::Tick { ms, next, until } if self.playing => self.pass(ms, next, until),
            Act::Tick { .. } => {}
        }
        self
    }

    fn pass(&mut self, ms: u64, next: Option<u64>, until: u64) {
        let mut at = self.at.saturating_add(ms.saturating_mul(self.speed.into()));
        if let Some(next) = next.filter(|next| self.skips_idle && next.saturating_sub(self.at) > IDLE_MS) {
            at = at.max(next.saturating_sub(LEAD_MS));
        }
        // What is not here yet is waited for.
        self.at = at.min(until.max(self.at)).min(self.end);
        if self.is_over() {
            self.playing = false;
        }
    }

    /// At the end of it.
    pub(crate) fn is_over(&self) -> bool {
        self.at >= self.end
    }
}

impl Reducible for Play {
    type Action = Act;
    fn reduce(self: Rc<Self>, act: Act) -> Rc<Self> {
        Rc::new(self.after(act))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play() -> Play {
        Play::of(60_000)
    }

    fn tick(ms: u64, next: u64) -> Act {
        Act::Tick { ms, next: Some(next), until: 60_000 }
    }

    #[test]
    fn it_goes_as_fast_as_it_is_told_and_stops_at_the_end() {
        let playing = play().after(Act::PlayOrPause).after(Act::Speed(4)).after(tick(1_000, 4_100));
        assert_eq!((playing.at, playing.playing), (4_000, true));
        let paused = playing.after(Act::PlayOrPause).after(tick(1_000, 8_000));
        assert_eq!((paused.at, paused.playing), (4_000, false));
        let over = playing.after(Act::Seek(59_000)).after(Act::Tick { ms: 9_000, next: None, until: 60_000 });
        assert_eq!((over.at, over.playing), (60_000, false));
        assert_eq!(over.after(Act::PlayOrPause).at, 0, "again from the beginning");
    }

    #[test]
    fn idle_time_is_skipped_if_it_is_wanted() {
        let playing = play().after(Act::PlayOrPause);
        assert_eq!(playing.after(tick(50, 20_000)).at, 19_500);
        assert_eq!(playing.after(tick(50, 2_900)).at, 50, "that is soon");
        assert_eq!(playing.after(Act::SkipIdle(false)).after(tick(50, 20_000)).at, 50);
    }

    #[test]
    fn what_is_not_here_yet_is_waited_for() {
        let come = play().after(Act::Came { first: true });
        assert_eq!((come.at, come.playing), (0, true), "it begins with the first piece");
        let tick = |until| Act::Tick { ms: 5_000, next: Some(40_000), until };
        let waiting = come.after(tick(1_000));
        assert_eq!((waiting.at, waiting.playing), (1_000, true));
        assert_eq!(waiting.after(tick(1_000)).at, 1_000);
        assert_eq!(waiting.after(Act::Came { first: false }).after(tick(60_000)).at, 39_500);
        let ahead = waiting.after(Act::Seek(30_000)).after(tick(1_000));
        assert_eq!(ahead.at, 30_000, "what is sought is not left");
        let paused = waiting.after(Act::PlayOrPause).after(Act::Came { first: false });
        assert!(!paused.playing);
    }

    #[test]
    fn arrows_and_the_timeline_stay_within_it() {
        assert_eq!(play().after(Act::Back).at, 0);
        assert_eq!(play().after(Act::Forth).at, STEP_MS);
        assert_eq!(play().after(Act::Seek(99_999)).after(Act::Forth).at, 60_000);
    }
}
