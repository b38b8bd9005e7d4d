//! The customer's side: batches of what changed become frames.
mod around;
mod batch;
pub mod close;
mod fields;
pub mod media;
mod nodes;

use std::borrow::Cow;

use batch::{AttributeChange, StateChange};
pub use batch::{Batch, BatchError};
use fields::Field;

use crate::{
    codec::{
        Section,
        bytes::{difference, put, put_signed},
        columns::{FREE, Known, Writer},
        ids, state,
    },
    limits,
    mask::{
        self, Secrets,
        attributes::{Name, attribute},
        fields::Secrecy,
    },
    tree::{NONE, ROOT, Tree},
};

/// Frames of one document. The script keeps the DOM and the socket; this keeps what the other side knows.
#[derive(Debug, Default)]
pub struct Recorder {
    epoch: u32,
    seq: u32,
    /// The frame being gathered begins the epoch.
    beginning: bool,
    pending: Vec<u8>,
    /// Every name that the script gave, for as long as the page lives.
    names: Vec<Box<str>>,
    /// What each of them decides.
    named: Vec<Name>,
    tree: Tree,
    known: Known,
    shapes: nodes::Shapes,
    /// By id; ids only grow.
    fields: Vec<(u32, Field)>,
    secrets: Secrets,
    /// What decides whether the page may be recorded, as a message's body, and whether it was told.
    says: Vec<u8>,
    said: bool,
    /// Pages in frames that were told in this epoch.
    framed: Vec<String>,
    freed: Vec<u32>,
    /// The page comes in several batches, and not all of them are there.
    held: bool,
    /// A secret came to light after a batch of the page was written, which may repeat it.
    late: bool,
}

/// A frame without its header, so that it can be compressed first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub keyframe: bool,
    pub epoch: u32,
    pub seq: u32,
    pub bytes: Vec<u8>,
    /// The body of a message (`PageSays` of the wire) that goes before the frame; empty if nothing is new.
    pub says: Vec<u8>,
}

impl Recorder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the page: the next batch holds all of it, and begins an epoch. Ids start again below
    /// [`ROOT`], which is the document.
    pub fn begin(&mut self) {
        self.epoch += 1;
        self.seq = 0;
        self.beginning = true;
        self.pending.clear();
        self.tree.clear();
        self.known = Known::default();
        self.shapes.clear();
        self.fields.clear();
        self.secrets.clear();
        self.framed.clear();
        self.freed.clear();
        (self.held, self.late) = (false, false);
    }

    /// The page that was begun comes in several batches: nothing is taken before [`Self::complete`].
    pub fn hold(&mut self) {
        self.held = true;
    }

    /// All of the page is there. False: a value that is masked came to light only after something that may repeat it
    /// was written. Begin again, with the whole page in one batch.
    pub fn complete(&mut self) -> bool {
        self.held = self.late;
        self.secrets.forget_ahead();
        !self.late
    }

    /// From here on nothing is masked: to prove that a search for secrets would find them.
    pub fn unmask(&mut self) {
        self.secrets.open();
    }

    /// What the business masks in text, and whether the page's title and address are masked as well. In strict masking
    /// they are.
    pub fn rule(&mut self, texts: Vec<String>, shaded: bool) {
        self.secrets.rule(texts, shaded);
    }

    /// Takes one batch. After an error nothing of this epoch may be sent any more.
    pub fn flush(&mut self, numbers: &[u32], text: &str) -> Result<(), BatchError> {
        let batch = Batch::parse(numbers, text, &mut self.names)?;
        self.named.extend(self.names.iter().skip(self.named.len()).map(|name| Name::new(name)));
        let secrets = self.secrets.noted();
        self.note_fields(&batch);
        self.late |= self.held && self.tree.live() > 1 && self.secrets.noted() != secrets;
        if !batch.runs.is_empty() {
            let bytes = self.nodes(&batch)?;
            Section::Nodes.wrap(&bytes, &mut self.pending);
        }
        self.removed(&batch.removed)?;
        self.attributes(&batch.changes)?;
        self.texts(&batch.texts)?;
        self.styles(&batch.styles)?;
        self.sheets(&batch)?;
        self.states(&batch.states)?;
        self.scrolls(&batch.scrolls)?;
        if self.pending.len() > limits::BODY_BYTES { Err(BatchError::TooLarge) } else { Ok(()) }
    }

    /// Adds whole sections ([`media`], [`close`]) that name nodes which the other side has. They tell of what this
    /// `field` (0: none) holds: nothing is added if that does not leave the browser as it is.
    pub fn add(&mut self, sections: &[u8], field: u32) {
        if self.pending.len() + sections.len() <= limits::BODY_BYTES && !self.is_in_a_secret_field(field) {
            self.pending.extend_from_slice(sections);
        }
    }

    /// Ids of nodes that the other side forgot since the last call: the script must forget them too.
    pub fn freed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.freed)
    }

    /// The gathered frame, if anything changed.
    pub fn take(&mut self) -> Option<Body> {
        if self.held || self.pending.is_empty() {
            return None;
        }
        let keyframe = std::mem::take(&mut self.beginning);
        self.seq = if keyframe { 0 } else { self.seq + 1 };
        let bytes = std::mem::take(&mut self.pending);
        // Its last byte is whether the page asks for a card or for an identity.
        let asks = self.fields.iter().any(|(_, field)| field.secrecy == Secrecy::Masked);
        if let Some(last) = self.says.last_mut().filter(|last| **last != u8::from(asks)) {
            *last = u8::from(asks);
            self.said = false;
        }
        let is_new = !std::mem::replace(&mut self.said, true);
        let says = if is_new { self.says.clone() } else { Vec::new() };
        Some(Body { says, keyframe, epoch: self.epoch, seq: self.seq, bytes })
    }

    /// Epoch and seq of the last frame taken, which a pointer frame carries.
    pub fn position(&self) -> (u32, u32) {
        (self.epoch, self.seq)
    }

    /// Most ids of this epoch are of nodes that have gone; a keyframe would begin afresh.
    pub fn wants_keyframe(&self) -> bool {
        let ids = self.tree.next_id();
        ids > limits::IDS_WORTH_A_KEYFRAME && self.tree.live() < ids as usize / 6
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    fn removed(&mut self, removed: &[u32]) -> Result<(), BatchError> {
        let mut gone = Vec::with_capacity(removed.len());
        for &id in removed {
            // Already gone with a node above it.
            if self.tree.tag(id).is_some() {
                self.tree.remove(id, &mut self.freed)?;
                gone.push(id);
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        if !self.fields.is_empty() {
            for id in &self.freed {
                if let Ok(at) = self.fields.binary_search_by_key(id, |(id, _)| *id) {
                    self.fields.remove(at);
                    self.secrets.part_with(*id);
                }
            }
        }
        let mut payload = Vec::new();
        ids::write(&mut payload, &gone);
        Section::Removed.wrap(&payload, &mut self.pending);
        Ok(())
    }

    /// `ids`, names of removed attributes as `name * 2`, of set ones as `name * 2 + 1`; then their values.
    fn attributes(&mut self, changes: &[AttributeChange<'_>]) -> Result<(), BatchError> {
        let (mut named, mut refs, mut list) = (Vec::new(), Vec::new(), Vec::new());
        let mut strings = Writer::default();
        // Removals first: on the other side, two names may be one ("href" and "xlink:href").
        let is_set = |change: &&AttributeChange<'_>| change.value.is_some();
        for change in changes.iter().filter(|change| !is_set(change)).chain(changes.iter().filter(is_set)) {
            let tag = self.tree.tag(change.id).ok_or(BatchError::Malformed)?;
            let tag = self.named.get(tag as usize).copied().unwrap_or_default();
            let name = &self.names[change.name as usize];
            let value = change.value.and_then(|value| {
                let field = self.secrecy(tag, change.id);
                let named = self.named[change.name as usize];
                let masked = change.flags.masked() || self.is_in_a_secret_field(self.tree.parent(change.id));
                attribute(tag, named, value, field, masked, &self.secrets)
            });
            if name.len() > limits::NAME_BYTES {
                continue;
            }
            list.push(change.id);
            let number = self.shapes.name(change.name, name, u32::from(value.is_some()), &mut named)?;
            if let Some(value) = value {
                strings.push(&mut self.known, number as usize + 1, &value, &mut refs);
            }
        }
        if !list.is_empty() {
            let mut payload = Vec::new();
            ids::write(&mut payload, &list);
            payload.extend_from_slice(&named);
            payload.extend_from_slice(&refs);
            strings.finish(&mut payload);
            Section::Attributes.wrap(&payload, &mut self.pending);
        }
        Ok(())
    }

    fn texts(&mut self, texts: &[(u32, bool, &str)]) -> Result<(), BatchError> {
        let split = self.split_numbers(&mut texts.iter().map(|(.., text)| *text));
        let shown: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(at, (id, masked, text))| {
                let masked = *masked || self.is_in_a_secret_field(self.tree.parent(*id));
                (*id, self.text(text, masked, split.get(at) == Some(&true)))
            })
            .collect();
        self.strings(Section::Texts, &shown)
    }

    fn styles(&mut self, styles: &[(u32, &str)]) -> Result<(), BatchError> {
        let shown: Vec<_> = styles.iter().map(|(id, text)| (*id, self.secrets.hide_in_style(text))).collect();
        self.strings(Section::Styles, &shown)
    }

    /// `ids`, then one string each.
    fn strings(&mut self, section: Section, changes: &[(u32, Cow<'_, str>)]) -> Result<(), BatchError> {
        if changes.is_empty() {
            return Ok(());
        }
        let list: Vec<u32> = changes.iter().map(|(id, _)| *id).collect();
        if list.iter().any(|id| self.tree.tag(*id).is_none()) {
            return Err(BatchError::Malformed);
        }
        let mut payload = Vec::new();
        ids::write(&mut payload, &list);
        let mut strings = Writer::default();
        for (_, text) in changes {
            strings.push(&mut self.known, FREE, text, &mut payload);
        }
        strings.finish(&mut payload);
        section.wrap(&payload, &mut self.pending);
        Ok(())
    }

    /// Texts of constructed sheets (`count`, their numbers, strings), and lists of who adopted them.
    fn sheets(&mut self, batch: &Batch<'_>) -> Result<(), BatchError> {
        if !batch.sheets.is_empty() {
            let mut payload = Vec::new();
            ids::write(&mut payload, &batch.sheets.iter().map(|(sheet, _)| *sheet).collect::<Vec<_>>());
            let mut strings = Writer::default();
            for (_, text) in &batch.sheets {
                let text = self.secrets.hide_in_style(text);
                strings.push(&mut self.known, FREE, &text, &mut payload);
            }
            strings.finish(&mut payload);
            Section::Sheets.wrap(&payload, &mut self.pending);
        }
        for (id, sheets) in &batch.adopted {
            self.tree.tag(*id).ok_or(BatchError::Malformed)?;
            let mut payload = Vec::new();
            put(&mut payload, *id);
            ids::write(&mut payload, sheets);
            Section::Adopted.wrap(&payload, &mut self.pending);
        }
        Ok(())
    }

    /// `ids`, a kind each, a string each.
    fn states(&mut self, changes: &[StateChange<'_>]) -> Result<(), BatchError> {
        if changes.is_empty() {
            return Ok(());
        }
        let (mut list, mut kinds, mut refs) = (Vec::new(), Vec::new(), Vec::new());
        let mut strings = Writer::default();
        for change in changes {
            self.tree.tag(change.id).ok_or(BatchError::Malformed)?;
            let secrecy = self.value_secrecy(change);
            let shown = match (secrecy, change.kind) {
                // They tell nothing of a value but whether its form accepts it.
                (_, state::FLAGS) => change.value.into(),
                (Secrecy::Hidden, _) => continue,
                (Secrecy::Open, state::VALUE) => self.secrets.hide(change.value),
                (Secrecy::Masked, state::VALUE) => mask::value_bullets(change.value).into(),
                (Secrecy::Password, state::VALUE) if change.value.is_empty() => "".into(),
                (Secrecy::Password, state::VALUE) => mask::FIXED.into(),
                (Secrecy::Open, _) => change.value.into(),
                (Secrecy::Masked | Secrecy::Password, _) => continue,
            };
            list.push(change.id);
            put(&mut kinds, change.kind);
            strings.push(&mut self.known, FREE, &shown, &mut refs);
        }
        let mut payload = Vec::new();
        ids::write(&mut payload, &list);
        payload.extend_from_slice(&kinds);
        payload.extend_from_slice(&refs);
        strings.finish(&mut payload);
        Section::States.wrap(&payload, &mut self.pending);
        Ok(())
    }
}

/// The body of a pointer frame: where the pointer is in the viewport, in CSS pixels, and whether it is down.
pub fn pointer(x: i32, y: i32, down: bool) -> Vec<u8> {
    let mut payload = Vec::new();
    put_signed(&mut payload, x);
    put_signed(&mut payload, y);
    put(&mut payload, u32::from(down));
    let mut body = Vec::new();
    Section::Pointer.wrap(&payload, &mut body);
    body
}

/// Where a run begins, relative to what was written before.
fn put_place(out: &mut Vec<u8>, before: u32, parent: u32, after: u32) {
    put_signed(out, difference(before, parent));
    // 0: first among the children; otherwise the difference, moved away from 0.
    match after {
        NONE => put(out, 0),
        after => {
            let apart = difference(parent, after);
            put(out, ((apart << 1) ^ (apart >> 31)).cast_unsigned().wrapping_add(1));
        }
    }
}

const _: () = assert!(ROOT == 1, "the script knows the document as 1");
