use std::sync::LazyLock;

use proptest::prelude::*;
use str0m::{crypto::from_feature_flags, media::Direction};

use super::*;
use crate::clock;

#[test]
fn an_honest_offer_is_answered_as_ice_lite_with_pcmu_keys_and_one_candidate() {
    let (_, answer) = accept(&honest()).unwrap();
    for line in ["a=ice-lite", "a=rtpmap:0 PCMU/8000", "a=fingerprint:sha-256", "a=mid:"] {
        assert!(answer.contains(line), "{line} in {answer}");
    }
    assert_eq!(answer.matches("a=candidate:").count(), 1);
    assert!(answer.contains("203.0.113.7 4000"), "the advertised address");
    assert!(!answer.contains("opus"));
}

#[test]
fn packets_are_counted_whatever_their_numbers_are() {
    let lost = |numbers: &[u64]| {
        let mut counters = Counters::default();
        numbers.iter().for_each(|&number| counters.count(number));
        counters.lost()
    };
    assert_eq!(lost(&[]), 0);
    assert_eq!(lost(&[7, 8, 10]), 1);
    // 0, and then the one before it.
    assert_eq!(lost(&[0, u64::MAX]), 0);
    assert_eq!(lost(&[u64::MAX - 1, 1]), 2);
    assert_eq!(lost(&[0, u64::MAX / 2, u64::MAX / 2 + 1]), u64::MAX - 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn an_offer_bent_anywhere_is_answered_or_refused(
        bends in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..=127), 1..12),
    ) {
        let mut offer = honest().into_bytes();
        for (place, byte) in bends {
            let place = place.index(offer.len());
            offer[place] = byte;
        }
        let offer = String::from_utf8(offer).expect("bent within ASCII");
        if let Ok((mut session, answer)) = accept(&offer) {
            prop_assert!(!session.ufrag().is_empty() && !answer.is_empty());
        }
    }

    #[test]
    fn lines_in_any_order_and_number_are_answered_or_refused(
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let honest = honest();
        let lines: Vec<&str> = honest.split_inclusive("\r\n").collect();
        let offer: String = picks.iter().map(|pick| *pick.get(&lines)).collect();
        let _ = accept(&offer);
    }
}

fn accept(offer: &str) -> Result<(Session, String), SwitchError> {
    static SETTING: LazyLock<Setting> = LazyLock::new(|| Setting {
        certificate: from_feature_flags().dtls_provider.generate_certificate().expect("keys can be made"),
        advertised: SocketAddr::from(([203, 0, 113, 7], 4_000)),
    });
    let id = SessionId { leg: shared::LegId(1), number: 1 };
    Session::accept(id, &SETTING, offer, clock::now())
}

fn honest() -> String {
    static OFFER: LazyLock<String> = LazyLock::new(make_offer);
    OFFER.clone()
}

fn make_offer() -> String {
    let mut rtc = RtcConfig::new().enable_pcmu(true, false).build(clock::now());
    rtc.add_local_candidate(
        Candidate::host(SocketAddr::from(([192, 0, 2, 1], 5_000)), "udp").expect("an address"),
    );
    let mut changes = rtc.sdp_api();
    changes.add_media(str0m::media::MediaKind::Audio, Direction::SendRecv, None, None, None);
    changes.apply().expect("there is a change").0.to_sdp_string()
}
