//! Frames drawn into a document.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use page_mirror::replay::{self, Applied, ReplayError, View, urls::Origins};
use shared::wire::mirror::{FrameKind, StreamFrame};
use softphone::dom::Listener;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlIFrameElement};

pub(crate) use crate::hits::Hit;
use crate::{frame::Frame, late::Painter};

#[wasm_bindgen(module = "/src/applier.js")]
extern "C" {
    pub(crate) type Applier;
    #[wasm_bindgen(constructor, catch)]
    fn new(frame: &HtmlIFrameElement) -> Result<Applier, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn apply(this: &Applier, numbers: &[u32], text: &str) -> Result<(), JsValue>;
    /// The document that it works on.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn page(this: &Applier) -> JsValue;
    /// By id.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn nodes(this: &Applier) -> js_sys::Array;
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is shown.
    Applied,
    /// It was shown before, or is no use any more.
    Old,
    /// A frame is missing, or does not apply: nothing more is shown until a keyframe comes. Ask for one.
    NeedKeyframe,
}

/// What went through so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    pub frames: u32,
    pub bytes: u64,
    /// Nodes of the page shown now.
    pub nodes: usize,
}

/// URL, title and size of the page that a keyframe holds, if it is one that can be read.
pub fn page_of(keyframe: &StreamFrame) -> Option<View> {
    let mut model = replay::Replica::new(Origins::default());
    let is_keyframe = keyframe.kind == FrameKind::Keyframe;
    model.apply(is_keyframe, keyframe.epoch, keyframe.seq, &keyframe.bytes).ok()?;
    Some(model.view().clone())
}

/// The customer's page in an element of the console.
#[derive(Clone)]
pub struct Replica(pub(crate) Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) frame: Frame,
    model: RefCell<replay::Replica>,
    /// Until the frame's document is there, operations gather in the model.
    pub(crate) applier: RefCell<Option<Canvas>>,
    /// The agent's own stroke, while it is drawn.
    pub(crate) stroke: RefCell<Option<web_sys::Element>>,
    frames: Cell<u32>,
    bytes: Cell<u64>,
}

impl Replica {
    /// Fills `host`. `address` is where the empty document with its own policy is served (`/replica`).
    pub fn new(host: &Element, address: &str) -> Result<Self, JsValue> {
        let inner = Rc::new_cyclic(|weak: &std::rc::Weak<Inner>| {
            let (loaded, resized) = (weak.clone(), weak.clone());
            let on_load = move || {
                if let Some(inner) = loaded.upgrade() {
                    inner.loaded();
                }
            };
            let on_resize = move || {
                if let Some(inner) = resized.upgrade() {
                    inner.resized();
                }
            };
            let frame = Frame::new(host, address, on_load, on_resize)
                .expect("a document lets its elements be made and placed");
            Inner {
                frame,
                model: RefCell::new(replay::Replica::new(Origins::default())),
                applier: RefCell::default(),
                stroke: RefCell::default(),
                frames: Cell::new(0),
                bytes: Cell::new(0),
            }
        });
        Ok(Self(inner))
    }

    /// Origins whose images, fonts and styles may be shown, from the next keyframe on.
    pub fn set_origins(&self, origins: &[String]) {
        self.0.model.borrow_mut().set_origins(Origins::new(origins.iter().map(String::as_str)));
    }

    /// Shows a frame of the stream.
    pub fn apply(&self, frame: &StreamFrame) -> Outcome {
        self.0.frames.set(self.0.frames.get().saturating_add(1));
        self.0.bytes.set(self.0.bytes.get().saturating_add(frame.bytes.len() as u64));
        if frame.kind == FrameKind::Pointer {
            let pointer = self.0.model.borrow().pointer(frame.epoch, &frame.bytes);
            if let Ok(Some(at)) = pointer {
                self.0.frame.point(Some((at.x, at.y, at.down)));
            }
            return Outcome::Old;
        }
        let keyframe = frame.kind == FrameKind::Keyframe;
        let applied = self.0.model.borrow_mut().apply(keyframe, frame.epoch, frame.seq, &frame.bytes);
        match applied {
            Ok(Applied::Changed) if self.0.draw() => Outcome::Applied,
            Ok(Applied::Old) => Outcome::Old,
            // What is shown is old, but it was true: it stays until the keyframe.
            Err(ReplayError::Gap | ReplayError::NoKeyframe) => Outcome::NeedKeyframe,
            Ok(Applied::Changed) | Err(ReplayError::Frame(_)) => {
                self.clear();
                Outcome::NeedKeyframe
            }
        }
    }

    /// Shows an empty page, at once, and forgets what was there.
    pub fn clear(&self) {
        self.0.model.borrow_mut().forget();
        self.0.frame.point(None);
        self.0.draw();
    }

    /// Whatever comes next is a keyframe, also one that was shown before: for a recording that goes back.
    pub fn begin_anew(&self) {
        self.await_keyframe();
        self.0.frame.point(None);
    }

    /// Another document follows: what is shown stays until its keyframe.
    pub(crate) fn await_keyframe(&self) {
        self.0.model.borrow_mut().await_keyframe();
    }

    /// Epoch and seq of what is shown.
    pub fn position(&self) -> Option<(u32, u32)> {
        self.0.model.borrow().position()
    }

    /// URL, title and size of the page shown.
    pub fn page(&self) -> View {
        self.0.model.borrow().view().clone()
    }

    pub fn stats(&self) -> Stats {
        let nodes = self.0.model.borrow().tree().live();
        Stats { frames: self.0.frames.get(), bytes: self.0.bytes.get(), nodes }
    }
}

/// A loaded document, and who works on it.
pub(crate) struct Canvas {
    pub(crate) applier: Applier,
    pub(crate) painter: Rc<Painter>,
    _late_loads: Listener,
}

impl Canvas {
    /// Of a frame whose document is there, and of this window.
    pub(crate) fn new(iframe: &HtmlIFrameElement) -> Option<Self> {
        let painter = Rc::new(Painter::new(iframe)?);
        let (applier, document) = (Applier::new(iframe).ok()?, iframe.content_document()?);
        let again = painter.clone();
        let late_loads = Listener::capturing(&document, "load", move |_| again.scroll_again());
        Some(Self { applier, painter, _late_loads: late_loads })
    }
}

impl Inner {
    fn loaded(&self) {
        // A second load (a frame that was moved in the document) has another document: begin again there.
        if let Some(canvas) = Canvas::new(&self.frame.iframe) {
            self.applier.replace(Some(canvas));
            self.draw();
        }
    }

    /// Carries out what gathered. False if the document refused: what it shows is of no use then.
    fn draw(&self) -> bool {
        let canvas = self.applier.borrow();
        let Some(Canvas { applier, painter, .. }) = &*canvas else { return true };
        let mut model = self.model.borrow_mut();
        let (width, height) = (model.view().width, model.view().height);
        self.frame.resize(width, height);
        let ((numbers, text), late) = (model.take_ops(), model.take_late());
        drop(model);
        if !numbers.is_empty() && applier.apply(&numbers, &text).is_err() {
            return false;
        }
        if !painter.carry_out(late, &applier.nodes()) {
            return false;
        }
        self.draw_above(painter);
        true
    }

    /// The agent's window has another size: the page is scaled anew, and so is what is drawn above it.
    fn resized(&self) {
        self.frame.fit();
        if let Some(Canvas { painter, .. }) = &*self.applier.borrow() {
            self.draw_above(painter);
        }
    }

    fn draw_above(&self, painter: &Painter) {
        self.frame.caret(&painter.caret());
        self.frame.zoom(painter.zoom());
        self.frame.badges(&painter.badges(self.frame.scale()));
    }
}
