//! Room for connections: so many in all, so many from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::server::settings::Limits;

/// Who has how many connections.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    most_of_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// As many connections as may be.
    All,
    /// As many as one address may have.
    Address,
}

impl Places {
    /// None is taken.
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Places {
            most: limits.connections,
            most_of_address: limits.connections_per_address,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from this address, as [`Peer::network`](super::Peer::network) has it; over a Unix
    /// socket it has none.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, Full> {
        let mut taken = self.taken();
        if taken.all >= self.most {
            return Err(Full::All);
        }
        if let Some(address) = address {
            if taken.of.get(&address).is_some_and(|of| *of >= self.most_of_address) {
                return Err(Full::Address);
            }
            *taken.of.entry(address).or_default() += 1;
        }
        taken.all += 1;
        Ok(Place { places: self.clone(), address })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(address) = self.address
            && let Some(of) = taken.of.get_mut(&address)
        {
            *of -= 1;
            if *of == 0 {
                taken.of.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Peer, *};

    fn host(text: &str) -> Option<IpAddr> {
        Peer { host: Some(text.parse().unwrap()), ..Peer::default() }.network()
    }

    #[test]
    fn a_place_is_given_back_and_a_network_is_one_address() {
        let limits = Limits { connections: 5, connections_per_address: 2, ..Limits::default() };
        let places = Places::new(&limits);
        let first = places.take(host("192.0.2.1")).unwrap();
        let _second = places.take(host("::ffff:192.0.2.1")).unwrap();
        assert_eq!(places.take(host("192.0.2.1")).unwrap_err(), Full::Address);
        let _others =
            [places.take(host("2001:db8::1")).unwrap(), places.take(host("2001:db8::2:1")).unwrap()];
        assert_eq!(places.take(host("2001:db8::3")).unwrap_err(), Full::Address);
        let _elsewhere = places.take(host("2001:db8:0:1::1")).unwrap();
        assert_eq!(places.take(None).unwrap_err(), Full::All);
        drop(first);
        let _again = places.take(host("192.0.2.1")).unwrap();
        assert_eq!(places.take(host("192.0.2.2")).unwrap_err(), Full::All);
        drop(_again);
        let local = places.take(None).unwrap();
        drop((_second, _others, _elsewhere, local));
        assert_eq!(places.taken().all, 0);
        assert!(places.taken().of.is_empty());
    }
}
