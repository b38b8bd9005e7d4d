//! G.711 u-law (PCMU, RTP payload type 0), bit for bit as ITU-T G.711 table 2 and the ITU's reference
//! software (G.191 `ulaw_compress`, `ulaw_expand`) have it.

/// What is sent for digital silence.
pub const SILENCE: u8 = 0xFF;

/// Added to the magnitude so that segment borders fall on powers of two; in 14-bit units (G.191).
const BIAS: i32 = 33;
/// Largest 14-bit magnitude after the bias.
const MAX_BIASED: i32 = 0x1FFF;

const DECODED: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = expand(code as u8);
        code += 1;
    }
    table
};

/// One 16-bit sample to its code.
pub const fn compress(sample: i16) -> u8 {
    // One's complement for negative samples, as the reference does, so that -1 and 0 share a magnitude.
    let magnitude = if sample < 0 { !(sample as i32) } else { sample as i32 } >> 2;
    let mut biased = magnitude + BIAS;
    if biased > MAX_BIASED {
        biased = MAX_BIASED;
    }
    // 1 for the lowest segment (biased < 64) to 8 for the highest.
    let segment = 27 - biased.leading_zeros() as i32;
    let high = 8 - segment;
    let low = 0xF - ((biased >> segment) & 0xF);
    let sign = if sample >= 0 { 0x80 } else { 0 };
    ((high << 4) | low | sign) as u8
}

/// One code to its 16-bit sample.
pub const fn expand(code: u8) -> i16 {
    let inverted = !code as i32;
    let exponent = (inverted >> 4) & 7;
    let step = 8 << exponent;
    let magnitude = (0x80 << exponent) + step * (inverted & 0xF) + step / 2 - 4 * BIAS;
    (if code < 0x80 { -magnitude } else { magnitude }) as i16
}

/// Appends the samples of `payload` to `samples`.
pub fn decode_into(payload: &[u8], samples: &mut Vec<i16>) {
    samples.extend(payload.iter().map(|&code| DECODED[code as usize]));
}

pub fn decode(payload: &[u8]) -> Vec<i16> {
    let mut samples = Vec::with_capacity(payload.len());
    decode_into(payload, &mut samples);
    samples
}

/// Appends the codes of `samples` to `payload`.
pub fn encode_into(samples: &[i16], payload: &mut Vec<u8>) {
    payload.extend(samples.iter().map(|&sample| compress(sample)));
}

pub fn encode(samples: &[i16]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(samples.len());
    encode_into(samples, &mut payload);
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decoder outputs of ITU-T G.711 table 2a (positive values), least first, in its 14-bit units.
    const TABLE_2A: [i32; 128] = [
        0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, //
        33, 37, 41, 45, 49, 53, 57, 61, 65, 69, 73, 77, 81, 85, 89, 93, //
        99, 107, 115, 123, 131, 139, 147, 155, 163, 171, 179, 187, 195, 203, 211, 219, //
        231, 247, 263, 279, 295, 311, 327, 343, 359, 375, 391, 407, 423, 439, 455, 471, //
        495, 527, 559, 591, 623, 655, 687, 719, 751, 783, 815, 847, 879, 911, 943, 975, //
        1023, 1087, 1151, 1215, 1279, 1343, 1407, 1471, 1535, 1599, 1663, 1727, 1791, 1855, 1919,
        1983, //
        2079, 2207, 2335, 2463, 2591, 2719, 2847, 2975, 3103, 3231, 3359, 3487, 3615, 3743, 3871,
        3999, //
        4191, 4447, 4703, 4959, 5215, 5471, 5727, 5983, 6239, 6495, 6751, 7007, 7263, 7519, 7775, 8031,
    ];

    #[test]
    fn every_code_decodes_as_the_recommendation_says() {
        for (n, &value) in TABLE_2A.iter().enumerate() {
            let (positive, negative) = (0xFF - n as u8, 0x7F - n as u8);
            assert_eq!(i32::from(expand(positive)), 4 * value, "{positive:#x}");
            assert_eq!(i32::from(expand(negative)), -4 * value, "{negative:#x}");
        }
    }

    #[test]
    fn every_sample_gets_the_code_between_whose_decision_values_it_lies() {
        // Each output lies midway between its decision values; the first decision value is 1.
        let mut decision = 0;
        for (n, &value) in TABLE_2A.iter().enumerate() {
            let next = if n == 0 { 1 } else { 2 * value - decision };
            for sample in 4 * decision..(4 * next).min(32_768) {
                assert_eq!(compress(sample as i16), 0xFF - n as u8, "{sample}");
                assert_eq!(compress(-sample as i16 - 1), 0x7F - n as u8, "{}", -sample - 1);
            }
            decision = next;
        }
        assert_eq!(decision, 8_159);
        assert_eq!((compress(i16::MAX), compress(i16::MIN)), (0x80, 0x00));
    }

    #[test]
    fn silence_is_silent_and_every_code_survives_a_round_trip() {
        assert_eq!(decode(&[SILENCE]), [0]);
        assert_eq!(encode(&[0]), [SILENCE]);
        for code in (0..=255).filter(|&code| code != 0x7F) {
            assert_eq!(encode(&decode(&[code])), [code]);
        }
    }
}
