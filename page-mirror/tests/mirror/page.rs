//! A page that is changed as scripts change pages, watched as a mutation observer watches, and handed over
//! as the recorder's script hands it over.
use std::collections::{BTreeMap, BTreeSet};

use page_mirror::record::{BatchError, Recorder};

pub(crate) type At = usize;
pub(crate) const DOCUMENT: At = 0;
pub(crate) const ROOT_ELEMENT: At = 1;

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Document,
    Element { tag: &'static str, attributes: BTreeMap<&'static str, String> },
    Text(String),
    Comment,
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    parent: Option<At>,
    children: Vec<At>,
}

/// The page, what was seen of its changes, and what the script knows.
#[derive(Debug)]
pub(crate) struct Page {
    nodes: Vec<Node>,
    touched: BTreeSet<At>,
    attributes: BTreeSet<(At, &'static str)>,
    texts: BTreeSet<At>,
    /// Ids of what is sent anew.
    retaken: Vec<u32>,
    ids: BTreeMap<At, u32>,
    by_id: BTreeMap<u32, At>,
    next_id: u32,
    names: BTreeMap<&'static str, u32>,
    numbers: Vec<u32>,
    text: String,
}

impl Page {
    /// A page with one empty root element.
    pub(crate) fn new() -> Self {
        let mut page = Self {
            nodes: vec![Node { kind: Kind::Document, parent: None, children: Vec::new() }],
            touched: BTreeSet::new(),
            attributes: BTreeSet::new(),
            texts: BTreeSet::new(),
            retaken: Vec::new(),
            ids: BTreeMap::new(),
            by_id: BTreeMap::new(),
            next_id: 2,
            names: BTreeMap::new(),
            numbers: Vec::new(),
            text: String::new(),
        };
        let root = page.element("html");
        page.insert(DOCUMENT, root, 0);
        page
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn element(&mut self, tag: &'static str) -> At {
        self.make(Kind::Element { tag, attributes: BTreeMap::new() })
    }

    pub(crate) fn text(&mut self, text: &str) -> At {
        self.make(Kind::Text(text.to_owned()))
    }

    pub(crate) fn comment(&mut self) -> At {
        self.make(Kind::Comment)
    }

    pub(crate) fn is_element(&self, at: At) -> bool {
        matches!(self.nodes[at].kind, Kind::Element { .. })
    }

    /// Each goes where the other was, as far as the tree stays one.
    pub(crate) fn swap(&mut self, one: At, other: At) {
        let place = |node: At| {
            let parent = self.nodes[node].parent?;
            Some((parent, self.children(parent).iter().position(|child| *child == node)?))
        };
        if let (Some((first, at)), Some((second, there))) = (place(one), place(other)) {
            self.insert(second, one, there);
            self.insert(first, other, at);
        }
    }

    pub(crate) fn children(&self, at: At) -> &[At] {
        &self.nodes[at].children
    }

    /// `insertBefore`: moves the node if it has a place. False if the tree would not be one.
    pub(crate) fn insert(&mut self, parent: At, node: At, index: usize) -> bool {
        if self.is_above(node, parent) || node <= ROOT_ELEMENT && parent != DOCUMENT {
            return false;
        }
        self.take_out(node);
        let index = index.min(self.nodes[parent].children.len());
        self.nodes[parent].children.insert(index, node);
        self.nodes[node].parent = Some(parent);
        self.touched.insert(node);
        true
    }

    pub(crate) fn remove(&mut self, node: At) {
        if node > ROOT_ELEMENT {
            self.take_out(node);
        }
    }

    pub(crate) fn set(&mut self, node: At, name: &'static str, value: Option<String>) {
        if let Kind::Element { attributes, .. } = &mut self.nodes[node].kind {
            match value {
                Some(value) => drop(attributes.insert(name, value)),
                None => drop(attributes.remove(name)),
            }
            self.attributes.insert((node, name));
        }
    }

    pub(crate) fn set_text(&mut self, node: At, text: &str) {
        if let Kind::Text(old) = &mut self.nodes[node].kind {
            *old = text.to_owned();
            self.texts.insert(node);
        }
    }

    /// The whole page as the first batch of an epoch.
    pub(crate) fn keyframe(&mut self, recorder: &mut Recorder) -> Result<(), BatchError> {
        self.keyframe_with(recorder, |_| {})
    }

    /// The same, behind what `first` says.
    pub(crate) fn keyframe_with(
        &mut self,
        recorder: &mut Recorder,
        first: impl FnOnce(&mut Recorder),
    ) -> Result<(), BatchError> {
        recorder.begin();
        first(recorder);
        self.ids.clear();
        self.by_id.clear();
        self.next_id = 2;
        self.ids.insert(DOCUMENT, 1);
        self.forget_changes();
        self.numbers.extend([1, 1, 0]);
        for child in self.nodes[DOCUMENT].children.clone() {
            self.walk(child, 2, &mut BTreeSet::new());
        }
        self.numbers.push(0);
        self.hand_over(recorder)
    }

    /// A node is sent anew, with all below it: a rule applies to it now, or it has a shadow root now.
    pub(crate) fn retake(&mut self, node: At) {
        if node > ROOT_ELEMENT && self.ids.contains_key(&node) {
            self.retaken.push(self.ids[&node]);
            self.disown(node);
            self.touched.insert(node);
        }
    }

    fn disown(&mut self, node: At) {
        if let Some(id) = self.ids.remove(&node) {
            self.by_id.remove(&id);
            // What came into it since the last flush stands elsewhere on the other side.
            if self.touched.contains(&node) {
                self.retaken.push(id);
            }
        }
        for child in self.nodes[node].children.clone() {
            self.disown(child);
        }
    }

    /// What changed since the last call.
    pub(crate) fn flush(&mut self, recorder: &mut Recorder) -> Result<(), BatchError> {
        let start = self.next_id;
        let known = |page: &Self, node| page.ids.get(&node).copied().filter(|id| *id < start);
        let touched = std::mem::take(&mut self.touched);
        let mut placed = BTreeSet::new();
        for &node in &touched {
            let Some(parent) = self.nodes[node].parent.filter(|_| !placed.contains(&node)) else { continue };
            let is_new = self.ids.get(&node).is_some_and(|id| *id >= start);
            let Some(parent_id) = known(self, parent).filter(|_| self.is_connected(parent) && !is_new) else {
                continue;
            };
            let siblings = self.nodes[parent].children.clone();
            let mut first = siblings.iter().position(|sibling| *sibling == node).unwrap();
            while first > 0 && touched.contains(&siblings[first - 1]) {
                first -= 1;
            }
            let after = first.checked_sub(1).map_or(0, |before| self.ids[&siblings[before]]);
            self.numbers.extend([1, parent_id, after]);
            for sibling in siblings[first..].iter().take_while(|sibling| touched.contains(sibling)) {
                self.walk(*sibling, start, &mut placed);
                placed.insert(*sibling);
            }
            self.numbers.push(0);
        }
        for node in &touched {
            if let Some(id) = known(self, *node).filter(|_| !placed.contains(node)) {
                self.numbers.extend([2, id]);
            }
        }
        for id in std::mem::take(&mut self.retaken) {
            self.numbers.extend([2, id]);
        }
        self.hand_over_contents(start);
        self.hand_over(recorder)
    }

    pub(crate) fn serialised(&self) -> String {
        let mut out = String::new();
        self.serialise(DOCUMENT, &mut out);
        out
    }

    fn serialise(&self, at: At, out: &mut String) {
        match &self.nodes[at].kind {
            Kind::Document => {}
            Kind::Element { tag, attributes } => {
                out.push_str(&format!("<{tag}"));
                for (name, value) in attributes {
                    out.push_str(&format!(" {name}={value:?}"));
                }
                out.push('>');
            }
            Kind::Text(text) => out.push_str(&format!("{text:?}")),
            Kind::Comment => out.push_str("<!>"),
        }
        for child in &self.nodes[at].children {
            self.serialise(*child, out);
        }
        if self.is_element(at) {
            out.push_str("</>");
        }
    }

    fn hand_over_contents(&mut self, start: u32) {
        for (node, name) in std::mem::take(&mut self.attributes) {
            let Some(&id) = self.ids.get(&node).filter(|id| **id < start && self.is_connected(node)) else {
                continue;
            };
            let Kind::Element { attributes, .. } = &self.nodes[node].kind else { continue };
            match attributes.get(name).cloned() {
                Some(value) => {
                    self.numbers.extend([3, id, 0]);
                    self.name(name);
                    self.string(&value);
                }
                None => {
                    self.numbers.extend([4, id]);
                    self.name(name);
                }
            }
        }
        for node in std::mem::take(&mut self.texts) {
            let Some(&id) = self.ids.get(&node).filter(|id| **id < start && self.is_connected(node)) else {
                continue;
            };
            let Kind::Text(text) = self.nodes[node].kind.clone() else { continue };
            self.numbers.extend([5, id, 0]);
            self.string(&text);
        }
    }

    fn hand_over(&mut self, recorder: &mut Recorder) -> Result<(), BatchError> {
        let (numbers, text) = (std::mem::take(&mut self.numbers), std::mem::take(&mut self.text));
        recorder.flush(&numbers, &text)?;
        for id in recorder.freed() {
            // What was sent anew has another id by now.
            if let Some(node) = self.by_id.remove(&id) {
                self.ids.remove(&node);
            }
        }
        Ok(())
    }

    /// Writes a node as an item; one that was known before `start` moves.
    fn walk(&mut self, node: At, start: u32, placed: &mut BTreeSet<At>) {
        if let Some(&id) = self.ids.get(&node).filter(|id| **id < start) {
            self.numbers.extend([4, id]);
            placed.insert(node);
            return;
        }
        self.ids.insert(node, self.next_id);
        self.by_id.insert(self.next_id, node);
        self.next_id += 1;
        match self.nodes[node].kind.clone() {
            Kind::Document => unreachable!("nothing holds the document"),
            Kind::Comment => self.numbers.push(3),
            Kind::Text(text) => {
                self.numbers.extend([2, 0]);
                self.string(&text);
            }
            Kind::Element { tag, attributes } => {
                self.numbers.push(1);
                self.name(tag);
                self.numbers.extend([0, u32::try_from(attributes.len()).unwrap()]);
                for (name, value) in attributes {
                    self.name(name);
                    self.string(&value);
                }
                for child in self.nodes[node].children.clone() {
                    self.walk(child, start, placed);
                }
                self.numbers.push(0);
            }
        }
    }

    fn name(&mut self, name: &'static str) {
        let next = u32::try_from(self.names.len()).unwrap();
        let number = *self.names.entry(name).or_insert(next);
        self.numbers.push(number);
        if number == next {
            self.string(name);
        }
    }

    fn string(&mut self, text: &str) {
        self.numbers.push(u32::try_from(text.encode_utf16().count()).unwrap());
        self.text.push_str(text);
    }

    fn make(&mut self, kind: Kind) -> At {
        self.nodes.push(Node { kind, parent: None, children: Vec::new() });
        self.nodes.len() - 1
    }

    fn take_out(&mut self, node: At) {
        if let Some(parent) = self.nodes[node].parent.take() {
            self.nodes[parent].children.retain(|child| *child != node);
            self.touched.insert(node);
        }
    }

    fn is_above(&self, node: At, below: At) -> bool {
        std::iter::successors(Some(below), |at| self.nodes[*at].parent).any(|at| at == node)
    }

    fn is_connected(&self, node: At) -> bool {
        self.is_above(DOCUMENT, node)
    }

    fn forget_changes(&mut self) {
        self.touched.clear();
        self.attributes.clear();
        self.texts.clear();
        self.retaken.clear();
    }
}
