//! Pages of other origins in the page's frames. One that carries the script asks to be a part of this page. The server
//! says whether its origin is the business's; only then it is handed a port, on which it speaks as its recorder would to
//! the server, and what it says of itself goes into this page's frames, where its frame is a box (ADR 18).
//!
//! It says nothing while its frame is masked, blocked or unknown to the mirror: then it is a box and nothing else. Nothing
//! of it is passed on before it was said what page it is, since that decides what may be recorded.
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use page_mirror::{
    codec::{part, seal},
    limits, parts,
    record::{media, pointer},
};
use shared::wire::mirror::{Frame, FrameKind, FrameSays, PageSays, PartToPage, PartsSay, PublisherToServer};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, Event, HtmlIFrameElement, MessageChannel, MessageEvent, Response, Window};

mod call;
mod deeds;
mod port;
mod said;

use port::{BURST, Part, pointer_of};

use crate::{MASKED, Reach};

/// Origins that were asked about.
const ORIGINS: usize = 32;
/// Looks that a page has to answer after its frame loaded.
const ANSWER_LOOKS: u32 = 4;
/// How often it is looked whether the page is still shown, in milliseconds.
const REST_MS: i32 = 2_000;
/// What precedes a frame in its message.
const HEAD_BYTES: usize = 8 * 1024;

/// All of one page.
pub(crate) struct Parts {
    reach: Reach,
    window: Window,
    all: RefCell<Vec<Part>>,
    /// Whether pages of an origin may be parts, as the server said.
    trusted: RefCell<BTreeMap<String, bool>>,
    numbers: Cell<u32>,
    /// The page's epoch, and what the parts said that they are in it. That list only grows: what was said may still be
    /// on its way to the server when its part ends.
    epoch: Cell<u32>,
    said: RefCell<Vec<PageSays>>,
    looked: Cell<bool>,
    /// The page's epoch, and the frames whose pages were called in it.
    called: RefCell<(u32, BTreeSet<u32>)>,
}

impl Parts {
    pub(crate) fn start(reach: Reach, window: Window) -> Rc<Self> {
        let parts = Rc::new(Self {
            reach,
            window: window.clone(),
            all: RefCell::default(),
            trusted: RefCell::default(),
            numbers: Cell::default(),
            epoch: Cell::default(),
            said: RefCell::default(),
            looked: Cell::default(),
            called: RefCell::default(),
        });
        parts.lend();
        let (asked, resting) = (parts.clone(), parts.clone());
        let asked = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| asked.asked(&event));
        let resting = Closure::<dyn FnMut()>::new(move || resting.rest());
        // Both for as long as the page is there; what a browser refuses leaves boxes.
        let _ = window.add_event_listener_with_callback("message", asked.as_ref().unchecked_ref());
        let callback = resting.as_ref().unchecked_ref();
        let _ = window.set_interval_with_callback_and_timeout_and_arguments_0(callback, REST_MS);
        asked.forget();
        resting.forget();
        parts
    }

    /// A message to the page, of whomever. Whoever is no page in a frame of the mirror is not answered.
    fn asked(self: &Rc<Self>, event: &MessageEvent) {
        let origin = event.origin();
        let is_web = origin.starts_with("https://") || origin.starts_with("http://");
        if !is_web || event.data().as_string().as_deref() != Some(parts::ASK) {
            return;
        }
        let Some(source) = event.source().map(JsValue::from) else { return };
        let parts = self.clone();
        spawn_local(async move {
            if parts.holder(&source).is_some() && parts.trusts(&origin).await {
                // It may be another's by now.
                if let Some(element) = parts.holder(&source) {
                    parts.offer(element, &source, &origin);
                }
            }
        });
    }

    /// The frame that holds a window, if the mirror has it.
    fn holder(&self, window: &JsValue) -> Option<Element> {
        Array::from(&self.reach.watched())
            .iter()
            .map(JsCast::unchecked_into::<Element>)
            .find(|element| Reflect::get(element, &"contentWindow".into()).is_ok_and(|held| held == *window))
            // What is of this origin is mirrored with the page.
            .filter(|element| {
                let frame = element.dyn_ref::<HtmlIFrameElement>();
                self.reach.id(element) != 0 && frame.is_none_or(|frame| frame.content_document().is_none())
            })
    }

    /// The mirror has it, and no rule hides it.
    fn may_show(&self, element: &Element) -> bool {
        if self.reach.id(element) == 0 || self.reach.mask(element) & MASKED != 0 {
            return false;
        }
        let blocked = self.reach.rules().get(2).as_string();
        blocked.is_some_and(|blocked| matches!(element.closest(&blocked), Ok(None)))
    }

    /// The server says that pages of this origin and of the page's own are one business's.
    async fn trusts(&self, origin: &str) -> bool {
        if let Some(known) = self.trusted.borrow().get(origin) {
            return *known;
        }
        let Some(status) = self.ask_server(origin).await else { return false };
        let mut trusted = self.trusted.borrow_mut();
        if matches!(status, 200 | 403) && trusted.len() < ORIGINS {
            trusted.insert(origin.to_owned(), status == 200);
        }
        status == 200
    }

    async fn ask_server(&self, origin: &str) -> Option<u16> {
        let config = self.reach.lent(0)?;
        let api = Reflect::get(&config, &"api".into()).ok()?.as_string()?;
        let address = api + &String::from(js_sys::encode_uri_component(origin));
        let answer: Promise = self.window.fetch_with_str(&address);
        let answer: Response = JsFuture::from(answer).await.ok()?.dyn_into().ok()?;
        Some(answer.status())
    }

    fn offer(self: &Rc<Self>, element: Element, source: &JsValue, origin: &str) {
        let before = self.all.borrow().iter().find(|part| part.element == element).map(|part| part.number);
        if let Some(before) = before {
            self.end(before);
        }
        if self.all.borrow().len() >= limits::PARTS {
            return;
        }
        let Ok(channel) = MessageChannel::new() else { return };
        self.numbers.set(self.numbers.get().wrapping_add(1));
        let number = self.numbers.get();
        let (hearing, loading) = (Rc::downgrade(self), Rc::downgrade(self));
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(parts) = hearing.upgrade() {
                parts.heard(number, event.data());
            }
        });
        let loaded = Closure::<dyn FnMut(Event)>::new(move |_| {
            if let Some(parts) = loading.upgrade() {
                parts.loaded(number);
            }
        });
        let port = channel.port1();
        port.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        let _ = element.add_event_listener_with_callback("load", loaded.as_ref().unchecked_ref());
        self.all.borrow_mut().push(Part {
            number,
            element,
            port,
            is_known: false,
            place: (0, 0),
            at: None,
            asked: None,
            is_off: true,
            size: (0, 0),
            patience: None,
            room: BURST,
            room_at: self.now(),
            heard,
            loaded,
        });
        // To pages of that very origin alone, whatever is in the frame by now.
        let send = Reflect::get(source, &"postMessage".into())
            .ok()
            .and_then(|send| send.dyn_into::<Function>().ok());
        let ports = Array::of1(&channel.port2());
        let sent =
            send.is_some_and(|send| send.call3(source, &parts::OFFER.into(), &origin.into(), &ports).is_ok());
        if !sent {
            return self.end(number);
        }
        // It says nothing before it is asked.
        if let Some(part) = self.all.borrow_mut().iter_mut().find(|part| part.number == number) {
            self.tell_powers(part);
            if self.may_show(&part.element) {
                part.ask();
            }
        }
    }

    /// Something else may be in the frame now: whoever does not answer is gone.
    fn loaded(&self, number: u32) {
        if let Some(part) = self.all.borrow_mut().iter_mut().find(|part| part.number == number) {
            part.patience = Some(ANSWER_LOOKS);
            part.ask();
        }
    }

    /// A message of a part. An empty one: its page goes away.
    fn heard(&self, number: u32, data: JsValue) {
        let bytes = data.dyn_into::<Uint8Array>().unwrap_or_default();
        let length = bytes.length() as usize;
        if length == 0 || length > limits::PART_BYTES + HEAD_BYTES || !self.has_room(number, length) {
            return self.end(number);
        }
        let Some(messages) = PartToPage::all(&bytes.to_vec()) else { return self.end(number) };
        for message in messages {
            match message {
                PartToPage::PageSays(says) => {
                    self.says(vec![says]);
                    if let Some(part) = self.all.borrow_mut().iter_mut().find(|part| part.number == number) {
                        part.is_known = true;
                    }
                }
                PartToPage::PartsSay(PartsSay { pages }) => self.says(pages),
                PartToPage::FrameSays(FrameSays { url }) => {
                    self.says(vec![PageSays { url, secret_fields: false }]);
                }
                PartToPage::Frame(frame) => self.frame(number, &frame),
                said @ (PartToPage::StopPower(_) | PartToPage::ActDone(_) | PartToPage::CustomerActs(_)) => {
                    self.hand_on(number, &said);
                }
                PartToPage::Unknown { .. } => {}
            }
        }
    }

    fn has_room(&self, number: u32, length: usize) -> bool {
        let now = self.now();
        let mut all = self.all.borrow_mut();
        all.iter_mut().find(|part| part.number == number).is_some_and(|part| part.has_room(length, now))
    }

    fn frame(&self, number: u32, frame: &Frame) {
        let epoch = self.see_epoch();
        let mut all = self.all.borrow_mut();
        let Some(part) = all.iter_mut().find(|part| part.number == number) else { return };
        let place = (epoch, self.reach.id(&part.element));
        if !self.may_show(&part.element) {
            return self.hide(part);
        }
        let (kind, follows) = match frame.kind {
            FrameKind::Pointer => return self.point(part, frame),
            FrameKind::Keyframe => (part::KEYFRAME, part.is_known),
            FrameKind::Patch => {
                let before = frame.seq.checked_sub(1).map(|before| (frame.epoch, before));
                (part::PATCH, part.is_known && part.place == place && part.at.is_some() && part.at == before)
            }
        };
        if !follows {
            part.at = None;
            return part.ask_once();
        }
        if frame.kind == FrameKind::Keyframe {
            (part.place, part.asked, part.size) = (place, None, (0, 0));
            self.tell_size(part);
        }
        // What this page masks may stand in the other one's text.
        let Ok(bytes) = parts::without(&frame.bytes, &mut |text| self.hidden(text)) else {
            return self.hide(part);
        };
        part.at = Some((frame.epoch, frame.seq));
        self.reach.add(&media::part(place.1, kind, (frame.epoch, frame.seq), &bytes), 0);
    }

    /// A text as it may leave this page, with what its masked fields hold hidden. None: it is not known yet.
    fn hidden(&self, text: &str) -> Option<String> {
        let core = self.reach.lent(1)?;
        let told: Function = Reflect::get(&core, &"told".into()).ok()?.dyn_into().ok()?;
        let address = self.window.location().href().ok()?;
        let told = told.call2(&core, &address.into(), &text.into()).ok()?;
        Reflect::get_u32(&told, 1).ok()?.as_string()
    }

    /// The pointer of the customer, where it is in this page.
    fn point(&self, part: &Part, frame: &Frame) {
        let [epoch, seq] = self.reach.at()[..] else { return };
        let Some((x, y, down)) = pointer_of(&frame.bytes).filter(|_| part.at.is_some()) else { return };
        let (place, element) = (part.element.get_bounding_client_rect(), &part.element);
        let left = place.left().round() as i32 + element.client_left();
        let top = place.top().round() as i32 + element.client_top();
        let bytes = seal(&pointer(x.saturating_add(left), y.saturating_add(top), down), false);
        let frame = Frame { kind: FrameKind::Pointer, epoch, seq, bytes };
        self.reach.say(&PublisherToServer::from(frame).encode());
    }

    /// A rule names its frame now, or its frame is not known: it is a box.
    fn hide(&self, part: &mut Part) {
        if part.at.take().is_some() && self.reach.id(&part.element) == part.place.1 {
            self.reach.add(&media::part(part.place.1, part::ENDED, (0, 0), &[]), 0);
        }
        part.switch_off();
    }

    fn tell_size(&self, part: &mut Part) {
        let place = part.element.get_bounding_client_rect();
        let size = (place.width().round() as u32, place.height().round() as u32);
        if std::mem::replace(&mut part.size, size) != size {
            self.reach.add(&media::part(part.place.1, part::SIZE, size, &[]), 0);
        }
    }

    /// The page is shown, and was looked at.
    pub(crate) fn look(self: &Rc<Self>) {
        self.looked.set(true);
        let epoch = self.see_epoch();
        self.call(epoch);
        let mut gone = Vec::new();
        for part in self.all.borrow_mut().iter_mut() {
            part.patience = part.patience.map(|looks| looks.saturating_sub(1));
            if !part.element.is_connected() || part.patience == Some(0) {
                gone.push(part.number);
            } else if !self.may_show(&part.element) {
                self.hide(part);
            } else if part.at.is_none() || part.place != (epoch, self.reach.id(&part.element)) {
                part.at = None;
                part.ask_once();
            } else {
                self.tell_size(part);
            }
        }
        for number in gone {
            self.end(number);
        }
    }

    /// Nobody looks any more: the page is not shown, and its parts need not record.
    fn rest(&self) {
        if !self.looked.replace(false) {
            for part in self.all.borrow_mut().iter_mut() {
                part.at = None;
                part.switch_off();
            }
        }
    }

    fn end(&self, number: u32) {
        let mut all = self.all.borrow_mut();
        let Some(at) = all.iter().position(|part| part.number == number) else { return };
        let mut part = all.swap_remove(at);
        drop(all);
        if part.element.is_connected() && self.reach.at().first() == Some(&part.place.0) {
            self.hide(&mut part);
        }
        part.switch_off();
        part.port.set_onmessage(None);
        // No message: one that was only slow to answer closes its end, and asks anew.
        part.send(&[]);
        let loaded = part.loaded.as_ref().unchecked_ref();
        let _ = part.element.remove_event_listener_with_callback("load", loaded);
        part.port.close();
        drop(part.heard);
    }

    fn now(&self) -> f64 {
        self.window.performance().map_or(0.0, |performance| performance.now())
    }
}
