//! Which leg this page carries, and whether it begins by itself. Pure.
//!
//! A leg begins once, when three things are known, in whatever order they come: the server invites this page to
//! it, the agent wants it (Accept was pressed here, or the call is on already), and it did not begin before. A call
//! that is on was accepted in a page that is gone: this one was reloaded, or took over from another window.
use shared::{LegId, contact::Presence};

/// How a leg came to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// By the agent's click, here.
    Accepted,
    /// In mid-call, without a click.
    TakenUp,
}

#[derive(Debug, Default)]
pub(crate) struct TakeUp {
    invited: Option<LegId>,
    /// Accept was pressed here.
    accepted: bool,
    /// The agent is in a call.
    talking: bool,
    /// Begins no second time by itself, whatever became of it.
    begun: Option<LegId>,
}

impl TakeUp {
    /// The server rings this page, or rings it again on a new connection.
    pub(crate) fn invited(&mut self, leg: LegId) -> Option<(LegId, Begun)> {
        self.invited = Some(leg);
        self.begin()
    }

    pub(crate) fn accepted(&mut self) -> Option<(LegId, Begun)> {
        self.accepted = true;
        self.begin()
    }

    /// How the agent stands, by the server.
    pub(crate) fn stands(&mut self, presence: Presence) -> Option<(LegId, Begun)> {
        self.talking = presence == Presence::Talking;
        self.accepted &= matches!(presence, Presence::Ringing | Presence::Talking);
        self.begin()
    }

    pub(crate) fn gone(&mut self, leg: LegId) {
        self.invited.take_if(|invited| *invited == leg);
        self.begun.take_if(|begun| *begun == leg);
    }

    fn begin(&mut self) -> Option<(LegId, Begun)> {
        let leg = self.invited.filter(|leg| self.begun != Some(*leg))?;
        let how = match (self.talking, self.accepted) {
            (true, _) => Begun::TakenUp,
            (false, true) => Begun::Accepted,
            (false, false) => return None,
        };
        self.begun = Some(leg);
        Some((leg, how))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: LegId = LegId(7);

    #[test]
    fn a_leg_whose_invite_came_before_the_agents_state_is_taken_up_all_the_same() {
        let mut page = TakeUp::default();
        assert_eq!(page.invited(LEG), None, "nobody has said yet that the agent is in a call");
        assert_eq!(page.stands(Presence::Talking), Some((LEG, Begun::TakenUp)));
    }

    #[test]
    fn a_leg_whose_invite_came_after_the_agents_state_is_taken_up() {
        let mut page = TakeUp::default();
        assert_eq!(page.stands(Presence::Talking), None);
        assert_eq!(page.invited(LEG), Some((LEG, Begun::TakenUp)));
    }

    #[test]
    fn a_leg_that_rings_waits_for_the_click() {
        let mut page = TakeUp::default();
        assert_eq!(page.stands(Presence::Ringing), None);
        assert_eq!(page.invited(LEG), None);
        assert_eq!(page.stands(Presence::Ringing), None);
        assert_eq!(page.accepted(), Some((LEG, Begun::Accepted)));
        let mut slow = TakeUp::default();
        assert_eq!((slow.stands(Presence::Ringing), slow.accepted()), (None, None));
        assert_eq!(slow.invited(LEG), Some((LEG, Begun::Accepted)));
    }

    #[test]
    fn a_leg_begins_once_however_often_it_is_told_of() {
        let mut page = TakeUp::default();
        page.invited(LEG);
        assert!(page.accepted().is_some());
        assert_eq!([page.stands(Presence::Talking), page.invited(LEG), page.accepted()], [None; 3]);
        page.gone(LegId(8));
        assert_eq!(page.invited(LEG), None, "another leg's end changes nothing");
        page.gone(LEG);
        assert_eq!(page.stands(Presence::Talking), None, "nobody is invited");
    }

    #[test]
    fn a_click_is_for_the_call_that_rang() {
        let mut page = TakeUp::default();
        page.accepted();
        page.stands(Presence::Ready);
        page.stands(Presence::Ringing);
        assert_eq!(page.invited(LEG), None, "the next call waits for its own click");
    }
}
