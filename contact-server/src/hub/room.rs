//! Everything of one contact that is connected: its widget sockets, its pages, their viewers.
//!
//! A room exists while somebody is in it or a leg is invited into it; before that and after that there is
//! nothing to remember, since whoever comes asks the engine for the state.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use contact_core::effect::{Lead, Viewing};
use shared::{
    BusinessId, ContactId, LegId, close, consent,
    contact::{CustomerStatus, Phase},
    wire::{
        LegGone, LegInvite,
        widget::{ServerToWidget, Status, Welcome},
    },
};

use super::{
    kept::Kept,
    mirror::{Full, Mirror},
    outbox::{Outbox, Slot},
};
use crate::{limits::WIDGETS_PER_CONTACT, ports::CustomerSnapshot};

#[derive(Debug)]
pub struct Room {
    pub business: BusinessId,
    pub contact: ContactId,
    state: Mutex<RoomState>,
}

#[derive(Debug, Default)]
pub struct RoomState {
    /// Connections that hold a seat, those included that are still shaking hands.
    pub(super) seats: usize,
    pub mirror: Mirror,
    /// None: neither told nor asked yet.
    status: Option<CustomerStatus>,
    knows_viewing: bool,
    knows_lead: bool,
    finished: bool,
    widgets: Vec<Widget>,
    invite: Option<LegId>,
    /// Serial of the connection that was sent the invite last.
    holder: Option<u64>,
}

#[derive(Debug)]
struct Widget {
    serial: u64,
    voice: bool,
    outbox: Arc<Outbox>,
}

impl Room {
    pub(super) fn new(business: BusinessId, contact: ContactId, kept: Kept) -> Self {
        let state = RoomState { mirror: Mirror::new(kept), ..RoomState::default() };
        Self { business, contact, state: Mutex::new(state) }
    }

    pub fn lock(&self) -> MutexGuard<'_, RoomState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RoomState {
    pub(super) fn is_idle(&self) -> bool {
        self.seats == 0 && self.invite.is_none()
    }

    /// The contact is over, and whoever comes now comes too late.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// What the engine said when asked; what it told meanwhile is newer and stays.
    pub fn learn(&mut self, snapshot: CustomerSnapshot) {
        if !self.knows_viewing {
            self.set_viewing(snapshot.viewing);
        }
        if !self.knows_lead {
            self.set_lead(snapshot.lead);
        }
        if self.status.is_none() {
            self.set_status(snapshot.status);
        }
    }

    pub fn set_status(&mut self, status: CustomerStatus) {
        self.status = Some(status);
        self.tell_status();
    }

    pub fn set_viewing(&mut self, viewing: Viewing) {
        self.knows_viewing = true;
        if self.mirror.set_viewing(viewing) {
            self.tell_status();
        }
    }

    pub fn set_lead(&mut self, lead: Lead) {
        self.knows_lead = true;
        self.mirror.set_lead(lead);
    }

    /// The contact is over: pages and viewers go at once, widgets after their last status.
    pub fn finish(&mut self) {
        self.finished = true;
        self.mirror.finish();
        for widget in &self.widgets {
            widget.outbox.close(close::FINISHED);
        }
    }

    /// Lets a connection of the customer in: its welcome, the status, and the invite if it carries the leg now.
    pub fn join_widget(
        &mut self,
        serial: u64,
        voice: bool,
        outbox: Arc<Outbox>,
        welcome: Welcome,
    ) -> Result<(), Full> {
        if self.widgets.len() >= WIDGETS_PER_CONTACT {
            return Err(Full);
        }
        outbox.send(ServerToWidget::from(welcome).encode());
        self.widgets.push(Widget { serial, voice, outbox: outbox.clone() });
        if let Some(message) = self.status_message() {
            outbox.show(Slot::Status, message);
        }
        if self.finished || self.status.as_ref().is_some_and(|status| status.phase == Phase::Ended) {
            outbox.close(close::FINISHED);
        }
        self.pass_invite();
        Ok(())
    }

    /// Pages that are shown without a call connect anew, and so say that they are there.
    pub(super) fn call_back_shown(&self) {
        if self.status.as_ref().is_some_and(|status| status.phase == Phase::Showing) {
            for widget in &self.widgets {
                widget.outbox.close(close::INTERNAL);
            }
        }
    }

    pub fn has_widgets(&self) -> bool {
        !self.widgets.is_empty()
    }

    pub fn leave_widget(&mut self, serial: u64) {
        self.widgets.retain(|widget| widget.serial != serial);
        if self.holder == Some(serial) {
            self.holder = None;
            self.pass_invite();
        }
    }

    /// Returns whether a page is there that can carry the leg.
    pub fn invite(&mut self, leg: LegId) -> bool {
        if self.invite != Some(leg) {
            self.invite = Some(leg);
            self.holder = None;
        }
        self.pass_invite()
    }

    pub fn leg_gone(&mut self, leg: LegId) {
        if self.invite == Some(leg) {
            self.invite = None;
            self.holder = None;
        }
        let message = Bytes::from(ServerToWidget::from(LegGone { leg }).encode());
        for widget in self.widgets.iter().filter(|widget| widget.voice) {
            widget.outbox.send(message.clone());
        }
    }

    /// Tells all widgets the status with the names of those who look.
    pub fn tell_status(&mut self) {
        if let Some(message) = self.status_message() {
            for widget in &self.widgets {
                widget.outbox.show(Slot::Status, message.clone());
            }
        }
    }

    fn status_message(&self) -> Option<Bytes> {
        let status = self.status.clone()?;
        let is_seen = status.sharing && self.mirror.sharing();
        let mut viewers = if is_seen { self.mirror.names().to_vec() } else { Vec::new() };
        if is_seen && self.mirror.is_recorded() {
            viewers.push(consent::RECORDER.to_owned());
        }
        Some(ServerToWidget::from(Status { status, viewers }).encode().into())
    }

    /// The newest connection that can carry voice gets the leg; the one that had it is told to let go.
    fn pass_invite(&mut self) -> bool {
        let Some(leg) = self.invite else { return false };
        let Some(newest) = self.widgets.iter().rfind(|widget| widget.voice) else { return false };
        if self.holder == Some(newest.serial) {
            return true;
        }
        newest.outbox.send(ServerToWidget::from(LegInvite { leg }).encode());
        let before = self.holder.replace(newest.serial);
        if let Some(before) = self.widgets.iter().find(|widget| Some(widget.serial) == before) {
            before.outbox.send(ServerToWidget::from(LegGone { leg }).encode());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use shared::{ProtocolVersion, Timestamp};

    use super::*;

    const LEG: LegId = LegId(1);

    #[test]
    fn newest_page_with_voice_carries_the_leg_and_the_one_before_lets_go() {
        let mut room = RoomState::default();
        let silent = join(&mut room, 1, false);
        assert!(!room.invite(LEG), "nobody can carry it");
        let first = join(&mut room, 2, true);
        assert_eq!(heard(&first), [LegInvite { leg: LEG }.into()], "it stayed invited");
        let second = join(&mut room, 3, true);
        assert_eq!(heard(&second), [LegInvite { leg: LEG }.into()]);
        assert_eq!(heard(&first), [LegGone { leg: LEG }.into()]);
        assert!(room.invite(LEG));
        assert_eq!(heard(&second), [], "an invite that stands is not repeated on the same connection");

        room.leave_widget(3);
        assert_eq!(heard(&first), [LegInvite { leg: LEG }.into()], "the one that is left takes it up");
        room.leg_gone(LEG);
        assert_eq!(heard(&first), [LegGone { leg: LEG }.into()]);
        assert_eq!(heard(&join(&mut room, 4, true)), []);
        assert_eq!(heard(&silent), []);
    }

    #[test]
    fn room_is_kept_while_a_leg_is_invited_into_it() {
        let mut room = RoomState::default();
        assert!(room.is_idle());
        room.invite(LEG);
        assert!(!room.is_idle());
        room.leg_gone(LEG);
        assert!(room.is_idle());
    }

    #[test]
    fn too_many_tabs_are_told_to_come_back() {
        let mut room = RoomState::default();
        for serial in 0..u64::try_from(WIDGETS_PER_CONTACT).unwrap() {
            join(&mut room, serial, false);
        }
        assert_eq!(room.join_widget(99, true, Arc::default(), welcome()), Err(Full));
    }

    fn join(room: &mut RoomState, serial: u64, voice: bool) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::default());
        room.join_widget(serial, voice, outbox.clone(), welcome()).unwrap();
        outbox
    }

    /// What the connection was told since, welcomes aside.
    fn heard(outbox: &Outbox) -> Vec<ServerToWidget> {
        let messages = outbox.take().messages;
        let decoded = messages.iter().map(|message| ServerToWidget::decode(message).unwrap());
        decoded.filter(|message| !matches!(message, ServerToWidget::Welcome(_))).collect()
    }

    fn welcome() -> Welcome {
        Welcome { version: ProtocolVersion::CURRENT, now: Timestamp(0), heartbeat_ms: 1 }
    }
}
