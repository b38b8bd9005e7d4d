//! The engine as it drives a center: inputs and timeouts in memory, commits that may lag and fail, effects
//! that leave after their commit, and a center that is rebuilt from what is stored.
use shared::{LegId, contact::Presence};

use super::{
    super::ledger::Ledger,
    coverage::Cause,
    model::{Model, Names},
    world::{Note, World},
};
use crate::{
    Center, DialCommand, Effect, Endpoint, Input, Notice, Refusal,
    effect::Action,
    record::{Change, Event},
};

/// Inputs that were applied while the disk was slow.
pub(super) struct Lag {
    ledger: Ledger,
    model: Model,
    batches: Vec<Batch>,
}

struct Batch {
    /// As they are once it is stored.
    ledger: Ledger,
    model: Model,
    notices: Vec<Notice>,
    dials: Vec<DialCommand>,
}

/// What one step of the center gave back.
#[derive(Default)]
pub(super) struct Step {
    pub(super) events: Vec<Event>,
    pub(super) legs: Vec<LegId>,
    /// Of life.
    pub(super) signs: usize,
    pub(super) notices: Vec<Notice>,
    pub(super) dials: Vec<DialCommand>,
    pub(super) changes: usize,
}

impl Step {
    fn names(&self) -> Names {
        let mut names = Names::default();
        for command in &self.dials {
            match &command.action {
                Action::Originate { to, .. } => names.dialled.push((to.clone(), command.leg, command.effect)),
                Action::Play { repeat: false, .. } => names.played.push((command.leg, command.effect)),
                _ => {}
            }
        }
        names
    }
}

impl World {
    pub(super) fn input(&mut self, input: Input) -> Result<(), Refusal> {
        if self.punctual {
            self.catch_up();
        }
        let (at, due) = (self.clock(), self.center.poll_timeout());
        self.note(Note::Input(input.clone()));
        let cause = Cause::of(&input, &self.model);
        let verdict = self.center.handle(at, input.clone());
        let step = self.take_effects();
        let expected = self.model.input(at, &input, step.names());
        let same = match (&verdict, &expected) {
            (Err(Refusal::NotNow { .. }), Err(Refusal::NotNow { .. })) => true,
            (verdict, expected) => verdict == expected,
        };
        if !same {
            self.fail(&format!("the answer is {verdict:?}, the model's {expected:?}"));
        }
        if verdict.is_err() {
            let silent = step.changes == 0 && step.notices.is_empty() && step.dials.is_empty();
            self.must(silent && self.center.poll_timeout() == due, "a refused input changed something");
        }
        self.step_is_done(step, cause, verdict.is_err());
        verdict
    }

    /// Also if nothing is due.
    pub(super) fn timeout(&mut self) {
        let at = self.clock();
        self.note(Note::Timeout);
        let due = self.center.poll_timeout();
        self.center.handle_timeout(at);
        let step = self.take_effects();
        self.model.timeout(at, step.names());
        let next = self.center.poll_timeout();
        if next.is_some_and(|(next, _)| next <= self.model.now) {
            self.fail(&format!("{due:?} was not done: {next:?}"));
        }
        self.step_is_done(step, Cause::Time, false);
    }

    /// Deadlines that lie behind are done before the next input, as the engine does it (mostly).
    pub(super) fn catch_up(&mut self) {
        if self.center.poll_timeout().is_some_and(|(at, _)| at <= self.clock()) {
            self.timeout();
        }
    }

    fn take_effects(&mut self) -> Step {
        let mut step = Step::default();
        while let Some(effect) = self.center.poll_effect() {
            match effect {
                Effect::Store(change) => {
                    self.must(step.notices.is_empty() && step.dials.is_empty(), "told before stored");
                    step.changes += 1;
                    match &change {
                        Change::Event(at, event) => {
                            self.must(*at >= self.ledger.last_at, "time ran backwards");
                            step.events.push(event.clone());
                        }
                        Change::Alive(_) => step.signs += 1,
                        Change::Leg(record) => step.legs.push(record.leg),
                        _ => {}
                    }
                    self.ledger.apply(change);
                }
                Effect::Tell(notice) => {
                    self.must(step.dials.is_empty(), "dialled before told");
                    step.notices.push(notice);
                }
                Effect::Dial(command) => step.dials.push(command),
            }
        }
        step
    }

    fn step_is_done(&mut self, step: Step, cause: Cause, refused: bool) {
        self.steps += 1;
        if step.signs > 0 {
            self.saw("a sign of life");
            self.signs += u64::from(step.changes == step.signs);
        }
        self.count_events(&step.events);
        self.note_hang_ups(&step.dials);
        self.compare(&step);
        self.cover.step(&self.model, cause, refused);
        let Step { notices, dials, .. } = step;
        if let Some(lag) = &mut self.lag {
            let (ledger, model) = (self.ledger.clone(), self.model.clone());
            lag.batches.push(Batch { ledger, model, notices, dials });
            if lag.batches.len() >= 12 {
                self.disk_catches_up();
            }
        } else {
            self.leave(&notices, &dials);
        }
        self.check();
    }

    fn leave(&mut self, notices: &[Notice], dials: &[DialCommand]) {
        for notice in notices {
            if let Err(why) = self.watch.told(notice) {
                self.fail(&why);
            }
        }
        for command in dials {
            self.dial(command);
        }
    }

    pub(super) fn disk_is_slow(&mut self) {
        if self.lag.is_none() {
            self.say("the disk is slow");
            let (ledger, model) = (self.ledger.clone(), self.model.clone());
            self.lag = Some(Lag { ledger, model, batches: Vec::new() });
        }
    }

    /// Everything is stored, and what waited for it leaves.
    pub(super) fn disk_catches_up(&mut self) {
        let Some(lag) = self.lag.take() else { return };
        self.say("the disk catches up");
        self.saw("stored late");
        let newest = self.ledger.clone();
        for batch in lag.batches {
            self.ledger = batch.ledger;
            self.leave(&batch.notices, &batch.dials);
        }
        self.ledger = newest;
    }

    /// A commit fails: what was decided since the last is forgotten, and the center is rebuilt at once. The
    /// driver and the consoles are as they were.
    pub(super) fn commit_fails(&mut self) {
        self.saw("commit failed");
        self.forget_what_is_not_stored(false);
        self.rebuild();
    }

    /// The process dies, with the dialer or without it, and comes back.
    pub(super) fn crash(&mut self) {
        self.saw("crashed");
        self.forget_what_is_not_stored(true);
        if self.rng.one_in(2) {
            self.say("and the driver dies with it");
            self.driver.die();
        }
        let away = match self.rng.below(12) {
            0 => self.rng.ms(26 * 3_600_000),
            1..=3 => self.rng.ms(120_000),
            _ => self.rng.ms(5_000),
        };
        self.now = self.now + away;
        self.driver.take_due(self.now); // nobody listened
        self.rebuild();
    }

    /// Some of what waited for the disk is stored; of that, all or (in a crash) only the first has left.
    fn forget_what_is_not_stored(&mut self, crash: bool) {
        self.say(if crash { "crash" } else { "a commit fails" });
        let Some(Lag { mut ledger, mut model, batches }) = self.lag.take() else { return };
        let stored = self.rng.below(batches.len() as u64 + 1);
        self.say(&format!("{stored} of {} batches were stored", batches.len()));
        let mut leaves = true;
        for batch in batches.into_iter().take(usize::try_from(stored).unwrap()) {
            (ledger, model) = (batch.ledger, batch.model);
            if leaves {
                self.ledger = ledger.clone();
                let cut = if crash && self.rng.one_in(3) {
                    leaves = false;
                    self.saw("cut off after the commit");
                    usize::try_from(self.rng.below(batch.dials.len() as u64 + 1)).unwrap()
                } else {
                    batch.dials.len()
                };
                self.leave(&batch.notices, &batch.dials[..cut]);
            }
        }
        (self.ledger, self.model) = (ledger, model);
        self.cover.forget(&self.model);
    }

    fn rebuild(&mut self) {
        if self.rng.one_in(20) {
            // By other means than a key: an operator, another system.
            let number = super::super::stage::number(u128::from(self.rng.below(6)));
            self.say(&format!("meanwhile {number} opted out"));
            self.ledger.opt_outs.insert(number.clone());
            self.model.opted_out_elsewhere(number);
        }
        let at = self.clock();
        let seed = self.rng.bytes();
        self.center = Center::restore(at, self.ledger.snapshot(at), seed);
        self.watch.restarted();
        let step = self.take_effects();
        self.model.restart(at, step.names());
        self.lines = super::compare::Lines::default();
        self.must(
            !self.ledger.agents.values().any(|row| {
                matches!(row.presence, Presence::Reserved | Presence::Ringing | Presence::Talking)
            }),
            "a crash did not free an agent",
        );
        let dials = |command: &DialCommand| matches!(command.action, Action::Originate { .. });
        let early = step
            .dials
            .iter()
            .any(|c| dials(c) && !matches!(c.action, Action::Originate { to: Endpoint::Page(_), .. }));
        self.must(!early, "a restart dials before anybody is there");
        self.step_is_done(step, Cause::Restart, false);
        self.compare_everything();
        self.consoles_reconnect();
    }
}
