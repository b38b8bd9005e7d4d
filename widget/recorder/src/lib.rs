//! The page recorder: what `app/HASH/recorder.js` is. The widget loads it on pages of a live contact only.
//!
//! ```js
//! const recorder = await import(".../recorder.js");
//! await recorder.default(...);                       // fetches recorder_bg.wasm beside it
//! const handle = recorder.start({ socket, token, tab }, on);
//! handle.stop();
//! ```
//! `socket` is the `ws(s)://HOST/ws/mirror` URL (or `port` is what behaves like an open socket: a page in a frame speaks
//! to the page around it), `token` the contact token, `tab` the tab's id (32 hexadecimal
//! digits). `on` gets `{type: "viewers", names}`, `{type: "sharing", on}`, `{type: "navigate", url, by}` (an
//! agent leads to a page: show who, then go there) and `{type: "state", state}` with `connecting`, `live`,
//! `stopped` (no consent, or a page too large) or `lost` (for good).
//!
//! The scripts in `src/glue` watch the DOM and hold the socket; they apply rules and decide none. One batch a flush comes
//! in ([`Core::flush`]) and one frame goes out.
mod attention;
mod wire;

use std::cell::{Cell, RefCell};

use js_sys::{Array, Function, Uint8Array};
use page_mirror::{
    mask::rules::{BLOCK, MASK, Rules, Shade, TEXT, UNMASK, is_closed},
    record::{Recorder, pointer},
};
use shared::{close, wire::mirror::FrameKind};
use wasm_bindgen::prelude::*;
use web_sys::{Event, PointerEvent};

use attention::Attention;
use wire::Heard;

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

// What is called of the modules in `src/glue`, made one script by build.rs.
include!(concat!(env!("OUT_DIR"), "/glue.rs"));

/// Begins to publish this document. The handle's `stop()` ends it for good.
#[wasm_bindgen]
pub fn start(config: &JsValue, on: &Function) -> JsValue {
    run(Core::default(), config, on)
}

/// Levels of masking, as the welcome says them.
const STRICT: u32 = 1;
const OFF: u32 = 2;

/// What the script asks of the crates below: frames and messages.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Core {
    recorder: RefCell<Recorder>,
    attention: Attention,
    /// Of the body that was taken last: whether it is a keyframe, epoch, seq.
    taken: Cell<[u32; 3]>,
    /// What the page says of itself, and is not sent yet.
    says: RefCell<Vec<u8>>,
    nonce: Cell<u32>,
    /// How much is masked (once the welcome said it), what else, and how much of the page that is being read.
    level: Cell<Option<u32>>,
    rules: RefCell<Rules>,
    shade: Cell<Shade>,
}

#[wasm_bindgen]
impl Core {
    /// The first message of a connection; empty if the tab's id is none. `document` is a new id, as bytes.
    pub fn hello(&self, token: &str, tab: &str, document: &[u8]) -> Vec<u8> {
        wire::hello(token, tab, document).unwrap_or_default()
    }

    pub fn ping(&self) -> Vec<u8> {
        let nonce = self.nonce.get().wrapping_add(1);
        self.nonce.set(nonce);
        wire::ping(nonce)
    }

    #[wasm_bindgen(js_name = inFront)]
    pub fn in_front(&self, yes: bool) -> Vec<u8> {
        wire::in_front(yes)
    }

    /// A socket that was closed with this code should be opened again.
    #[wasm_bindgen(js_name = comesBack)]
    pub fn comes_back(&self, code: u16) -> bool {
        close::should_reconnect(code)
    }

    /// What applies to the page that is open, until [`Self::begin`] comes again: the level, and selectors of what is
    /// masked, of what is not, and of what is a box.
    pub fn rules(&self) -> Array {
        let rules = self.rules.borrow();
        let off = self.level.get() == Some(OFF);
        self.shade.set(if off { Shade::Open } else { rules.shade(&attention::address()) });
        let mut level =
            if self.shade.get() == Shade::Open { self.level.get().unwrap_or(STRICT) } else { STRICT };
        let out = Array::of1(&JsValue::NULL);
        for kind in [MASK, UNMASK, BLOCK] {
            let list = Array::new();
            for selector in rules.of(kind).filter(|_| !off) {
                // What would swallow other rules is no rule that can be applied.
                if is_closed(selector) {
                    list.push(&selector.into());
                } else {
                    level = STRICT;
                }
            }
            if kind == BLOCK && self.shade.get() == Shade::Hidden {
                list.push(&":root".into());
            }
            out.push(&list);
        }
        out.set(0, level.into());
        out
    }

    /// The address and the title of a page as they may leave the browser; undefined before it is known what masks them.
    pub fn told(&self, url: &str, title: &str) -> Option<Array> {
        let shaded = self.rules.borrow().shade(url) != Shade::Open;
        let [url, title] =
            self.recorder.borrow().told(url, title, shaded).map(|text| JsValue::from_str(&text));
        self.level.get().map(|_| Array::of2(&url, &title))
    }

    /// A page, or one in a frame, is one that must not be seen as the page that is being read is.
    pub fn hides(&self, url: &str) -> bool {
        let hides = self.level.get() != Some(OFF) && self.rules.borrow().shade(url) > self.shade.get();
        // What is in a frame decides whether the page may be recorded, as what the page itself is.
        if !hides && let Some(body) = self.recorder.borrow_mut().framed(url) {
            self.first(&wire::message(7, &body));
        }
        hides
    }

    /// More of the page may be seen by now than of the one that is being read.
    fn is_brighter(&self) -> bool {
        self.level.get() != Some(OFF) && self.rules.borrow().shade(&attention::address()) < self.shade.get()
    }

    /// The whole page follows: in one batch, or in `several`, of which nothing is taken before
    /// [`Self::complete`]. What was not sent is dropped. `strict`: everything is masked.
    pub fn begin(&self, several: bool, strict: bool) {
        let mut recorder = self.recorder.borrow_mut();
        recorder.rule(self.rules.borrow().of(TEXT).map(str::to_owned).collect(), strict);
        recorder.begin();
        if several {
            recorder.hold();
        }
        self.attention.begin(&mut recorder);
        self.taken.take();
    }

    /// All of the page was handed over. False: it must be begun again, and handed over in one batch.
    pub fn complete(&self) -> bool {
        self.recorder.borrow_mut().complete()
    }

    /// Takes a batch. False: the script must begin again, and send nothing before. `text`: in UTF-8; the script has it
    /// encoded, since what comes with a `&str` reads a page's text letter by letter.
    pub fn flush(&self, numbers: &[u32], text: &[u8]) -> bool {
        let mut recorder = self.recorder.borrow_mut();
        self.attention.tell_base(&mut recorder);
        let taken = std::str::from_utf8(text).is_ok_and(|text| recorder.flush(numbers, text).is_ok());
        taken && !recorder.wants_keyframe()
    }

    /// One of the events that `glue/run.js` lists.
    pub fn heard(&self, event: &Event) {
        self.attention.heard(event);
    }

    /// Adds what is around the nodes. `look`: also where no event says so. False: as for [`Self::flush`].
    pub fn attend(&self, look: bool) -> bool {
        self.attention.tell(&self.recorder, look) && !self.is_brighter()
    }

    /// Adds sections that another module made, about a field (0: none).
    pub fn add(&self, sections: &[u8], field: u32) {
        self.recorder.borrow_mut().add(sections, field);
    }

    /// A message that goes before the next frame.
    pub fn first(&self, message: &[u8]) {
        self.says.borrow_mut().extend_from_slice(message);
    }

    /// Nodes that the other side forgot.
    pub fn freed(&self) -> Vec<u32> {
        self.recorder.borrow_mut().freed()
    }

    /// The gathered frame's body, to be compressed or not, and then given to [`Self::frame`].
    pub fn take(&self) -> Option<Vec<u8>> {
        let body = self.recorder.borrow_mut().take()?;
        if !body.says.is_empty() {
            self.first(&wire::message(5, &body.says));
        }
        self.taken.set([u32::from(body.keyframe), body.epoch, body.seq]);
        Some(body.bytes)
    }

    /// Where the body that was taken last stands: whether it is a keyframe, epoch, seq.
    pub fn place(&self) -> Vec<u32> {
        self.taken.get().to_vec()
    }

    /// The message for a body that stands at `place`; empty if the page was begun anew since.
    pub fn frame(&self, place: &[u32], body: &[u8], deflated: bool) -> Vec<u8> {
        let &[keyframe, epoch, seq] = place else { return Vec::new() };
        if epoch != self.recorder.borrow().position().0 {
            return Vec::new();
        }
        let kind = if keyframe == 0 { FrameKind::Patch } else { FrameKind::Keyframe };
        // What is new of the page stands before it.
        let mut message = self.says.take();
        message.append(&mut wire::frame(kind, epoch, seq, body, deflated));
        message
    }

    /// Epoch and seq of the frame that was made last.
    pub fn position(&self) -> Vec<u32> {
        let (epoch, seq) = self.recorder.borrow().position();
        vec![epoch, seq]
    }

    /// Where the pointer was at this event.
    pub fn pointer(&self, event: &PointerEvent) -> Vec<u8> {
        let (epoch, seq) = self.recorder.borrow().position();
        let at = pointer(event.client_x(), event.client_y(), event.buttons() > 0);
        wire::frame(FrameKind::Pointer, epoch, seq, &at, false)
    }

    /// Reads a message of the server: its kind, and what it says. Undefined: it is malformed.
    pub fn receive(&self, bytes: &[u8]) -> Option<Array> {
        let list = |kind: u32| Array::of1(&kind.into());
        Some(match wire::read(bytes).ok()? {
            Heard::Welcome { heartbeat_ms, sharing, masking, selectors } => {
                let out = list(1);
                out.push(&heartbeat_ms.into());
                out.push(&sharing.into());
                self.level.set(Some(masking));
                if masking == OFF {
                    self.recorder.borrow_mut().unmask();
                }
                self.rules.replace(Rules::new(selectors.iter().map(|rule| (*rule).to_owned()).collect()));
                out
            }
            Heard::KeyframeWanted => list(3),
            Heard::Sharing(on) => Array::of2(&4.into(), &on.into()),
            Heard::Viewers(names) => Array::of2(&5.into(), &strings(&names)),
            Heard::Navigate { url, by } if is_page(url) => Array::of3(&6.into(), &url.into(), &by.into()),
            Heard::Hand => Array::of2(&7.into(), &Uint8Array::from(bytes)),
            // Whatever else it leads to, it is no page.
            Heard::Navigate { .. } | Heard::Other => list(2),
        })
    }
}

fn is_page(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn strings(strings: &[&str]) -> Array {
    strings.iter().map(|text| JsValue::from_str(text)).collect()
}
