use super::*;

const SHOP: &str = "https://shop.example";

#[test]
fn in_ordinary_times_nobody_is_asked_and_no_proof_is_looked_at() {
    let guard = guard(|_| {});
    for n in 0..100 {
        assert_eq!(guard.admit(visitor(n), Some("nonsense"), 0, Timestamp(n * 1_000)), Ok(()));
    }
    assert_eq!(guard.levels(Timestamp(100_000)), (0, false));
}

#[test]
fn a_neighbour_of_an_attacked_business_is_asked_for_nothing() {
    let guard = guard(|_| {});
    flood(&guard);
    let neighbour = Visitor { business: BusinessId(2), ..visitor(1) };
    assert_eq!(guard.admit(neighbour, None, 0, Timestamp(1)), Ok(()));
    assert_eq!(guard.levels(Timestamp(1)), (1, false));
}

#[test]
fn where_all_are_attacked_a_little_the_server_is() {
    let guard = guard(|config| config.server_requests = 200);
    let mut asked = 0;
    for n in 0..300 {
        let visitor = Visitor { business: BusinessId((n % 50).into()), ..visitor(n) };
        asked += u32::from(guard.admit(visitor, None, 0, Timestamp(1)).is_err());
    }
    assert_eq!((asked, guard.levels(Timestamp(1))), (101, (0, true)));
}

#[test]
fn while_no_proof_can_be_remembered_none_counts() {
    let guard = guard(|config| config.proofs = 1);
    flood(&guard);
    assert_eq!(guard.admit(visitor(1), Some(&proof_of(&guard, 1)), 0, Timestamp(1)), Ok(()));
    let refused = guard.admit(visitor(2), Some(&proof_of(&guard, 2)), 0, Timestamp(1));
    assert_eq!(refused, Err(Refused::Full { retry_after: 120 }));
}

#[test]
fn one_network_proves_its_requests_past_its_part_and_waits_where_the_list_is_long() {
    let guard = guard(|config| config.network_requests = Rate { burst: 2, per_minute: 1 });
    let of = |host: u32, filled| {
        let visitor = Visitor { network: Ipv4Addr::from_bits(host).into(), ..visitor(0) };
        guard.admit(visitor, None, filled, Timestamp(1))
    };
    assert_eq!((of(1, 0), of(2, 24)), (Ok(()), Ok(())));
    let Err(Refused::ProofAsked { proof, retry_after: 60 }) = of(3, 0) else { panic!("a third") };
    assert_eq!(proof.bits, 4);
    let proof = solved(&proof);
    assert_eq!(guard.admit(visitor(0), Some(&proof), 0, Timestamp(1)), Ok(()));
    assert_eq!(of(4, 25), Err(Refused::Share { retry_after: 60 }));
    // A network that has asked for nothing yet.
    let other = 1 << 8;
    let Err(Refused::ProofAsked { proof, .. }) = of(other, 25) else { panic!("the list is long") };
    let proof = solved(&proof);
    assert_eq!(guard.admit(visitor(1), Some(&proof), 25, Timestamp(1)), Ok(()));
    assert_eq!(of(other, 24), Ok(()));
}

#[test]
fn whoever_is_given_many_ipv6_networks_is_one() {
    assert_eq!(block("2001:db8:1:2::".parse().unwrap()), block("2001:db8:1:ffff::".parse().unwrap()));
    assert_ne!(block("2001:db8:1:2::".parse().unwrap()), block("2001:db8:2:2::".parse().unwrap()));
}

#[test]
fn a_configuration_that_makes_no_sense_is_told() {
    assert_eq!(Attack::default().fault(), None);
    for bent in [
        Attack { easiest_bits: 0, ..Attack::default() },
        Attack { easiest_bits: 17, ..Attack::default() },
        Attack { hardest_bits: 21, ..Attack::default() },
        Attack { networks: 2_000, ..Attack::default() },
        Attack { business_requests: 0, ..Attack::default() },
    ] {
        assert!(bent.fault().is_some(), "{bent:?}");
    }
}

fn guard(change: impl FnOnce(&mut Attack)) -> Guard {
    let mut config = Attack { easiest_bits: 2, hardest_bits: 4, ..Attack::default() };
    change(&mut config);
    Guard::new(&config, Arc::new(Metrics::default()))
}

fn flood(guard: &Guard) {
    let asked = (0..200).filter(|n| guard.admit(visitor(*n), None, 0, Timestamp(1)).is_err()).count();
    assert_eq!(asked, 81);
}

fn proof_of(guard: &Guard, n: u64) -> String {
    let Err(Refused::ProofAsked { proof, .. }) = guard.admit(visitor(n), None, 0, Timestamp(1)) else {
        panic!("there is an attack");
    };
    solved(&proof)
}

fn solved(proof: &ProofAsked) -> String {
    let mut search = work::Search::new(&proof.challenge, proof.bits).unwrap();
    std::iter::from_fn(|| Some(search.go_on(100))).flatten().next().unwrap()
}

fn visitor(n: u64) -> Visitor<'static> {
    let network = Ipv4Addr::from_bits(u32::try_from(n << 8).unwrap()).into();
    Visitor { business: BusinessId(1), origin: SHOP, network }
}
