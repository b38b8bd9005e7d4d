//! The desk's voice: the microphone and the softphone of the one leg that this page carries.
use std::rc::Rc;

use gloo::storage::{LocalStorage, SessionStorage, Storage};
use shared::{
    LegId,
    wire::{LegFailed, LegOffer, LegTrouble},
};
use softphone::{Microphone, PhoneEvent, Softphone, StartOptions};

use super::{
    link::Desk,
    state::{Happened, Voice},
    take_up::Begun,
};

/// The leg that was muted in this tab: a page that is loaded again in mid-call does not let the room be heard.
const MUTED_KEY: &str = "ringside:muted";

/// The microphone that was chosen last at this machine, by the id that the browser gives it on this site.
const MICROPHONE_KEY: &str = "ringside:microphone";

/// None: the browser's default.
pub(super) fn kept_input() -> Option<String> {
    LocalStorage::get(MICROPHONE_KEY).ok().filter(|device: &String| !device.is_empty())
}

fn keep_input(device: Option<&str>) {
    match device {
        // A browser that keeps nothing has its default again after a reload, which the list then shows.
        Some(device) => drop(LocalStorage::set(MICROPHONE_KEY, device)),
        None => LocalStorage::delete(MICROPHONE_KEY),
    }
}

impl Desk {
    /// What is wanted, or the default where that is not plugged in.
    pub(super) fn asks_for_microphone(&self) -> Microphone {
        Microphone::preferring(self.input.borrow().as_deref())
    }

    pub(crate) fn input(&self) -> Option<String> {
        self.input.borrow().clone()
    }

    pub(super) fn carries(&self, leg: LegId) -> bool {
        self.phone.borrow().as_ref().is_some_and(|phone| phone.leg() == leg)
    }

    pub(super) fn invited(self: &Rc<Self>, leg: LegId) {
        if let Some(phone) = self.phone.borrow().as_ref().filter(|phone| phone.leg() == leg) {
            phone.invited_again();
            return;
        }
        let begins = self.take_up.borrow_mut().invited(leg);
        self.begin(begins);
    }

    pub(super) fn begin(self: &Rc<Self>, begins: Option<(LegId, Begun)>) {
        if let Some((leg, how)) = begins {
            self.start_voice(leg, how);
        }
    }

    fn start_voice(self: &Rc<Self>, leg: LegId, how: Begun) {
        let Some(body) = web_sys::window().and_then(|window| window.document()).and_then(|page| page.body())
        else {
            return;
        };
        let desk = Rc::downgrade(self);
        let on_event = Rc::new(move |event| {
            if let Some(desk) = desk.upgrade() {
                desk.phone_event(leg, how, event);
            }
        });
        let microphone = self.microphone.borrow().clone().or_else(|| Some(self.asks_for_microphone()));
        let options = StartOptions { leg, microphone, mount: body.into(), on_event };
        // The old one lets go of the microphone before the new one takes it.
        self.phone.take();
        let phone = Softphone::start(options);
        phone.mute(SessionStorage::get(MUTED_KEY).is_ok_and(|muted: String| muted == leg.to_string()));
        *self.phone.borrow_mut() = Some(phone);
        self.tell(Happened::Voice(Voice::Connecting(leg)));
    }

    fn phone_event(&self, leg: LegId, how: Begun, event: PhoneEvent) {
        let muted = self.phone.borrow().as_ref().is_some_and(Softphone::is_muted);
        match event {
            PhoneEvent::Offer { leg, sdp } => {
                self.passes_on(LegOffer { leg, sdp });
            }
            PhoneEvent::Connected => self.tell(Happened::Voice(Voice::Live { leg, muted })),
            PhoneEvent::Disconnected => self.tell(Happened::Voice(Voice::Broken { leg, muted })),
            PhoneEvent::AutoplayBlocked => self.tell(Happened::SoundBlocked(true)),
            PhoneEvent::MicrophoneLost => {
                self.notice("The microphone is gone. Plug it in again, or choose another one.");
            }
            PhoneEvent::Failed(why) => self.voice_failed(leg, how, why),
        }
    }

    /// A call that is on outlives a page that has no microphone yet: the agent's click asks for it again. A call that
    /// was only just accepted goes to somebody who can talk.
    fn voice_failed(&self, leg: LegId, how: Begun, why: LegTrouble) {
        self.phone.take();
        self.microphone.take();
        if how == Begun::TakenUp && why != LegTrouble::MediaFailed {
            self.tell(Happened::Voice(Voice::Stopped { leg, why }));
            return;
        }
        self.tell(Happened::Voice(Voice::Failed(why)));
        // Without a server there is no voice either: that there is no connection is said already, and nobody is to blame.
        if self.has_connection() {
            self.send(LegFailed { leg, why });
            self.notice(trouble(why));
        }
    }

    /// Takes up the call that the page could not take up by itself. The click is the gesture that asks for the
    /// microphone.
    pub(crate) fn go_on(self: &Rc<Self>, leg: LegId) {
        self.dismiss();
        *self.microphone.borrow_mut() = Some(self.asks_for_microphone());
        self.start_voice(leg, Begun::TakenUp);
    }

    pub(crate) fn mute(&self, on: bool) {
        if let Some(phone) = &*self.phone.borrow() {
            phone.mute(on);
            self.tell(Happened::Muted(on));
            if on {
                // A browser that keeps nothing lets the room be heard after a reload; the bar says that it is.
                let _ = SessionStorage::set(MUTED_KEY, phone.leg().to_string());
            } else {
                SessionStorage::delete(MUTED_KEY);
            }
        }
    }

    /// Lets blocked sound through; call it in a gesture's handler.
    pub(crate) fn hear(&self) {
        if let Some(phone) = &*self.phone.borrow() {
            phone.hear();
        }
        self.tell(Happened::SoundBlocked(false));
    }

    pub(crate) fn levels(&self) -> Option<softphone::Levels> {
        self.phone.borrow().as_ref().map(Softphone::levels)
    }

    pub(crate) fn choose_input(self: &Rc<Self>, device: Option<String>) {
        keep_input(device.as_deref());
        self.input.replace(device.clone());
        let Some(change) = self.phone.borrow().as_ref().map(|phone| phone.set_input(device.as_deref()))
        else {
            return;
        };
        let desk = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(why) = change.await {
                desk.notice(trouble(why));
            }
        });
    }
}

fn trouble(why: LegTrouble) -> &'static str {
    match why {
        LegTrouble::MicrophoneDenied => {
            "The browser refused the microphone. Allow it for this site (the icon left of the address), then go Ready again."
        }
        LegTrouble::NoMicrophone => "No microphone was found. Plug one in, then go Ready again.",
        LegTrouble::MediaFailed => {
            "Voice did not connect. Your network may block UDP; ask your operator, then go Ready again."
        }
    }
}
