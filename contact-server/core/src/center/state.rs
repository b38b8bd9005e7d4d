//! Where a contact stands.
use serde::{Deserialize, Serialize};
use shared::{
    AgentId, EffectId, LegId, Timestamp,
    contact::{EndReason, Phase},
};

/// Where a contact stands; the state carries its data, so that an impossible one can't be written down.
///
/// Stored as JSON: append variants, give new fields `#[serde(default)]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ContactState {
    /// To be called at a time of the customer's choice.
    Scheduled { at: Timestamp },
    /// In line; after a failed attempt not before some time.
    Waiting { not_before: Option<Timestamp> },
    /// A merged request whose turn came: it looks as if it were called. No leg, no agent.
    Feigned { until: Timestamp },
    /// The customer's leg is being called. `agent`: reserved, or (chosen at the answer) only counted on.
    Dialing { leg: LegId, agent: Option<AgentId>, until: Timestamp },
    /// Answered; waits for 1. `wrong`: keys pressed that mean nothing.
    Confirming { leg: LegId, agent: Option<AgentId>, wrong: u8, until: Timestamp },
    /// The customer is on the line and hears the hold prompt; no agent's leg rings.
    Holding { leg: LegId, agent: Option<AgentId>, until: Timestamp },
    /// The agent's leg rings.
    Offering { leg: LegId, agent: AgentId, agent_leg: LegId, until: Timestamp, hold_until: Timestamp },
    /// The agent accepted; the agent's media is not up yet.
    Connecting { leg: LegId, agent: AgentId, agent_leg: LegId, until: Timestamp, hold_until: Timestamp },
    /// Bridged. `since`: of the bridge.
    Talking { leg: LegId, agent: AgentId, agent_leg: LegId, on_hold: bool, since: Timestamp },
    /// The customer hears a last prompt (its play has this effect id), then the leg is hung up.
    Closing { leg: LegId, effect: EffectId, reason: EndReason, until: Timestamp },
    /// Over for the customer; the agent has yet to say what it came to.
    WrapUp { agent: AgentId, until: Option<Timestamp> },
    /// Nothing is left to do.
    Ended,
    /// Nobody is called: the page is shown until then at the latest. `away`: no page of the customer is open.
    Showing { until: Timestamp, away: bool },
}

impl ContactState {
    /// What the customer may know of it.
    pub fn phase(&self) -> Phase {
        match self {
            Self::Scheduled { .. } => Phase::Scheduled,
            Self::Waiting { .. } => Phase::Waiting,
            Self::Feigned { .. } | Self::Dialing { .. } => Phase::Calling,
            Self::Confirming { .. } => Phase::Confirming,
            Self::Closing { reason: EndReason::OptedOut, .. } => Phase::Confirming,
            Self::Holding { .. } | Self::Offering { .. } | Self::Connecting { .. } | Self::Closing { .. } => {
                Phase::Connecting
            }
            Self::Talking { on_hold: false, .. } => Phase::Talking,
            Self::Talking { on_hold: true, .. } => Phase::OnHold,
            Self::WrapUp { .. } | Self::Ended => Phase::Ended,
            Self::Showing { .. } => Phase::Showing,
        }
    }

    /// For messages and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Scheduled { .. } => "scheduled",
            Self::Waiting { .. } => "waiting",
            Self::Feigned { .. } | Self::Dialing { .. } => "being called",
            Self::Confirming { .. } => "waiting for a key",
            Self::Holding { .. } => "on the line",
            Self::Offering { .. } => "offered",
            Self::Connecting { .. } => "being connected",
            Self::Talking { .. } => "talking",
            Self::Closing { .. } => "being let go",
            Self::WrapUp { .. } => "in wrap-up",
            Self::Ended => "ended",
            Self::Showing { .. } => "shown",
        }
    }

    /// The customer's live leg.
    pub fn customer_leg(&self) -> Option<LegId> {
        match *self {
            Self::Dialing { leg, .. }
            | Self::Confirming { leg, .. }
            | Self::Holding { leg, .. }
            | Self::Offering { leg, .. }
            | Self::Connecting { leg, .. }
            | Self::Talking { leg, .. }
            | Self::Closing { leg, .. } => Some(leg),
            Self::Scheduled { .. }
            | Self::Waiting { .. }
            | Self::Feigned { .. }
            | Self::WrapUp { .. }
            | Self::Showing { .. }
            | Self::Ended => None,
        }
    }

    /// The agent's live leg.
    pub fn agent_leg(&self) -> Option<LegId> {
        match *self {
            Self::Offering { agent_leg, .. }
            | Self::Connecting { agent_leg, .. }
            | Self::Talking { agent_leg, .. } => Some(agent_leg),
            Self::Scheduled { .. }
            | Self::Waiting { .. }
            | Self::Feigned { .. }
            | Self::Dialing { .. }
            | Self::Confirming { .. }
            | Self::Holding { .. }
            | Self::Closing { .. }
            | Self::WrapUp { .. }
            | Self::Showing { .. }
            | Self::Ended => None,
        }
    }

    /// The agent who is reserved for it (or counted on), rung for it, talks in it or wraps it up.
    pub fn agent(&self) -> Option<AgentId> {
        match *self {
            Self::Dialing { agent, .. } | Self::Confirming { agent, .. } | Self::Holding { agent, .. } => {
                agent
            }
            Self::Offering { agent, .. }
            | Self::Connecting { agent, .. }
            | Self::Talking { agent, .. }
            | Self::WrapUp { agent, .. } => Some(agent),
            Self::Scheduled { .. }
            | Self::Waiting { .. }
            | Self::Feigned { .. }
            | Self::Closing { .. }
            | Self::Showing { .. }
            | Self::Ended => None,
        }
    }

    /// The customer has nothing more to expect.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::WrapUp { .. } | Self::Ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of every released version must still be read: add lines, never change one.
    #[test]
    fn stored_states_are_read_for_ever() {
        let id = |n: u32| format!("\"{n:032x}\"");
        let (leg, agent, other) = (id(1), id(2), id(3));
        let states = [
            r#"{"state":"scheduled","at":5}"#.to_owned(),
            r#"{"state":"waiting","not_before":null}"#.to_owned(),
            r#"{"state":"waiting","not_before":5}"#.to_owned(),
            r#"{"state":"feigned","until":5}"#.to_owned(),
            format!(r#"{{"state":"dialing","leg":{leg},"agent":{agent},"until":5}}"#),
            format!(r#"{{"state":"confirming","leg":{leg},"agent":null,"wrong":1,"until":5}}"#),
            format!(r#"{{"state":"holding","leg":{leg},"agent":null,"until":5}}"#),
            format!(
                r#"{{"state":"offering","leg":{leg},"agent":{agent},"agent_leg":{other},"until":5,"hold_until":6}}"#
            ),
            format!(
                r#"{{"state":"connecting","leg":{leg},"agent":{agent},"agent_leg":{other},"until":5,"hold_until":6}}"#
            ),
            format!(
                r#"{{"state":"talking","leg":{leg},"agent":{agent},"agent_leg":{other},"on_hold":true,"since":5}}"#
            ),
            format!(r#"{{"state":"closing","leg":{leg},"effect":{other},"reason":"opted_out","until":5}}"#),
            format!(r#"{{"state":"wrap_up","agent":{agent},"until":null}}"#),
            r#"{"state":"ended"}"#.to_owned(),
            r#"{"state":"showing","until":5,"away":true}"#.to_owned(),
        ];
        for text in states {
            let state: ContactState = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&state).unwrap(), text);
        }
    }
}
