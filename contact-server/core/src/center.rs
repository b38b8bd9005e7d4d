//! One business.
use shared::{
    AgentId, ContactId, Timestamp,
    contact::CustomerStatus,
    wire::console::{AgentState, ContactShown, Queue, Today},
};

use crate::{Effect, Input, Refusal, Snapshot};

mod state;

pub use state::ContactState;

#[derive(Debug)]
pub struct Center {}

impl Center {
    /// `seed` is fresh random bytes from the shell: leg and effect ids derive from it.
    ///
    /// Effects may be due at once (calls that the crash cut off): poll them like those of an input.
    pub fn restore(_now: Timestamp, _snapshot: Snapshot, _seed: [u8; 32]) -> Self {
        Self {}
    }
    pub fn handle(&mut self, _now: Timestamp, _input: Input) -> Result<(), Refusal> {
        Ok(())
    }
    pub fn handle_timeout(&mut self, _now: Timestamp) {}
    pub fn poll_effect(&mut self) -> Option<Effect> {
        None
    }
    pub fn poll_timeout(&self) -> Option<(Timestamp, &'static str)> {
        None
    }

    /// What the customer of a contact that is open, or ended lately, is shown.
    pub fn status(&self, _contact: ContactId) -> Option<CustomerStatus> {
        None
    }
    /// The agent's own state, the contact that the agent is shown, and today's figures.
    /// `ContactShown::earlier` is 0: only the store knows it.
    pub fn agent_view(&self, _agent: AgentId) -> Option<(AgentState, Option<ContactShown>, Today)> {
        None
    }
    /// Who waits, as every console is shown it.
    pub fn queue(&self) -> Queue {
        Queue { waiting: Vec::new(), total: 0 }
    }
    /// Estimated seconds until a call, if asked for now. None when nobody with that skill is at work.
    pub fn wait_estimate(&self, _skill: &str) -> Option<u32> {
        None
    }
    /// Who may see the page of an open contact, and whether its customer allows it.
    pub fn viewing(&self, _contact: ContactId) -> Option<(Option<AgentId>, bool)> {
        None
    }
}
