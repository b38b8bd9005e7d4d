//! Byte strings (texts, names, shapes) by domain, numbered in each domain in order of first appearance.
//!
//! One arena and one table of slots for all: a page brings tens of thousands of short strings, and a heap
//! block for each would cost more than the strings.
#[derive(Debug, Default)]
pub(crate) struct Words {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Index of an entry plus one, or 0; a power of two long, at most half full.
    slots: Vec<u32>,
    /// Words of each domain.
    counts: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    hash: u32,
    domain: u32,
    number: u32,
    start: u32,
    length: u32,
}

/// Of a domain and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(u32);

const FEWEST_SLOTS: usize = 256;

impl Words {
    /// The word's number; if it is not known, with what it can be added.
    pub(crate) fn find(&self, domain: u32, word: &[u8]) -> Result<u32, Hash> {
        let hash = hash(domain, word);
        let (slots, entries) = (&self.slots[..], &self.entries[..]);
        let mut at = hash as usize;
        loop {
            let slot = slots.get(at & slots.len().wrapping_sub(1)).copied().unwrap_or(0);
            let entry = entries.get((slot as usize).wrapping_sub(1)).ok_or(Hash(hash))?;
            if entry.hash == hash
                && entry.domain == domain
                && self.word(entry).is_some_and(|known| known == word)
            {
                return Ok(entry.number);
            }
            at += 1;
        }
    }

    /// Adds a word that was not found, and returns its number.
    pub(crate) fn insert(&mut self, domain: u32, word: &[u8], Hash(hash): Hash) -> u32 {
        if self.entries.len() * 2 >= self.slots.len() {
            self.grow();
        }
        if self.counts.len() <= domain as usize {
            self.counts.resize(domain as usize + 1, 0);
        }
        let count = &mut self.counts[domain as usize];
        let number = *count;
        *count += 1;
        let small = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let (start, length) = (small(self.bytes.len()), small(word.len()));
        self.bytes.extend_from_slice(word);
        self.entries.push(Entry { hash, domain, number, start, length });
        self.link(self.entries.len() - 1);
        number
    }

    /// Words in a domain.
    pub(crate) fn count(&self, domain: u32) -> usize {
        self.counts.get(domain as usize).map_or(0, |count| *count as usize)
    }

    fn word(&self, entry: &Entry) -> Option<&[u8]> {
        let start = entry.start as usize;
        self.bytes.get(start..start + entry.length as usize)
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(FEWEST_SLOTS)];
        for entry in 0..self.entries.len() {
            self.link(entry);
        }
    }

    fn link(&mut self, entry: usize) {
        // Of slices: with a `Vec`, each look would be a call.
        let (slots, entries) = (&mut self.slots[..], &self.entries[..]);
        let mask = slots.len() - 1;
        let mut at = entries[entry].hash as usize & mask;
        while slots[at] != 0 {
            at = (at + 1) & mask;
        }
        slots[at] = u32::try_from(entry + 1).unwrap_or(u32::MAX);
    }
}

/// rustc's FxHash, eight bytes a step. No defence against chosen keys: they come from the very page that
/// would suffer.
fn hash(domain: u32, word: &[u8]) -> u32 {
    const FACTOR: u64 = 0x517C_C1B7_2722_0A95;
    let mut hash = (u64::from(domain) << 32 | word.len() as u64).wrapping_mul(FACTOR);
    let mut chunks = word.chunks_exact(8);
    for chunk in &mut chunks {
        let eight = u64::from_le_bytes(chunk.try_into().unwrap_or_default());
        hash = (hash.rotate_left(5) ^ eight).wrapping_mul(FACTOR);
    }
    let rest = chunks.remainder().iter().rev().fold(0, |rest, byte| rest << 8 | u64::from(*byte));
    hash = (hash.rotate_left(5) ^ rest).wrapping_mul(FACTOR);
    // The good bits of a product are on top.
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbered_in_each_domain_and_found_again() {
        let mut words = Words::default();
        for n in 0..5_000u32 {
            let word = format!("word {n}");
            let hash = words.find(n % 3, word.as_bytes()).unwrap_err();
            assert_eq!(words.insert(n % 3, word.as_bytes(), hash), n / 3);
        }
        for n in 0..5_000u32 {
            assert_eq!(words.find(n % 3, format!("word {n}").as_bytes()), Ok(n / 3));
            assert!(words.find(n % 3 + 1, format!("word {n}").as_bytes()).is_err());
        }
        let hash = words.find(7, b"").unwrap_err();
        assert_eq!((words.insert(7, b"", hash), words.find(7, b"")), (0, Ok(0)));
    }
}
