//! Lists of ids, as runs of equal differences: 10,000 list items in a row are a few bytes.
//!
//! `list := count run*`, `run := start (signed, to the id before) length-1 stride (signed, if length > 1)`.
use super::{
    FrameError,
    bytes::{Reader, difference, put, put_signed},
};

/// A shorter run costs more as a run than as single ids.
const SHORTEST_RUN: usize = 3;

pub fn write(out: &mut Vec<u8>, ids: &[u32]) {
    put(out, u32::try_from(ids.len()).unwrap_or(u32::MAX));
    let (mut at, mut before) = (0, 0);
    while at < ids.len() {
        let stride = ids.get(at + 1).map_or(0, |next| difference(ids[at], *next));
        let mut end = at + 1;
        while end < ids.len() && difference(ids[end - 1], ids[end]) == stride {
            end += 1;
        }
        let length = if end - at >= SHORTEST_RUN { end - at } else { 1 };
        put_signed(out, difference(before, ids[at]));
        put(out, u32::try_from(length - 1).unwrap_or(u32::MAX));
        if length > 1 {
            put_signed(out, stride);
        }
        at += length;
        before = ids[at - 1];
    }
}

/// Reads a list; `budget` is how many ids the frame may still name.
pub fn read(reader: &mut Reader<'_>, budget: &mut usize) -> Result<Vec<u32>, FrameError> {
    let count = reader.count(*budget)?;
    *budget -= count;
    let mut ids = Vec::with_capacity(count.min(reader.len() * 4));
    let mut before = 0u32;
    while ids.len() < count {
        let mut id = before.wrapping_add_signed(reader.signed()?);
        let more = reader.count(count - ids.len() - 1)?;
        ids.push(id);
        if more > 0 {
            let stride = reader.signed()?;
            for _ in 0..more {
                id = id.wrapping_add_signed(stride);
                ids.push(id);
            }
        }
        before = id;
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits;

    #[test]
    fn ten_thousand_in_a_row_take_a_few_bytes() {
        let mut out = Vec::new();
        write(&mut out, &(0..10_000).map(|n| 90_000 - 3 * n).collect::<Vec<_>>());
        assert!(out.len() <= 10, "{}", out.len());
    }

    proptest! {
        #[test]
        fn any_list_comes_back(ids in prop::collection::vec(prop_oneof![0u32..9, any::<u32>()], 0..60)) {
            let mut out = Vec::new();
            write(&mut out, &ids);
            let mut budget = limits::CHANGES;
            prop_assert_eq!(read(&mut Reader::new(&out), &mut budget).unwrap(), ids);
        }
    }
}
