//! New and moved nodes of a frame, as operations.
use super::{
    Replica,
    attributes::{self, Rule},
    elements,
    ops::{Late, op},
    urls::Addresses,
};
use crate::{
    codec::{
        FrameError,
        bytes::Reader,
        columns::{Columns, FREE},
        namespace, token,
    },
    limits,
    tree::{NONE, NOT_AN_ELEMENT},
};

/// Tags of [`crate::tree::Tree`] on this side: an element's name and namespace ([`element_tag`]), or these.
pub(super) const TEXT: u32 = NOT_AN_ELEMENT + 1;
const COMMENT: u32 = NOT_AN_ELEMENT + 2;
pub(super) const SHADOW: u32 = NOT_AN_ELEMENT + 3;

pub(super) fn element_tag(name: u32, language: u32) -> u32 {
    name << 2 | language
}

/// A tag with its attributes, and all that is decided for it once.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    tag: u32,
    namespace: u32,
    /// Name in the replica, as the script numbers it.
    made: u32,
    /// A frame whose document is mirrored.
    is_frame: bool,
    attributes: Vec<Attribute>,
}

#[derive(Debug, Clone, Copy)]
struct Attribute {
    /// Number of the epoch.
    name: u32,
    made: u32,
    rule: Rule,
}

/// The structure of a section, before its strings are read.
#[derive(Debug)]
enum Token {
    Element { shape: usize, children: u32 },
    Text,
    Comment,
    Ref(u32),
    Shadow { children: u32 },
}

struct Run {
    parent: u32,
    after: u32,
    /// Top-level tokens.
    items: u32,
    tokens: Vec<Token>,
}

/// Strings of a section, by column.
struct Strings<'a> {
    columns: Columns<'a>,
    /// By number of an attribute's name: the next string of its column.
    next: Vec<usize>,
    next_text: usize,
}

impl Replica {
    pub(super) fn nodes(&mut self, mut reader: Reader<'_>, budget: &mut usize) -> Result<(), FrameError> {
        // Shapes beyond the limit live for this section only.
        let mut passing = Vec::new();
        let runs = self.structure(&mut reader, &mut passing, budget)?;
        let mut strings = self.node_strings(reader, &runs, &passing)?;
        self.detach_moved(&runs)?;
        for run in &runs {
            let mut tokens = run.tokens.iter();
            let frame = match self.frames.contains_key(&self.tree.parent(run.parent)) {
                true => self.tree.parent(run.parent),
                false => self.frame_of(run.parent),
            };
            let placed = self.subtrees(&mut tokens, run.items, frame, &passing, &mut strings)?;
            self.refuse_below_style(run.parent)?;
            self.tree.place(run.parent, run.after, &placed)?;
            let count = u32::try_from(placed.len()).unwrap_or(u32::MAX);
            self.ops.put(&[op::PLACE, run.parent, run.after, count]);
            self.ops.put(&placed);
        }
        Ok(())
    }

    fn structure(
        &mut self,
        reader: &mut Reader<'_>,
        passing: &mut Vec<Shape>,
        budget: &mut usize,
    ) -> Result<Vec<Run>, FrameError> {
        let count = reader.items()?;
        let mut runs = Vec::with_capacity(count.min(1024));
        let (mut before, mut last_ref) = (NONE, NONE);
        for _ in 0..count {
            let parent = before.wrapping_add_signed(reader.signed()?);
            before = parent;
            let after = match reader.u32()? {
                0 => NONE,
                moved => {
                    let zigzag = moved - 1;
                    let apart = (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed());
                    parent.wrapping_add_signed(apart)
                }
            };
            let items = u32::try_from(reader.items()?).map_err(|_| FrameError::TooLarge)?;
            let mut tokens = Vec::new();
            // Children that are still to come.
            let mut left = u64::from(items);
            while left > 0 {
                left -= 1;
                *budget = budget.checked_sub(1).ok_or(FrameError::TooLarge)?;
                let (token, children) = self.token(reader, passing, &mut last_ref)?;
                left += u64::from(children);
                if left > reader.len() as u64 {
                    return Err(FrameError::Truncated);
                }
                tokens.push(token);
            }
            runs.push(Run { parent, after, items, tokens });
        }
        Ok(runs)
    }

    fn token(
        &mut self,
        reader: &mut Reader<'_>,
        passing: &mut Vec<Shape>,
        last_ref: &mut u32,
    ) -> Result<(Token, u32), FrameError> {
        let shape = match reader.u32()? {
            token::TEXT => return Ok((Token::Text, 0)),
            // A document type has no part in a replica, but its place.
            token::COMMENT | token::DOCTYPE => return Ok((Token::Comment, 0)),
            token::REF => {
                *last_ref = last_ref.wrapping_add_signed(reader.signed()?);
                return Ok((Token::Ref(*last_ref), 0));
            }
            token::SHADOW => {
                let children = reader.u32()?;
                return Ok((Token::Shadow { children }, children));
            }
            token::NEW_SHAPE => {
                let shape = self.new_shape(reader)?;
                if self.shapes.len() < limits::SHAPES {
                    self.shapes.push(shape);
                    self.shapes.len() - 1
                } else {
                    passing.push(shape);
                    limits::SHAPES + passing.len() - 1
                }
            }
            number => {
                let shape = (number - token::FIRST_SHAPE) as usize;
                if shape >= self.shapes.len() {
                    return Err(FrameError::Malformed);
                }
                shape
            }
        };
        let children = reader.u32()?;
        Ok((Token::Element { shape, children }, children))
    }

    fn new_shape(&mut self, reader: &mut Reader<'_>) -> Result<Shape, FrameError> {
        let (name, _) = self.name(reader)?;
        let namespace = reader.u32()?;
        if namespace > namespace::MATHML {
            return Err(FrameError::Malformed);
        }
        let count = reader.count(limits::ATTRIBUTES)?;
        let tag = self.names[name as usize].clone();
        let mut attributes = Vec::with_capacity(count);
        for _ in 0..count {
            let (name, _) = self.name(reader)?;
            let text = &*self.names[name as usize];
            let rule = attributes::rule(&tag, namespace, text);
            let made = if matches!(rule, Rule::Drop | Rule::Base) {
                0
            } else {
                self.ops.name(attributes::name(text))
            };
            attributes.push(Attribute { name, made, rule });
        }
        let is_frame = attributes.iter().any(|attribute| attribute.rule == Rule::Base);
        let made = if is_frame { elements::FRAME } else { elements::element(&tag, namespace) };
        let made = self.ops.name(made);
        Ok(Shape { tag: element_tag(name, namespace), namespace, made, is_frame, attributes })
    }

    /// Reads the strings. Columns stand in the order in which their names first appear.
    fn node_strings<'a>(
        &mut self,
        reader: Reader<'a>,
        runs: &[Run],
        passing: &[Shape],
    ) -> Result<Strings<'a>, FrameError> {
        let mut order: Vec<(usize, usize)> = Vec::new();
        // By name: its place in `order`, plus one.
        let mut places = vec![0usize; self.names.len()];
        let mut texts = 0;
        for token in runs.iter().flat_map(|run| &run.tokens) {
            match token {
                Token::Text => texts += 1,
                Token::Element { shape, .. } => {
                    for attribute in &shape_of(&self.shapes, passing, *shape).attributes {
                        let place = &mut places[attribute.name as usize];
                        if *place == 0 {
                            order.push((attribute.name as usize + 1, 0));
                            *place = order.len();
                        }
                        order[*place - 1].1 += 1;
                    }
                }
                Token::Comment | Token::Ref(_) | Token::Shadow { .. } => {}
            }
        }
        let mut next = places;
        let mut start = 0;
        for (domain, count) in &order {
            next[domain - 1] = start;
            start += count;
        }
        order.push((FREE, texts));
        Ok(Strings { columns: self.remembered.read(reader, &order)?, next, next_text: start })
    }

    /// Nodes that move leave their places first, as on the other side. The document itself needs that only
    /// where a run's parent lies in what moves.
    fn detach_moved(&mut self, runs: &[Run]) -> Result<(), FrameError> {
        let moved = || {
            runs.iter().flat_map(|run| &run.tokens).filter_map(|token| match token {
                Token::Ref(id) => Some(*id),
                Token::Element { .. } | Token::Text | Token::Comment | Token::Shadow { .. } => None,
            })
        };
        if moved().next().is_none() {
            return Ok(());
        }
        for id in moved() {
            if self.tree.tag(id) == Some(SHADOW) {
                return Err(FrameError::Malformed);
            }
            self.tree.detach(id)?;
        }
        let tangled = runs.iter().any(|run| !self.tree.is_placed(run.parent));
        if tangled {
            for id in moved() {
                self.ops.put(&[op::DETACH, id]);
            }
        }
        Ok(())
    }

    /// Makes `count` items in a frame, with all below them; returns the ids of the `count`.
    fn subtrees(
        &mut self,
        tokens: &mut std::slice::Iter<'_, Token>,
        count: u32,
        frame: u32,
        passing: &[Shape],
        strings: &mut Strings<'_>,
    ) -> Result<Vec<u32>, FrameError> {
        // Open nodes: id, children that are still to come, where its children begin in `siblings`, and their frame.
        let mut open = vec![(NONE, count, 0, frame)];
        let mut siblings: Vec<u32> = Vec::new();
        while let Some((id, left, start, frame)) = open.last_mut() {
            if *left == 0 {
                if *id == NONE {
                    break;
                }
                self.tree.place(*id, NONE, &siblings[*start..])?;
                siblings.truncate(*start);
                open.pop();
                continue;
            }
            *left -= 1;
            let (parent, mut frame) = (*id, *frame);
            let token = tokens.next().ok_or(FrameError::Malformed)?;
            let (id, children) = self.make(token, parent, frame, passing, strings)?;
            if matches!(token, Token::Shadow { .. }) && self.frames.contains_key(&parent) {
                frame = parent;
            }
            siblings.push(id);
            if children > 0 {
                if open.len() > limits::DEPTH as usize {
                    return Err(FrameError::TooLarge);
                }
                open.push((id, children, siblings.len(), frame));
            }
        }
        Ok(siblings)
    }

    fn make(
        &mut self,
        token: &Token,
        parent: u32,
        frame: u32,
        passing: &[Shape],
        strings: &mut Strings<'_>,
    ) -> Result<(u32, u32), FrameError> {
        if parent != NONE {
            self.refuse_below_style(parent)?;
        }
        match token {
            Token::Text => {
                let id = self.tree.create(TEXT)?;
                let text = strings.columns.get(&self.remembered, strings.next_text)?;
                strings.next_text += 1;
                self.ops.put(&[op::TEXT, id, parent]);
                self.ops.string(text);
                Ok((id, 0))
            }
            Token::Comment => {
                let id = self.tree.create(COMMENT)?;
                self.ops.put(&[op::COMMENT, id, parent]);
                Ok((id, 0))
            }
            Token::Shadow { children } => {
                let host = self.tree.tag(parent).ok_or(FrameError::Malformed)?;
                if host >= NOT_AN_ELEMENT {
                    return Err(FrameError::Malformed);
                }
                let id = self.tree.create(SHADOW)?;
                if self.frames.contains_key(&parent) {
                    self.ops.put(&[op::FRAME, id]);
                    self.ops.later(Late::Frame { id, host: parent });
                } else {
                    self.ops.put(&[op::SHADOW, id, parent]);
                }
                self.ops.later(Late::Adopt { id, sheets: Vec::new() });
                Ok((id, *children))
            }
            Token::Ref(id) => {
                if parent != NONE {
                    self.ops.put(&[op::APPEND, *id, parent]);
                }
                Ok((*id, 0))
            }
            Token::Element { shape, children } => {
                Ok((self.make_element(*shape, parent, frame, passing, strings)?, *children))
            }
        }
    }

    fn make_element(
        &mut self,
        shape: usize,
        parent: u32,
        frame: u32,
        passing: &[Shape],
        strings: &mut Strings<'_>,
    ) -> Result<u32, FrameError> {
        let shape = shape_of(&self.shapes, passing, shape);
        let id = self.tree.create(shape.tag)?;
        let ops = &mut self.ops;
        let is_frame = shape.is_frame && self.frames.len() < limits::FRAMES;
        let made = if shape.is_frame && !is_frame { ops.name(elements::BOX) } else { shape.made };
        ops.put(&[op::ELEMENT, id, parent, shape.namespace, made, 0]);
        let count_at = ops.numbers.len() - 1;
        let (mut size, mut inner_base) = (None, None);
        let base = self.frames.get(&frame).unwrap_or(&self.base);
        let at = Addresses { origins: &self.origins, base };
        for attribute in &shape.attributes {
            let next = &mut strings.next[attribute.name as usize];
            let given = strings.columns.get(&self.remembered, *next)?;
            *next += 1;
            if attribute.rule == Rule::Size {
                size = attributes::size(given);
            }
            if attribute.rule == Rule::Base {
                inner_base = given.get(..given.floor_char_boundary(limits::URL_BYTES));
            }
            if let Some(value) = attributes::value(attribute.rule, given, at, self.prefs) {
                ops.put(&[attribute.made]);
                ops.string(&value);
                ops.numbers[count_at] += 1;
            }
        }
        if is_frame {
            self.frames.insert(id, inner_base.unwrap_or_default().to_owned());
        }
        if let Some((width, height)) = size {
            ops.later(Late::Box { id, width, height });
        }
        Ok(id)
    }

    /// The text of a style element comes in a section of its own, where it is made safe as a whole.
    fn refuse_below_style(&self, parent: u32) -> Result<(), FrameError> {
        match self.tree.tag(parent) {
            None => Err(FrameError::Malformed),
            Some(tag) if self.is_style(tag) => Err(FrameError::Malformed),
            Some(_) => Ok(()),
        }
    }

    pub(super) fn is_style(&self, tag: u32) -> bool {
        tag < NOT_AN_ELEMENT && self.names.get((tag >> 2) as usize).is_some_and(|name| &**name == "style")
    }
}

fn shape_of<'s>(shapes: &'s [Shape], passing: &'s [Shape], number: usize) -> &'s Shape {
    match number.checked_sub(limits::SHAPES) {
        None => &shapes[number],
        Some(number) => &passing[number],
    }
}
