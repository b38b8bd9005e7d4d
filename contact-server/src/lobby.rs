//! Connections that have not said who they are yet: so many in all. A lobby that is full shows somebody out for
//! whoever comes: of the address that has most guests, the one that waits longest. So a flood of silent
//! connections displaces itself, and a page, which says its hello at once, gets in.
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

#[derive(Debug)]
pub struct Lobby {
    most: usize,
    waiting: Mutex<Waiting>,
}

/// The guests of each address, by the order in which they came.
#[derive(Debug, Default)]
struct Waiting {
    came: u64,
    count: usize,
    guests: BTreeMap<IpAddr, BTreeMap<u64, Arc<Notify>>>,
}

/// A place in a [`Lobby`]; dropping it gives it up.
#[derive(Debug)]
pub struct Guest {
    lobby: Arc<Lobby>,
    of: IpAddr,
    number: u64,
    out: Arc<Notify>,
}

impl Lobby {
    pub fn new(most: usize) -> Self {
        Self { most, waiting: Mutex::default() }
    }

    pub fn enter(self: &Arc<Self>, of: IpAddr) -> Guest {
        let mut waiting = self.lock();
        if waiting.count >= self.most {
            waiting.show_one_out();
        }
        waiting.came += 1;
        waiting.count += 1;
        let (number, out) = (waiting.came, Arc::new(Notify::new()));
        waiting.guests.entry(of).or_default().insert(number, out.clone());
        Guest { lobby: self.clone(), of, number, out }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn show_one_out(&mut self) {
        let longest = |guests: &BTreeMap<u64, _>| guests.first_key_value().map(|(number, _)| *number);
        let most = self.guests.iter().max_by_key(|(_, guests)| (guests.len(), Reverse(longest(guests))));
        let one = most.and_then(|(of, guests)| Some((*of, longest(guests)?)));
        if let Some(out) = one.and_then(|(of, number)| self.leave(of, number)) {
            out.notify_one();
        }
    }

    /// None: it was shown out before.
    fn leave(&mut self, of: IpAddr, number: u64) -> Option<Arc<Notify>> {
        let guests = self.guests.get_mut(&of)?;
        let out = guests.remove(&number)?;
        if guests.is_empty() {
            self.guests.remove(&of);
        }
        self.count -= 1;
        Some(out)
    }
}

impl Guest {
    /// Waits until the place is needed for somebody else. Cancel-safe.
    pub async fn shown_out(&self) {
        self.out.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.lobby.lock().leave(self.of, self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn flood_of_silent_connections_displaces_itself_and_not_its_neighbours() {
        let lobby = Arc::new(Lobby::new(10));
        let (flood, neighbour) = (address(1), address(2));
        let mut silent: Vec<Guest> = (0..9).map(|_| lobby.enter(flood)).collect();
        let page = lobby.enter(neighbour);
        for n in 0..100 {
            silent.push(lobby.enter(flood));
            assert!(is_out(&silent[n]) && !is_out(&silent[n + 1]), "the one that waits longest");
        }
        assert!(!is_out(&page));
        drop((silent, page));
        let waiting = lobby.lock();
        assert!(waiting.guests.is_empty() && waiting.count == 0);
    }

    #[test]
    fn of_many_addresses_whoever_waits_longest_goes() {
        let lobby = Arc::new(Lobby::new(3));
        let guests: Vec<Guest> = (0..5).map(|n| lobby.enter(address(n))).collect();
        assert_eq!(guests.iter().map(is_out).collect::<Vec<_>>(), [true, true, false, false, false]);
    }

    fn is_out(guest: &Guest) -> bool {
        let out = guest.shown_out().now_or_never().is_some();
        if out {
            guest.out.notify_one();
        }
        out
    }

    fn address(n: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, n])
    }
}
