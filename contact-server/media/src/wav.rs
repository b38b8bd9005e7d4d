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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_another_writer_wrote_is_read_in_mono_and_stereo() {
        let samples = [0, 1, -1, i16::MAX, i16::MIN, 300];
        for channels in [1, 2] {
            let file = foreign(channels, 44_100, &samples);
            let recording = read(&file).unwrap();
            assert_eq!(recording.sample_rate, 44_100);
            assert_eq!(recording.samples.len(), samples.len() / usize::from(channels));
        }
        assert_eq!(read(&foreign(2, 8_000, &[100, 300, -2, -4])).unwrap().samples, [200, -3]);
    }

    #[test]
    fn what_we_write_another_reader_reads() {
        let samples = [5, -5, i16::MAX, i16::MIN];
        let mut reader = hound::WavReader::new(Cursor::new(write(8_000, &samples))).unwrap();
        assert_eq!(reader.spec().sample_rate, 8_000);
        assert_eq!(reader.samples::<i16>().collect::<Result<Vec<_>, _>>().unwrap(), samples);
    }

    #[test]
    fn chunks_of_odd_length_pipes_and_cut_files_are_read() {
        let file = write(8_000, &[7; 100]);
        let mut odd = file[..36].to_vec();
        odd.extend(b"LIST\x03\0\0\0abc\0");
        odd.extend(&file[36..]);
        assert_eq!(read(&odd).unwrap().samples, [7; 100]);
        for claimed in [0, u32::MAX] {
            let mut piped = file.clone();
            piped[40..44].copy_from_slice(&claimed.to_le_bytes());
            assert_eq!(read(&piped).unwrap().samples, [7; 100]);
        }
        assert_eq!(read(&file[..144]).unwrap().samples, [7; 50]);
    }

    #[test]
    fn the_extensible_form_is_read_and_compressed_forms_are_named() {
        let mut file = write(16_000, &[7; 100]);
        file.splice(16..20, 40u32.to_le_bytes());
        file.splice(20..22, EXTENSIBLE.to_le_bytes());
        let mut extension = [0; 24];
        extension[8] = 1;
        file.splice(36..36, extension);
        assert_eq!(read(&file).unwrap().samples, [7; 100]);
        file[44] = 7;
        assert_eq!(read(&file), Err(WavError::Compressed(7)));
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let with = |at: usize, value: u16| {
            let mut file = write(8_000, &[7; 100]);
            file[at..at + 2].copy_from_slice(&value.to_le_bytes());
            read(&file).unwrap_err()
        };
        assert_eq!(with(20, 0x55), WavError::Compressed(0x55));
        assert_eq!(with(22, 6), WavError::Channels(6));
        assert_eq!(with(24, 11_025), WavError::SampleRate(11_025));
        assert_eq!(with(34, 24), WavError::BitsPerSample(24));
        assert_eq!(read(b"ID3\x04 an mp3"), Err(WavError::NotWav));
        assert_eq!(read(&write(8_000, &[])), Err(WavError::Empty));
        assert_eq!(read(&write(8_000, &[0; 61 * 8_000])), Err(WavError::TooLong));
        assert_eq!(read(&vec![0; MAX_FILE_BYTES + 1]), Err(WavError::TooLarge));
        assert_eq!(read(&write(8_000, &[7; 100])[..30]), Err(WavError::Damaged));
        assert_eq!(
            with(34, 24).to_string(),
            "the WAV file has 24 bits per sample: export it with 16-bit PCM"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
            let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
            file.extend(&bytes);
            let _ = read(&file);
        }

        #[test]
        fn any_damage_to_a_good_file_is_answered(
            damage in prop::collection::vec((0usize..300, any::<u8>()), 1..8),
            length in 0usize..300,
        ) {
            let mut file = write(16_000, &[1_000; 128]);
            for (at, byte) in damage {
                if let Some(target) = file.get_mut(at) {
                    *target = byte;
                }
            }
            if let Ok(recording) = read(&file[..length.min(file.len())]) {
                prop_assert!(recording.samples.len() <= 128 && SAMPLE_RATES.contains(&recording.sample_rate));
            }
        }

        #[test]
        fn what_is_written_is_read_again(samples in prop::collection::vec(any::<i16>(), 1..400)) {
            prop_assert_eq!(read(&write(8_000, &samples)).unwrap().samples, samples);
        }
    }

    fn foreign(channels: u16, sample_rate: u32, samples: &[i16]) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels,
            sample_rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        samples.iter().for_each(|&sample| writer.write_sample(sample).unwrap());
        writer.finalize().unwrap();
        file.into_inner()
    }
}
