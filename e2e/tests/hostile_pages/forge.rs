//! Frames that no recorder would send: a page as a tree, written as it is, with nothing left out.
use page_mirror::codec::{
    Section,
    bytes::{put, put_signed},
    ids, seal, token,
};
use serde::Deserialize;

/// A node as `treeOf` of `plant.js` gives it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Tree {
    Text(String),
    Element(String, u32, Vec<(String, String)>, Vec<Tree>, Option<Vec<Tree>>),
}

/// An element with attributes and children.
pub(crate) fn element(tag: &str, language: u32, attributes: &[(&str, &str)], children: Vec<Tree>) -> Tree {
    let owned = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Tree::Element(tag.to_owned(), language, owned, children, None)
}

/// Numbers of names, columns of values, ids of nodes: what one epoch counts.
#[derive(Debug, Default)]
pub(crate) struct Forger {
    names: Vec<String>,
    next_id: u32,
    structure: Vec<u8>,
    columns: Vec<(u32, Vec<String>)>,
    texts: Vec<String>,
    styles: Vec<(u32, String)>,
    /// Every element by its place in the page.
    pub(crate) elements: Vec<(u32, String)>,
}

impl Forger {
    /// The body of a keyframe with these nodes below the document.
    pub(crate) fn keyframe(&mut self, page: &[Tree]) -> Vec<u8> {
        *self = Self { next_id: 2, ..Self::default() };
        put(&mut self.structure, 1);
        put_signed(&mut self.structure, 1);
        put(&mut self.structure, 0);
        put(&mut self.structure, count(page));
        page.iter().for_each(|node| self.node(node));
        let mut payload = std::mem::take(&mut self.structure);
        let values = std::mem::take(&mut self.columns).into_iter().flat_map(|(_, values)| values);
        let strings: Vec<String> = values.chain(std::mem::take(&mut self.texts)).collect();
        put_strings(&mut payload, &strings);
        let mut body = Vec::new();
        Section::Nodes.wrap(&payload, &mut body);
        body.extend(strings_of(Section::Styles, &std::mem::take(&mut self.styles)));
        body
    }

    /// Sets an attribute of nodes that are there.
    pub(crate) fn attributes(&mut self, changes: &[(u32, &str, &str)]) -> Vec<u8> {
        let mut payload = Vec::new();
        ids::write(&mut payload, &changes.iter().map(|(id, ..)| *id).collect::<Vec<_>>());
        for (_, name, _) in changes {
            self.name(name, 1, &mut payload);
        }
        let values: Vec<String> = changes.iter().map(|(.., value)| (*value).to_owned()).collect();
        put_strings(&mut payload, &values);
        let mut body = Vec::new();
        Section::Attributes.wrap(&payload, &mut body);
        body
    }

    fn node(&mut self, node: &Tree) {
        let id = self.next_id;
        self.next_id += 1;
        let (tag, language, attributes, children, shadow) = match node {
            Tree::Text(text) => {
                put(&mut self.structure, token::TEXT);
                return self.texts.push(text.clone());
            }
            Tree::Element(tag, language, attributes, children, shadow) => {
                (tag, *language, attributes, children, shadow)
            }
        };
        self.elements.push((id, tag.clone()));
        let mut out = std::mem::take(&mut self.structure);
        put(&mut out, token::NEW_SHAPE);
        self.name(tag, 0, &mut out);
        put(&mut out, language);
        put(&mut out, count(attributes));
        for (name, value) in attributes {
            let number = self.name(name, 0, &mut out);
            match self.columns.iter_mut().find(|(column, _)| *column == number) {
                Some((_, values)) => values.push(value.clone()),
                None => self.columns.push((number, vec![value.clone()])),
            }
        }
        self.structure = out;
        // The text of a style comes in a section of its own; below one, a viewer takes no node.
        if tag == "style" {
            put(&mut self.structure, 0);
            let text = children.iter().map(|child| match child {
                Tree::Text(text) => text.as_str(),
                Tree::Element(..) => "",
            });
            self.styles.push((id, text.collect()));
            return;
        }
        put(&mut self.structure, count(children) + u32::from(shadow.is_some()));
        if let Some(shadow) = shadow {
            put(&mut self.structure, token::SHADOW);
            put(&mut self.structure, count(shadow));
            self.next_id += 1;
            shadow.iter().for_each(|child| self.node(child));
        }
        children.iter().for_each(|child| self.node(child));
    }

    fn name(&mut self, name: &str, bit: u32, out: &mut Vec<u8>) -> u32 {
        let known = self.names.iter().position(|known| known == name);
        let number = u32::try_from(known.unwrap_or(self.names.len())).unwrap_or(u32::MAX);
        put(out, number << 1 | bit);
        if known.is_none() {
            self.names.push(name.to_owned());
            put(out, u32::try_from(name.len()).unwrap_or(u32::MAX));
            out.extend(name.as_bytes());
        }
        number
    }
}

/// Ids with a string each: texts of style elements, or of constructed sheets.
pub(crate) fn strings_of(section: Section, of: &[(u32, String)]) -> Vec<u8> {
    let mut payload = Vec::new();
    ids::write(&mut payload, &of.iter().map(|(id, _)| *id).collect::<Vec<_>>());
    put_strings(&mut payload, &of.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>());
    let mut body = Vec::new();
    section.wrap(&payload, &mut body);
    body
}

/// The document adopts these sheets.
pub(crate) fn adopted(sheets: &[u32]) -> Vec<u8> {
    let mut payload = Vec::new();
    put(&mut payload, 1);
    ids::write(&mut payload, sheets);
    let mut body = Vec::new();
    Section::Adopted.wrap(&payload, &mut body);
    body
}

/// Address and title.
pub(crate) fn page(url: &str, title: &str) -> Vec<u8> {
    let mut payload = Vec::new();
    for text in [url, title] {
        put(&mut payload, count(text.as_bytes()));
        payload.extend(text.as_bytes());
    }
    let mut body = Vec::new();
    Section::Page.wrap(&payload, &mut body);
    body
}

pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    seal(body, false)
}

/// All of them are new: refs, lengths, bytes.
fn put_strings(payload: &mut Vec<u8>, strings: &[String]) {
    payload.resize(payload.len() + strings.len(), 0);
    strings.iter().for_each(|text| put(payload, count(text.as_bytes())));
    strings.iter().for_each(|text| payload.extend(text.as_bytes()));
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
