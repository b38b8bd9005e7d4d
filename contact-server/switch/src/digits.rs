//! Keys pressed, from RFC 4733 telephone events. Pure.

/// Reads the packets of one leg: a key is told once, at its first packet, however often it is repeated.
#[derive(Debug, Default)]
pub(crate) struct Digits {
    /// RTP timestamp of the event that was told last: all packets of one event carry the same (section 2.5.1.2).
    told: Option<u32>,
}

impl Digits {
    pub(crate) fn read(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let [event, _, _, _, ..] = *payload else { return None };
        let digit = match event {
            0..=9 => char::from(b'0' + event),
            10 => '*',
            11 => '#',
            12..=15 => char::from(b'A' + event - 12),
            _ => return None,
        };
        if self.told == Some(timestamp) {
            return None;
        }
        self.told = Some(timestamp);
        Some(digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_once_however_often_its_packets_come() {
        let mut digits = Digits::default();
        assert_eq!(digits.read(8_000, &[1, 0x0A, 0, 160]), Some('1'));
        assert_eq!(digits.read(8_000, &[1, 0x0A, 1, 64]), None);
        assert_eq!(digits.read(8_000, &[1, 0x8A, 1, 224]), None);
        assert_eq!(digits.read(16_000, &[1, 0x0A, 0, 160]), Some('1'), "pressed again");
    }

    #[test]
    fn all_sixteen_keys_are_known_and_nothing_else() {
        let keys: String = (0..=u8::MAX).filter_map(|e| Digits::default().read(0, &[e, 0, 0, 0])).collect();
        assert_eq!(keys, "0123456789*#ABCD");
        assert_eq!(Digits::default().read(0, &[1, 0, 0]), None, "too short");
    }
}
