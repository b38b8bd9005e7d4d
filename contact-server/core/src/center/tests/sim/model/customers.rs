//! What customers do, and what the policy makes of an attempt.
use shared::{
    ContactId, Timestamp,
    api::{Channel, PageView, WrapUp},
    contact::{EndReason, LegCause},
    limits::TRAIL_PAGES,
};

use super::{At, DAY, Model, Request};
use crate::{
    Prompt, Refusal,
    effect::Action,
    input::Requested,
    record::{Event, Person},
};

impl Request {
    /// The number that is really called for it.
    pub(in super::super) fn number(&self) -> Option<&String> {
        if self.merged || self.asked.channel != Channel::Telephone {
            return None;
        }
        self.asked.person.e164.as_ref()
    }

    pub(super) fn over(&self) -> bool {
        self.ended.is_some()
    }

    pub(super) fn closes_at(&self) -> Timestamp {
        match self.asked.due {
            Some((_, until)) => until,
            None => self.requested_at + self.settings.wait_limit,
        }
    }
}

impl Model {
    pub(super) fn requested(&mut self, mut asked: Requested) -> Result<(), Refusal> {
        let id = asked.contact;
        if let Some((body, contact, expires)) = self.keys.get(&asked.idempotency.key)
            && *expires > self.now
        {
            let same = *body == asked.idempotency.body;
            return Err(if same { Refusal::AcceptedBefore(*contact) } else { Refusal::KeyReused });
        }
        if self.requests.contains_key(&id) {
            return Err(Refusal::AcceptedBefore(id));
        }
        if !asked.skill.is_empty() && !self.settings.skills.contains(&asked.skill) {
            return Err(Refusal::SkillUnknown);
        }
        if asked.due.is_some_and(|(from, until)| until <= from || until <= self.now) {
            return Err(Refusal::WindowPassed);
        }
        let number = asked.person.e164.clone().filter(|_| asked.channel == Channel::Telephone);
        let has_one = |r: &Request| number.is_some() && !r.over() && r.number() == number.as_ref();
        let merged = self.requests.values().any(has_one);
        let page = asked.channel == Channel::Page;
        self.has_room(page, merged)?;
        if asked.channel == Channel::Telephone {
            self.may_dial(&asked.person)?;
        }
        while asked.person.trail.len() > TRAIL_PAGES {
            asked.person.trail.remove(0);
        }
        self.last_place += 1;
        let opens = asked.due.map(|(from, _)| from).filter(|from| *from > self.now);
        let (channel, skill, consent) = (asked.channel, asked.skill.clone(), asked.consent.clone());
        self.log(Event::Requested { contact: id, channel, skill, consent, merged });
        if !page {
            self.log(Event::Queued { contact: id, not_before: opens });
        }
        self.keys.insert(asked.idempotency.key, (asked.idempotency.body, id, self.now + DAY));
        let request = Request {
            asked,
            settings: self.settings.clone(),
            place: self.last_place,
            requested_at: self.now,
            merged,
            attempts: 0,
            sharing: true,
            lead: super::lead::Allowed::default(),
            watch: Vec::new(),
            at: match opens {
                _ if page => At::Shown { sign: self.now, away_since: None },
                Some(at) => At::Scheduled(at),
                None => At::InLine { not_before: None },
            },
            phase_since: self.now,
            leg: None,
            agent: None,
            noted: None,
            away: false,
            unheard_since: None,
            bridged_at: None,
            talked_ms: 0,
            ended: None,
            wrap_up: WrapUp::default(),
        };
        self.requests.insert(id, request);
        self.line_changed_at = self.now;
        Ok(())
    }

    fn has_room(&self, page: bool, merged: bool) -> Result<(), Refusal> {
        let of_calls = |r: &&Request| !r.over() && r.merged == merged && r.asked.channel != Channel::Page;
        let (open, most) = match (page, merged) {
            (true, _) => (self.shown_now(), self.settings.shown_pages),
            (_, true) => (self.requests.values().filter(of_calls).count(), self.settings.merged_contacts),
            (_, false) => (self.requests.values().filter(of_calls).count(), self.settings.open_contacts),
        };
        if open >= most as usize {
            return Err(Refusal::TooManyOpen);
        }
        if page && !self.settings.show_page { Err(Refusal::ShowingOff) } else { Ok(()) }
    }

    pub(super) fn may_dial(&self, person: &Person) -> Result<(), Refusal> {
        let (Some(number), Some(region)) = (&person.e164, &person.region) else {
            return Err(Refusal::RegionDenied);
        };
        if !self.settings.regions.contains(region) {
            return Err(Refusal::RegionDenied);
        }
        let lately = self.dials.iter().filter(|(at, ..)| *at + DAY > self.now);
        let all: Vec<Timestamp> = lately.clone().map(|(at, ..)| *at).collect();
        if let Some(surplus) = all.len().checked_sub(self.settings.dial_budget as usize) {
            // Room again when so many have left the window that one more fits.
            let until = all.get(surplus).map_or(self.now + DAY, |at| *at + DAY);
            return Err(Refusal::BudgetSpent { until });
        }
        let same = lately.filter(|(_, to, _)| to == number).count();
        let often = same >= self.settings.dials_per_number as usize;
        if often || self.opt_outs.contains(number) {
            return Err(Refusal::NumberNotCalled);
        }
        Ok(())
    }

    pub(super) fn cancelled(&mut self, id: ContactId) -> Result<(), Refusal> {
        let Some(request) = self.requests.get(&id).filter(|request| !request.over()) else { return Ok(()) };
        let (at, leg) = (request.at.clone(), request.leg);
        if let At::Shown { .. } = at {
            self.finish(id, EndReason::Shown);
            return Ok(());
        }
        if let At::Talks { .. } = at {
            if let Some(leg) = leg {
                self.hang_up(leg, LegCause::HungUp);
            }
            self.call_ends(id, EndReason::Completed);
            return Ok(());
        }
        if let Some(leg) = leg {
            self.hang_up(leg, LegCause::Cancelled);
        }
        if let At::Offered { agent_leg, .. } | At::Accepted { agent_leg, .. } = at {
            self.hang_up(agent_leg, LegCause::OtherSide);
        }
        let opted_out = matches!(at, At::Farewell { reason: EndReason::OptedOut, .. });
        self.finish(id, if opted_out { EndReason::OptedOut } else { EndReason::Cancelled });
        Ok(())
    }

    /// It ends, nobody wraps it up, and whatever is personal goes.
    pub(super) fn erased(&mut self, id: ContactId) {
        if self.requests.contains_key(&id) {
            self.request(id).wrap_up = WrapUp::default();
            drop(self.cancelled(id));
            self.wrap_up_done(id);
            self.request(id).asked.person = Person::default();
        }
        self.keys.retain(|_, (_, contact, _)| *contact != id);
        for record in self.legs.values_mut().filter(|record| record.contact == id) {
            let number = record.number.take();
            self.erased_numbers.extend(number.map(|number| (record.leg, number)));
        }
        self.log(Event::Erased { contact: id });
    }

    fn live(&mut self, id: ContactId) -> Result<&mut Request, Refusal> {
        let request = self.requests.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        if request.over() {
            return Err(Refusal::NotNow { input: "", state: "" });
        }
        Ok(request)
    }

    pub(super) fn page_viewed(&mut self, id: ContactId, page: PageView) -> Result<(), Refusal> {
        let request = self.live(id)?;
        let trail = &mut request.asked.person.trail;
        if request.sharing && trail.last().is_none_or(|last| last.url != page.url) {
            trail.push(page);
            if trail.len() > TRAIL_PAGES {
                trail.remove(0);
            }
        }
        Ok(())
    }

    pub(super) fn context_set(&mut self, id: ContactId, context: String) -> Result<(), Refusal> {
        let request = self.live(id)?;
        if request.sharing {
            request.asked.person.context = Some(context);
        }
        Ok(())
    }

    pub(super) fn sharing_set(&mut self, id: ContactId, on: bool) -> Result<(), Refusal> {
        let request = self.requests.get_mut(&id).ok_or(Refusal::NoSuchContact)?;
        if !request.over() && request.sharing != on {
            request.sharing = on;
            self.log(Event::SharingSet { contact: id, on });
        }
        Ok(())
    }

    /// The customer answers: asked for a key, or on the line at once.
    pub(super) fn answers(&mut self, id: ContactId) {
        let now = self.now;
        let request = self.request(id);
        let (At::Rings { .. }, Some(leg)) = (&request.at, request.leg) else { return };
        if request.asked.channel == Channel::Telephone && request.settings.press_one {
            request.at = At::Asked { wrong: 0, until: now + request.settings.confirm_within };
            self.answered(leg);
            self.command(leg, Action::Play { prompt: Prompt::Confirm, repeat: true });
        } else {
            self.answered(leg);
            self.reached(id);
        }
    }

    pub(super) fn presses(&mut self, id: ContactId, key: char) {
        let request = self.request(id);
        let (At::Asked { wrong, until }, Some(leg)) = (request.at.clone(), request.leg) else { return };
        match key {
            '1' => {
                self.log(Event::Confirmed { contact: id });
                self.reached(id);
            }
            '9' => {
                if let Some(number) = request.asked.person.e164.clone() {
                    self.opt_outs.insert(number);
                }
                self.log(Event::OptedOut { contact: id });
                self.farewell(id, Prompt::OptedOut, EndReason::OptedOut);
            }
            // The third wrong key ends it.
            _ if wrong == 2 => {
                self.hang_up(leg, LegCause::NotConfirmed);
                self.attempt_failed(id, EndReason::NotConfirmed);
            }
            _ => request.at = At::Asked { wrong: wrong + 1, until },
        }
    }

    fn reached(&mut self, id: ContactId) {
        let now = self.now;
        let request = self.request(id);
        request.at = At::Held { until: now + request.settings.hold_limit };
        if let Some(leg) = request.leg {
            self.command(leg, Action::Play { prompt: Prompt::Hold, repeat: true });
        }
        self.offer_if_there(id);
    }

    pub(super) fn farewell(&mut self, id: ContactId, prompt: Prompt, reason: EndReason) {
        self.part(id);
        let until = self.now + std::time::Duration::from_secs(20);
        let Some(leg) = self.request(id).leg else { return };
        let effect = self.names.played.iter().find(|(of, _)| *of == leg).map(|(_, effect)| *effect);
        self.command(leg, Action::Play { prompt, repeat: false });
        self.request(id).at = At::Farewell { effect: effect.unwrap_or(shared::EffectId(0)), reason, until };
    }

    /// When it is tried again after an attempt that ended so.
    pub(super) fn next_attempt(&self, id: ContactId, reason: EndReason) -> Option<Timestamp> {
        let request = &self.requests[&id];
        let retry = &request.settings.retry;
        let pause = match reason {
            EndReason::Busy => retry.after_busy,
            EndReason::NoAnswer => retry.after_no_answer,
            EndReason::Interrupted | EndReason::Unreachable | EndReason::NoAgent => retry.after_failure,
            _ => return None,
        };
        let at = self.now + pause;
        (request.attempts < retry.attempts && at < request.closes_at()).then_some(at)
    }

    /// An attempt came to nothing, and its leg is down or told to go.
    pub(super) fn attempt_failed(&mut self, id: ContactId, reason: EndReason) {
        self.part(id);
        let Some(at) = self.next_attempt(id, reason) else { return self.finish(id, reason) };
        self.log(Event::Queued { contact: id, not_before: Some(at) });
        let request = self.request(id);
        request.at = At::InLine { not_before: Some(at) };
        request.leg = None;
        request.away = false;
    }

    pub(super) fn finish(&mut self, id: ContactId, reason: EndReason) {
        self.part(id);
        self.log(Event::Ended { contact: id, reason });
        let now = self.now;
        let request = self.request(id);
        request.ended = Some((now, reason));
        request.at = At::Closed;
        request.leg = None;
    }
}
