use proptest::prelude::*;

use super::*;
use crate::clock;

#[test]
fn a_check_is_known_by_its_ufrag_and_media_by_the_address_that_it_proved() {
    let (mut demux, now) = (Demux::default(), clock::now());
    demux.register("ours".into(), session(1, 1));
    let check = check("ours:theirs");
    assert_eq!(demux.route(address(1), &check), Some(Route::Check(session(1, 1))));
    assert_eq!(demux.route(address(1), MEDIA), None, "nothing proved yet");
    assert!(demux.prove(now, address(1), session(1, 1)));
    assert_eq!(demux.route(address(1), MEDIA), Some(Route::Media(session(1, 1))));
    assert_eq!(demux.route(address(2), MEDIA), None);
}

#[test]
fn a_session_cannot_take_the_address_of_another_legs_living_one() {
    let (mut demux, now) = (Demux::default(), clock::now());
    demux.register("a".into(), session(1, 1));
    demux.register("b".into(), session(2, 2));
    assert!(demux.prove(now, address(1), session(1, 1)));
    assert!(!demux.prove(now, address(1), session(2, 2)));
    assert_eq!(demux.route(address(1), MEDIA), Some(Route::Media(session(1, 1))));
    assert!(demux.prove(now + ADDRESS_IDLE, address(1), session(2, 2)), "an idle one is free");
    assert_eq!(demux.route(address(1), MEDIA), Some(Route::Media(session(2, 2))));
}

#[test]
fn the_next_session_of_the_same_leg_takes_the_address_over_at_once() {
    let (mut demux, now) = (Demux::default(), clock::now());
    demux.register("old".into(), session(1, 1));
    demux.register("new".into(), session(1, 2));
    demux.prove(now, address(1), session(1, 1));
    assert!(demux.prove(now, address(1), session(1, 2)));
    demux.forget(session(1, 1));
    assert_eq!(demux.route(address(1), MEDIA), Some(Route::Media(session(1, 2))));
}

#[test]
fn what_is_closed_is_forgotten_whole() {
    let (mut demux, now) = (Demux::default(), clock::now());
    demux.register("ours".into(), session(1, 1));
    demux.prove(now, address(1), session(1, 1));
    demux.forget(session(1, 1));
    demux.forget(session(1, 1));
    assert_eq!(demux.route(address(1), MEDIA), None);
    assert_eq!(demux.route(address(1), &check("ours:theirs")), None);
    assert!(!demux.prove(now, address(1), session(1, 1)));
    assert!(demux.by_address.is_empty() && demux.by_ufrag.is_empty() && demux.sessions.is_empty());
}

#[test]
fn one_session_holds_few_addresses_and_only_stale_ones_make_room() {
    let (mut demux, now) = (Demux::default(), clock::now());
    demux.register("ours".into(), session(1, 1));
    for port in 1..=ADDRESSES_PER_SESSION as u16 {
        assert!(demux.prove(now, address(port), session(1, 1)));
    }
    assert!(!demux.prove(now, address(999), session(1, 1)));
    assert!(demux.prove(now + ADDRESS_IDLE, address(999), session(1, 1)));
    assert_eq!(demux.by_address.len(), ADDRESSES_PER_SESSION);
}

#[test]
fn a_username_is_found_behind_other_attributes() {
    let mut bytes = check("ours:theirs");
    let username = bytes.split_off(20);
    bytes.extend([0x00, 0x24, 0, 4, 1, 2, 3, 4, 0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
    bytes.extend(username);
    assert_eq!(local_ufrag(&bytes), Some("ours"));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), port: u16) {
        let _ = Demux::default().route(address(port), &bytes);
    }

    #[test]
    fn any_stun_is_answered(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = check("");
        bytes.truncate(20);
        bytes.extend(tail);
        let _ = local_ufrag(&bytes);
    }
}

const MEDIA: &[u8] = &[0x80, 0, 0, 1];

fn session(leg: u128, number: u64) -> SessionId {
    SessionId { leg: LegId(leg), number }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A binding request with nothing but a USERNAME.
fn check(username: &str) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 0];
    bytes.extend(STUN_COOKIE);
    bytes.extend([7; 12]);
    bytes.extend(STUN_USERNAME);
    bytes.extend((username.len() as u16).to_be_bytes());
    bytes.extend(username.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
