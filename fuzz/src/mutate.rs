//! Bends inputs: deterministic, from a seed.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators").
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.draw() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or_default()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

const BYTES: [u8; 12] = [0, 1, 2, 0x0A, 0x20, b'"', b'0', 0x7F, 0x80, 0xC0, 0xFE, 0xFF];
const NUMBERS: [u64; 14] = [
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFF_FFFF,
    0xFFFF_FFFF,
    1 << 40,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];
const DECIMALS: [&str; 10] =
    ["0", "-1", "255", "65536", "2147483648", "4294967296", "9223372036854775808", "1e999", "-0.0", "٣"];

/// Bends `input` a few times. `others` are inputs to splice with, `words` what the format knows.
pub fn mutate(chance: &mut Chance, input: &mut Vec<u8>, others: &[Vec<u8>], words: &[&[u8]], longest: usize) {
    for _ in 0..=chance.below(4) {
        bend(chance, input, others, words);
    }
    input.truncate(longest);
}

fn bend(chance: &mut Chance, input: &mut Vec<u8>, others: &[Vec<u8>], words: &[&[u8]]) {
    let at = chance.below(input.len() + 1);
    let length = chance.below(16.min(input.len() + 1));
    let end = (at + length).min(input.len());
    match chance.below(13) {
        0 => {
            let bit = chance.below(8);
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        1 => {
            let new = *chance.pick(&BYTES).unwrap_or(&0);
            if let Some(byte) = input.get_mut(at) {
                *byte = new;
            }
        }
        2 => drop(input.drain(at..end)),
        3 => {
            let piece: Vec<u8> = input[at..end].to_vec();
            let to = chance.below(input.len() + 1);
            let times = 1 + if chance.below(8) == 0 { chance.below(200) } else { 0 };
            input.splice(to..to, piece.repeat(times));
        }
        4 => {
            let new = u8::try_from(chance.below(256)).unwrap_or_default();
            input.insert(at, new);
        }
        5 => put_number(chance, input, at),
        6 => {
            if let Some(word) = chance.pick(words) {
                input.splice(at..at, word.iter().copied());
            }
        }
        7 => {
            if let Some(word) = chance.pick(words) {
                let end = (at + word.len()).min(input.len());
                input.splice(at..end, word.iter().copied());
            }
        }
        8 => {
            if let Some(other) = chance.pick(others) {
                let from = chance.below(other.len() + 1);
                let until = (from + chance.below(other.len() + 1)).min(other.len());
                input.splice(at..end, other[from..until].iter().copied());
            }
        }
        9 => {
            if let Some(other) = chance.pick(others) {
                let from = at.min(other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
        10 => input.truncate(at),
        11 => change_decimal(chance, input, at),
        _ => {
            // A piece goes somewhere else.
            let piece: Vec<u8> = input.drain(at..end).collect();
            let to = chance.below(input.len() + 1);
            input.splice(to..to, piece);
        }
    }
}

/// Writes a number of interest in one of the forms that formats have.
fn put_number(chance: &mut Chance, input: &mut Vec<u8>, at: usize) {
    let mut number = *chance.pick(&NUMBERS).unwrap_or(&0);
    if chance.below(3) == 0 {
        // The length itself, or nearly.
        number = (input.len() as u64).wrapping_add(chance.below(3) as u64).wrapping_sub(1);
    }
    let bytes = match chance.below(5) {
        0 => number.to_le_bytes()[..2].to_vec(),
        1 => number.to_be_bytes()[6..].to_vec(),
        2 => number.to_le_bytes()[..4].to_vec(),
        3 => number.to_be_bytes()[4..].to_vec(),
        _ => varint(number),
    };
    let end = (at + bytes.len()).min(input.len());
    input.splice(at..end, bytes);
}

/// LEB128, as postcard and the mirror have it.
fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

/// Puts another number in the place of the next one that is written in digits.
fn change_decimal(chance: &mut Chance, input: &mut Vec<u8>, at: usize) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(from) = input[at..].iter().position(is_digit).map(|offset| at + offset) else { return };
    let end =
        input[from..].iter().position(|byte| !is_digit(byte)).map_or(input.len(), |offset| from + offset);
    let new = chance.pick(&DECIMALS).unwrap_or(&"0").bytes();
    input.splice(from..end, new);
}
