//! The widget of a page that lies in a frame: what `app/HASH/frame.js` is. The loader fetches it there in place of the
//! form, and calls `mount(host, config)` as it would call the form's.
//!
//! A page in a frame of a page of its own origin that has the widget is mirrored by that one: here nothing is to be
//! done. Of another origin it asks the page around it, which hands it a port if the server says that both are one
//! business's; it asks the server the same of the page around it before it believes that, and then runs a recorder that
//! speaks to the port as it would to a socket (ADR 18). Every other page gets its button and its form, as elsewhere.
use std::{cell::Cell, cell::RefCell, rc::Rc};

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use page_mirror::parts;
use shared::{
    ProtocolVersion, Timestamp,
    wire::mirror::{Masking, PublisherWelcome, ServerToPublisher},
};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, MessageEvent, MessagePort, Response, Window};

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Between questions to the page around whether it has the button, in milliseconds; every third time it is asked whether
/// this page may be a part of it, too: its contact may begin at any time.
const ASK_MS: i32 = 1_000;
const ASKS: u32 = 3;
/// How long the button waits for the answer.
const GRACE_MS: i32 = 1_000;
/// A port is never silent: nothing is asked of it. Timers take no more than 31 bits.
const HEARTBEAT_MS: u32 = 2_000_000_000;
/// The recorder wants a tab's id, which is told to nobody.
const NO_TAB: &str = "00000000000000000000000000000000";

/// Begins. One for a page.
#[wasm_bindgen]
pub fn mount(host: HtmlElement, config: JsValue) {
    let Some(window) = web_sys::window() else { return };
    let page = Rc::new(Framed {
        window,
        host,
        config,
        shown: Cell::default(),
        taken: Cell::default(),
        offers: Cell::default(),
        around: Cell::default(),
        recorder: RefCell::default(),
    });
    spawn_local(async move { page.begin().await });
}

struct Framed {
    window: Window,
    host: HtmlElement,
    /// The loader's: the script tag's attributes, and its hands on the page.
    config: JsValue,
    /// It has its button.
    shown: Cell<bool>,
    /// It is a part of the page around it.
    taken: Cell<bool>,
    /// How often it was offered. The page around knows the latest port alone.
    offers: Cell<u32>,
    /// The page around has a button of the same business.
    around: Cell<bool>,
    /// What runs, or ran last.
    recorder: RefCell<Option<JsValue>>,
}

impl Framed {
    async fn begin(self: Rc<Self>) {
        if self.is_mirrored_from_outside().await {
            return;
        }
        let heard = self.clone();
        let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| heard.heard(&event));
        let asking = self.clone();
        let mut asked = 0_u32;
        let asking = Closure::<dyn FnMut()>::new(move || {
            asked = asked.wrapping_add(1);
            asking.look_around();
            asking.ask(asked.is_multiple_of(ASKS));
        });
        let late = self.clone();
        let late = Closure::<dyn FnMut()>::new(move || late.look_around());
        let window = &self.window;
        // What a browser refuses leaves a page with a button.
        let _ = window.add_event_listener_with_callback("message", heard.as_ref().unchecked_ref());
        let callback = asking.as_ref().unchecked_ref();
        let _ = window.set_interval_with_callback_and_timeout_and_arguments_0(callback, ASK_MS);
        let callback = late.as_ref().unchecked_ref();
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(callback, GRACE_MS);
        // For as long as the page is there.
        heard.forget();
        asking.forget();
        late.forget();
        self.ask(true);
    }

    /// A page around it, of the same origin, has the widget, and so mirrors this one too. Scripts of that page may
    /// still be on their way.
    async fn is_mirrored_from_outside(&self) -> bool {
        let parent = |of: &JsValue| Reflect::get(of, &"parent".into()).ok().filter(|parent| parent != of);
        let mut around = parent(&self.window);
        while let Some(window) = around {
            // Another origin's window throws.
            let Ok(document) = Reflect::get(&window, &"document".into()) else { return false };
            if is_loading(&document) {
                let window: Window = window.clone().unchecked_into();
                let loaded = Promise::new(&mut |done, _| {
                    let _ = window.add_event_listener_with_callback("load", &done);
                });
                let _ = JsFuture::from(loaded).await;
            }
            if has_the_widget(&window) {
                return true;
            }
            around = parent(&window);
        }
        false
    }

    /// Whether the outermost page has the button, whatever is between; where none has, this one has its own.
    fn look_around(self: &Rc<Self>) {
        let top = Reflect::get(&self.window, &"top".into()).unwrap_or_default();
        // Its scripts may still be on their way. Another origin's window throws.
        if Reflect::get(&top, &"document".into()).is_ok_and(|document| is_loading(&document)) {
            return;
        }
        if has_the_widget(&top) {
            self.step_back();
        }
        self.stand_alone();
    }

    /// Asks the page around, whoever that is, whether it has the button; says to it that this one could be a part of it.
    fn ask(&self, to_be_a_part: bool) {
        if self.taken.get() || self.has_a_contact() {
            return;
        }
        let send = self.parent().and_then(|parent| Reflect::get(&parent, &"postMessage".into()).ok());
        let (Some(parent), Some(Ok(send))) = (self.parent(), send.map(JsCast::dyn_into::<Function>)) else {
            return;
        };
        // They hold no more than this page's presence and its business, which whoever frames it knows.
        let question = [parts::AROUND, &self.word("business"), "?"].concat();
        let asks = [
            Some(question.as_str()).filter(|_| !self.around.get()),
            Some(parts::ASK).filter(|_| to_be_a_part),
        ];
        for ask in asks.into_iter().flatten() {
            let _ = send.call2(&parent, &ask.into(), &"*".into());
        }
    }

    fn parent(&self) -> Option<JsValue> {
        Reflect::get(&self.window, &"parent".into()).ok()
    }

    /// A call that was asked for in this very page: where the outermost page is of this origin, with others between, it is
    /// that one's.
    fn has_a_contact(&self) -> bool {
        if self.is_of_the_outermost() {
            return false;
        }
        let store = self.window.local_storage().ok().flatten();
        let kept = store
            .and_then(|store| store.get_item(&format!("ringside:{}:contact", self.word("business"))).ok());
        kept.flatten().is_some()
    }

    fn is_of_the_outermost(&self) -> bool {
        Reflect::get(&self.window, &"top".into()).is_ok_and(|top| has_the_widget(&top))
    }

    /// A word of the script tag.
    fn word(&self, name: &str) -> String {
        Reflect::get(&self.config, &name.into()).ok().and_then(|word| word.as_string()).unwrap_or_default()
    }

    fn heard(self: &Rc<Self>, event: &MessageEvent) {
        let is_around = event.source().map(JsValue::from).is_some_and(|source| Some(source) == self.parent());
        let said = event.data().as_string().filter(|_| is_around).unwrap_or_default();
        if said.strip_prefix(parts::AROUND) == Some(&self.word("business")) {
            return self.step_back();
        }
        if said == parts::CALL {
            return self.ask(true);
        }
        if said != parts::OFFER {
            return;
        }
        let port: Option<MessagePort> = event.ports().get(0).dyn_into().ok();
        let (Some(port), origin) = (port, event.origin()) else { return };
        self.offers.set(self.offers.get().wrapping_add(1));
        let page = self.clone();
        spawn_local(async move {
            if page.take(&port, &origin).await.is_none() {
                port.close();
            }
        });
    }

    /// Becomes a part of a page of that origin. None: it does not.
    async fn take(self: &Rc<Self>, port: &MessagePort, origin: &str) -> Option<()> {
        let offer = self.offers.get();
        let welcome = self.rules(origin).await?;
        let module = self.fetch("recorder.js").await.ok()?;
        if self.has_a_contact() || self.offers.get() != offer {
            return None;
        }
        self.leave();
        self.record(&module, port, &welcome)?;
        self.taken.set(true);
        self.host.remove();
        Some(())
    }

    /// Where the server is asked of another origin.
    fn frames(&self) -> String {
        let server = match self.word("server") {
            server if server.is_empty() => self.word("app").split('/').take(3).collect::<Vec<_>>().join("/"),
            server => server,
        };
        format!("{server}/api/v1/sites/{}/frames/", self.word("business"))
    }

    /// What the server says to whoever asks for two pages of one business; as a recorder is told it.
    async fn rules(&self, origin: &str) -> Option<Vec<u8>> {
        let address = self.frames() + &String::from(js_sys::encode_uri_component(origin));
        let answer: Response =
            JsFuture::from(self.window.fetch_with_str(&address)).await.ok()?.dyn_into().ok()?;
        if answer.status() != 200 {
            return None;
        }
        let answer = JsFuture::from(answer.json().ok()?).await.ok()?;
        let masking = match Reflect::get(&answer, &"masking".into()).ok()?.as_string()?.as_str() {
            "balanced" => Masking::Balanced,
            "off" => Masking::Off,
            _ => Masking::Strict,
        };
        let rules = Array::from(&Reflect::get(&answer, &"rules".into()).ok()?);
        let welcome = PublisherWelcome {
            version: ProtocolVersion::CURRENT,
            now: Timestamp(0),
            heartbeat_ms: HEARTBEAT_MS,
            // The page around says when it is to be shown.
            sharing: false,
            masking,
            mask_selectors: rules.iter().map(|rule| rule.as_string()).collect::<Option<_>>()?,
        };
        Some(ServerToPublisher::from(welcome).encode())
    }

    /// A module that lies beside this one, ready.
    async fn fetch(&self, name: &str) -> Result<JsValue, JsValue> {
        let fetch: Function = Reflect::get(&self.config, &"fetch".into())?.dyn_into()?;
        let module: Promise = fetch.call1(&self.config, &name.into())?.dyn_into()?;
        let module = JsFuture::from(module).await?;
        let ready: Function = Reflect::get(&module, &"default".into())?.dyn_into()?;
        let ready: Promise = ready.call0(&module)?.dyn_into()?;
        JsFuture::from(ready).await?;
        Ok(module)
    }

    /// Runs a recorder to which the port is an open socket.
    fn record(self: &Rc<Self>, module: &JsValue, port: &MessagePort, welcome: &[u8]) -> Option<()> {
        let set =
            |object: &JsValue, name: &str, value: &JsValue| Reflect::set(object, &name.into(), value).ok();
        let send: Function = Reflect::get(port, &"postMessage".into()).ok()?.dyn_into().ok()?;
        set(port, "send", &send.bind0(port))?;
        let close: Function = Reflect::get(port, &"close".into()).ok()?.dyn_into().ok()?;
        let (page, of) = (self.clone(), port.clone());
        let closing = Closure::<dyn FnMut()>::new(move || {
            page.taken.set(false);
            // An empty message says that the page goes.
            let _ = send.call1(&of, &Uint8Array::new_with_length(0));
            let _ = close.call0(&of);
        });
        set(port, "close", &closing.into_js_value())?;
        let config = Object::new();
        set(&config, "port", port)?;
        set(&config, "tab", &NO_TAB.into())?;
        set(&config, "token", &"".into())?;
        // Pages in its own frames are parts of it as well.
        set(&config, "api", &self.frames().into())?;
        let said = Closure::<dyn FnMut(JsValue)>::new(|_| {}).into_js_value();
        let start: Function = Reflect::get(module, &"start".into()).ok()?.dyn_into().ok()?;
        let handle = start.call2(module, &config, &said).ok()?;
        self.recorder.replace(Some(handle));
        let opened: Function = Reflect::get(port, &"onopen".into()).ok()?.dyn_into().ok()?;
        opened.call0(port).ok()?;
        let event = Object::new();
        set(&event, "data", &Uint8Array::from(welcome))?;
        let heard: Function = Reflect::get(port, &"onmessage".into()).ok()?.dyn_into().ok()?;
        heard.call1(port, &event).ok().map(drop)
    }

    /// What runs ends, and says so.
    fn leave(&self) {
        if let Some(handle) = self.recorder.take() {
            let stop =
                Reflect::get(&handle, &"stop".into()).ok().and_then(|stop| stop.dyn_into::<Function>().ok());
            let _ = stop.map(|stop| stop.call0(&handle));
        }
    }

    /// The page around has the button: one is enough, unless something is going on in this one.
    fn step_back(self: &Rc<Self>) {
        if self.around.replace(true) || self.has_a_contact() {
            return;
        }
        let root = self.host.shadow_root();
        if root.is_some_and(|root| root.query_selector("#card").is_ok_and(|card| card.is_some())) {
            return;
        }
        self.host.remove();
        // What the page itself opens is shown here, where it was asked for.
        let api = Reflect::get(&self.window, &"Ringside".into()).unwrap_or_default();
        let Ok(open) = Reflect::get(&api, &"open".into()).and_then(JsCast::dyn_into::<Function>) else {
            return;
        };
        let page = self.clone();
        let opens = Closure::<dyn FnMut()>::new(move || {
            page.around.set(false);
            page.stand_alone();
            // Whichever is there by now: the loader's keeps it for the form.
            let api = Reflect::get(&page.window, &"Ringside".into()).unwrap_or_default();
            let _ = Reflect::set(&api, &"open".into(), &open);
            let _ = open.call0(&api);
        });
        let _ = Reflect::set(&api, &"open".into(), &opens.into_js_value());
    }

    /// Nobody took it: it has its button and its form as every page does.
    fn stand_alone(self: &Rc<Self>) {
        if self.around.get() {
            return;
        }
        let body = self.window.document().and_then(|document| document.body());
        let Some(body) = body.filter(|_| !self.taken.get()) else { return };
        if self.shown.get() {
            // It may have stepped back.
            if !self.host.is_connected() {
                let _ = body.append_child(&self.host);
            }
            return;
        }
        self.shown.set(true);
        let _ = body.append_child(&self.host);
        // The trail.
        let page =
            Reflect::get(&self.config, &"page".into()).ok().and_then(|page| page.dyn_into::<Function>().ok());
        let _ = page.map(|page| page.call0(&self.config));
        let page = self.clone();
        spawn_local(async move {
            if let Err(error) = page.mount_form().await {
                // Unheard, so that the loader hears of it and shows what is left.
                let _ = Promise::reject(&error);
            }
        });
    }

    async fn mount_form(&self) -> Result<(), JsValue> {
        let module = self.fetch("widget.js").await?;
        let mount: Function = Reflect::get(&module, &"mount".into())?.dyn_into()?;
        mount.call2(&module, &self.host, &self.config).map(drop)
    }
}

fn is_loading(document: &JsValue) -> bool {
    let state = Reflect::get(document, &"readyState".into()).ok().and_then(|state| state.as_string());
    state.as_deref() != Some("complete")
}

/// Another origin's window throws, and has none for us.
fn has_the_widget(window: &JsValue) -> bool {
    let api = Reflect::get(window, &"Ringside".into()).unwrap_or_default();
    api.is_object() && Reflect::get(&api, &"v".into()).is_ok_and(|v| v.is_truthy())
}
