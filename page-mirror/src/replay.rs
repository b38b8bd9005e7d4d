//! The viewer's side: frames become operations on a document, after everything in them was checked.
//!
//! The page and the wire are hostile. What a replica may hold is decided here: elements and attributes by
//! allow-lists ([`elements`], [`attributes`]), addresses by the business's origins ([`urls`]), style text by
//! its tokens ([`css`]). The script that carries the operations out decides nothing.
pub mod attributes;
mod close;
pub mod css;
pub mod elements;
mod frames;
mod late;
pub mod look;
mod media;
mod nodes;
pub mod ops;
mod parts;
pub mod queries;
pub mod urls;

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    codec::{self, FrameError, Section, bytes::Reader, columns::FREE, ids, inflate::open_within},
    limits,
    tree::Tree,
};
pub use codec::inflate::open;

use attributes::Rule;
use ops::{Late, Ops, op};
use queries::Prefs;
use urls::{Addresses, Origins};

/// Why a frame was not applied. The replica is of no use until a keyframe arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("there was no keyframe yet")]
    NoKeyframe,
    #[error("a frame is missing")]
    Gap,
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// What a frame did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// [`Replica::take_ops`] has work.
    Changed,
    /// The frame was applied before.
    Old,
}

/// What the customer sees beside the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    pub url: String,
    pub title: String,
    /// CSS pixels.
    pub width: u32,
    pub height: u32,
    /// Device pixels per CSS pixel, in hundredths.
    pub ratio: u32,
    /// The customer has something else before the page.
    pub hidden: bool,
}

/// Where the customer's pointer is in the viewport, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    pub x: i32,
    pub y: i32,
    pub down: bool,
}

#[derive(Debug, Default)]
pub struct Replica {
    origins: Origins,
    /// Epoch and seq of the last frame.
    at: Option<(u32, u32)>,
    tree: Tree,
    names: Vec<Box<str>>,
    shapes: Vec<nodes::Shape>,
    remembered: codec::columns::Remembered,
    ops: Ops,
    view: View,
    prefs: Prefs,
    /// Where relative addresses begin: those of the page, and of the frames whose documents are mirrored.
    base: String,
    frames: BTreeMap<u32, String>,
    assets: media::Assets,
    parts: parts::Parts,
}

impl Replica {
    pub fn new(origins: Origins) -> Self {
        Self { origins, ..Self::default() }
    }

    /// Other origins, from the next keyframe on.
    pub fn set_origins(&mut self, origins: Origins) {
        self.origins = origins;
    }

    /// Applies a keyframe (`keyframe`, seq 0) or the patch that follows the last frame.
    pub fn apply(
        &mut self,
        keyframe: bool,
        epoch: u32,
        seq: u32,
        frame: &[u8],
    ) -> Result<Applied, ReplayError> {
        self.parts.room = limits::BODY_BYTES;
        self.follow(keyframe, epoch, seq, frame)
    }

    /// The same with what room there is for what is inflated.
    fn follow(&mut self, keyframe: bool, epoch: u32, seq: u32, frame: &[u8]) -> Result<Applied, ReplayError> {
        if !keyframe {
            let (current, last) = self.at.ok_or(ReplayError::NoKeyframe)?;
            if epoch == current && seq <= last {
                return Ok(Applied::Old);
            }
            if epoch != current || last.checked_add(1) != Some(seq) {
                self.at = None;
                return Err(ReplayError::Gap);
            }
        } else if self.at.is_some_and(|(current, _)| current == epoch) {
            return Ok(Applied::Old);
        } else {
            self.forget();
        }
        self.at = None;
        let applied = open_within(frame, self.parts.room).and_then(|body| {
            self.parts.room -= body.len();
            self.sections(&body)
        });
        if let Err(error) = applied {
            self.forget();
            return Err(error.into());
        }
        self.at = Some((epoch, seq));
        Ok(Applied::Changed)
    }

    /// Reads a pointer frame; none if it belongs to a page that is not shown.
    pub fn pointer(&self, epoch: u32, frame: &[u8]) -> Result<Option<Pointer>, ReplayError> {
        if self.at.is_none_or(|(current, _)| current != epoch) {
            return Ok(None);
        }
        let body = open(frame)?;
        let mut reader = Reader::new(&body);
        while !reader.is_empty() {
            let (tag, mut payload) = codec::next_section(&mut reader)?;
            if Section::from_tag(tag) == Some(Section::Pointer) {
                let (x, y, down) = (payload.signed()?, payload.signed()?, payload.u32()? != 0);
                return Ok(Some(Pointer { x, y, down }));
            }
        }
        Ok(None)
    }

    /// Another document follows, whose epochs count anew; what is there stays until its keyframe.
    pub fn await_keyframe(&mut self) {
        self.at = None;
    }

    /// Forgets the page: the operations clear the document.
    pub fn forget(&mut self) {
        self.at = None;
        self.tree.clear();
        self.names.clear();
        self.shapes.clear();
        self.remembered = codec::columns::Remembered::default();
        self.ops.clear();
        self.view = View::default();
        self.prefs = Prefs::default();
        self.base.clear();
        self.frames.clear();
        self.assets = media::Assets::default();
        self.parts.clear();
    }

    /// Numbers and text for the script, gathered since the last call.
    pub fn take_ops(&mut self) -> (Vec<u32>, String) {
        self.ops.take()
    }

    /// What is to be done once the operations were carried out.
    pub fn take_late(&mut self) -> Vec<Late> {
        self.ops.take_late()
    }

    /// Where the replica stands, to go on from after a lost connection: epoch and seq.
    pub fn position(&self) -> Option<(u32, u32)> {
        self.at
    }

    pub fn view(&self) -> &View {
        &self.view
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    fn sections(&mut self, body: &[u8]) -> Result<(), FrameError> {
        self.look_for_ratio(body)?;
        let mut reader = Reader::new(body);
        let mut budget = limits::CHANGES;
        while !reader.is_empty() {
            let (tag, payload) = codec::next_section(&mut reader)?;
            match Section::from_tag(tag) {
                Some(Section::Nodes) => self.nodes(payload, &mut budget)?,
                Some(Section::Removed) => self.removed(payload, &mut budget)?,
                Some(Section::Attributes) => self.attributes(payload, &mut budget)?,
                Some(Section::Texts) => self.texts(payload, &mut budget)?,
                Some(Section::States) => self.states(payload, &mut budget)?,
                Some(Section::Scrolls) => self.scrolls(payload, &mut budget)?,
                Some(Section::Viewport) => self.viewport(payload)?,
                Some(Section::Styles) => self.styles(payload, &mut budget)?,
                Some(Section::Sheets) => self.sheets(payload, &mut budget)?,
                Some(Section::Adopted) => self.adopted(payload, &mut budget)?,
                Some(Section::Page) => self.page(payload)?,
                Some(Section::Marks) => self.marks(payload, &mut budget)?,
                Some(Section::Selection) => self.selection(payload, &mut budget)?,
                Some(Section::Prefs) => self.prefs(payload)?,
                Some(Section::Base) => self.base(payload)?,
                Some(Section::Pictures) => self.pictures(payload, &mut budget)?,
                Some(Section::Assets) => self.assets(payload, &mut budget)?,
                Some(Section::Uses) => self.uses(payload, &mut budget)?,
                Some(Section::Seen) => self.seen(payload, &mut budget)?,
                Some(Section::Media) => self.media(payload, &mut budget)?,
                Some(Section::Visible) => self.visible(payload)?,
                Some(Section::Caret) => self.caret(payload, &mut budget)?,
                Some(Section::Within) => self.within(payload, &mut budget)?,
                Some(Section::PageMarks) => self.page_marks(payload, &mut budget)?,
                Some(Section::Zoom) => self.zoom(payload, &mut budget)?,
                Some(Section::Custom) => self.custom(payload, &mut budget)?,
                Some(Section::Parts) => self.parts(payload, &mut budget)?,
                // A pointer has frames of its own; what is not known is of a later revision.
                Some(Section::Pointer) | None => {}
            }
            if self.ops.full() {
                return Err(FrameError::TooLarge);
            }
        }
        Ok(())
    }

    /// Reads a name written as `number * 2 + bit`.
    fn name(&mut self, reader: &mut Reader<'_>) -> Result<(u32, bool), FrameError> {
        let written = reader.u32()?;
        let (number, bit) = (written >> 1, written & 1 != 0);
        if number as usize == self.names.len() {
            if self.names.len() >= limits::NAMES {
                return Err(FrameError::TooLarge);
            }
            let length = reader.count(limits::NAME_BYTES)?;
            self.names.push(reader.text(length)?.into());
        }
        if number as usize >= self.names.len() {
            return Err(FrameError::Malformed);
        }
        Ok((number, bit))
    }

    fn removed(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        for id in ids::read(&mut reader, budget)? {
            if self.tree.tag(id) == Some(nodes::SHADOW) {
                return Err(FrameError::Malformed);
            }
            let mut freed = Vec::new();
            self.tree.remove(id, &mut freed)?;
            let count = u32::try_from(freed.len()).unwrap_or(u32::MAX);
            self.ops.put(&[op::DETACH, id, op::FORGET, count]);
            self.ops.put(&freed);
            self.parts.forget(&freed);
        }
        Ok(())
    }

    fn attributes(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        let list = ids::read(&mut reader, budget)?;
        let mut named = Vec::with_capacity(list.len().min(reader.len()));
        for _ in &list {
            named.push(self.name(&mut reader)?);
        }
        let set: Vec<(usize, usize)> =
            named.iter().filter(|(_, set)| *set).map(|(name, _)| (*name as usize + 1, 1)).collect();
        let columns = self.remembered.read(reader, &set)?;
        let mut next = 0;
        for (id, (name, set)) in list.into_iter().zip(named) {
            let tag = self.tree.tag(id).ok_or(FrameError::Malformed)?;
            let element = self.names.get((tag >> 2) as usize).ok_or(FrameError::Malformed)?;
            let text = &*self.names[name as usize];
            let rule = attributes::rule(element, tag & 3, text);
            let given = set.then(|| columns.get(&self.remembered, next)).transpose()?;
            next += usize::from(set);
            if matches!(rule, Rule::Drop | Rule::Base) {
                continue;
            }
            if let (Rule::Size, Some((width, height))) = (rule, given.and_then(attributes::size)) {
                self.ops.later(Late::Box { id, width, height });
                continue;
            }
            let at = self.addresses(id);
            let value = given.and_then(|given| attributes::value(rule, given, at, self.prefs));
            let value = value.map(Cow::into_owned);
            let made = self.ops.name(attributes::name(text));
            match value {
                Some(value) => {
                    self.ops.put(&[op::SET, id, made]);
                    self.ops.string(&value);
                }
                None => self.ops.put(&[op::UNSET, id, made]),
            }
        }
        Ok(())
    }

    fn texts(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        let list = ids::read(&mut reader, budget)?;
        let columns = self.remembered.read(reader, &[(FREE, list.len())])?;
        for (at, id) in list.into_iter().enumerate() {
            if self.tree.tag(id) != Some(nodes::TEXT) {
                return Err(FrameError::Malformed);
            }
            self.ops.put(&[op::DATA, id]);
            self.ops.string(columns.get(&self.remembered, at)?);
        }
        Ok(())
    }

    fn styles(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        let list = ids::read(&mut reader, budget)?;
        let columns = self.remembered.read(reader, &[(FREE, list.len())])?;
        for (at, id) in list.into_iter().enumerate() {
            if !self.tree.tag(id).is_some_and(|tag| self.is_style(tag)) {
                return Err(FrameError::Malformed);
            }
            let text = columns.get(&self.remembered, at)?;
            let sheet = look::sheet(text, self.prefs);
            let css = css::sanitise(&sheet, self.addresses(id)).into_owned();
            self.ops.put(&[op::DATA, id]);
            self.ops.string(&css);
        }
        Ok(())
    }

    fn sheets(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        let list = ids::read(&mut reader, budget)?;
        let columns = self.remembered.read(reader, &[(FREE, list.len())])?;
        for (at, sheet) in list.into_iter().enumerate() {
            if sheet as usize >= limits::SHEETS {
                return Err(FrameError::TooLarge);
            }
            let text = columns.get(&self.remembered, at)?;
            let at = Addresses { origins: &self.origins, base: &self.base };
            let css = css::sanitise(&look::sheet(text, self.prefs), at).into_owned();
            self.ops.later(Late::Sheet { sheet, css });
        }
        Ok(())
    }

    fn adopted(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
        let id = reader.u32()?;
        self.tree.tag(id).ok_or(FrameError::Malformed)?;
        let list = ids::read(&mut reader, budget)?;
        if list.len() > limits::SHEETS || list.iter().any(|sheet| *sheet as usize >= limits::SHEETS) {
            return Err(FrameError::TooLarge);
        }
        self.ops.later(Late::Adopt { id, sheets: list });
        Ok(())
    }

    fn page(&mut self, mut reader: Reader<'_>) -> Result<(), FrameError> {
        let mut text = || {
            let length = reader.count(limits::STRING_BYTES)?;
            Ok::<_, FrameError>(reader.text(length)?.to_owned())
        };
        (self.view.url, self.view.title) = (text()?, text()?);
        Ok(())
    }
}
