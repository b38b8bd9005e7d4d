//! Varints, and a reader that never runs over the end.
use super::FrameError;

pub fn put(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7F) as u8);
}

/// A difference: small either way is short.
pub fn put_signed(out: &mut Vec<u8>, value: i32) {
    put(out, ((value << 1) ^ (value >> 31)).cast_unsigned());
}

/// The difference between two ids; wraps, so that every pair has one.
pub fn difference(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn u32(&mut self) -> Result<u32, FrameError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, rest) = self.0.split_first().ok_or(FrameError::Truncated)?;
            self.0 = rest;
            let bits = u32::from(byte & 0x7F);
            if shift == 28 && bits > 0xF {
                return Err(FrameError::Malformed);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(FrameError::Malformed)
    }

    pub fn signed(&mut self) -> Result<i32, FrameError> {
        let value = self.u32()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// A number that is at most `limit`.
    pub fn count(&mut self, limit: usize) -> Result<usize, FrameError> {
        let count = self.u32()? as usize;
        if count > limit { Err(FrameError::TooLarge) } else { Ok(count) }
    }

    /// A number of things of which each takes at least a byte here.
    pub fn items(&mut self) -> Result<usize, FrameError> {
        let count = self.u32()? as usize;
        if count > self.len() { Err(FrameError::Truncated) } else { Ok(count) }
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], FrameError> {
        let (front, rest) = self.0.split_at_checked(length).ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(front)
    }

    pub fn text(&mut self, length: usize) -> Result<&'a str, FrameError> {
        std::str::from_utf8(self.take(length)?).map_err(|_| FrameError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u32, signed: i32) {
            let mut out = Vec::new();
            put(&mut out, value);
            put_signed(&mut out, signed);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.u32(), Ok(value));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert!(reader.is_empty());
        }
    }
}
