//! What the agent does with the mouse above the replica, as marks and deeds that name mirrored nodes.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::Date;
use shared::{
    DocumentId,
    limits::INK_POINTS,
    wire::{
        lead::{AddNote, Deed, Mark, Point, Spot},
        mirror::ViewerToServer,
    },
};
use softphone::dom::{Listener, Timer};
use wasm_bindgen::JsCast;
use web_sys::{Event, MouseEvent, WheelEvent};

use crate::{
    ghost::Ghost,
    hits::Scroller,
    replica::{Hit, Replica},
};

mod place;

use place::{Place, Reading};

/// Milliseconds between two marks, pieces of a drag or turns of the wheel.
const PACE_MS: f64 = 50.0;
/// A press that moves further than this drags, CSS pixels of the console.
const DRAG_PX: f64 = 5.0;
/// A wheel that rests for so long goes on from where the customer's page is.
const WHEEL_MS: f64 = 400.0;

/// What the mouse above the page does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tool {
    /// Nothing.
    #[default]
    Look,
    Point,
    Highlight,
    Draw,
    /// The next press pins the note.
    Note,
    /// Presses, types and drags in the customer's page.
    Control,
}

pub(crate) struct Tools {
    replica: Replica,
    document: Rc<dyn Fn() -> Option<DocumentId>>,
    send: Rc<dyn Fn(ViewerToServer) -> bool>,
    tool: Cell<Tool>,
    leads: Cell<bool>,
    note: RefCell<String>,
    acts: Cell<u32>,
    marked_at: Cell<f64>,
    later: RefCell<Option<Timer>>,
    down: RefCell<Option<Down>>,
    stroke: Cell<u32>,
    wheel: RefCell<Option<Turned>>,
    ghost: RefCell<Option<Rc<Ghost>>>,
    listeners: RefCell<Vec<Listener>>,
    pinned: Rc<dyn Fn()>,
}

/// Where the wheel led last, and when.
struct Turned {
    place: Place,
    to: Scroller,
    at: f64,
}

/// A button that is held.
struct Down {
    place: Place,
    x: f64,
    y: f64,
    /// Of the page itself, for marks.
    spot: Spot,
    /// Where a deed would be done.
    inner: Spot,
    drags: bool,
    /// Of a stroke: where its anchor stands, and the points that were not sent.
    origin: (f64, f64),
    points: Vec<(i16, i16)>,
}

impl Tools {
    /// `pinned`: a note was placed.
    pub(crate) fn new(
        replica: Replica,
        document: Rc<dyn Fn() -> Option<DocumentId>>,
        send: Rc<dyn Fn(ViewerToServer) -> bool>,
        pinned: Rc<dyn Fn()>,
    ) -> Rc<Self> {
        let overlay = replica.overlay().clone();
        let tools = Rc::new(Self {
            replica,
            document,
            send,
            tool: Cell::default(),
            leads: Cell::default(),
            note: RefCell::default(),
            acts: Cell::new(0),
            marked_at: Cell::new(0.0),
            later: RefCell::default(),
            down: RefCell::default(),
            stroke: Cell::new(0),
            wheel: RefCell::default(),
            ghost: RefCell::default(),
            listeners: RefCell::default(),
            pinned,
        });
        let kinds = ["pointerdown", "pointermove", "pointerup", "pointerleave", "wheel"];
        let listeners = kinds.map(|kind| {
            let weak = Rc::downgrade(&tools);
            Listener::new(&overlay, kind, move |event| {
                if let Some(tools) = weak.upgrade() {
                    tools.heard(kind, &event);
                }
            })
        });
        tools.listeners.borrow_mut().extend(listeners);
        tools
    }

    pub(crate) fn choose(&self, tool: Tool) {
        if self.tool.replace(tool) != tool {
            self.down.take();
            self.ghost.take();
            self.replica.set_touchable(tool != Tool::Look);
            self.mark(Mark::Gone);
        }
    }

    /// The wheel scrolls the customer's page.
    pub(crate) fn lead(&self, yes: bool) {
        self.leads.set(yes);
        self.wheel.take();
    }

    pub(crate) fn prepare_note(&self, text: &str) {
        text.clone_into(&mut self.note.borrow_mut());
    }

    /// Pins what was prepared.
    pub(crate) fn pin(&self, at: Option<Spot>) {
        let text = self.note.take();
        let Some((Reading { document, epoch }, _)) = self.reading() else { return };
        if !text.is_empty() {
            (self.send)(AddNote { document, epoch, at, text }.into());
            (self.pinned)();
        }
    }

    /// The page did not take what was typed.
    pub(crate) fn give_up_typing(&self) {
        self.ghost.take();
    }

    fn act(&self, place: &Place, deed: Deed) {
        (self.send)(self.deed(place, deed));
    }

    fn mark(&self, mark: Mark) {
        if let Some((now, _)) = self.reading() {
            self.mark_in(now, mark);
        }
    }

    fn mark_in(&self, Reading { document, epoch }: Reading, mark: Mark) {
        (self.send)(Point { document, epoch, mark }.into());
    }

    fn heard(self: &Rc<Self>, kind: &str, event: &Event) {
        let tool = self.tool.get();
        if tool == Tool::Look {
            return;
        }
        let mouse: &MouseEvent = event.unchecked_ref();
        if kind == "wheel" {
            return self.turned(event.unchecked_ref());
        }
        if kind == "pointerleave" {
            if self.down.borrow().is_none() {
                self.mark(Mark::Gone);
            }
            return;
        }
        if self.ghost.borrow().as_ref().is_some_and(|ghost| ghost.holds(event)) {
            return;
        }
        let (x, y) = (f64::from(mouse.client_x()), f64::from(mouse.client_y()));
        let Some(hit) = self.replica.hit(x, y) else { return };
        let Some(place) = self.place(&hit.path) else { return };
        match kind {
            "pointerdown" if mouse.button() == 0 => self.pressed(tool, event, (x, y), (place, &hit)),
            "pointermove" => self.moved(tool, (x, y), (place, &hit)),
            "pointerup" => self.released(tool, (place, &hit)),
            _ => {}
        }
    }

    fn pressed(&self, tool: Tool, event: &Event, (x, y): (f64, f64), (place, hit): (Place, &Hit)) {
        event.prevent_default();
        self.replica.capture(event);
        match tool {
            Tool::Highlight => {
                self.mark(Mark::Highlight(hit.spot));
                self.replica.outline(&hit.bounds);
            }
            Tool::Note => self.pin(Some(hit.spot)),
            Tool::Look | Tool::Point | Tool::Draw | Tool::Control => {}
        }
        if tool == Tool::Draw {
            self.stroke.set(self.stroke.get().wrapping_add(1));
            self.replica.begin_stroke(x, y);
        }
        let origin = (hit.bounds.left, hit.bounds.top);
        let points = vec![relative(hit, origin)];
        self.down.replace(Some(Down {
            place,
            x,
            y,
            spot: hit.spot,
            inner: hit.inner,
            drags: false,
            origin,
            points,
        }));
    }

    fn moved(self: &Rc<Self>, tool: Tool, (x, y): (f64, f64), (place, hit): (Place, &Hit)) {
        let mut down = self.down.borrow_mut();
        match (tool, &mut *down) {
            (Tool::Draw, Some(down)) => {
                down.points.push(relative(hit, down.origin));
                self.replica.extend_stroke(x, y);
                if self.is_time() || down.points.len() >= INK_POINTS {
                    let (anchor, stroke) = (down.spot.node, self.stroke.get());
                    let points = std::mem::take(&mut down.points);
                    self.mark_in(down.place.of, Mark::Ink { anchor, stroke, points });
                }
            }
            (Tool::Control, Some(down)) => {
                let far = (x - down.x).abs().max((y - down.y).abs()) > DRAG_PX;
                if far && !down.drags {
                    down.drags = true;
                    self.act(&down.place, Deed::Grab { at: down.inner });
                }
                // What is dragged stays in its page; of one that was read anew, it is where it is in that.
                if down.drags && down.place.is_same_page(&place) {
                    (down.place, down.inner) = (place, hit.inner);
                }
                if down.drags && self.is_time() {
                    self.act(&down.place, Deed::Drag { at: down.inner });
                    self.mark(Mark::Laser(hit.spot));
                }
            }
            _ => {
                drop(down);
                self.laser(place.of, hit.spot);
            }
        }
    }

    fn released(self: &Rc<Self>, tool: Tool, (place, hit): (Place, &Hit)) {
        let Some(down) = self.down.take() else { return };
        match tool {
            Tool::Draw => {
                let (anchor, stroke, points) = (down.spot.node, self.stroke.get(), down.points);
                self.mark_in(down.place.of, Mark::Ink { anchor, stroke, points });
                self.replica.end_stroke();
            }
            Tool::Control if down.drags => {
                let (place, at) = match down.place.is_same_page(&place) {
                    true => (place, hit.inner),
                    false => (down.place, down.inner),
                };
                self.act(&place, Deed::Drag { at });
                self.act(&place, Deed::Drop { at });
            }
            Tool::Control => self.pressed_and_released(&down, place, hit),
            Tool::Look | Tool::Point | Tool::Highlight | Tool::Note => {}
        }
    }

    /// A click; in a field, what is typed next goes there.
    fn pressed_and_released(self: &Rc<Self>, down: &Down, place: Place, hit: &Hit) {
        let weak = Rc::downgrade(self);
        let act = Rc::new(move |deed| {
            if let Some(tools) = weak.upgrade() {
                tools.act(&place, deed);
            }
        });
        self.ghost.take();
        let ghost = Ghost::over(self.replica.overlay(), hit, act);
        let is_select = ghost.as_ref().is_some_and(|ghost| ghost.is_select());
        if !is_select {
            self.act(&down.place, Deed::Click { at: down.inner });
        }
        self.ghost.replace(ghost);
    }

    /// The last place is told, too, a moment later.
    fn laser(self: &Rc<Self>, of: Reading, spot: Spot) {
        if self.is_time() {
            self.later.take();
            return self.mark_in(of, Mark::Laser(spot));
        }
        let weak = Rc::downgrade(self);
        let timer = Timer::new(PACE_MS as u32, move || {
            if let Some(tools) = weak.upgrade() {
                tools.marked_at.set(Date::now());
                tools.mark_in(of, Mark::Laser(spot));
            }
        });
        self.later.replace(Some(timer));
    }

    fn is_time(&self) -> bool {
        let now = Date::now();
        let is_time = now - self.marked_at.get() >= PACE_MS;
        if is_time {
            self.marked_at.set(now);
        }
        is_time
    }

    fn turned(self: &Rc<Self>, event: &WheelEvent) {
        if self.tool.get() != Tool::Control || !self.leads.get() {
            return;
        }
        event.prevent_default();
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        let Some(mut to) = self.replica.scroller(at.0, at.1, event.delta_y() != 0.0) else { return };
        let Some(place) = self.place(&to.path) else { return };
        let now = Date::now();
        if let Some(last) = &*self.wheel.borrow()
            && (&last.place, last.to.node) == (&place, to.node)
            && now - last.at < WHEEL_MS
        {
            (to.x, to.y) = (last.to.x, last.to.y);
        }
        let scale = self.replica.scale().max(0.1);
        to.x = (to.x + event.delta_x() / scale).max(0.0);
        to.y = (to.y + event.delta_y() / scale).max(0.0);
        let act = self.deed(&place, Deed::Scroll { node: to.node, x: to.x as i32, y: to.y as i32 });
        self.wheel.replace(Some(Turned { place, to, at: now }));
        if self.is_time() {
            (self.send)(act);
        } else {
            let send = self.send.clone();
            let timer = Timer::new(PACE_MS as u32, move || {
                send(act);
            });
            self.later.replace(Some(timer));
        }
    }
}

/// Points stand in CSS pixels from their anchor's left and top.
fn relative(hit: &Hit, origin: (f64, f64)) -> (i16, i16) {
    let bounded = |value: f64| value.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
    (bounded(hit.x - origin.0), bounded(hit.y - origin.1))
}
