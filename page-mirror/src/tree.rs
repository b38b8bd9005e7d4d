//! The shape of a page: who is whose child, in which order. Content lives elsewhere.
//!
//! Ids count up from [`ROOT`] within an epoch and are never used twice in it. Every change is checked before
//! it is made; nothing here recurses, so depth costs no stack.
use crate::limits;

/// No node.
pub const NONE: u32 = 0;
/// The document itself.
pub const ROOT: u32 = 1;
/// The tag of the document. Tags of elements lie below.
pub const NOT_AN_ELEMENT: u32 = u32::MAX - 7;

/// Why a change does not fit the tree. Whoever gets it starts over with a keyframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("a node that is not there is named")]
    Unknown,
    #[error("the node before is no child of the parent")]
    Anchor,
    #[error("a node would be below itself, or twice in the tree")]
    Place,
    #[error("the tree would be deeper than {}", limits::DEPTH)]
    Depth,
    #[error("the tree would hold more than {} nodes", limits::NODES)]
    Nodes,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    parent: u32,
    first: u32,
    last: u32,
    prev: u32,
    next: u32,
    /// What the owner of the tree says it is.
    tag: u32,
    /// Levels below this node, never less than there are. It does not shrink when children go.
    height: u32,
    alive: bool,
}

#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    live: usize,
}

impl Tree {
    /// A tree that holds the document alone.
    pub fn new() -> Self {
        let mut tree = Self { nodes: Vec::new(), live: 0 };
        tree.clear();
        tree
    }

    pub fn clear(&mut self) {
        const EMPTY: Node =
            Node { parent: 0, first: 0, last: 0, prev: 0, next: 0, tag: 0, height: 0, alive: false };
        self.nodes.clear();
        self.nodes.push(EMPTY);
        self.nodes.push(Node { alive: true, tag: NOT_AN_ELEMENT, ..EMPTY });
        self.live = 1;
    }

    /// Nodes that are in the tree or about to be placed.
    pub fn live(&self) -> usize {
        self.live
    }

    /// The id that [`Self::create`] gives next.
    pub fn next_id(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// What [`Self::create`] was told about a node; none if it does not live.
    pub fn tag(&self, id: u32) -> Option<u32> {
        self.get(id).map(|node| node.tag)
    }

    pub fn parent(&self, id: u32) -> u32 {
        self.get(id).map_or(NONE, |node| node.parent)
    }

    /// The node hangs together with the document.
    pub fn is_placed(&self, id: u32) -> bool {
        self.node(id).is_ok() && self.climb(id).0 == ROOT
    }

    /// Children of a node, in order.
    pub fn children(&self, id: u32) -> impl Iterator<Item = u32> {
        let mut at = self.node(id).map_or(NONE, |node| node.first);
        std::iter::from_fn(move || {
            let node = self.node(at).ok()?;
            Some(std::mem::replace(&mut at, node.next))
        })
    }

    /// A new node that has no place yet.
    pub fn create(&mut self, tag: u32) -> Result<u32, TreeError> {
        let id = self.next_id();
        if self.live >= limits::NODES || id >= limits::IDS {
            return Err(TreeError::Nodes);
        }
        self.nodes.push(Node { parent: 0, first: 0, last: 0, prev: 0, next: 0, tag, height: 0, alive: true });
        self.live += 1;
        Ok(id)
    }

    /// Takes a node with all below it out of its place, to be placed again.
    pub fn detach(&mut self, id: u32) -> Result<(), TreeError> {
        let &Node { parent, prev, next, .. } = self.node(id)?;
        if parent == NONE {
            return Err(TreeError::Place);
        }
        match prev {
            NONE => self.at(parent).first = next,
            prev => self.at(prev).next = next,
        }
        match next {
            NONE => self.at(parent).last = prev,
            next => self.at(next).prev = prev,
        }
        let node = self.at(id);
        (node.parent, node.prev, node.next) = (NONE, NONE, NONE);
        Ok(())
    }

    /// Gives nodes without a place their place: below `parent`, right after its child `after` (or as the
    /// first ones).
    pub fn place(&mut self, parent: u32, after: u32, ids: &[u32]) -> Result<(), TreeError> {
        self.node(parent)?;
        if after != NONE && self.node(after)?.parent != parent {
            return Err(TreeError::Anchor);
        }
        let (top, depth) = self.climb(parent);
        let mut prev = after;
        let mut tallest = 0;
        for &id in ids {
            let node = self.node(id)?;
            // A node without a place can be above `parent` only as the top of its chain.
            if node.parent != NONE || id == ROOT || id == top {
                return Err(TreeError::Place);
            }
            tallest = tallest.max(node.height + 1);
            if depth + tallest > limits::DEPTH {
                return Err(TreeError::Depth);
            }
            self.link(parent, prev, id);
            prev = id;
        }
        self.raise(parent, tallest);
        Ok(())
    }

    /// Removes a node and all below it; `freed` gets their ids, the node's own first.
    pub fn remove(&mut self, id: u32, freed: &mut Vec<u32>) -> Result<(), TreeError> {
        if id == ROOT {
            return Err(TreeError::Place);
        }
        self.detach(id)?;
        let start = freed.len();
        freed.push(id);
        let mut read = start;
        while let Some(&at) = freed.get(read) {
            read += 1;
            let node = self.at(at);
            node.alive = false;
            let mut child = node.first;
            while child != NONE {
                freed.push(child);
                child = self.at(child).next;
            }
        }
        self.live -= freed.len() - start;
        Ok(())
    }

    fn link(&mut self, parent: u32, prev: u32, id: u32) {
        let next = match prev {
            NONE => std::mem::replace(&mut self.at(parent).first, id),
            prev => std::mem::replace(&mut self.at(prev).next, id),
        };
        match next {
            NONE => self.at(parent).last = id,
            next => self.at(next).prev = id,
        }
        let node = self.at(id);
        (node.parent, node.prev, node.next) = (parent, prev, next);
    }

    /// The top of a node's chain, and how far it is.
    fn climb(&self, id: u32) -> (u32, u32) {
        let (mut at, mut depth) = (id, 0);
        while self.nodes[at as usize].parent != NONE {
            at = self.nodes[at as usize].parent;
            depth += 1;
        }
        (at, depth)
    }

    /// Notes that there are `height` levels below `id`.
    fn raise(&mut self, id: u32, height: u32) {
        let (mut at, mut height) = (id, height);
        while at != NONE && self.at(at).height < height {
            let node = self.at(at);
            node.height = height;
            at = node.parent;
            height += 1;
        }
    }

    #[inline(never)]
    fn get(&self, id: u32) -> Option<&Node> {
        self.nodes.get(id as usize).filter(|node| node.alive)
    }

    fn node(&self, id: u32) -> Result<&Node, TreeError> {
        self.get(id).ok_or(TreeError::Unknown)
    }

    /// A node that is known to be there: ids inside the tree are never stale.
    fn at(&mut self, id: u32) -> &mut Node {
        &mut self.nodes[id as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_cannot_go_below_itself() {
        let mut tree = Tree::new();
        let outer = tree.create(0).unwrap();
        let inner = tree.create(0).unwrap();
        tree.place(ROOT, NONE, &[outer]).unwrap();
        tree.place(outer, NONE, &[inner]).unwrap();
        tree.detach(outer).unwrap();
        assert_eq!(tree.place(inner, NONE, &[outer]), Err(TreeError::Place));
    }

    #[test]
    fn the_chain_is_bounded_even_when_long_parts_are_moved() {
        let mut tree = Tree::new();
        let mut tops = Vec::new();
        for _ in 0..2 {
            let top = tree.create(0).unwrap();
            tree.place(ROOT, NONE, &[top]).unwrap();
            let mut end = top;
            for _ in 1..limits::DEPTH / 2 {
                let next = tree.create(0).unwrap();
                tree.place(end, NONE, &[next]).unwrap();
                end = next;
            }
            tops.push((top, end));
        }
        let extra = tree.create(0).unwrap();
        tree.place(tops[1].1, NONE, &[extra]).unwrap();
        tree.detach(tops[1].0).unwrap();
        assert_eq!(tree.place(tops[0].1, NONE, &[tops[1].0]), Err(TreeError::Depth));
    }

    #[test]
    fn removing_frees_all_below_and_keeps_the_neighbours() {
        let mut tree = Tree::new();
        let ids: Vec<u32> = (0..3).map(|_| tree.create(0).unwrap()).collect();
        tree.place(ROOT, NONE, &ids).unwrap();
        let child = tree.create(0).unwrap();
        tree.place(ids[1], NONE, &[child]).unwrap();
        let mut freed = Vec::new();
        tree.remove(ids[1], &mut freed).unwrap();
        assert_eq!(freed, [ids[1], child]);
        assert_eq!(tree.children(ROOT).collect::<Vec<_>>(), [ids[0], ids[2]]);
        assert_eq!(tree.live(), 3);
        assert_eq!(tree.remove(child, &mut freed), Err(TreeError::Unknown));
    }
}
