//! What callers hear: the prompts of each business, ready to play.
use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use contact_core::Prompt;
use shared::BusinessId;
use switch::Samples;

/// The prompts of all businesses.
pub struct Prompts {
    defaults: Voices,
    businesses: RwLock<BTreeMap<BusinessId, Voices>>,
}

/// One business's prompts as 8 kHz samples.
#[derive(Clone)]
struct Voices {
    confirm: Samples,
    hold: Samples,
    sorry: Samples,
    opted_out: Samples,
    on_hold: Samples,
}

impl Prompts {
    pub fn samples(&self, business: BusinessId, prompt: Prompt) -> Samples {
        let businesses = self.businesses.read().unwrap_or_else(PoisonError::into_inner);
        let voices = businesses.get(&business).unwrap_or(&self.defaults);
        match prompt {
            Prompt::Confirm => &voices.confirm,
            Prompt::Hold => &voices.hold,
            Prompt::Sorry => &voices.sorry,
            Prompt::OptedOut => &voices.opted_out,
            Prompt::OnHold => &voices.on_hold,
        }
        .clone()
    }
}
