//! The prompts that come with the server are what it takes and sound like one voice.
use media::{
    level,
    prompt::{Clip, SPEECH_DBFS},
};

const SPEECH: [(&str, &[u8]); 7] = [
    ("this_is_a_call_from", include_bytes!("../../prompts/this_is_a_call_from.wav")),
    (
        "please_hold_while_we_connect_you_to",
        include_bytes!("../../prompts/please_hold_while_we_connect_you_to.wav"),
    ),
    ("press_one", include_bytes!("../../prompts/press_one.wav")),
    ("sorry", include_bytes!("../../prompts/sorry.wav")),
    ("opted_out", include_bytes!("../../prompts/opted_out.wav")),
    ("name_unnamed", include_bytes!("../../prompts/name_unnamed.wav")),
    ("name_harbour_and_pine", include_bytes!("../../prompts/name_harbour_and_pine.wav")),
];
const ON_HOLD: &[u8] = include_bytes!("../../prompts/on_hold.wav");
const MAX_TOTAL_BYTES: usize = 400_000;

#[test]
fn every_default_prompt_is_read_and_speech_is_at_one_level() {
    for (name, file) in SPEECH {
        let clip = Clip::from_wav(file).unwrap().trimmed().normalised(SPEECH_DBFS);
        assert!((900..6_000).contains(&clip.duration_ms()), "{name}: {clip:?}");
        let level = level::dbfs(level::rms(clip.samples()));
        assert!((level - SPEECH_DBFS).abs() < 4.0, "{name}: {level:.1} dBFS");
    }
}

#[test]
fn music_on_hold_is_well_below_speech_and_ends_as_quietly_as_it_begins() {
    let clip = Clip::from_wav(ON_HOLD).unwrap();
    let samples = clip.samples();
    assert!(level::dbfs(level::rms(samples)) < SPEECH_DBFS - 8.0);
    let (begin, end) = (samples[0].abs(), samples[samples.len() - 1].abs());
    assert!(begin < 200 && end < 200, "{begin}, {end}");
}

#[test]
fn all_prompts_together_stay_small() {
    let total: usize = SPEECH.iter().map(|(_, file)| file.len()).sum::<usize>() + ON_HOLD.len();
    assert!(total <= MAX_TOTAL_BYTES, "{total}");
}
