//! Carries out what the state decided.
use shared::contact::Phase;
use wasm_bindgen::JsValue;
use yew::Context;

use crate::{
    app::{App, NUMBER, SITE},
    js::{self, Record},
    page, request,
    request::ANSWER_LIMIT_MS,
    state::{Command, Event, Focus, Site, Stage},
};

impl App {
    pub(crate) fn perform(&mut self, ctx: &Context<Self>, command: Command) {
        match command {
            Command::LoadSite => {
                let url = self
                    .config
                    .api(&["sites/", &self.config.attribute("business").unwrap_or_default()].concat());
                page::http(&self.tell, SITE, &url, None, None, None, ANSWER_LIMIT_MS);
                // Who opens the card may call, and then it should be there.
                self.want_line(ctx);
            }
            Command::CheckNumber => {
                self.asked = self.state.form.number.clone();
                let body = self
                    .number_record()
                    .maybe("business", self.config.attribute("business").as_deref())
                    .json();
                page::http(
                    &self.tell,
                    NUMBER,
                    &self.config.api("numbers"),
                    Some(&body),
                    None,
                    None,
                    ANSWER_LIMIT_MS,
                );
            }
            Command::AskMicrophone => {
                self.wants_microphone = true;
                self.want_line(ctx);
            }
            Command::LetMicrophoneGo => {
                self.wants_microphone = false;
                // Back at the form, nobody looks for a proof any more either.
                let all = matches!(self.state.stage, Stage::Asking);
                if all {
                    self.posting = None;
                }
                page::call(&self.module, "release", &all.into());
            }
            Command::Post => self.post(),
            Command::RememberNumber => self.config.store.set("number", self.number_record()),
            Command::ForgetNumber => self.config.store.remove("number"),
            Command::DropTicket => self.drop_ticket(),
            Command::Connect => self.connect(ctx),
            Command::Disconnect => self.disconnect(),
            Command::Cancel => drop(self.on_line("cancel", &JsValue::UNDEFINED)),
            Command::Share(on) => drop(self.on_line("share", &on.into())),
            Command::Hear => drop(self.on_line("hear", &JsValue::UNDEFINED)),
            Command::Focus(focus) if self.state.open || focus == Focus::Pill => self.focus = Some(focus),
            Command::Focus(_) => {}
            Command::Say(said) => self.say(said),
        }
    }

    fn number_record(&self) -> Record {
        Record::new().with("number", &self.state.form.number).with("region", &self.state.form.region)
    }

    pub(crate) fn site_came(&mut self, ctx: &Context<Self>, body: &JsValue) {
        let site = js::site(body).map(|info| {
            let countries = info.regions.iter().map(|region| page::country(region)).collect();
            Box::new(Site { info, countries })
        });
        self.handle(ctx, Event::Site(site));
    }

    pub(crate) fn number_answered(&mut self, ctx: &Context<Self>, status: u32, body: &JsValue) {
        let answer = match (status, js::number_answer(body), js::text(body, "detail")) {
            (200..300, Some(answer), _) => Ok(answer),
            (400..429, _, Some(detail)) => Err(detail),
            // About anything else than the number, the request itself will hear more.
            _ => return,
        };
        let asked = std::mem::take(&mut self.asked);
        self.handle(ctx, Event::NumberAnswered { asked, answer });
    }

    /// An end that the customer can see now need not be kept for the next page.
    pub(crate) fn drop_shown_end(&self) {
        if page::is_visible() && self.state.live().is_some_and(|live| live.phase() == Some(Phase::Ended)) {
            self.drop_ticket();
        }
    }

    fn drop_ticket(&self) {
        if let Some(live) = self.state.live()
            && (page::is_visible() || !live.has_ended())
        {
            request::drop_ticket(&self.config.store, &live.ticket.token);
        }
    }
}
