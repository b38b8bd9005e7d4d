//! WAV files, read from and written to bytes.
//!
//! Reading is ours and not a crate's because what businesses upload is not what a strict reader wants: chunks
//! of odd length with their padding (metadata of audio editors), a data length of 0 or 4 GiB (whoever wrote
//! to a pipe), a file cut short. It is total: any bytes give samples or an error that says what to do.

/// Largest file that is looked at.
pub const MAX_FILE_BYTES: usize = 12 * 1024 * 1024;
/// Longest recording that is taken, in seconds.
pub const MAX_SECONDS: u32 = 60;
/// Sample rates that are taken.
pub const SAMPLE_RATES: [u32; 7] = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

const PCM: u16 = 1;
const EXTENSIBLE: u16 = 0xFFFE;
const HEADER_BYTES: u32 = 44;

/// Why a file was refused, in words for the person who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    #[error("the file is larger than {} MB: use a shorter recording", MAX_FILE_BYTES / (1024 * 1024))]
    TooLarge,
    #[error("this is not a WAV file: export the recording as WAV (16-bit PCM)")]
    NotWav,
    #[error("the WAV file is damaged or cut short before its sound begins: export it again")]
    Damaged,
    #[error("the WAV file is compressed (format {0}): export it as WAV with 16-bit PCM")]
    Compressed(u16),
    #[error("the WAV file has {0} bits per sample: export it with 16-bit PCM")]
    BitsPerSample(u16),
    #[error("the WAV file has {0} channels: export it as mono")]
    Channels(u16),
    #[error("{0} samples per second are not supported: export at 8000, 16000, 44100 or 48000 Hz")]
    SampleRate(u32),
    #[error("the recording is longer than {MAX_SECONDS} seconds: use a shorter one")]
    TooLong,
    #[error("the WAV file holds no sound: record again")]
    Empty,
}

/// What a file held, mixed down to mono.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    pub sample_rate: u32,
    pub samples: Vec<i16>,
}

/// Reads 16-bit PCM, mono or stereo, of one of [`SAMPLE_RATES`].
pub fn read(file: &[u8]) -> Result<Recording, WavError> {
    if file.len() > MAX_FILE_BYTES {
        return Err(WavError::TooLarge);
    }
    let mut chunks = match file {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', chunks @ ..] => chunks,
        _ => return Err(WavError::NotWav),
    };
    let mut format = None;
    while let Some((head, rest)) = chunks.split_first_chunk::<8>() {
        let [name @ .., l0, l1, l2, l3] = *head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        match &name {
            b"fmt " => format = Some(Format::read(rest.get(..length).ok_or(WavError::Damaged)?)?),
            b"data" => return format.ok_or(WavError::Damaged)?.samples(data(rest, length)),
            _ => {}
        }
        // Chunks begin at even offsets.
        chunks = rest.get(length.saturating_add(length % 2)..).unwrap_or(&[]);
    }
    Err(WavError::Damaged)
}

/// A mono 16-bit file.
pub fn write(sample_rate: u32, samples: &[i16]) -> Vec<u8> {
    // A length that doesn't fit is written as "until the end", which readers know from pipes.
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(HEADER_BYTES as usize + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend(bytes.saturating_add(HEADER_BYTES - 8).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    file.extend(PCM.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.extend(sample_rate.to_le_bytes());
    file.extend(sample_rate.saturating_mul(2).to_le_bytes());
    file.extend(2u16.to_le_bytes());
    file.extend(16u16.to_le_bytes());
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// The data chunk's bytes, whatever its writer claimed: one that wrote to a pipe did not know the length.
fn data(rest: &[u8], length: usize) -> &[u8] {
    if length == 0 { rest } else { rest.get(..length).unwrap_or(rest) }
}

struct Format {
    channels: u16,
    sample_rate: u32,
}

impl Format {
    fn read(chunk: &[u8]) -> Result<Self, WavError> {
        let at =
            |i: usize| chunk.get(i..i + 2).map(|b| u16::from_le_bytes([b[0], b[1]])).ok_or(WavError::Damaged);
        let (channels, bits) = (at(2)?, at(14)?);
        let sample_rate = u32::from(at(4)?) | u32::from(at(6)?) << 16;
        // The extensible form names the true format in the first bytes of its GUID.
        let tag = match at(0)? {
            EXTENSIBLE => at(24)?,
            tag => tag,
        };
        if tag != PCM {
            return Err(WavError::Compressed(tag));
        }
        if bits != 16 {
            return Err(WavError::BitsPerSample(bits));
        }
        if !(1..=2).contains(&channels) {
            return Err(WavError::Channels(channels));
        }
        if !SAMPLE_RATES.contains(&sample_rate) {
            return Err(WavError::SampleRate(sample_rate));
        }
        Ok(Self { channels, sample_rate })
    }

    fn samples(&self, data: &[u8]) -> Result<Recording, WavError> {
        let channels = usize::from(self.channels);
        let count = data.len() / 2 / channels;
        if count == 0 {
            return Err(WavError::Empty);
        }
        if count > (MAX_SECONDS * self.sample_rate) as usize {
            return Err(WavError::TooLong);
        }
        let samples = data
            .chunks_exact(2 * channels)
            .map(|both| {
                let sum: i32 =
                    both.chunks_exact(2).map(|b| i32::from(i16::from_le_bytes([b[0], b[1]]))).sum();
                (sum / channels as i32) as i16
            })
            .collect();
        Ok(Recording { sample_rate: self.sample_rate, samples })
    }
}
