//! What callers hear: the prompts of each business, ready to play.
//!
//! The defaults are built in; `contact-server/prompts` says how they were made. A business gives the clip of
//! its spoken name (slot `name`), or whole prompts of its own.
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use contact_core::Prompt;
use media::{
    prompt::{Clip, SPEECH_DBFS, TooLong},
    wav::WavError,
};
use shared::BusinessId;
use store::PromptClip;
use switch::Samples;

/// The slot of a business's spoken name.
pub const NAME_SLOT: &str = "name";
/// What a business may upload: its name, or whole prompts.
pub const SLOTS: [&str; 6] = [NAME_SLOT, "confirm", "hold", "sorry", "opted_out", "on_hold"];
/// The spoken name of the demo's business.
pub const DEMO_NAME: &[u8] = include_bytes!("../prompts/name_harbour_and_pine.wav");

const CALL_FROM: &[u8] = include_bytes!("../prompts/this_is_a_call_from.wav");
const PRESS_ONE: &[u8] = include_bytes!("../prompts/press_one.wav");
const PLEASE_HOLD: &[u8] = include_bytes!("../prompts/please_hold_while_we_connect_you_to.wav");
const SORRY: &[u8] = include_bytes!("../prompts/sorry.wav");
const OPTED_OUT: &[u8] = include_bytes!("../prompts/opted_out.wav");
const ON_HOLD: &[u8] = include_bytes!("../prompts/on_hold.wav");
const UNNAMED: &[u8] = include_bytes!("../prompts/name_unnamed.wav");

/// Milliseconds between a sentence and the name in it, and between two sentences.
const WORD_PAUSE_MS: u32 = 120;
const SENTENCE_PAUSE_MS: u32 = 450;
/// Milliseconds before a prompt is said again.
const REPEAT_PAUSE_MS: u32 = 2_000;

/// The prompts of all businesses.
pub struct Prompts {
    defaults: Voices,
    businesses: RwLock<BTreeMap<BusinessId, Voices>>,
}

/// One business's prompts.
struct Voices {
    confirm: Samples,
    hold: Samples,
    sorry: Samples,
    opted_out: Samples,
    on_hold: Samples,
}

#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    #[error("there is no prompt called `{slot}`: use one of {slots}", slots = SLOTS.join(", "))]
    Slot { slot: String },
    #[error("the recording cannot be used: {0}")]
    Wav(#[from] WavError),
    #[error("{0}")]
    TooLong(#[from] TooLong),
}

impl Prompts {
    /// The built-in prompts, for every business that has none of its own.
    pub fn built_in() -> Result<Self, PromptError> {
        let defaults = assemble(&BTreeMap::new())?;
        Ok(Self { defaults, businesses: RwLock::default() })
    }

    /// Puts a business's own clips together with the built-in ones. A clip that cannot be used is left out and
    /// named in the log: a caller is never left with silence.
    pub fn set(&self, business: BusinessId, clips: &[PromptClip]) {
        let own = clips.iter().filter_map(|clip| match read(&clip.slot, &clip.wav) {
            Ok(sound) => Some((clip.slot.as_str(), sound)),
            Err(error) => {
                tracing::warn!(%business, slot = clip.slot, %error, "a prompt cannot be used");
                None
            }
        });
        match assemble(&own.collect()) {
            Ok(voices) => {
                self.businesses.write().unwrap_or_else(PoisonError::into_inner).insert(business, voices);
            }
            Err(error) => tracing::warn!(%business, %error, "prompts cannot be put together"),
        }
    }

    /// What `business` says, as 8 kHz samples.
    pub fn samples(&self, business: BusinessId, prompt: Prompt) -> Samples {
        let businesses = self.businesses.read().unwrap_or_else(PoisonError::into_inner);
        let voices = businesses.get(&business).unwrap_or(&self.defaults);
        let samples = match prompt {
            Prompt::Confirm => &voices.confirm,
            Prompt::Hold => &voices.hold,
            Prompt::Sorry => &voices.sorry,
            Prompt::OptedOut => &voices.opted_out,
            Prompt::OnHold => &voices.on_hold,
        };
        Arc::clone(samples)
    }
}

/// Reads a clip for one of the [`SLOTS`], brought to the level of the others.
pub fn read(slot: &str, wav: &[u8]) -> Result<Clip, PromptError> {
    if !SLOTS.contains(&slot) {
        return Err(PromptError::Slot { slot: slot.to_owned() });
    }
    let clip = Clip::from_wav(wav)?.trimmed();
    // Of a few samples, or of nothing but silence, there is nothing left.
    if clip.samples().is_empty() {
        return Err(WavError::Empty.into());
    }
    Ok(clip.normalised(SPEECH_DBFS))
}

fn assemble(own: &BTreeMap<&str, Clip>) -> Result<Voices, PromptError> {
    let spoken = |wav| Clip::from_wav(wav).map(|clip| clip.normalised(SPEECH_DBFS));
    let name = own.get(NAME_SLOT).cloned().map_or_else(|| spoken(UNNAMED), Ok)?;
    let (word, sentence) = (Clip::silence(WORD_PAUSE_MS), Clip::silence(SENTENCE_PAUSE_MS));
    let repeat = Clip::silence(REPEAT_PAUSE_MS);
    let of = |slot: &str, parts: &[&Clip]| -> Result<Clip, PromptError> {
        match own.get(slot) {
            Some(whole) => Ok(whole.clone()),
            None => Ok(Clip::concat(parts.iter().copied())?),
        }
    };
    let confirm = of("confirm", &[&spoken(CALL_FROM)?, &word, &name, &sentence, &spoken(PRESS_ONE)?])?;
    let hold = of("hold", &[&spoken(PLEASE_HOLD)?, &word, &name])?;
    let with_pause = |clip: &Clip| -> Result<Samples, PromptError> {
        Ok(Clip::concat([clip, &repeat])?.samples().clone())
    };
    Ok(Voices {
        confirm: with_pause(&confirm)?,
        hold: with_pause(&hold)?,
        sorry: of("sorry", &[&spoken(SORRY)?])?.samples().clone(),
        opted_out: of("opted_out", &[&spoken(OPTED_OUT)?])?.samples().clone(),
        // Music keeps its own level, and joins its end to its start.
        on_hold: of("on_hold", &[&Clip::from_wav(ON_HOLD)?])?.samples().clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSINESS: BusinessId = BusinessId(1);

    #[test]
    fn name_of_the_business_stands_in_the_hold_message() {
        let prompts = Prompts::built_in().unwrap();
        let unnamed = prompts.samples(BUSINESS, Prompt::Hold);
        prompts.set(BUSINESS, &[clip(NAME_SLOT, DEMO_NAME)]);
        let named = prompts.samples(BUSINESS, Prompt::Hold);
        assert_ne!(named, unnamed);
        let name = read(NAME_SLOT, DEMO_NAME).unwrap();
        assert!(
            named.windows(name.samples().len()).any(|part| *part == **name.samples()),
            "the name is in it"
        );
        assert_eq!(prompts.samples(BusinessId(2), Prompt::Hold), unnamed, "nobody else says it");
    }

    #[test]
    fn whole_prompt_of_a_business_replaces_the_built_in_one() {
        let prompts = Prompts::built_in().unwrap();
        prompts.set(BUSINESS, &[clip("sorry", DEMO_NAME)]);
        assert_eq!(prompts.samples(BUSINESS, Prompt::Sorry), *read("sorry", DEMO_NAME).unwrap().samples());
    }

    #[test]
    fn unusable_clip_leaves_the_built_in_prompt() {
        let prompts = Prompts::built_in().unwrap();
        let before = prompts.samples(BUSINESS, Prompt::Sorry);
        prompts.set(BUSINESS, &[clip("sorry", b"no sound"), clip("no such slot", DEMO_NAME)]);
        assert_eq!(prompts.samples(BUSINESS, Prompt::Sorry), before);
    }

    #[test]
    fn recording_of_silence_is_refused_and_leaves_the_built_in_prompt() {
        let prompts = Prompts::built_in().unwrap();
        let before = prompts.samples(BUSINESS, Prompt::Confirm);
        let wav = media::wav::write(44_100, &[0; 8_000]);
        assert!(matches!(read("confirm", &wav), Err(PromptError::Wav(WavError::Empty))));
        prompts.set(BUSINESS, &[clip("confirm", &wav)]);
        assert_eq!(prompts.samples(BUSINESS, Prompt::Confirm), before);
    }

    #[test]
    fn every_prompt_has_something_to_say() {
        let prompts = Prompts::built_in().unwrap();
        for prompt in [Prompt::Confirm, Prompt::Hold, Prompt::Sorry, Prompt::OptedOut, Prompt::OnHold] {
            let samples = prompts.samples(BUSINESS, prompt);
            assert!(samples.iter().any(|s| s.unsigned_abs() > 1_000), "{prompt:?}");
        }
    }

    fn clip(slot: &str, wav: &[u8]) -> PromptClip {
        PromptClip { slot: slot.into(), wav: wav.to_vec() }
    }
}
