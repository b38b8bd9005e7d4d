//! What the parts of the shell promise one another. The engine side (engine, dialer) and the edge side
//! (HTTP, sockets, hub) know each other by these alone.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use contact_core::{
    Change, DialCommand, Endpoint, Input, Notice, Refusal,
    effect::{Lead, Viewing},
};
use shared::{
    AgentId, BusinessId, ContactId, LegId,
    contact::CustomerStatus,
    wire::{
        LegTrouble,
        console::{AgentState, ContactShown, Queue, Today},
    },
};

/// Gives an input to the engine of a business and waits until what it caused is on disk.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    async fn input(&self, business: BusinessId, input: Input) -> Result<(), EngineError>;
    /// Gives an input whose outcome nobody waits for, such as a dialer's event. Returns once it stands in
    /// line, waiting for room if need be: inputs that one caller posts keep their order. If its commit fails it is
    /// applied again to the business as it was rebuilt: post only what may come twice.
    async fn post(&self, business: BusinessId, input: Input);
    /// How much of a business's room for open requests is taken, in percent; nothing where nobody knows.
    fn filled(&self, _business: BusinessId) -> u8 {
        0
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing was stored; try again soon. The disk, the database, or a shutdown.
    #[error("the engine cannot take this now")]
    Unavailable,
    #[error("there is no such business")]
    NoSuchBusiness,
}

/// Whoever is connected. Implemented by the edge; never blocks, never fails: a peer that is away gets its
/// snapshot when it comes back.
pub trait Directory: Send + Sync + 'static {
    fn tell(&self, business: BusinessId, notice: Notice);
    /// Lets a browser endpoint ring. It stays invited (and is invited again when it reconnects) until
    /// [`Self::leg_gone`]. False if nobody is connected there now.
    fn invite(&self, business: BusinessId, to: &Endpoint, leg: LegId, caller_name: &str) -> bool;
    fn leg_gone(&self, business: BusinessId, to: &Endpoint, leg: LegId);
    /// The business was rebuilt from the store, and knows of no console: each must sign in again. Nor does it know that
    /// pages which are shown without a call are there: they must say so again.
    fn rebuilt(&self, business: BusinessId);
}

/// Looks on, for those who watch. Told after each commit, before what it caused leaves; never blocks.
pub trait Witness: Send + Sync + 'static {
    fn committed(&self, business: BusinessId, changes: &[Change], took: Duration);
    fn not_committed(&self, business: BusinessId);
}

/// Nobody watches.
impl Witness for () {
    fn committed(&self, _: BusinessId, _: &[Change], _: Duration) {}
    fn not_committed(&self, _: BusinessId) {}
}

/// A dialer driver. Places legs and tells what became of them, as [`Input::Dialer`] to the engine.
pub trait Dialer: Send + Sync + 'static {
    /// Never blocks. A duplicate (same effect id) does nothing.
    fn command(&self, business: BusinessId, command: DialCommand);
}

/// Which telephone numbers can be called at all. Asked at the request, so that nobody waits for a call that
/// cannot be placed.
pub trait Lines: Send + Sync + 'static {
    fn carries(&self, business: BusinessId, e164: &str) -> bool;
    /// Some number or other can be called.
    fn has_telephones(&self, business: BusinessId) -> bool;
}

/// What a browser endpoint says about its leg. Implemented by the `embedded` driver, called by the sockets.
/// `from` is who the socket's token says it is: a leg that was not sent there is refused.
#[async_trait]
pub trait BrowserLegs: Send + Sync + 'static {
    /// Returns the SDP answer.
    async fn offer(
        &self,
        business: BusinessId,
        from: &Endpoint,
        leg: LegId,
        sdp: String,
    ) -> Result<String, LegRefused>;
    fn trouble(&self, business: BusinessId, from: &Endpoint, leg: LegId, why: LegTrouble);
    fn reject(&self, business: BusinessId, from: &Endpoint, leg: LegId);
    fn digit(&self, business: BusinessId, from: &Endpoint, leg: LegId, digit: char);
    fn hang_up(&self, business: BusinessId, from: &Endpoint, leg: LegId);
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LegRefused {
    #[error("that leg is not yours")]
    NotYours,
    #[error("the offer cannot be used: {0}")]
    Offer(String),
}

/// What somebody who (re)connects must show: the committed state, asked for through the engine's inbox, so
/// that it holds everything that anybody was told before. Join the [`Directory`]'s audience first, then ask:
/// in whatever order the two arrive, the later one says everything.
#[async_trait]
pub trait Snapshots: Send + Sync + 'static {
    /// None: that contact is closed or never was.
    async fn customer(
        &self,
        business: BusinessId,
        contact: ContactId,
    ) -> Result<Option<CustomerSnapshot>, EngineError>;
    /// Whether a customer's code would give an agent anything ([`contact_core::Center::code_gives`]).
    /// [`EngineError::Refused`]: it would be refused now.
    async fn code_gives(
        &self,
        business: BusinessId,
        agent: AgentId,
        contact: ContactId,
    ) -> Result<bool, EngineError>;
    /// None: there is no such agent.
    async fn console(
        &self,
        business: BusinessId,
        agent: AgentId,
    ) -> Result<Option<ConsoleSnapshot>, EngineError>;
    /// Estimated seconds until a call if it were asked for now; None when nobody is signed in who could take
    /// it. The empty skill is anybody.
    async fn wait_seconds(&self, business: BusinessId, skill: &str) -> Result<Option<u32>, EngineError>;
}

#[derive(Debug, Clone, PartialEq)]
pub struct CustomerSnapshot {
    pub status: CustomerStatus,
    /// Who may see the page now; nobody once the contact is closed.
    pub viewing: Viewing,
    /// What agents may do in the page.
    pub lead: Lead,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ConsoleSnapshot {
    pub state: AgentState,
    pub shown: Option<Box<ContactShown>>,
    pub queue: Queue,
    pub today: Today,
}

pub type SharedEngine = Arc<dyn Engine>;
pub type SharedDirectory = Arc<dyn Directory>;
