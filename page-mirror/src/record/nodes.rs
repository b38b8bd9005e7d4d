//! New and moved nodes of a batch, as bytes.
use std::borrow::Cow;

use super::{
    BatchError, Recorder,
    batch::{Batch, Element, Item, Run},
    put_place,
};
use crate::{
    codec::{
        bytes::{difference, put, put_signed},
        columns::{FREE, Writer},
        token,
    },
    limits,
    mask::attributes::attribute,
    tree::{NONE, NOT_AN_ELEMENT},
    words::Words,
};

/// Tags of [`crate::tree::Tree`] on this side: an element's name, or this.
const NO_NAME: u32 = NOT_AN_ELEMENT + 1;

/// Shapes and names that the other side knows in this epoch.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    shapes: Words,
    /// Names as the script numbers them, to numbers of the epoch plus one.
    names: Vec<u32>,
    used: u32,
}

impl Shapes {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Writes a name as `number * 2 + bit`; one that is new for the epoch with its text behind.
    pub(super) fn name(
        &mut self,
        given: u32,
        text: &str,
        bit: u32,
        out: &mut Vec<u8>,
    ) -> Result<u32, BatchError> {
        let at = given as usize;
        if self.names.len() <= at {
            self.names.resize(at + 1, 0);
        }
        if let Some(number) = self.names[at].checked_sub(1) {
            put(out, number << 1 | bit);
            return Ok(number);
        }
        if self.used as usize >= limits::NAMES {
            return Err(BatchError::TooLarge);
        }
        let number = self.used;
        self.used += 1;
        self.names[at] = self.used;
        put(out, number << 1 | bit);
        put(out, u32::try_from(text.len()).unwrap_or(u32::MAX));
        out.extend_from_slice(text.as_bytes());
        Ok(number)
    }
}

/// Values of one attribute, in the order of the nodes that have them.
struct Column<'a> {
    name: u32,
    values: Vec<Cow<'a, str>>,
}

/// What is gathered while items are read, before the columns can be written.
#[derive(Default)]
struct Gathered<'a> {
    structure: Vec<u8>,
    columns: Vec<Column<'a>>,
    /// Where a name's column stands in `columns`, plus one, by number of the epoch.
    places: Vec<usize>,
    texts: Vec<Cow<'a, str>>,
    /// Which of the texts hold a part of a number, and how many texts there were.
    split: Vec<bool>,
    seen_texts: usize,
    last_ref: u32,
    /// Of the element at hand: its shape, and its attributes as they leave. Kept to be filled again.
    shape: Vec<u8>,
    kept: Vec<(u32, Cow<'a, str>)>,
}

impl<'a> Gathered<'a> {
    fn value(&mut self, name: u32, value: Cow<'a, str>) {
        let at = name as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, 0);
        }
        if self.places[at] == 0 {
            self.columns.push(Column { name, values: Vec::new() });
            self.places[at] = self.columns.len();
        }
        self.columns[self.places[at] - 1].values.push(value);
    }
}

impl Recorder {
    /// The payload of a nodes section. Nodes that move leave their places first, so that no order of the
    /// runs can put a node below itself.
    pub(super) fn nodes(&mut self, batch: &Batch<'_>) -> Result<Vec<u8>, BatchError> {
        for item in &batch.items {
            if let Item::Ref(id) = item {
                self.tree.detach(*id)?;
            }
        }
        let mut texts = batch.items.iter().filter_map(|item| {
            let Item::Text { text, .. } = item else { return None };
            Some(*text)
        });
        let mut gathered = Gathered { split: self.split_numbers(&mut texts), ..Gathered::default() };
        put(&mut gathered.structure, u32::try_from(batch.runs.len()).unwrap_or(u32::MAX));
        let mut items = batch.items.iter();
        let mut before = NONE;
        for run in &batch.runs {
            put_place(&mut gathered.structure, before, run.parent, run.after);
            put(&mut gathered.structure, run.items);
            before = run.parent;
            let placed = self.subtrees(&mut items, run, batch, &mut gathered)?;
            self.tree.place(run.parent, run.after, &placed)?;
        }
        let Gathered { structure: mut payload, columns, texts, .. } = gathered;
        let mut strings = Writer::default();
        for column in columns {
            for value in column.values {
                strings.push(&mut self.known, column.name as usize + 1, &value, &mut payload);
            }
        }
        for text in texts {
            strings.push(&mut self.known, FREE, &text, &mut payload);
        }
        strings.finish(&mut payload);
        Ok(payload)
    }

    /// Reads a run's items with all below them; returns the ids of the run's own.
    fn subtrees<'a>(
        &mut self,
        items: &mut std::slice::Iter<'_, Item<'a>>,
        run: &Run,
        batch: &Batch<'a>,
        gathered: &mut Gathered<'a>,
    ) -> Result<Vec<u32>, BatchError> {
        // Open nodes: id, children that are still to come, where its children begin in `siblings`.
        let mut open = vec![(NONE, run.items, 0)];
        // From this level on all lies in a field that is masked.
        let mut secret = if self.is_in_a_secret_field(run.parent) { 0 } else { usize::MAX };
        let mut siblings: Vec<u32> = Vec::new();
        while let Some((id, left, start)) = open.last_mut() {
            if *left == 0 {
                if *id == NONE {
                    break;
                }
                self.tree.place(*id, NONE, &siblings[*start..])?;
                siblings.truncate(*start);
                open.pop();
                secret = if open.len() < secret { usize::MAX } else { secret };
                continue;
            }
            *left -= 1;
            let item = items.next().ok_or(BatchError::Malformed)?;
            let (id, children) = self.item(item, open.len() >= secret, batch, gathered)?;
            siblings.push(id);
            if children > 0 {
                if secret == usize::MAX && self.is_secret(id) {
                    secret = open.len() + 1;
                }
                open.push((id, children, siblings.len()));
            }
        }
        Ok(siblings)
    }

    /// Writes one item; returns its id and the number of its children.
    /// `secret`: it lies in a field that is masked.
    // A browser compiles well what is called often: not a loop that is entered once, with all that is inlined there.
    #[inline(never)]
    fn item<'a>(
        &mut self,
        item: &Item<'a>,
        secret: bool,
        batch: &Batch<'a>,
        gathered: &mut Gathered<'a>,
    ) -> Result<(u32, u32), BatchError> {
        let out = &mut gathered.structure;
        match item {
            Item::Element(element) => {
                self.element(element, secret, batch, gathered)?;
                put(&mut gathered.structure, element.children);
                Ok((self.tree.create(element.name)?, element.children))
            }
            Item::Text { masked, text } => {
                put(out, token::TEXT);
                let split = gathered.split.get(gathered.seen_texts) == Some(&true);
                gathered.seen_texts += 1;
                gathered.texts.push(self.text(text, *masked || secret, split));
                Ok((self.tree.create(NO_NAME)?, 0))
            }
            Item::Comment => {
                put(out, token::COMMENT);
                Ok((self.tree.create(NO_NAME)?, 0))
            }
            Item::Doctype => {
                put(out, token::DOCTYPE);
                Ok((self.tree.create(NO_NAME)?, 0))
            }
            Item::Shadow { children } => {
                put(out, token::SHADOW);
                put(out, *children);
                Ok((self.tree.create(NO_NAME)?, *children))
            }
            Item::Ref(id) => {
                put(out, token::REF);
                put_signed(out, difference(gathered.last_ref, *id));
                gathered.last_ref = *id;
                Ok((*id, 0))
            }
        }
    }

    /// Writes an element's shape and gathers its values.
    #[inline(never)]
    fn element<'a>(
        &mut self,
        element: &Element,
        secret: bool,
        batch: &Batch<'a>,
        gathered: &mut Gathered<'a>,
    ) -> Result<(), BatchError> {
        let tag = self.named[element.name as usize];
        let field = self.secrecy(tag, self.tree.next_id());
        let (mut shape, mut kept) = (std::mem::take(&mut gathered.shape), std::mem::take(&mut gathered.kept));
        shape.clear();
        kept.clear();
        shape.extend_from_slice(&(element.name << 2 | element.flags.namespace()).to_le_bytes());
        for (name, value) in &batch.attributes[element.first..element.first + element.count] {
            let at = *name as usize;
            if self.names[at].len() > limits::NAME_BYTES || kept.len() >= limits::ATTRIBUTES {
                continue;
            }
            let masked = element.flags.masked() || secret;
            if let Some(value) = attribute(tag, self.named[at], value, field, masked, &self.secrets) {
                shape.extend_from_slice(&name.to_le_bytes());
                kept.push((*name, value));
            }
        }
        let out = &mut gathered.structure;
        let known = self.shapes.shapes.find(0, &shape);
        match known {
            Ok(number) => put(out, number + token::FIRST_SHAPE),
            Err(_) => {
                put(out, token::NEW_SHAPE);
                self.shapes.name(element.name, &self.names[element.name as usize], 0, out)?;
                put(out, element.flags.namespace());
                put(out, u32::try_from(kept.len()).unwrap_or(u32::MAX));
            }
        }
        for (name, value) in kept.drain(..) {
            let number = match known {
                Ok(_) => self.shapes.names[name as usize] - 1,
                Err(_) => self.shapes.name(name, &self.names[name as usize], 0, &mut gathered.structure)?,
            };
            gathered.value(number, value);
        }
        if let Err(hash) = known
            && self.shapes.shapes.count(0) < limits::SHAPES
        {
            self.shapes.shapes.insert(0, &shape, hash);
        }
        (gathered.shape, gathered.kept) = (shape, kept);
        Ok(())
    }
}
