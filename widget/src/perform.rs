//! Carries out what the state decided.
use shared::{
    contact::Phase,
    wire::widget::{Cancel, Share},
};
use softphone::Microphone;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use yew::Context;

use crate::{
    app::{App, Msg, NUMBER, SITE},
    js::{self, Record},
    page, request,
    request::ANSWER_LIMIT_MS,
    state::{Command, Event, Focus, Site},
};

impl App {
    pub(crate) fn perform(&mut self, ctx: &Context<Self>, command: Command) {
        match command {
            Command::LoadSite => {
                let url = self.config.api(&["sites/", &self.config.business].concat());
                page::http(&self.tell, SITE, &url, None, None, ANSWER_LIMIT_MS);
            }
            Command::CheckNumber => {
                self.asked = self.state.form.number.clone();
                let body = self.number_record().with("business", &self.config.business).json();
                page::http(
                    &self.tell,
                    NUMBER,
                    &self.config.api("numbers"),
                    Some(&body),
                    None,
                    ANSWER_LIMIT_MS,
                );
            }
            Command::AskMicrophone => self.ask_microphone(ctx),
            Command::LetMicrophoneGo => self.microphone = None,
            Command::Post => self.post(),
            Command::RememberNumber => self.config.store.set("number", self.number_record()),
            Command::ForgetNumber => self.config.store.remove("number"),
            Command::DropTicket => self.drop_ticket(),
            Command::Connect => self.connect(ctx),
            Command::Disconnect => self.disconnect(),
            Command::Cancel => self.send_surely(Cancel {}.into()),
            Command::Share(on) => self.send_surely(Share { on }.into()),
            Command::StartVoice(leg) => self.start_voice(ctx, leg),
            Command::StopVoice => self.phone = None,
            Command::Hear => {
                if let Some(phone) = &self.phone {
                    phone.hear();
                }
            }
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

    /// While the click is handled, so that the browser's question comes with the gesture.
    fn ask_microphone(&mut self, ctx: &Context<Self>) {
        let microphone = Microphone::request(None);
        self.microphone = Some(microphone.clone());
        let link = ctx.link().clone();
        spawn_local(async move {
            let answer = microphone.ready().await;
            link.send_message(Msg::Microphone(answer));
        });
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
