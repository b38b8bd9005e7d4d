//! What the recorder has no bytes for: what `app/HASH/sight.js` is. The recorder fetches it when a page holds a canvas, a
//! video, a sound, a `blob:` image, a frame or a shadow root, when a field has the focus, and when the customer zooms in;
//! asks it to look every 400 ms, and adds what it says to its frames.
//!
//! Carets, zoom and what happens within frames stand in [`close`], pages of other origins in [`parts`], frames that a rule
//! hides in [`shut`]. The rest is pictures that only the customer's browser has.
//! Canvases and videos are sent as images when they look different and are in view, images without an address that
//! others could read (`blob:`) once each. Never what lies in a masked or blocked region, nor what the page keeps back
//! (`data-ringside-pictures="off"`); and no more than [`pace`] allows.
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use js_sys::{Array, Function, Map, Promise, Reflect, Set};
use page_mirror::{
    codec::media::{Playing, plays, seen},
    limits,
    record::media,
};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Element, HtmlCanvasElement, HtmlImageElement, HtmlMediaElement, HtmlVideoElement, Node, Window,
};

mod close;
mod pace;
mod page;
mod parts;
mod read;
mod shut;
mod states;

use close::Close;
use pace::{Budget, Pace};
use parts::Parts;
use read::{Reader, Source};
use shut::Shut;

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Elements looked at in one turn.
const MOST: usize = 64;
/// Between pictures of a video that plays, in milliseconds.
const FILM_MS: f64 = 2_000.0;
/// A video is elsewhere than it would be by itself: tenths of a second.
const JUMP: u32 = 15;
/// How often a playing video's time is told, in tenths of a second.
const TELL: u32 = 50;
const OFF: &str = "[data-ringside-pictures=off]";
/// Bits of what [`Reach::mask`] says: strict, or in a masked region.
const MASKED: u32 = 5;

#[wasm_bindgen]
extern "C" {
    /// What the recorder lends.
    #[derive(Clone)]
    pub type Reach;
    /// The document, its shadow roots and the documents of its frames, as far as they are mirrored: keys of a map.
    #[wasm_bindgen(method, getter)]
    fn roots(this: &Reach) -> Map;
    /// The node of a number, if the mirror has it.
    #[wasm_bindgen(method)]
    fn of(this: &Reach, id: u32) -> Option<Node>;
    /// What there is to look at.
    #[wasm_bindgen(method, getter)]
    fn watched(this: &Reach) -> Set;
    /// The number of a node that the mirror has; 0: it has none.
    #[wasm_bindgen(method)]
    fn id(this: &Reach, node: &Element) -> u32;
    #[wasm_bindgen(method)]
    fn mask(this: &Reach, element: &Element) -> u32;
    /// Selectors of what is masked, of what is not, and of what is a box.
    #[wasm_bindgen(method)]
    fn rules(this: &Reach) -> Array;
    /// Sends a message of its own, at once.
    #[wasm_bindgen(method)]
    fn say(this: &Reach, message: &[u8]);
    /// Epoch and seq of the frame that was made last.
    #[wasm_bindgen(method)]
    fn at(this: &Reach) -> Vec<u32>;
    /// Adds sections to the frame that is made next; nothing if they would tell of a masked field, or of what is in one.
    #[wasm_bindgen(method)]
    fn add(this: &Reach, sections: &[u8], field: u32);
    /// Has an element be read anew with what changed.
    #[wasm_bindgen(method)]
    fn retake(this: &Reach, element: &Element);
}

impl Reach {
    /// What the recorder was started with (0), and the frames and messages that it makes (1). An older one lends neither.
    pub(crate) fn lent(&self, which: u32) -> Option<JsValue> {
        let config: Function = Reflect::get(self, &"config".into()).ok()?.dyn_into().ok()?;
        Reflect::get_u32(&config.call0(&JsValue::NULL).ok()?, which).ok()
    }
}

/// What was told of an element in this epoch.
#[derive(Debug, Default)]
struct Told {
    pace: Pace,
    /// Names the picture that was sent last.
    picture: Option<u64>,
    why: Option<u32>,
    playing: Option<(Playing, f64)>,
    source: String,
}

struct Eyes {
    reach: Reach,
    close: Rc<Close>,
    window: Window,
    reader: Reader,
    budget: Cell<Budget>,
    epoch: Cell<u32>,
    told: RefCell<BTreeMap<u32, Told>>,
    /// Assets of this epoch: what each shows, in the order of their numbers.
    assets: RefCell<Vec<u64>>,
    asset_bytes: Cell<usize>,
    is_looking: Cell<bool>,
    parts: Rc<Parts>,
    shut: Shut,
}

/// Begins. One for a page.
#[wasm_bindgen]
pub fn start(reach: Reach) -> Option<Sight> {
    let window = web_sys::window()?;
    let reader = Reader::new(&window)?;
    let now = window.performance()?.now();
    Some(Sight(Rc::new(Eyes {
        close: Close::new(reach.clone(), window.clone())?,
        parts: Parts::start(reach.clone(), window.clone()),
        shut: Shut::new(reach.clone()),
        reach,
        window,
        reader,
        budget: Cell::new(Budget::new(now)),
        epoch: Cell::default(),
        told: RefCell::default(),
        assets: RefCell::default(),
        asset_bytes: Cell::default(),
        is_looking: Cell::default(),
    })))
}

#[wasm_bindgen]
pub struct Sight(Rc<Eyes>);

#[wasm_bindgen]
impl Sight {
    /// Looks at what is there, once.
    pub fn look(&self) {
        let eyes = self.0.clone();
        eyes.close.look();
        eyes.parts.look();
        eyes.shut.look();
        if !eyes.is_looking.replace(true) {
            spawn_local(async move {
                eyes.look().await;
                eyes.is_looking.set(false);
            });
        }
    }
}

impl Eyes {
    fn now(&self) -> f64 {
        self.window.performance().map_or(0.0, |performance| performance.now())
    }

    async fn look(&self) {
        let epoch = self.reach.at().first().copied().unwrap_or_default();
        if self.epoch.replace(epoch) != epoch {
            self.told.take();
            self.assets.take();
            self.asset_bytes.set(0);
        }
        let watched = self.reach.watched();
        let mut seen = Vec::new();
        for element in Array::from(&watched).iter() {
            let element: Element = element.unchecked_into();
            if !element.is_connected() {
                watched.delete(&element);
                continue;
            }
            let id = self.reach.id(&element);
            if id != 0 && seen.len() < MOST && self.is_due(id) {
                seen.push((id, element));
            }
        }
        for (id, element) in seen {
            match element.local_name().as_str() {
                "img" => self.image(epoch, id, element.unchecked_ref()).await,
                // A page of its own.
                "iframe" => {}
                "canvas" => self.canvas(epoch, id, element.unchecked_ref()).await,
                _ => self.media(epoch, id, element.unchecked_ref()).await,
            }
            // The page was begun anew meanwhile: all of it is to be told again.
            if self.reach.at().first() != Some(&epoch) {
                return;
            }
        }
    }

    fn is_due(&self, id: u32) -> bool {
        let now = self.now();
        self.told.borrow().get(&id).is_none_or(|told| told.pace.is_due(now))
    }

    fn with<T>(&self, id: u32, act: impl FnOnce(&mut Told) -> T) -> T {
        act(self.told.borrow_mut().entry(id).or_default())
    }

    /// Why the picture of an element is kept back, if it is.
    fn kept_back(&self, element: &Element) -> Option<u32> {
        if self.reach.mask(element) & MASKED != 0 {
            return Some(seen::HIDDEN);
        }
        element.closest(OFF).ok().flatten().map(|_| seen::OFF)
    }

    fn say_why(&self, id: u32, why: u32) {
        let before = self.with(id, |told| {
            told.picture = None;
            told.why.replace(why)
        });
        if before != Some(why) {
            self.reach.add(&media::seen(id, why), 0);
        }
    }

    fn is_in_view(&self, element: &Element) -> bool {
        let side = |side: Result<JsValue, JsValue>| side.ok().and_then(|side| side.as_f64()).unwrap_or(0.0);
        let (width, height) = (side(self.window.inner_width()), side(self.window.inner_height()));
        let place = element.get_bounding_client_rect();
        let is_there = place.width() > 0.0 && place.height() > 0.0;
        is_there
            && place.bottom() > 0.0
            && place.right() > 0.0
            && place.top() < height
            && place.left() < width
    }

    async fn canvas(&self, epoch: u32, id: u32, canvas: &HtmlCanvasElement) {
        if let Some(why) = self.kept_back(canvas) {
            return self.say_why(id, why);
        }
        if !self.is_in_view(canvas) || canvas.width() == 0 || canvas.height() == 0 {
            return;
        }
        // What draws by itself does it just before the page is painted, and some of it is gone just after.
        let painted = Promise::new(&mut |done, _| drop(self.window.request_animation_frame(&done)));
        // Meanwhile the page may have gone to where nothing of it may be seen.
        if JsFuture::from(painted).await.is_ok() && self.kept_back(canvas).is_none() {
            self.picture(epoch, id, &Source::Canvas(canvas), canvas.width(), canvas.height()).await;
        }
    }

    /// Sends a picture if it is another one than before.
    async fn picture(&self, epoch: u32, id: u32, source: &Source<'_>, width: u32, height: u32) {
        let begun = self.now();
        let mut budget = self.budget.get();
        let has_room = budget.has_room(begun);
        self.budget.set(budget);
        if !has_room {
            return;
        }
        let Some(name) = self.reader.copy(source, width, height) else {
            self.with(id, |told| told.pace.looked(begun, 0.0, false));
            return self.say_why(id, seen::FOREIGN);
        };
        let cost = self.now() - begun;
        let changed = self.with(id, |told| {
            let changed = told.picture != Some(name);
            told.pace.looked(begun, cost, changed);
            changed
        });
        if !changed {
            return;
        }
        let Some(image) = self.reader.encode().await else { return };
        if self.reach.at().first() != Some(&epoch) {
            return;
        }
        if image.len() > limits::PICTURE_BYTES {
            return self.say_why(id, seen::TOO_LARGE);
        }
        budget = self.budget.get();
        budget.sent(image.len());
        self.budget.set(budget);
        self.with(id, |told| {
            told.picture = Some(name);
            told.why = None;
        });
        self.reach.add(&media::picture(id, &image), 0);
    }

    async fn media(&self, epoch: u32, id: u32, element: &HtmlMediaElement) {
        self.tell_playing(id, element);
        let Some(video) = element.dyn_ref::<HtmlVideoElement>() else {
            return;
        };
        if let Some(why) = self.kept_back(video) {
            return self.say_why(id, why);
        }
        let (width, height) = (video.video_width(), video.video_height());
        // Before it has anything to show, its poster stands there.
        if video.ready_state() < HtmlMediaElement::HAVE_CURRENT_DATA || width == 0 || height == 0 {
            return self.say_why(id, seen::SEEN);
        }
        // Before it was ever played, its poster does.
        let has_poster = !video.poster().is_empty() && video.paused() && video.current_time() == 0.0;
        if has_poster {
            return self.say_why(id, seen::SEEN);
        }
        if self.is_in_view(video) {
            self.picture(epoch, id, &Source::Video(video), width, height).await;
            if !video.paused() {
                let now = self.now();
                self.with(id, |told| told.pace.rests(now, FILM_MS));
            }
        }
    }

    fn tell_playing(&self, id: u32, element: &HtmlMediaElement) {
        let tenths = |seconds: f64| if seconds.is_finite() { (seconds * 10.0) as u32 } else { 0 };
        let bit = |yes: bool, bit: u32| if yes { bit } else { 0 };
        let now = Playing {
            bits: bit(element.paused(), plays::PAUSED)
                | bit(element.muted(), plays::MUTED)
                | bit(element.ended(), plays::ENDED),
            at: tenths(element.current_time()),
            length: tenths(element.duration()),
            volume: (element.volume() * 100.0) as u32,
        };
        let time = self.now();
        let is_other = self.with(id, |told| {
            let Some((then, told_at)) = told.playing else { return true };
            let alone = if then.bits & plays::PAUSED == 0 { ((time - told_at) / 100.0) as u32 } else { 0 };
            let same = Playing { at: now.at, ..then } == now;
            !same || (then.at + alone).abs_diff(now.at) > JUMP || alone > TELL
        });
        if is_other {
            self.with(id, |told| told.playing = Some((now, time)));
            self.reach.add(&media::media(id, now), 0);
        }
    }

    /// An image that only this browser has.
    async fn image(&self, epoch: u32, id: u32, image: &HtmlImageElement) {
        let source = image.current_src();
        if !source.starts_with("blob:") {
            // It may become one.
            return;
        }
        let is_told = self.with(id, |told| told.source == source);
        if is_told || !image.complete() || image.natural_width() == 0 || self.kept_back(image).is_some() {
            return;
        }
        let begun = self.now();
        let copied = self.reader.copy(&Source::Image(image), image.natural_width(), image.natural_height());
        let Some(name) = copied else { return };
        let known = self.assets.borrow().iter().position(|asset| *asset == name);
        let number = match known {
            Some(number) => number as u32,
            None => {
                let Some(bytes) = self.reader.encode().await else { return };
                let all = self.asset_bytes.get() + bytes.len();
                let count = self.assets.borrow().len();
                let fits = bytes.len() <= limits::PICTURE_BYTES
                    && all <= limits::ASSETS_BYTES
                    && count < limits::ASSETS;
                if !fits || self.reach.at().first() != Some(&epoch) {
                    return;
                }
                self.asset_bytes.set(all);
                self.assets.borrow_mut().push(name);
                self.reach.add(&media::asset(count as u32, &bytes), 0);
                count as u32
            }
        };
        self.reach.add(&media::uses(id, number), 0);
        let cost = self.now() - begun;
        self.with(id, |told| {
            told.source = source;
            told.pace.looked(begun, cost, true);
        });
    }
}
