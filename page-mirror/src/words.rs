//! Strings and their numbers, in order of first appearance. Hashed by a short function: the keys come from
//! the very page that would suffer from collisions.
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// rustc's FxHash, with eight bytes a step.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Fx(u64);

impl Hasher for Fx {
    fn finish(&self) -> u64 {
        // The table takes its index from the low bits, and multiplication leaves the good ones on top.
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
}

pub(crate) type FxMap<K, V> = HashMap<K, V, BuildHasherDefault<Fx>>;

#[derive(Debug, Default)]
pub(crate) struct Words(FxMap<Box<str>, u32>);

impl Words {
    pub(crate) fn get(&self, word: &str) -> Option<u32> {
        self.0.get(word).copied()
    }

    /// Adds a word that is not there.
    pub(crate) fn insert(&mut self, word: &str) -> u32 {
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(word.into(), number);
        number
    }
}
