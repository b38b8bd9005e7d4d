//! Every decoder of the project as a plain function of bytes.
use crate::note;

mod bodies;
mod call;
mod media;
mod mirror;
mod parts;
mod wire;

/// A decoder, with what is known of its inputs.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Must not panic, whatever it is given.
    pub run: fn(&[u8]),
    /// Good inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What the format knows.
    pub words: &'static [&'static [u8]],
    /// Makes lengths and the like right again.
    pub mend: fn(&mut Vec<u8>),
    /// Inputs are cut to so many bytes.
    pub longest: usize,
    /// Bytes of memory that one input may take.
    pub most_memory: usize,
    /// A library below may panic, and the code around it catches that.
    pub contains_panics: bool,
}

const MIB: usize = 1024 * 1024;

/// All of them.
pub fn all() -> Vec<Target> {
    [wire::TARGETS, bodies::TARGETS, media::TARGETS, call::TARGETS, mirror::TARGETS, parts::TARGETS].concat()
}

/// For inputs that nothing frames.
fn as_it_is(_: &mut Vec<u8>) {}

/// Reads numbers from the front of the input; zero when there is nothing left.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    fn u32(&mut self) -> u32 {
        u32::from(self.u16()) | u32::from(self.u16()) << 16
    }

    fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// A piece with its length before it.
    fn piece(&mut self) -> &'a [u8] {
        let length = usize::from(self.u16()).min(self.0.len());
        let (piece, rest) = self.0.split_at(length);
        self.0 = rest;
        piece
    }
}

/// Appends a piece as [`Script::piece`] reads it.
fn put_piece(out: &mut Vec<u8>, piece: &[u8]) {
    let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&piece[..usize::from(length)]);
}
