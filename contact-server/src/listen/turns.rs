//! Connections that were taken and are not served yet: those of one address one after the other, and the addresses in
//! turn. So a burst of thousands from one address keeps its own connections waiting, and nobody else's.
use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
};

/// Holds no more than whoever puts something in has room for.
#[derive(Debug)]
pub(super) struct Turns<T> {
    lines: BTreeMap<IpAddr, VecDeque<T>>,
    /// Everybody who has a line, each once.
    next: VecDeque<IpAddr>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { lines: BTreeMap::new(), next: VecDeque::new() }
    }
}

impl<T> Turns<T> {
    pub(super) fn push(&mut self, of: IpAddr, one: T) {
        let line = self.lines.entry(of).or_default();
        if line.is_empty() {
            self.next.push_back(of);
        }
        line.push_back(one);
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let of = self.next.pop_front()?;
        let line = self.lines.get_mut(&of)?;
        let one = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&of);
        } else {
            self.next.push_back(of);
        }
        one
    }

    pub(super) fn is_empty(&self) -> bool {
        self.next.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_one_address_keeps_nobody_else_waiting() {
        let mut turns = Turns::default();
        (0..1_000).for_each(|n| turns.push(address(1), n));
        turns.push(address(2), 2_000);
        turns.push(address(2), 2_001);
        turns.push(address(3), 3_000);
        let first: Vec<i32> = std::iter::from_fn(|| turns.pop()).take(6).collect();
        assert_eq!(first, [0, 2_000, 3_000, 1, 2_001, 2]);
        assert_eq!(std::iter::from_fn(|| turns.pop()).count(), 997);
        assert!(turns.is_empty() && turns.lines.is_empty());
        turns.push(address(1), 7);
        assert_eq!((turns.pop(), turns.pop()), (Some(7), None));
    }

    fn address(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }
}
