//! One batch from the page: what the recorder's script saw since the last one, in one call.
//!
//! The script hands over numbers and one text. Where the numbers say "a string", they give its length in
//! UTF-16 units, and the string is the next so many of the text. A *name* (tag, attribute) is the number of a
//! name that was given before, or the next free number and then the string itself.
//!
//! ```text
//! batch := op*
//! op    := 1 parent after item* 0            nodes below `parent`, after its child `after` (0: first)
//!        | 2 id                              removed
//!        | 3 id flags name string            attribute set
//!        | 4 id name                         attribute removed
//!        | 5 id flags string                 text changed
//!        | 6 id flags kind string            form state (kind: codec::state)
//!        | 7 id x y                          scrolled (id 1: the window)
//!        | 9 id string                       text of a `style` element
//!        | 10 sheet string                   text of a sheet made by scripts
//!        | 11 id count sheet*                the sheets that a document or shadow root adopted
//!        | 13 name flags count (name string)* string     a field that comes later in the page, and its value
//! item  := 1 name flags count (name string)* item* 0     element
//!        | 2 flags string | 3                             text, comment
//!        | 4 id                                           a node that moves here
//!        | 5 item* 0                                      open shadow root
//!        | 6                                              document type
//! flags := namespace + 4 (in a masked region) + 8 (the field was a password field once)
//! ```
use crate::{codec::namespace, limits, tree::NONE};

/// The script and this crate disagree, or a limit was passed: a new epoch, or nothing, must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("the batch is not well formed")]
    Malformed,
    #[error("the page is larger than what is mirrored")]
    TooLarge,
    #[error("the batch does not fit the tree: {0}")]
    Tree(#[from] crate::tree::TreeError),
}

const MASKED: u32 = 4;
const ONCE_PASSWORD: u32 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(u32);

impl Flags {
    pub fn namespace(self) -> u32 {
        (self.0 & 3).min(namespace::MATHML)
    }
    pub fn masked(self) -> bool {
        self.0 & MASKED != 0
    }
    pub fn once_password(self) -> bool {
        self.0 & ONCE_PASSWORD != 0
    }
}

#[derive(Debug)]
pub struct Element {
    pub name: u32,
    pub flags: Flags,
    /// Index of its first attribute in [`Batch::attributes`], and how many.
    pub first: usize,
    pub count: usize,
    pub children: u32,
}

#[derive(Debug)]
pub enum Item<'a> {
    Element(Element),
    Text { masked: bool, text: &'a str },
    Comment,
    Ref(u32),
    Shadow { children: u32 },
    Doctype,
}

#[derive(Debug)]
pub struct Run {
    pub parent: u32,
    pub after: u32,
    /// Top-level items.
    pub items: u32,
}

#[derive(Debug)]
pub struct AttributeChange<'a> {
    pub id: u32,
    pub flags: Flags,
    pub name: u32,
    pub value: Option<&'a str>,
}

#[derive(Debug)]
pub struct StateChange<'a> {
    pub id: u32,
    pub flags: Flags,
    pub kind: u32,
    pub value: &'a str,
}

/// A batch, taken apart. Items of all runs stand in one list, parents before their children.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    pub runs: Vec<Run>,
    pub items: Vec<Item<'a>>,
    pub attributes: Vec<(u32, &'a str)>,
    pub removed: Vec<u32>,
    pub changes: Vec<AttributeChange<'a>>,
    pub texts: Vec<(u32, bool, &'a str)>,
    pub states: Vec<StateChange<'a>>,
    pub scrolls: Vec<(u32, u32, u32)>,
    pub styles: Vec<(u32, &'a str)>,
    pub sheets: Vec<(u32, &'a str)>,
    pub adopted: Vec<(u32, Vec<u32>)>,
    pub ahead: Vec<(Element, &'a str)>,
}

impl<'a> Batch<'a> {
    /// Takes a batch apart; new names are added to `names`.
    pub fn parse(numbers: &[u32], text: &'a str, names: &mut Vec<Box<str>>) -> Result<Self, BatchError> {
        let mut batch = Self::default();
        let mut from = Source { numbers: numbers.iter(), text };
        while let Ok(op) = from.number() {
            if op == 13 {
                let element = batch.element(&mut from, names)?;
                batch.ahead.push((element, from.string()?));
                continue;
            }
            // All others begin with a node, or a sheet.
            let id = from.number()?;
            match op {
                1 => batch.run(id, &mut from, names)?,
                2 => batch.removed.push(id),
                3 => {
                    let flags = Flags(from.number()?);
                    let change = AttributeChange { id, flags, name: from.name(names)?, value: None };
                    batch.changes.push(AttributeChange { value: Some(from.string()?), ..change });
                }
                4 => {
                    let name = from.name(names)?;
                    batch.changes.push(AttributeChange { id, flags: Flags(0), name, value: None });
                }
                5 => {
                    let flags = Flags(from.number()?);
                    batch.texts.push((id, flags.masked(), from.string()?));
                }
                6 => {
                    let (flags, kind) = (Flags(from.number()?), from.number()?);
                    batch.states.push(StateChange { id, flags, kind, value: from.string()? });
                }
                7 => batch.scrolls.push((id, from.number()?, from.number()?)),
                9 => batch.styles.push((id, from.string()?)),
                10 => batch.sheets.push((id, from.string()?)),
                11 => {
                    let mut sheets = Vec::new();
                    for _ in 0..from.number()? {
                        sheets.push(from.number()?);
                    }
                    batch.adopted.push((id, sheets));
                }
                _ => return Err(BatchError::Malformed),
            }
        }
        Ok(batch)
    }

    fn run(
        &mut self,
        parent: u32,
        from: &mut Source<'_, 'a>,
        names: &mut Vec<Box<str>>,
    ) -> Result<(), BatchError> {
        let after = from.number()?;
        if parent == NONE {
            return Err(BatchError::Malformed);
        }
        let mut top = 0;
        // Where the elements that are open stand in the list of items.
        let mut open: Vec<usize> = Vec::new();
        loop {
            let kind = from.number()?;
            if kind == 0 {
                if open.pop().is_none() {
                    break;
                }
                continue;
            }
            match open.last().map(|at| &mut self.items[*at]) {
                None => top += 1,
                Some(Item::Element(Element { children, .. }) | Item::Shadow { children }) => *children += 1,
                Some(_) => return Err(BatchError::Malformed),
            }
            let item = self.item(kind, from, names)?;
            if matches!(item, Item::Element(_) | Item::Shadow { .. }) {
                open.push(self.items.len());
            }
            self.items.push(item);
            if self.items.len() > limits::NODES || open.len() > limits::DEPTH as usize {
                return Err(BatchError::TooLarge);
            }
        }
        self.runs.push(Run { parent, after, items: top });
        Ok(())
    }

    fn element(
        &mut self,
        from: &mut Source<'_, 'a>,
        names: &mut Vec<Box<str>>,
    ) -> Result<Element, BatchError> {
        let name = from.name(names)?;
        let (flags, count) = (Flags(from.number()?), from.number()? as usize);
        let first = self.attributes.len();
        for _ in 0..count {
            let attribute = (from.name(names)?, from.string()?);
            self.attributes.push(attribute);
        }
        Ok(Element { name, flags, first, count, children: 0 })
    }

    // As for `Recorder::item`.
    #[inline(never)]
    fn item(
        &mut self,
        kind: u32,
        from: &mut Source<'_, 'a>,
        names: &mut Vec<Box<str>>,
    ) -> Result<Item<'a>, BatchError> {
        Ok(match kind {
            1 => Item::Element(self.element(from, names)?),
            2 => Item::Text { masked: Flags(from.number()?).masked(), text: from.string()? },
            3 => Item::Comment,
            4 => Item::Ref(from.number()?),
            5 => Item::Shadow { children: 0 },
            6 => Item::Doctype,
            _ => return Err(BatchError::Malformed),
        })
    }
}

struct Source<'n, 'a> {
    numbers: std::slice::Iter<'n, u32>,
    text: &'a str,
}

impl<'a> Source<'_, 'a> {
    fn number(&mut self) -> Result<u32, BatchError> {
        self.numbers.next().copied().ok_or(BatchError::Malformed)
    }

    fn string(&mut self) -> Result<&'a str, BatchError> {
        let units = self.number()? as usize;
        let end = utf16_prefix(self.text, units).ok_or(BatchError::Malformed)?;
        let (string, rest) = self.text.split_at_checked(end).ok_or(BatchError::Malformed)?;
        self.text = rest;
        Ok(string)
    }

    fn name(&mut self, names: &mut Vec<Box<str>>) -> Result<u32, BatchError> {
        let name = self.number()?;
        if name as usize == names.len() {
            let text = self.string()?;
            names.push(text.into());
        }
        if (name as usize) < names.len() { Ok(name) } else { Err(BatchError::Malformed) }
    }
}

/// Eight bytes a step, also where the compiler goes for size.
fn is_ascii(bytes: &[u8]) -> bool {
    let (eights, rest) = bytes.as_chunks();
    eights.iter().all(|eight| u64::from_le_bytes(*eight) & (u64::MAX / 0xFF * 0x80) == 0) && rest.is_ascii()
}

/// How many bytes the first `units` UTF-16 units of a text take.
fn utf16_prefix(text: &str, units: usize) -> Option<usize> {
    // Nearly all strings of a page are ASCII, where both counts agree.
    if is_ascii(text.as_bytes().get(..units)?) {
        return Some(units);
    }
    let mut left = units;
    for (at, c) in text.char_indices() {
        if left == 0 {
            return Some(at);
        }
        left = left.checked_sub(c.len_utf16())?;
    }
    (left == 0).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cut_by_utf16_units() {
        assert_eq!(utf16_prefix("héllo", 2), Some(3));
        assert_eq!(utf16_prefix("a😀b", 3), Some(5));
        assert_eq!(utf16_prefix("a😀b", 2), None, "half of a pair");
        assert_eq!(utf16_prefix("äö", 2), Some(4));
        assert_eq!(utf16_prefix("ab", 3), None);
    }
}
