//! Operations carried out on plain data, as the replica's script carries them out on a document. It is as
//! strict as a DOM: what a DOM would refuse panics.
use std::collections::BTreeMap;

use page_mirror::replay::ops::op;

#[derive(Debug)]
struct Node {
    open: String,
    attributes: BTreeMap<String, String>,
    parent: u32,
    children: Vec<u32>,
}

#[derive(Debug, Default)]
pub(crate) struct Document {
    nodes: BTreeMap<u32, Node>,
    names: Vec<String>,
}

struct Input<'a> {
    numbers: std::slice::Iter<'a, u32>,
    text: Vec<u16>,
    at: usize,
}

impl Input<'_> {
    fn number(&mut self) -> u32 {
        *self.numbers.next().unwrap()
    }
    fn string(&mut self) -> String {
        let length = self.number() as usize;
        self.at += length;
        String::from_utf16(&self.text[self.at - length..self.at]).unwrap()
    }
}

impl Document {
    /// Nodes it holds, with the document.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn apply(&mut self, numbers: &[u32], text: &str) {
        let mut input = Input { numbers: numbers.iter(), text: text.encode_utf16().collect(), at: 0 };
        while let Some(&code) = input.numbers.next() {
            self.step(code, &mut input);
        }
        assert_eq!(input.at, input.text.len());
    }

    fn step(&mut self, code: u32, input: &mut Input<'_>) {
        match code {
            op::CLEAR => {
                self.nodes.clear();
                self.names.clear();
                self.create(1, 0, String::new());
            }
            op::NAME => self.names.push(input.string()),
            op::ELEMENT => {
                let (id, parent, _language, name) =
                    (input.number(), input.number(), input.number(), input.number());
                let open = format!("<{}", self.names[name as usize]);
                self.create(id, parent, open);
                for _ in 0..input.number() {
                    let name = self.names[input.number() as usize].clone();
                    let value = input.string();
                    self.nodes.get_mut(&id).unwrap().attributes.insert(name, value);
                }
            }
            op::TEXT => {
                let (id, parent) = (input.number(), input.number());
                let open = format!("{:?}", input.string());
                self.create(id, parent, open);
            }
            op::COMMENT => {
                let (id, parent) = (input.number(), input.number());
                self.create(id, parent, "<!>".into());
            }
            op::APPEND => {
                let (id, parent) = (input.number(), input.number());
                let end = self.nodes[&parent].children.len();
                self.insert(id, parent, end);
            }
            op::DETACH => {
                let id = input.number();
                self.take_out(id);
            }
            op::PLACE => self.place(input),
            op::FORGET => self.forget(input),
            op::SET => {
                let (id, name) = (input.number(), self.names[input.number() as usize].clone());
                let value = input.string();
                self.nodes.get_mut(&id).unwrap().attributes.insert(name, value);
            }
            op::UNSET => {
                let (id, name) = (input.number(), self.names[input.number() as usize].clone());
                self.nodes.get_mut(&id).unwrap().attributes.remove(&name);
            }
            op::DATA => {
                let (id, text) = (input.number(), format!("{:?}", input.string()));
                let node = self.nodes.get_mut(&id).unwrap();
                // The text of a style element is no node.
                if !node.open.starts_with('<') {
                    node.open = text;
                }
            }
            other => self.pass_over(other, input),
        }
    }

    fn place(&mut self, input: &mut Input<'_>) {
        let (parent, mut after) = (input.number(), input.number());
        for _ in 0..input.number() {
            let id = input.number();
            self.take_out(id);
            let children = &self.nodes[&parent].children;
            let index = match after {
                0 => 0,
                after => children.iter().position(|child| *child == after).unwrap() + 1,
            };
            self.insert(id, parent, index);
            after = id;
        }
    }

    fn forget(&mut self, input: &mut Input<'_>) {
        for nth in 0..input.number() {
            let node = self.nodes.remove(&input.number()).unwrap();
            assert!(nth > 0 || node.parent == 0, "it was taken out before");
        }
    }

    /// Operations that change no structure.
    fn pass_over(&mut self, code: u32, input: &mut Input<'_>) {
        match code {
            op::SHADOW => {
                let (id, host) = (input.number(), input.number());
                self.create(id, host, "<#shadow".into());
            }
            op::FRAME => {
                let id = input.number();
                self.create(id, 0, "<#document".into());
            }
            other => panic!("no operation {other}"),
        }
    }

    pub(crate) fn serialised(&self) -> String {
        let mut out = String::new();
        self.serialise(1, &mut out);
        out
    }

    fn serialise(&self, id: u32, out: &mut String) {
        let node = &self.nodes[&id];
        out.push_str(&node.open);
        for (name, value) in &node.attributes {
            out.push_str(&format!(" {name}={value:?}"));
        }
        let is_element = node.open.starts_with('<') && node.open != "<!>";
        if is_element {
            out.push('>');
        }
        for child in &node.children {
            self.serialise(*child, out);
        }
        if is_element {
            out.push_str("</>");
        }
    }

    fn create(&mut self, id: u32, parent: u32, open: String) {
        let node = Node { open, attributes: BTreeMap::new(), parent: 0, children: Vec::new() };
        assert!(self.nodes.insert(id, node).is_none(), "{id} is new");
        if parent != 0 {
            let end = self.nodes[&parent].children.len();
            self.insert(id, parent, end);
        }
    }

    fn insert(&mut self, id: u32, parent: u32, index: usize) {
        let mut above = parent;
        while above != 0 {
            assert_ne!(above, id, "a DOM refuses to put a node below itself");
            above = self.nodes[&above].parent;
        }
        let before = self.nodes[&id].parent;
        self.take_out(id);
        // Taking it out of the same parent moves what follows.
        let index = if before == parent { index.min(self.nodes[&parent].children.len()) } else { index };
        self.nodes.get_mut(&parent).unwrap().children.insert(index, id);
        self.nodes.get_mut(&id).unwrap().parent = parent;
    }

    fn take_out(&mut self, id: u32) {
        let parent = std::mem::take(&mut self.nodes.get_mut(&id).unwrap().parent);
        if parent != 0 {
            self.nodes.get_mut(&parent).unwrap().children.retain(|child| *child != id);
        }
    }
}
