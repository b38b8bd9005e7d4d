//! How events change the state: one method an event, each returning what the shell must do.
use shared::{
    api::{Channel, NumberAnswer, Window},
    contact::{CustomerStatus, Phase},
    limits,
    wire::LegTrouble,
};

use crate::{
    number,
    state::{
        Command, Draft, Event, Faults, Field, Focus, Form, Live, LocalNow, Said, Site, Stage, State, Ticket,
        Toast, Voice,
    },
    strings,
};

impl State {
    pub fn handle(&mut self, event: Event) -> Vec<Command> {
        match event {
            Event::Opened => self.opened(),
            Event::Minimised => self.minimised(),
            Event::Site(site) => self.site_came(site),
            Event::Remembered { number, region } => self.remembered(number, region),
            Event::Typed(field, text) => self.typed(field, text),
            Event::Remember(on) => {
                self.form.remember = on;
                Vec::new()
            }
            Event::ForgetMe => {
                self.form = Form { region: self.form.region.clone(), ..Form::default() };
                vec![Command::ForgetNumber, Command::Focus(Focus::Number)]
            }
            Event::Later(later, now) => self.later(later, &now),
            Event::NumberLeft => self.number_left(),
            Event::NumberAnswered { asked, answer } => self.number_answered(&asked, answer),
            Event::Submitted(channel, now) => self.submitted(channel, &now),
            Event::Microphone(answer) => self.microphone(answer),
            Event::Unanswered => {
                if let Stage::Sending { tries, .. } = &mut self.stage {
                    *tries += 1;
                }
                Vec::new()
            }
            Event::GaveUp => self.back_to_form(strings::NO_ANSWER.into()),
            Event::Refused { field, detail } => self.refused(field.as_deref(), detail),
            Event::Accepted { ticket, status } => self.accepted(ticket, status),
            Event::Found(ticket) => self.found(ticket),
            Event::Connected(yes) => {
                self.offline = !yes;
                Vec::new()
            }
            Event::Status { status, viewers } => self.status(status, viewers),
            Event::Unknown => self.unknown(),
            Event::Invited(leg) => vec![Command::StartVoice(leg)],
            Event::LegEnded => {
                self.set_voice(Voice::Idle);
                vec![Command::StopVoice]
            }
            Event::VoiceIs(voice) => {
                self.set_voice(voice);
                Vec::new()
            }
            Event::Cancel => self.cancel(),
            Event::StartAnew { later } => self.start_anew(later),
            Event::Dismiss => self.dismiss(),
            Event::Share(on) => self.share(on),
            Event::Hear => vec![Command::Hear],
            Event::Led { text } => {
                self.toast = text.map(|text| Toast { text });
                Vec::new()
            }
        }
    }

    fn opened(&mut self) -> Vec<Command> {
        let focus = if matches!(self.stage, Stage::Asking) { Focus::Number } else { Focus::Card };
        if std::mem::replace(&mut self.open, true) {
            return vec![Command::Focus(focus)];
        }
        let mut commands = vec![Command::Say(Said::Open), Command::Focus(focus)];
        // What was promised when the page loaded may have changed since.
        if self.live().is_none() {
            self.site_failed = false;
            commands.push(Command::LoadSite);
        }
        commands
    }

    fn minimised(&mut self) -> Vec<Command> {
        if !std::mem::take(&mut self.open) {
            return Vec::new();
        }
        let mut commands = vec![Command::Say(Said::Close), Command::Focus(Focus::Pill)];
        if self.live().is_some_and(Live::has_ended) {
            self.stage = Stage::Asking;
            commands.push(Command::Disconnect);
        }
        commands
    }

    fn site_came(&mut self, site: Option<Box<Site>>) -> Vec<Command> {
        match site {
            Some(site) => {
                let served = |region: &String| site.info.regions.contains(region);
                if !served(&self.form.region) {
                    let first = site.info.regions.first().cloned();
                    let default = Some(site.info.default_region.clone()).filter(served);
                    self.form.region = default.or(first).unwrap_or_default();
                }
                self.site = Some(*site);
            }
            None => self.site_failed = self.site.is_none(),
        }
        Vec::new()
    }

    fn remembered(&mut self, number: String, region: String) -> Vec<Command> {
        if self.form.number.is_empty() {
            self.form =
                Form { number, region, remember: true, remembered: true, ..std::mem::take(&mut self.form) };
        }
        Vec::new()
    }

    fn typed(&mut self, field: Field, text: String) -> Vec<Command> {
        let form = &mut self.form;
        let (slot, fault) = match field {
            Field::Number => (&mut form.number, &mut form.faults.number),
            Field::Region => (&mut form.region, &mut form.faults.number),
            Field::Note => (&mut form.note, &mut form.faults.note),
            Field::Day => (&mut form.day, &mut form.faults.time),
            Field::From => (&mut form.from, &mut form.faults.time),
            Field::Until => (&mut form.until, &mut form.faults.time),
        };
        *slot = text;
        *fault = None;
        form.faults.form = None;
        Vec::new()
    }

    /// Proposes the next full hour, tomorrow's first ones at night.
    fn later(&mut self, later: bool, now: &LocalNow) -> Vec<Command> {
        self.form.later = later;
        self.form.faults.time = None;
        if later && self.form.day.is_empty() {
            let hour: u32 = now.time.get(..2).and_then(|hour| hour.parse().ok()).unwrap_or(9);
            let hour = (hour + 1).min(22);
            let full = |hour: u32| [if hour < 10 { "0" } else { "" }, &hour.to_string(), ":00"].concat();
            self.form.day.clone_from(&now.day);
            self.form.from = full(hour);
            self.form.until = full(hour + 1);
        }
        Vec::new()
    }

    fn number_left(&mut self) -> Vec<Command> {
        if self.form.number.trim().is_empty() {
            return Vec::new(); // leaving an empty field is no fault
        }
        self.check_number();
        if self.form.faults.number.is_some() {
            return Vec::new();
        }
        let (number, region) = (self.form.number.clone(), self.form.region.clone());
        vec![Command::CheckNumber { number, region }]
    }

    fn check_number(&mut self) {
        let served = self.site.as_ref().map_or(&[] as &[String], |site| &site.info.regions);
        // Without the site's particulars only the server can tell what is served.
        if served.is_empty() && !self.form.number.trim().is_empty() {
            return;
        }
        match number::check(&self.form.number, &self.form.region, served) {
            Ok(region) => {
                self.form.region = region;
                self.form.faults.number = None;
            }
            Err(fault) => self.form.faults.number = Some(strings::number_fault(&fault, self.business())),
        }
    }

    fn number_answered(&mut self, asked: &str, answer: Result<NumberAnswer, String>) -> Vec<Command> {
        if self.form.number != asked {
            return Vec::new(); // it was changed meanwhile
        }
        match answer {
            Ok(answer) => {
                self.form.number = answer.international;
                if self.site.as_ref().is_some_and(|site| site.info.regions.contains(&answer.region)) {
                    self.form.region = answer.region;
                }
            }
            Err(detail) => self.form.faults.number = Some(detail),
        }
        Vec::new()
    }

    fn submitted(&mut self, channel: Channel, now: &LocalNow) -> Vec<Command> {
        if !matches!(self.stage, Stage::Asking) {
            return Vec::new(); // a second click
        }
        // What the server said about a number stands until the number changes.
        let said = self.form.faults.number.take();
        self.form.faults = Faults::default();
        if channel == Channel::Telephone {
            self.check_number();
            self.form.faults.number = self.form.faults.number.take().or(said);
        }
        self.check_time(now);
        if self.form.note.chars().count() > limits::NOTE_CHARS {
            self.form.faults.note = Some(strings::NOTE_TOO_LONG.into());
        }
        if let Some(focus) = self.form.faults.first() {
            self.form.faults.form = Some(strings::CHECK_FIELDS.into());
            return vec![Command::Focus(focus)];
        }
        let draft = Box::new(self.draft(channel, now));
        let mut commands = Vec::new();
        if channel == Channel::Telephone && self.form.remember {
            let (number, region) = (self.form.number.clone(), self.form.region.clone());
            commands.push(Command::RememberNumber { number, region });
        }
        match channel {
            Channel::Browser => {
                self.stage = Stage::Permission(draft);
                commands.push(Command::AskMicrophone);
            }
            Channel::Telephone => {
                self.stage = Stage::Sending { draft: draft.clone(), tries: 0 };
                commands.push(Command::Post(draft));
            }
        }
        commands.push(Command::Focus(Focus::Card));
        commands
    }

    fn check_time(&mut self, now: &LocalNow) {
        let form = &mut self.form;
        if !form.later {
            return;
        }
        let fault = if form.day.is_empty() || form.from.is_empty() || form.until.is_empty() {
            Some(strings::DAY_MISSING)
        } else if form.from == form.until {
            Some(strings::SAME_TIME)
        // An end before the beginning lies past midnight.
        } else if form.day < now.day
            || form.day == now.day && form.from < form.until && form.until <= now.time
        {
            Some(strings::TIME_PASSED)
        } else {
            None
        };
        form.faults.time = fault.map(String::from);
    }

    fn draft(&self, channel: Channel, now: &LocalNow) -> Draft {
        let form = &self.form;
        let telephone = channel == Channel::Telephone;
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let window = form.later.then(|| Window {
            date: form.day.clone(),
            from: form.from.clone(),
            until: form.until.clone(),
            zone: now.zone.clone(),
        });
        Draft {
            channel,
            number: some(&form.number).filter(|_| telephone),
            region: some(&form.region).filter(|_| telephone),
            note: some(&form.note),
            window,
        }
    }

    fn microphone(&mut self, answer: Result<(), LegTrouble>) -> Vec<Command> {
        let Stage::Permission(draft) = &self.stage else { return vec![Command::LetMicrophoneGo] };
        match answer {
            Ok(()) => {
                let draft = draft.clone();
                self.stage = Stage::Sending { draft: draft.clone(), tries: 0 };
                vec![Command::Post(draft)]
            }
            Err(LegTrouble::MicrophoneDenied) => self.back_to_form(strings::MICROPHONE_BLOCKED.into()),
            Err(LegTrouble::NoMicrophone | LegTrouble::MediaFailed) => {
                self.back_to_form(strings::NO_MICROPHONE.into())
            }
        }
    }

    fn back_to_form(&mut self, said: String) -> Vec<Command> {
        self.stage = Stage::Asking;
        self.form.faults.form = Some(said);
        vec![Command::LetMicrophoneGo, Command::Focus(Focus::Card)]
    }

    fn refused(&mut self, field: Option<&str>, detail: String) -> Vec<Command> {
        let detail = if detail.is_empty() { strings::NOT_NOW.into() } else { detail };
        let faults = &mut self.form.faults;
        *faults = Faults::default();
        let (slot, focus) = match field {
            Some("number" | "region") => (&mut faults.number, Focus::Number),
            Some("note") => (&mut faults.note, Focus::Note),
            Some("window" | "date" | "from" | "until" | "zone") => {
                self.form.later = true;
                (&mut faults.time, Focus::Day)
            }
            _ => (&mut faults.form, Focus::Card),
        };
        *slot = Some(detail);
        self.stage = Stage::Asking;
        vec![Command::LetMicrophoneGo, Command::Focus(focus)]
    }

    fn accepted(&mut self, ticket: Ticket, status: CustomerStatus) -> Vec<Command> {
        self.offline = false;
        self.form.note.clear();
        self.form.faults = Faults::default();
        self.stage = Stage::Contact(Box::new(Live::new(ticket.clone(), None)));
        let mut commands = vec![Command::Connect(ticket), Command::Say(Said::Requested)];
        commands.extend(self.status(status, Vec::new()));
        commands
    }

    fn found(&mut self, ticket: Ticket) -> Vec<Command> {
        if self.live().is_some_and(|live| live.ticket.token == ticket.token) {
            return Vec::new();
        }
        self.offline = false;
        self.stage = Stage::Contact(Box::new(Live::new(ticket.clone(), None)));
        let mut commands = Vec::new();
        if ticket.channel == Channel::Telephone {
            commands.push(Command::LetMicrophoneGo);
        }
        commands.push(Command::Connect(ticket));
        commands
    }

    fn status(&mut self, status: CustomerStatus, viewers: Vec<String>) -> Vec<Command> {
        let Stage::Contact(live) = &mut self.stage else { return Vec::new() };
        self.offline = false;
        live.viewers = viewers;
        if live.status.as_ref() == Some(&status) {
            return Vec::new();
        }
        let before = live.phase();
        let phase = status.phase;
        if matches!(phase, Phase::Talking) {
            live.talking_since.get_or_insert(status.since);
        }
        live.status = Some(status);
        let mut commands = vec![Command::Say(Said::Status)];
        if phase == Phase::Ended && before != Some(Phase::Ended) {
            live.voice = Voice::Idle;
            live.viewers.clear();
            commands.extend([Command::StopVoice, Command::LetMicrophoneGo, Command::DropTicket]);
            commands.push(Command::Say(Said::Ended));
        }
        commands
    }

    fn unknown(&mut self) -> Vec<Command> {
        let Stage::Contact(live) = &self.stage else { return vec![Command::Disconnect] };
        let ended = live.has_ended();
        let mut commands = vec![Command::Disconnect, Command::StopVoice, Command::LetMicrophoneGo];
        if !ended {
            self.stage = Stage::Asking;
            self.form.faults.form = Some(strings::NOT_KNOWN.into());
            commands.extend([Command::DropTicket, Command::LoadSite]);
        }
        commands
    }

    fn set_voice(&mut self, voice: Voice) {
        if let Stage::Contact(live) = &mut self.stage {
            live.voice = voice;
        }
    }

    fn cancel(&mut self) -> Vec<Command> {
        if let Stage::Permission(_) = self.stage {
            self.stage = Stage::Asking;
            return vec![Command::LetMicrophoneGo, Command::Focus(Focus::Card)];
        }
        match &self.stage {
            Stage::Contact(live) if !live.has_ended() => {
                vec![Command::Send(shared::wire::widget::Cancel {}.into()), Command::Focus(Focus::Card)]
            }
            Stage::Contact(_) | Stage::Asking | Stage::Permission(_) | Stage::Sending { .. } => Vec::new(),
        }
    }

    /// Another try after an end: the form, filled in as before.
    fn start_anew(&mut self, later: bool) -> Vec<Command> {
        self.stage = Stage::Asking;
        self.form.later = later;
        vec![
            Command::Disconnect,
            Command::LoadSite,
            Command::Focus(if later { Focus::Day } else { Focus::Number }),
        ]
    }

    fn dismiss(&mut self) -> Vec<Command> {
        if let Some(live) = self.live()
            && live.has_ended()
        {
            self.stage = Stage::Asking;
        }
        let mut commands = vec![Command::Disconnect];
        commands.extend(self.minimised());
        commands
    }

    fn share(&mut self, on: bool) -> Vec<Command> {
        if let Stage::Contact(live) = &mut self.stage
            && let Some(status) = &mut live.status
        {
            live.stopped = !on;
            status.sharing = on;
            live.viewers.clear();
            return vec![Command::Send(shared::wire::widget::Share { on }.into())];
        }
        Vec::new()
    }
}
