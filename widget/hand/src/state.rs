//! What the customer has allowed, as this page knows it. Pure.
//!
//! The server decides and tells; this page checks again before anything is done, and a stop counts here at once,
//! whatever the server still says.
use shared::{
    consent,
    wire::lead::{Power, PowerHeld, Powers},
};

#[derive(Debug, Default)]
pub(crate) struct State {
    pointing: bool,
    holds: Vec<PowerHeld>,
    pub(crate) origins: Vec<String>,
    /// Grants and questions up to this number are over, for this page.
    over: u32,
    /// The customer stopped pointing, and the server has not said so yet.
    pointing_stopped: bool,
    order: u64,
}

/// A question to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) number: u32,
    pub(crate) text: String,
    pub(crate) version: &'static str,
}

impl State {
    /// Takes what the server says. True: a stop is on its way that the server does not know yet.
    pub(crate) fn take(&mut self, powers: Powers) -> bool {
        if powers.order < self.order {
            return false;
        }
        self.order = powers.order;
        self.pointing_stopped &= powers.pointing;
        self.pointing = powers.pointing;
        self.holds = powers.holds;
        self.origins = powers.origins;
        self.holds.iter().any(|hold| hold.granted && hold.number <= self.over)
    }

    pub(crate) fn may_point(&self) -> bool {
        self.pointing && !self.pointing_stopped
    }

    /// A deed under the grant of that number may be done.
    pub(crate) fn may_act(&self, number: u32) -> bool {
        self.control().is_some_and(|hold| hold.number == number)
    }

    pub(crate) fn control(&self) -> Option<&PowerHeld> {
        let stands =
            |hold: &&PowerHeld| hold.granted && hold.power == Power::Control && hold.number > self.over;
        self.holds.iter().find(stands)
    }

    pub(crate) fn ask(&self) -> Option<Ask> {
        let hold = self.holds.iter().find(|hold| !hold.granted && hold.number > self.over)?;
        let (version, text) = consent::of_power(hold.power);
        Some(Ask { number: hold.number, text: text.replace("{agent}", &hold.by), version })
    }

    /// The customer takes control back. False: nobody has it.
    pub(crate) fn stop_control(&mut self) -> bool {
        let Some(number) = self.control().map(|hold| hold.number) else { return false };
        self.over = self.over.max(number);
        true
    }

    pub(crate) fn stop_pointing(&mut self) {
        self.pointing_stopped = true;
    }

    /// The question is answered. A no counts at once; a yes once the server says so.
    pub(crate) fn refused(&mut self, number: u32) {
        self.over = self.over.max(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_counts_at_once_and_no_older_word_of_the_server_undoes_it() {
        let mut state = State::default();
        assert!(!state.may_act(1) && !state.may_point());
        state.take(powers(1, vec![hold(1, false)]));
        assert!(!state.may_act(1), "asked for, not given");
        state.take(powers(2, vec![hold(1, true)]));
        assert!(state.may_act(1) && !state.may_act(2) && !state.may_act(0));
        assert!(state.stop_control() && !state.may_act(1) && !state.stop_control());
        assert!(state.take(powers(3, vec![hold(1, true)])), "say it again");
        assert!(!state.may_act(1));
        assert!(!state.take(powers(4, vec![hold(2, true)])));
        assert!(state.may_act(2), "another grant");
        state.take(powers(3, vec![]));
        assert!(state.may_act(2), "an older word");
    }

    #[test]
    fn pointing_stops_at_once_and_may_be_given_again() {
        let mut state = State::default();
        state.take(powers(1, vec![]));
        assert!(state.may_point());
        state.stop_pointing();
        state.take(powers(2, vec![]));
        assert!(!state.may_point(), "the server has not heard of it");
        state.take(Powers { pointing: false, ..powers(3, vec![]) });
        state.take(powers(4, vec![]));
        assert!(state.may_point());
    }

    #[test]
    fn a_question_names_the_agent_and_the_version_of_its_text_and_is_asked_once() {
        let mut state = State::default();
        state.take(powers(1, vec![hold(7, false)]));
        let ask = state.ask().unwrap();
        assert!(
            ask.number == 7 && ask.version == consent::CONTROL_VERSION && ask.text.contains("Let Ada click")
        );
        state.refused(7);
        assert_eq!(state.ask(), None);
    }

    fn powers(order: u64, holds: Vec<PowerHeld>) -> Powers {
        Powers { order, pointing: true, holds, origins: Vec::new() }
    }

    fn hold(number: u32, granted: bool) -> PowerHeld {
        PowerHeld { number, power: Power::Control, by: "Ada".into(), granted }
    }
}
