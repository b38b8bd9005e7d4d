//! What the page's form fields hold, as far as it decides how their values leave the browser.
use std::borrow::Cow;

use super::{
    Recorder,
    batch::{self, AttributeChange, Batch, Element, StateChange},
};
use crate::{
    codec::state,
    mask::{self, attributes::Name, fields::Secrecy},
};

/// A form field: what its value is, decided by all that is known of it.
#[derive(Debug)]
pub(super) struct Field {
    tag: Box<str>,
    /// The attributes that decide.
    hints: Vec<(Box<str>, Box<str>)>,
    pub(super) secrecy: Secrecy,
}

/// The attributes of an element, by name.
fn given<'a>(names: &'a [Box<str>], batch: &Batch<'a>, element: &Element) -> Vec<(&'a str, &'a str)> {
    let given = &batch.attributes[element.first..element.first + element.count];
    given.iter().map(|(name, value)| (&*names[*name as usize], *value)).collect()
}

impl Recorder {
    /// Values of masked fields come first, so that what repeats them is masked in the same batch.
    pub(super) fn note_fields(&mut self, batch: &Batch<'_>) {
        for (element, value) in &batch.ahead {
            self.note_ahead(batch, element, value);
        }
        let mut id = self.tree.next_id();
        for item in &batch.items {
            match item {
                batch::Item::Element(element) => {
                    if self.named[element.name as usize].is_field() {
                        let tag = &self.names[element.name as usize];
                        let given = given(&self.names, batch, element);
                        let secrecy = self.secrets.field(tag, &given, element.flags.once_password());
                        let mut hints: Vec<(Box<str>, Box<str>)> = Vec::new();
                        for (name, value) in given {
                            if name == "value" && secrecy != Secrecy::Open {
                                self.secrets.note(id, value);
                            } else if !matches!(name, "value" | "class") {
                                hints.push((name.into(), value.into()));
                            }
                        }
                        self.fields.push((id, Field { tag: tag.clone(), hints, secrecy }));
                    }
                    id += 1;
                }
                batch::Item::Ref(_) => {}
                batch::Item::Text { .. }
                | batch::Item::Comment
                | batch::Item::Shadow { .. }
                | batch::Item::Doctype => id += 1,
            }
        }
        for change in &batch.changes {
            self.note_hint(change);
        }
        for change in &batch.states {
            if change.kind == state::VALUE && self.value_secrecy(change) != Secrecy::Open {
                self.secrets.note(change.id, change.value);
            }
        }
    }

    /// A field that a later batch brings: what it hides is hidden from now on.
    fn note_ahead(&mut self, batch: &Batch<'_>, element: &Element, value: &str) {
        let tag = &self.names[element.name as usize];
        let given = given(&self.names, batch, element);
        let secrecy = self.secrets.field(tag, &given, element.flags.once_password());
        if secrecy != Secrecy::Open || element.flags.masked() {
            for (_, written) in given.iter().filter(|(name, _)| *name == "value") {
                self.secrets.note_ahead(written);
            }
            self.secrets.note_ahead(value);
        }
    }

    /// An attribute of a field changed: it may be secret from now on. It never becomes less so.
    fn note_hint(&mut self, change: &AttributeChange<'_>) {
        let name = &*self.names[change.name as usize];
        let Ok(at) = self.fields.binary_search_by_key(&change.id, |(id, _)| *id) else { return };
        let field = &mut self.fields[at].1;
        if name == "value" || name == "class" {
            return;
        }
        field.hints.retain(|(known, _)| **known != *name);
        if let Some(value) = change.value {
            field.hints.push((name.into(), value.into()));
        }
        let hints: Vec<_> = field.hints.iter().map(|(name, value)| (&**name, &**value)).collect();
        let once = change.flags.once_password() || field.secrecy == Secrecy::Password;
        field.secrecy = field.secrecy.max(self.secrets.field(&field.tag, &hints, once));
    }

    #[inline(never)]
    pub(super) fn field(&self, id: u32) -> Option<&Field> {
        let at = self.fields.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.fields.get(at).map(|(_, field)| field)
    }

    /// How the value of an element leaves the browser; none: it is no field. Few are, so that its tag is asked first.
    pub(super) fn secrecy(&self, tag: Name, id: u32) -> Option<Secrecy> {
        if tag.is_field() { self.field(id).map(|field| field.secrecy) } else { None }
    }

    /// A node of the tree is a field whose value is masked.
    pub(super) fn is_secret(&self, id: u32) -> bool {
        let tag = self.tree.tag(id).and_then(|tag| self.named.get(tag as usize));
        tag.is_some_and(|tag| self.secrecy(*tag, id).is_some_and(|secrecy| secrecy != Secrecy::Open))
    }

    /// What stands below a field whose value is masked (the options of a choice) would tell of it.
    #[inline(never)]
    pub(super) fn is_in_a_secret_field(&self, mut id: u32) -> bool {
        /// A choice, a group in it, an option, and what an option may hold.
        const LEVELS: u32 = 4;
        if self.fields.is_empty() || self.secrets.are_open() {
            return false;
        }
        for _ in 0..LEVELS {
            if self.is_secret(id) {
                return true;
            }
            id = self.tree.parent(id);
        }
        false
    }

    /// Which of these texts hold a part of a number that others hold the rest of.
    pub(super) fn split_numbers(&self, texts: &mut dyn Iterator<Item = &str>) -> Vec<bool> {
        if self.secrets.are_open() { Vec::new() } else { mask::split_numbers(texts) }
    }

    /// A text as it leaves the browser. `split`: it holds a part of a number.
    pub(super) fn text<'a>(&self, text: &'a str, masked: bool, split: bool) -> Cow<'a, str> {
        if masked {
            mask::bullets(text).into()
        } else if split {
            mask::digits_hidden(&self.secrets.hide(text)).into()
        } else {
            self.secrets.hide(text)
        }
    }

    pub(super) fn value_secrecy(&self, change: &StateChange<'_>) -> Secrecy {
        if self.secrets.are_open() {
            return Secrecy::Open;
        }
        let known = self.field(change.id).map_or(Secrecy::Open, |field| field.secrecy);
        let region = if change.flags.masked() { Secrecy::Masked } else { Secrecy::Open };
        let once = if change.flags.once_password() { Secrecy::Password } else { Secrecy::Open };
        known.max(region).max(once)
    }
}
