//! How events change the state: one method an event. What the shell must do goes into `out`, in order.
use shared::{
    Timestamp,
    api::{Channel, NumberAnswer},
    contact::{CustomerStatus, Phase},
    limits,
    wire::LegTrouble,
};

use crate::{
    number,
    state::{
        Command, Event, Faults, Field, Focus, Form, Live, LocalNow, Said, Site, Stage, State, Ticket, Voice,
    },
    strings,
};

type Out<'a> = &'a mut Vec<Command>;

impl State {
    pub fn handle(&mut self, event: Event) -> Vec<Command> {
        let mut commands = Vec::new();
        self.change(event, &mut commands);
        commands
    }

    fn change(&mut self, event: Event, out: Out<'_>) {
        match event {
            Event::Opened => self.opened(out),
            Event::Minimised => self.minimised(out),
            Event::Toggled if self.open => self.minimised(out),
            Event::Toggled => self.opened(out),
            Event::Site(site) => self.site_came(site, out),
            Event::Remembered { number, region } => self.remembered(number, region),
            Event::Typed(field, text) => self.typed(field, text),
            Event::Region(place) => self.region(place),
            Event::Remember(on) => self.form.remember = on,
            Event::ForgetMe => self.forget(out),
            Event::Later(later, now) => self.later(later, &now),
            Event::NumberLeft => self.number_left(out),
            Event::NumberAnswered { asked, answer } => self.number_answered(&asked, answer, out),
            Event::Submitted(channel, now) => self.submitted(channel, &now, out),
            Event::Microphone(answer) => self.microphone(answer, out),
            Event::Challenged => self.stage = Stage::Proving,
            Event::Unanswered => {
                if let Stage::Sending { tries, .. } = &mut self.stage {
                    *tries += 1;
                }
            }
            Event::GaveUp => self.back_to_form(strings::NO_ANSWER, out),
            Event::Refused { field, detail } => self.refused(field.as_deref(), detail, out),
            Event::Accepted { ticket, status } => self.accepted(ticket, status, out),
            Event::Found(ticket) => self.found(ticket, out),
            Event::Connected(yes) => self.offline = !yes,
            Event::Status { status, viewers } => self.status(status, viewers, out),
            Event::Unknown => self.unknown(out),
            Event::VoiceIs(voice) => self.voice_is(voice, out),
            Event::Cancel => self.cancel(out),
            Event::StartAnew { later, now } => self.start_anew(later, &now, out),
            Event::Dismiss => self.dismiss(out),
            Event::Share(on) => self.share(on, out),
            Event::Hear => out.push(Command::Hear),
            Event::Led(text) => self.toast = Some(text),
        }
    }

    fn opened(&mut self, out: Out<'_>) {
        let asking = matches!(self.stage, Stage::Asking);
        if !std::mem::replace(&mut self.open, true) {
            out.push(Command::Say(Said::Open));
            // What was promised when the page loaded may have changed since.
            if asking || self.site.is_none() {
                self.site_failed = false;
                out.push(Command::LoadSite);
            }
        }
        out.push(Command::Focus(if asking { Focus::Number } else { Focus::Card }));
    }

    fn minimised(&mut self, out: Out<'_>) {
        if std::mem::take(&mut self.open) {
            out.extend_from_slice(&[Command::Say(Said::Close), Command::Focus(Focus::Pill)]);
            self.leave_end(out);
        }
    }

    /// An end that was seen makes way for the form.
    fn leave_end(&mut self, out: Out<'_>) {
        if self.live().is_some_and(Live::has_ended) {
            self.stage = Stage::Asking;
            out.push(Command::Disconnect);
        }
    }

    fn site_came(&mut self, site: Option<Box<Site>>, out: Out<'_>) {
        // Where nobody can be called in either way there is no form.
        let Some(site) = site.filter(|site| site.info.telephone || site.info.browser_voice) else {
            self.site_failed = self.site.is_none();
            return;
        };
        let regions = &site.info.regions;
        if !regions.contains(&self.form.region) {
            let default = Some(&site.info.default_region).filter(|region| regions.contains(region));
            self.form.region = default.or(regions.first()).cloned().unwrap_or_default();
        }
        // The form was not there yet when the card opened.
        if self.site.replace(*site).is_none() && matches!(self.stage, Stage::Asking) {
            out.push(Command::Focus(Focus::Number));
        }
    }

    fn remembered(&mut self, number: String, region: String) {
        if self.form.number.is_empty() {
            self.form.number = number;
            self.form.region = region;
            self.form.remember = true;
            self.form.remembered = true;
        }
    }

    fn forget(&mut self, out: Out<'_>) {
        self.form.number.clear();
        self.form.remember = false;
        self.form.remembered = false;
        self.form.faults = Faults::default();
        out.extend_from_slice(&[Command::ForgetNumber, Command::Focus(Focus::Number)]);
    }

    fn typed(&mut self, field: Field, text: String) {
        let Form { number, note, day, from, until, faults, .. } = &mut self.form;
        let (slot, fault) = match field {
            Field::Number => (number, &mut faults.number),
            Field::Note => (note, &mut faults.note),
            Field::Day => (day, &mut faults.time),
            Field::From => (from, &mut faults.time),
            Field::Until => (until, &mut faults.time),
        };
        *slot = text;
        *fault = None;
        faults.form = None;
    }

    fn region(&mut self, place: usize) {
        let region = self.site.as_ref().and_then(|site| site.info.regions.get(place));
        self.form.region.clone_from(region.unwrap_or(&self.form.region.clone()));
        self.form.faults.number = None;
    }

    /// Proposes the next full hour; late in the evening, the day's last one.
    fn later(&mut self, later: bool, now: &LocalNow) {
        let form = &mut self.form;
        form.later = later;
        form.faults.time = None;
        if later && form.day.is_empty() {
            let hour = now.time.get(..2).and_then(|hour| hour.parse().ok()).unwrap_or(8_u32).min(21);
            let full = |hour: u32| [if hour < 10 { "0" } else { "" }, &hour.to_string(), ":00"].concat();
            form.day.clone_from(&now.day);
            form.from = full(hour + 1);
            form.until = full(hour + 2);
        }
    }

    fn number_left(&mut self, out: Out<'_>) {
        if !self.form.number.is_empty() {
            self.check_number(); // leaving an empty field is no fault
            if self.form.faults.number.is_none() {
                out.push(Command::CheckNumber);
            }
        }
    }

    fn check_number(&mut self) {
        let served = self.site.as_ref().map_or(&[] as &[String], |site| &site.info.regions);
        match number::check(&self.form.number, &self.form.region, served) {
            Ok(region) => self.form.region = region,
            Err(fault) => self.form.faults.number = Some(strings::number_fault(&fault, self.business())),
        }
    }

    fn number_answered(&mut self, asked: &str, answer: Result<NumberAnswer, String>, out: Out<'_>) {
        if self.form.number != asked {
            return; // it was changed meanwhile
        }
        match answer {
            Ok(answer) => {
                self.form.number = answer.international;
                if self.site.as_ref().is_some_and(|site| site.info.regions.contains(&answer.region)) {
                    self.form.region = answer.region;
                }
                // It was sent before it could be checked.
                if self.form.remember && !matches!(self.stage, Stage::Asking) {
                    out.push(Command::RememberNumber);
                }
            }
            Err(detail) => self.form.faults.number = Some(detail),
        }
    }

    fn submitted(&mut self, channel: Channel, now: &LocalNow, out: Out<'_>) {
        if !matches!(self.stage, Stage::Asking) {
            return; // a second click
        }
        if channel == Channel::Page {
            self.stage = Stage::Sending { channel, tries: 0 };
            return out.extend_from_slice(&[Command::Post, Command::Focus(Focus::Card)]);
        }
        // Without a line to telephones the form has one button, and Enter presses it.
        let here = channel == Channel::Browser || !self.has_telephone();
        // What the server said about a number stands until the number changes.
        let said = self.form.faults.number.take();
        self.form.faults = Faults::default();
        if !here {
            self.form.faults.number = said;
            self.check_number();
        }
        self.form.faults.time = self.time_fault(now).map(String::from);
        if self.form.note.chars().nth(limits::NOTE_CHARS).is_some() {
            self.form.faults.note = Some(strings::NOTE_TOO_LONG.into());
        }
        if let Some(focus) = self.form.faults.first() {
            self.form.faults.form = Some(strings::CHECK_FIELDS.into());
            return out.push(Command::Focus(focus));
        }
        if here {
            self.stage = Stage::Permission;
            out.push(Command::AskMicrophone);
        } else {
            if self.form.remember {
                out.extend_from_slice(&[Command::RememberNumber, Command::CheckNumber]);
            }
            self.stage = Stage::Sending { channel, tries: 0 };
            out.push(Command::Post);
        }
        out.push(Command::Focus(Focus::Card));
    }

    fn time_fault(&self, now: &LocalNow) -> Option<&'static str> {
        let Form { later, day, from, until, .. } = &self.form;
        if !later {
            None
        } else if day.is_empty() || from.is_empty() || until.is_empty() {
            Some(strings::DAY_MISSING)
        } else if from == until {
            Some(strings::SAME_TIME)
        // An end before the beginning lies past midnight.
        } else if *day < now.day || *day == now.day && from < until && *until <= now.time {
            Some(strings::TIME_PASSED)
        } else {
            None
        }
    }

    fn microphone(&mut self, answer: Result<(), LegTrouble>, out: Out<'_>) {
        if self.stage != Stage::Permission {
            return out.push(Command::LetMicrophoneGo);
        }
        match answer {
            Ok(()) => {
                self.stage = Stage::Sending { channel: Channel::Browser, tries: 0 };
                out.push(Command::Post);
            }
            Err(LegTrouble::MicrophoneDenied) => self.without_microphone(strings::MICROPHONE_BLOCKED, out),
            Err(LegTrouble::NoMicrophone | LegTrouble::MediaFailed) => {
                self.without_microphone(strings::NO_MICROPHONE, out);
            }
        }
    }

    fn without_microphone(&mut self, said: &str, out: Out<'_>) {
        let instead = if self.has_telephone() { strings::OR_TELEPHONE } else { "." };
        self.back_to_form(&[said, instead].concat(), out);
    }

    fn has_telephone(&self) -> bool {
        self.site.as_ref().is_some_and(|site| site.info.telephone)
    }

    fn back_to_form(&mut self, said: &str, out: Out<'_>) {
        self.stage = Stage::Asking;
        self.form.faults.form = Some(said.into());
        out.extend_from_slice(&[Command::LetMicrophoneGo, Command::Focus(Focus::Card)]);
    }

    fn refused(&mut self, field: Option<&str>, detail: String, out: Out<'_>) {
        self.form.faults = Faults::default();
        self.stage = Stage::Asking;
        let faults = &mut self.form.faults;
        let (slot, focus) = match field {
            Some("number" | "region") => (&mut faults.number, Focus::Number),
            Some("note") => (&mut faults.note, Focus::Note),
            Some("window") => (&mut faults.time, Focus::Day),
            _ => (&mut faults.form, Focus::Card),
        };
        *slot = Some(if detail.is_empty() { strings::NOT_NOW.into() } else { detail });
        self.form.later |= focus == Focus::Day;
        out.extend_from_slice(&[Command::LetMicrophoneGo, Command::Focus(focus)]);
    }

    fn accepted(&mut self, ticket: Ticket, status: CustomerStatus, out: Out<'_>) {
        self.form.note.clear();
        self.form.faults = Faults::default();
        self.found(ticket, out);
        out.push(Command::Say(Said::Requested));
        self.status(status, Vec::new(), out);
    }

    fn found(&mut self, ticket: Ticket, out: Out<'_>) {
        if self.live().is_some_and(|live| live.ticket.token == ticket.token) {
            return;
        }
        self.offline = false;
        if ticket.channel == Channel::Telephone {
            out.push(Command::LetMicrophoneGo);
        }
        self.stage = Stage::Contact(Box::new(Live::new(ticket)));
        out.push(Command::Connect);
    }

    fn status(&mut self, status: CustomerStatus, viewers: Vec<String>, out: Out<'_>) {
        let Stage::Contact(live) = &mut self.stage else { return };
        self.offline = false;
        live.viewers = viewers;
        if live.status.as_ref() == Some(&status) {
            return;
        }
        let had_ended = live.has_ended();
        if status.phase == Phase::Talking {
            live.talking_since.get_or_insert(status.since);
        }
        live.status = Some(status);
        out.push(Command::Say(Said::Status));
        if live.has_ended() && !had_ended {
            live.voice = Voice::Idle;
            live.viewers.clear();
            out.extend_from_slice(&[
                Command::LetMicrophoneGo,
                Command::DropTicket,
                Command::Say(Said::Ended),
            ]);
        }
    }

    fn unknown(&mut self, out: Out<'_>) {
        out.extend_from_slice(&[Command::Disconnect, Command::LetMicrophoneGo]);
        if self.live().is_some_and(|live| !live.has_ended()) {
            out.push(Command::DropTicket);
            self.stage = Stage::Asking;
            self.form.faults.form = Some(strings::NOT_KNOWN.into());
            if self.open {
                out.push(Command::LoadSite);
            }
        }
    }

    fn voice_is(&mut self, voice: Voice, out: Out<'_>) {
        if let Stage::Contact(live) = &mut self.stage {
            live.voice = voice;
        }
        if voice == Voice::Blocked {
            self.opened(out); // the sound waits for a gesture, so the words must be seen
        }
    }

    fn cancel(&mut self, out: Out<'_>) {
        if matches!(self.stage, Stage::Permission | Stage::Proving) {
            self.stage = Stage::Asking;
            out.push(Command::LetMicrophoneGo);
        } else if self.live().is_some_and(|live| !live.has_ended()) {
            out.push(Command::Cancel);
        }
        out.push(Command::Focus(Focus::Card));
    }

    /// Another try after an end: the form, filled in as before.
    fn start_anew(&mut self, later: bool, now: &LocalNow, out: Out<'_>) {
        self.leave_end(out);
        self.site_failed = false;
        self.later(later, now);
        out.extend_from_slice(&[
            Command::LoadSite,
            Command::Focus(if later { Focus::Day } else { Focus::Number }),
        ]);
    }

    fn dismiss(&mut self, out: Out<'_>) {
        self.leave_end(out);
        self.minimised(out);
    }

    fn share(&mut self, on: bool, out: Out<'_>) {
        if let Stage::Contact(live) = &mut self.stage {
            live.stopped = !on;
            live.viewers.clear();
            if let Some(status) = &mut live.status {
                status.sharing = on;
            }
            out.push(Command::Share(on));
        }
    }

    /// How long the two have talked, in seconds, at the server's `now`; None while they don't.
    pub fn talked(&self, now: Timestamp) -> Option<u64> {
        let live = self.live().filter(|live| matches!(live.phase(), Some(Phase::Talking | Phase::OnHold)))?;
        Some(now.since(live.talking_since?).as_secs())
    }
}
