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
