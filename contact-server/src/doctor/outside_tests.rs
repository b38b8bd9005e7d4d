use super::*;

/// RFC 5769, sections 2.2 and 2.3: answers of an IPv4 and of an IPv6 client.
const HEAD: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220";
const V4: &str = "002000080001a147e112a643";
const V6: &str = "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).expect("hexadecimal") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn asked() -> [u8; 20] {
    stun::request(u128::from_be_bytes(
        [&[0; 4][..], &bytes(HEAD)[8..20]].concat().try_into().expect("16 bytes"),
    ))
}

#[test]
fn the_address_of_the_standards_own_examples_is_read() {
    let answer = bytes(&[HEAD, V4].concat());
    assert_eq!(stun::mapped(&asked(), &answer), Some("192.0.2.1:32853".parse().expect("an address")));
    let answer = bytes(&[HEAD, V6].concat());
    let six = "[2001:db8:1234:5678:11:2233:4455:6677]:32853";
    assert_eq!(stun::mapped(&asked(), &answer), Some(six.parse().expect("an address")));
}

#[test]
fn an_answer_to_another_question_or_a_broken_one_tells_nothing() {
    let whole = bytes(&[HEAD, V4].concat());
    for length in 0..whole.len() {
        assert_eq!(stun::mapped(&asked(), &whole[..length]), None, "{length}");
    }
    for place in [0, 5, 9, 19] {
        let mut bent = whole.clone();
        bent[place] ^= 1;
        assert_eq!(stun::mapped(&asked(), &bent), None, "{place}");
    }
}

/// An answer of a server whose clock shows `there` when it hears and answers.
fn answer(request: &[u8; 48], there: Timestamp) -> [u8; 48] {
    let mut answer = [0; 48];
    (answer[0], answer[1]) = (0x24, 2);
    answer[24..32].copy_from_slice(&request[40..]);
    answer[32..40].copy_from_slice(&ntp::written(there));
    answer[40..].copy_from_slice(&ntp::written(there));
    answer
}

#[test]
fn half_of_the_way_there_and_back_is_taken_off() {
    let (sent, received) = (Timestamp(1_795_176_000_000), Timestamp(1_795_176_000_200));
    let request = ntp::request(sent);
    let offset = |there| ntp::offset_ms(&request, &answer(&request, Timestamp(there)), sent, received);
    let near = |offset: Option<i64>, ms: i64| offset.is_some_and(|offset| (offset - ms).abs() <= 1);
    assert!(near(offset(1_795_176_000_100), 0));
    assert!(near(offset(1_795_176_060_100), 60_000));
    assert!(near(offset(1_795_175_940_100), -60_000));
    // 2040, in the second era of the format.
    assert!(near(offset(2_208_988_800_100), 413_812_800_000));
}

#[test]
fn a_server_that_is_out_of_step_or_answers_somebody_else_is_not_believed() {
    let at = Timestamp(1_795_176_000_000);
    let request = ntp::request(at);
    let good = answer(&request, at);
    assert_eq!(ntp::offset_ms(&request, &good, at, at), Some(0));
    for (place, byte) in [(0, 0xE4), (0, 0x23), (1, 0), (1, 16), (24, 9)] {
        let mut bent = good;
        bent[place] = byte;
        assert_eq!(ntp::offset_ms(&request, &bent, at, at), None, "{place}");
    }
    assert_eq!(ntp::offset_ms(&request, &good[..47], at, at), None);
}
