//! Columns of strings within a section, and what both sides remember of them.
//!
//! A section with strings ends in: `ref*` of each column, then the lengths in bytes of the strings that are
//! new, then their bytes. A ref is 0 for "the next new string", or n for the n-th string that this column's
//! domain (free text, or the values of one attribute) remembers.
use super::{
    FrameError, Room,
    bytes::{Reader, put},
};
use crate::{limits, words::Words};

/// The domain of texts, values and style sheets; attribute `n` (its name's number) has domain `n + 1`.
pub const FREE: usize = 0;

/// The recorder's side: strings by domain, and their numbers.
#[derive(Debug, Default)]
pub struct Known {
    words: Words,
    room: Room,
}

impl Known {
    /// The ref of a string; it is remembered if there is room.
    fn reference(&mut self, domain: usize, text: &str) -> u32 {
        let domain = u32::try_from(domain).unwrap_or(u32::MAX);
        if text.len() > limits::KEPT_STRING_BYTES {
            return 0;
        }
        match self.words.find(domain, text.as_bytes()) {
            Ok(number) => return number + 1,
            Err(hash) if self.room.admits(text.len()) => {
                self.words.insert(domain, text.as_bytes(), hash);
            }
            Err(_) => {}
        }
        0
    }
}

/// Writes columns: all refs first, then what is new.
#[derive(Debug, Default)]
pub struct Writer {
    lengths: Vec<u8>,
    blob: Vec<u8>,
}

impl Writer {
    /// One string of a column; its ref goes to `out`.
    pub fn push(&mut self, known: &mut Known, domain: usize, text: &str, out: &mut Vec<u8>) {
        let text = clip(text);
        let reference = known.reference(domain, text);
        put(out, reference);
        if reference == 0 {
            put(&mut self.lengths, u32::try_from(text.len()).unwrap_or(u32::MAX));
            self.blob.extend_from_slice(text.as_bytes());
        }
    }

    pub fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.lengths);
        out.extend_from_slice(&self.blob);
    }
}

/// A string that is too long is cut, at a character.
fn clip(text: &str) -> &str {
    text.get(..text.floor_char_boundary(limits::STRING_BYTES)).unwrap_or_default()
}

/// The replica's side: remembered strings by domain.
#[derive(Debug, Default)]
pub struct Remembered {
    /// Where each string lies in `text`, and how long it is: most are short, and a heap block for each would cost more
    /// than they do.
    domains: Vec<Vec<(usize, usize)>>,
    text: String,
    room: Room,
}

/// A string of a column, once the section was read.
#[derive(Debug, Clone, Copy)]
enum Found<'a> {
    New(&'a str),
    Kept { domain: usize, number: usize },
}

/// Columns as read: strings in the order in which they were asked for.
#[derive(Debug)]
pub struct Columns<'a>(Vec<Found<'a>>);

impl Columns<'_> {
    pub fn get<'s>(&'s self, remembered: &'s Remembered, at: usize) -> Result<&'s str, FrameError> {
        match self.0.get(at).ok_or(FrameError::Malformed)? {
            Found::New(text) => Ok(text),
            Found::Kept { domain, number } => {
                let kept = remembered.domains.get(*domain).and_then(|kept| kept.get(*number));
                let kept = kept.and_then(|(start, length)| remembered.text.get(*start..)?.get(..*length));
                kept.ok_or(FrameError::Malformed)
            }
        }
    }
}

impl Remembered {
    /// Reads `counts` columns (domain, strings in it), and what is new in them, to the section's end.
    pub fn read<'a>(
        &mut self,
        mut reader: Reader<'a>,
        counts: &[(usize, usize)],
    ) -> Result<Columns<'a>, FrameError> {
        let total: usize = counts.iter().map(|(_, count)| count).sum();
        // Each ref takes a byte at least, so this also bounds what is allocated below.
        if total > reader.len() {
            return Err(FrameError::Truncated);
        }
        let mut refs = Vec::with_capacity(total);
        for _ in 0..total {
            refs.push(reader.u32()?);
        }
        let new = refs.iter().filter(|reference| **reference == 0).count();
        let mut lengths = Vec::with_capacity(new);
        for _ in 0..new {
            lengths.push(reader.count(limits::STRING_BYTES)?);
        }
        let mut lengths = lengths.into_iter();
        let mut found = Vec::with_capacity(total);
        let mut refs = refs.into_iter();
        for &(domain, count) in counts {
            if self.domains.len() <= domain {
                self.domains.resize_with(domain + 1, Vec::new);
            }
            for reference in refs.by_ref().take(count) {
                found.push(match reference.checked_sub(1) {
                    None => {
                        let text = reader.text(lengths.next().ok_or(FrameError::Truncated)?)?;
                        if self.room.admits(text.len()) {
                            self.domains[domain].push((self.text.len(), text.len()));
                            self.text.push_str(text);
                        }
                        Found::New(text)
                    }
                    Some(number) if (number as usize) < self.domains[domain].len() => {
                        Found::Kept { domain, number: number as usize }
                    }
                    Some(_) => return Err(FrameError::Malformed),
                });
            }
        }
        if reader.is_empty() { Ok(Columns(found)) } else { Err(FrameError::Malformed) }
    }
}
