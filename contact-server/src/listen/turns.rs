//! Connections that were taken and are not served yet. Of one rank those of an address are served one after the other,
//! and the addresses in turn: a burst of thousands from one address keeps its own connections waiting, and nobody
//! else's. Whoever holds few connections does not wait behind thirty addresses that hold hundreds.
use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
};

use crate::crowd::Place;

/// Connections that one address holds and is like others with: a browser opens six for requests, and sockets.
const FEW: u32 = 8;

/// What is known of whoever comes, before it has said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// A proxy that is trusted: behind it are many people, and it takes care of them.
    Proxy,
    Few,
    Many,
}

impl Rank {
    /// The proxies' places are not counted.
    pub(super) fn of(place: Option<&Place<IpAddr>>) -> Self {
        match place {
            None => Self::Proxy,
            Some(place) if place.number() <= FEW => Self::Few,
            Some(_) => Self::Many,
        }
    }

    /// Connections of this rank that are served before others have their turn; each costs some hundred microseconds.
    const fn served_at_once(self) -> usize {
        match self {
            Self::Proxy => 4,
            Self::Few => 2,
            Self::Many => 1,
        }
    }
}

/// Holds no more than whoever puts something in has room for.
#[derive(Debug)]
pub(super) struct Turns<T> {
    proxies: Lines<T>,
    few: Lines<T>,
    many: Lines<T>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { proxies: Lines::default(), few: Lines::default(), many: Lines::default() }
    }
}

impl<T> Turns<T> {
    pub(super) fn push(&mut self, rank: Rank, of: IpAddr, one: T) {
        self.lines(rank).push(of, one);
    }

    /// Who is served before others have their turn: some of every rank, so that none waits for ever. Those who
    /// should wait least come last, since the runtime runs what was started last first.
    pub(super) fn round(&mut self) -> Vec<T> {
        let mut round = Vec::new();
        for rank in [Rank::Many, Rank::Few, Rank::Proxy] {
            let lines = self.lines(rank);
            round.extend(std::iter::from_fn(|| lines.pop()).take(rank.served_at_once()));
        }
        round
    }

    pub(super) fn is_empty(&self) -> bool {
        [&self.proxies, &self.few, &self.many].iter().all(|lines| lines.next.is_empty())
    }

    fn lines(&mut self, rank: Rank) -> &mut Lines<T> {
        match rank {
            Rank::Proxy => &mut self.proxies,
            Rank::Few => &mut self.few,
            Rank::Many => &mut self.many,
        }
    }
}

/// One line for each address.
#[derive(Debug)]
struct Lines<T> {
    lines: BTreeMap<IpAddr, VecDeque<T>>,
    /// Everybody who has a line, each once.
    next: VecDeque<IpAddr>,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { lines: BTreeMap::new(), next: VecDeque::new() }
    }
}

impl<T> Lines<T> {
    fn push(&mut self, of: IpAddr, one: T) {
        let line = self.lines.entry(of).or_default();
        if line.is_empty() {
            self.next.push_back(of);
        }
        line.push_back(one);
    }

    fn pop(&mut self) -> Option<T> {
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
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::crowd::Crowd;

    #[test]
    fn a_burst_of_one_address_keeps_nobody_else_waiting() {
        let mut lines = Lines::default();
        (0..1_000).for_each(|n| lines.push(address(1), n));
        lines.push(address(2), 2_000);
        lines.push(address(2), 2_001);
        lines.push(address(3), 3_000);
        let first: Vec<i32> = std::iter::from_fn(|| lines.pop()).take(6).collect();
        assert_eq!(first, [0, 2_000, 3_000, 1, 2_001, 2]);
        assert_eq!(std::iter::from_fn(|| lines.pop()).count(), 997);
        assert!(lines.next.is_empty() && lines.lines.is_empty());
        lines.push(address(1), 7);
        assert_eq!((lines.pop(), lines.pop()), (Some(7), None));
    }

    #[test]
    fn many_addresses_that_hold_many_keep_nobody_else_waiting_and_are_served_too() {
        let mut turns = Turns::default();
        for n in 0..100 {
            turns.push(Rank::Many, address(n), "many");
        }
        for n in 100..103 {
            turns.push(Rank::Few, address(n), "few");
        }
        turns.push(Rank::Proxy, address(200), "proxy");
        assert_eq!(turns.round(), ["many", "few", "few", "proxy"]);
        assert_eq!(turns.round(), ["many", "few"]);
        assert_eq!((0..98).flat_map(|_| turns.round()).count(), 98);
        assert!(turns.is_empty() && turns.round().is_empty());
    }

    #[test]
    fn rank_is_of_what_an_address_holds_and_not_of_what_it_held() {
        let crowd = Arc::new(Crowd::new(FEW + 1));
        let mut held: Vec<_> = (0..FEW).filter_map(|_| crowd.enter(address(1))).collect();
        assert!(held.iter().all(|place| Rank::of(Some(place)) == Rank::Few));
        let beyond = crowd.enter(address(1)).unwrap();
        assert_eq!(Rank::of(Some(&beyond)), Rank::Many);
        assert_eq!(Rank::of(crowd.enter(address(2)).as_ref()), Rank::Few);
        drop((held.pop(), beyond));
        assert_eq!(Rank::of(crowd.enter(address(1)).as_ref()), Rank::Few);
        assert_eq!(Rank::of(None), Rank::Proxy);
    }

    fn address(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }
}
