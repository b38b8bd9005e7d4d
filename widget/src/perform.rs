//! Carries out what the state decided.
use shared::wire::LegTrouble;
use softphone::Microphone;
use wasm_bindgen_futures::spawn_local;
use yew::Context;

use crate::{
    app::App,
    browser,
    http::{self, Answer},
    js::{self, Record},
    request,
    state::{Command, Draft, Event, Site},
};

const NUMBER: &str = "number";

impl App {
    pub(crate) fn perform(&mut self, ctx: &Context<Self>, command: Command) {
        match command {
            Command::LoadSite => self.load_site(ctx),
            Command::CheckNumber { number, region } => self.ask_number(ctx, number, &region),
            Command::AskMicrophone => self.ask_microphone(ctx),
            Command::LetMicrophoneGo => self.microphone = None,
            Command::Post(draft) => self.post(ctx, *draft),
            Command::RememberNumber { number, region } => {
                let record = Record::new().with("number", &*number).with("region", &*region);
                self.config.store.set(NUMBER, &record.json());
            }
            Command::ForgetNumber => self.config.store.remove(NUMBER),
            Command::DropTicket => self.drop_shown_end(),
            Command::Connect(ticket) => self.connect(ctx, &ticket),
            Command::Disconnect => self.disconnect(),
            Command::Send(message) => self.send_surely(message),
            Command::StartVoice(leg) => self.start_voice(ctx, leg),
            Command::StopVoice => self.phone = None,
            Command::Hear => {
                if let Some(phone) = &self.phone {
                    phone.hear();
                }
            }
            Command::Focus(focus) => {
                if self.state.open || focus == crate::state::Focus::Pill {
                    self.focus = Some(focus);
                }
            }
            Command::Say(said) => self.say(said),
        }
    }

    /// Number and region that this browser was asked to remember.
    pub(crate) fn remembered(&self) -> Option<(String, String)> {
        let kept = self.config.store.get(NUMBER)?;
        Some((js::text(&kept, "number")?, js::text(&kept, "region")?))
    }

    fn load_site(&self, ctx: &Context<Self>) {
        let (config, link) = (self.config.clone(), ctx.link().clone());
        spawn_local(async move {
            let answer = http::get(&config.api(&["sites/", &config.business].concat())).await;
            let info = match answer {
                Answer::Ok(site) => js::site(&site),
                Answer::Refused { .. } | Answer::None => None,
            };
            let site = info.map(|info| Box::new(Site { countries: browser::countries(&info.regions), info }));
            link.send_message(Event::Site(site));
        });
    }

    fn ask_number(&self, ctx: &Context<Self>, number: String, region: &str) {
        let record = Record::new()
            .with("business", &*self.config.business)
            .with("number", &*number)
            .with("region", region);
        let (body, url, link) = (record.json(), self.config.api("numbers"), ctx.link().clone());
        spawn_local(async move {
            let answer = match http::post(&url, &body, None).await {
                Answer::Ok(answer) => js::number_answer(&answer).map(Ok),
                // About anything else than the number, the request itself will hear more.
                Answer::Refused { field, detail } if field.is_some() && !detail.is_empty() => {
                    Some(Err(detail))
                }
                Answer::Refused { .. } | Answer::None => None,
            };
            if let Some(answer) = answer {
                link.send_message(Event::NumberAnswered { asked: number, answer });
            }
        });
    }

    /// In the click's own handler, so that the browser's question comes with the gesture.
    fn ask_microphone(&mut self, ctx: &Context<Self>) {
        let microphone = Microphone::request(None);
        self.microphone = Some(microphone.clone());
        let link = ctx.link().clone();
        spawn_local(async move {
            let answer: Result<(), LegTrouble> = microphone.ready().await;
            link.send_message(Event::Microphone(answer));
        });
    }

    fn post(&mut self, ctx: &Context<Self>, draft: Draft) {
        let consent =
            self.state.site.as_ref().map(|site| site.info.consent_version.clone()).unwrap_or_default();
        let link = ctx.link().clone();
        let tell = move |event: Event| link.send_message(event);
        // The request carries this page in its trail.
        self.page_told = request::trail(&self.config).pop().map(|page| page.url).unwrap_or_default();
        spawn_local(request::submit(self.config.clone(), draft, consent, self.context.clone(), tell));
    }

    /// An end that the customer can see now need not be kept for the next page.
    pub(crate) fn drop_shown_end(&mut self) {
        let ended = self.state.live().filter(|live| live.has_ended()).map(|live| live.ticket.token.clone());
        if let Some(token) = ended
            && browser::is_visible()
        {
            request::drop_ticket(&self.config.store, &token);
        }
    }
}
