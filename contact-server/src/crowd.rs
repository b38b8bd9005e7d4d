//! How much one address holds or asked for: places at a time, and different telephone numbers in a day.
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use shared::Timestamp;

use crate::ids;

/// How long a number that was asked for counts.
const ASKED_WITHIN: Duration = Duration::from_hours(24);
/// Addresses that are remembered with what they asked for; past it the one that asked longest ago is forgotten.
const REMEMBERED: usize = 32_768;

/// Places that each holds at a time. As large as the number of places that are held.
#[derive(Debug)]
pub struct Crowd<K: Hash + Eq> {
    most: u32,
    held: Mutex<HashMap<K, u32>>,
}

/// A place in a [`Crowd`]; dropping it gives it up.
#[derive(Debug)]
pub struct Place<K: Hash + Eq> {
    crowd: Arc<Crowd<K>>,
    of: K,
    number: u32,
}

impl<K: Hash + Eq + Copy> Crowd<K> {
    pub fn new(most: u32) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// None: it holds its fill.
    pub fn enter(self: &Arc<Self>, of: K) -> Option<Place<K>> {
        let mut held = self.lock();
        let count = held.entry(of).or_insert(0);
        if *count >= self.most {
            if *count == 0 {
                held.remove(&of);
            }
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.clone(), of, number: *count })
    }
}

impl<K: Hash + Eq> Crowd<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, u32>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Place<K> {
    /// How many it held when it took this one, which counts.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        let mut held = self.crowd.lock();
        if let Some(count) = held.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.of);
            }
        }
    }
}

/// Which numbers each address asked calls to, as hashes.
#[derive(Debug)]
pub struct Asked {
    most: usize,
    addresses: Mutex<Addresses>,
}

#[derive(Debug, Default)]
struct Addresses {
    by_address: HashMap<IpAddr, VecDeque<(Timestamp, [u8; 32])>>,
    /// When each asked last.
    last: BTreeMap<(Timestamp, IpAddr), ()>,
}

impl Asked {
    pub fn new(most: u32) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), addresses: Mutex::default() }
    }

    /// Counts a number; one that was asked for before costs nothing. Otherwise returns the seconds until there
    /// is room for another.
    pub fn take(&self, address: IpAddr, e164: &str, now: Timestamp) -> Result<(), u32> {
        let addresses = &mut *self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let number = ids::hash(e164);
        let numbers = addresses.by_address.entry(address).or_default();
        let before = numbers.back().map(|(at, _)| *at);
        numbers.retain(|(at, _)| *at + ASKED_WITHIN > now);
        if numbers.iter().any(|(_, known)| *known == number) {
            return Ok(());
        }
        if numbers.len() >= self.most {
            if numbers.is_empty() {
                addresses.by_address.remove(&address);
                return Err(u32::try_from(ASKED_WITHIN.as_secs()).unwrap_or(u32::MAX));
            }
            let free = numbers.front().map_or(now + ASKED_WITHIN, |(at, _)| *at + ASKED_WITHIN);
            let seconds = free.since(now).as_secs().max(1);
            return Err(u32::try_from(seconds).unwrap_or(u32::MAX));
        }
        numbers.push_back((now, number));
        if let Some(before) = before {
            addresses.last.remove(&(before, address));
        }
        addresses.last.insert((now, address), ());
        if addresses.by_address.len() > REMEMBERED
            && let Some(((_, oldest), ())) = addresses.last.pop_first()
        {
            addresses.by_address.remove(&oldest);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn nobody_holds_more_than_its_share_and_what_is_given_up_is_free() {
        let crowd = Arc::new(Crowd::new(2));
        let (first, _second) = (crowd.enter(1).unwrap(), crowd.enter(1).unwrap());
        assert!(crowd.enter(1).is_none());
        let _other = crowd.enter(2).unwrap();
        drop(first);
        assert!(crowd.enter(1).is_some());
        assert!(Arc::new(Crowd::new(0)).enter(1).is_none());
    }

    #[test]
    fn crowd_remembers_only_those_who_hold_something() {
        let crowd = Arc::new(Crowd::new(2));
        for n in 0..1_000 {
            drop(crowd.enter(n));
        }
        assert!(crowd.lock().is_empty());
    }

    #[test]
    fn one_address_asks_for_few_numbers_a_day_and_for_each_as_often_as_it_likes() {
        let asked = Asked::new(2);
        let at = |hours: u64| Timestamp(hours * 3_600_000);
        assert_eq!(asked.take(address(1), "+1", at(0)), Ok(()));
        assert_eq!(asked.take(address(1), "+2", at(1)), Ok(()));
        assert_eq!(asked.take(address(1), "+1", at(2)), Ok(()));
        assert_eq!(asked.take(address(1), "+3", at(2)), Err(22 * 3_600));
        assert_eq!(asked.take(address(2), "+3", at(2)), Ok(()));
        assert_eq!(asked.take(address(1), "+3", at(24)), Ok(()));
        assert_eq!(asked.take(address(1), "+1", at(24)), Err(3_600));
    }

    #[test]
    fn addresses_are_remembered_in_bounded_memory() {
        let asked = Asked::new(1);
        for n in 0..u32::try_from(REMEMBERED * 2).unwrap() {
            assert_eq!(asked.take(address(n), "+1", Timestamp(n.into())), Ok(()));
        }
        let addresses = asked.addresses.lock().unwrap();
        assert_eq!((addresses.by_address.len(), addresses.last.len()), (REMEMBERED, REMEMBERED));
    }

    fn address(n: u32) -> IpAddr {
        Ipv4Addr::from_bits(n).into()
    }
}
