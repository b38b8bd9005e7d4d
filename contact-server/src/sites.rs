//! The businesses as their operators set them: what the edge looks up at every request.
//!
//! Filled at the start and replaced when `ringside admin` has changed something.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock},
};

use contact_core::Settings;
use shared::BusinessId;
use store::Business;

/// One business with its newest settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub business: Business,
    pub settings: Settings,
}

impl Site {
    /// True if a page of that origin may use this business's key. Compared exactly, as browsers send it.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.business.origins.iter().any(|allowed| allowed == origin)
    }
}

#[derive(Debug, Default)]
pub struct Sites(RwLock<Index>);

#[derive(Debug, Default)]
struct Index {
    by_id: BTreeMap<BusinessId, Arc<Site>>,
    by_key: BTreeMap<String, Arc<Site>>,
    /// Of all businesses.
    origins: BTreeSet<String>,
}

impl Sites {
    /// The business of a script tag's key.
    pub fn by_key(&self, key: &str) -> Option<Arc<Site>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_key.get(key).cloned()
    }

    pub fn by_id(&self, id: BusinessId) -> Option<Arc<Site>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_id.get(&id).cloned()
    }

    /// True if pages of that origin may use anybody's key.
    pub fn knows_origin(&self, origin: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).origins.contains(origin)
    }

    /// All businesses, in the order of their ids.
    pub fn all(&self) -> Vec<Arc<Site>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_id.values().cloned().collect()
    }

    /// Puts a new business in, or a changed one in the place of the old.
    pub fn put(&self, site: Site) {
        let site = Arc::new(site);
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = index.by_id.insert(site.business.id, site.clone())
            && old.business.key != site.business.key
        {
            index.by_key.remove(&old.business.key);
        }
        index.by_key.insert(site.business.key.clone(), site);
        let origins = index.by_id.values().flat_map(|site| site.business.origins.iter().cloned());
        index.origins = origins.collect();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn rotated_key_works_at_once_and_the_old_one_no_more() {
        let sites = Sites::default();
        sites.put(Site { business: business("old"), settings: Settings::default() });
        sites.put(Site { business: business("new"), settings: Settings::default() });
        assert!(sites.by_key("old").is_none());
        assert_eq!(sites.by_key("new").unwrap().business.id, BusinessId(1));
        assert_eq!(sites.all().len(), 1);
    }

    #[test]
    fn origin_that_no_business_lists_any_more_is_unknown() {
        let sites = Sites::default();
        sites.put(Site { business: business("key"), settings: Settings::default() });
        assert!(
            sites.knows_origin("https://shop.example") && !sites.knows_origin("https://shop.example.evil")
        );
        let moved = Business { origins: vec!["https://new.example".into()], ..business("key") };
        sites.put(Site { business: moved, settings: Settings::default() });
        assert!(sites.knows_origin("https://new.example") && !sites.knows_origin("https://shop.example"));
    }

    #[test]
    fn origin_is_compared_as_a_whole() {
        let site = Site { business: business("key"), settings: Settings::default() };
        assert!(site.allows_origin("https://shop.example"));
        for foreign in
            ["https://shop.example.evil", "http://shop.example", "https://shop.example:8443", "null", ""]
        {
            assert!(!site.allows_origin(foreign), "{foreign}");
        }
    }

    pub(crate) fn business(key: &str) -> Business {
        Business {
            id: BusinessId(1),
            name: "Harbour & Pine".into(),
            key: key.into(),
            origins: vec!["https://shop.example".into()],
            default_region: "GB".into(),
            fallback_number: None,
            consent_version: "1".into(),
            consent_text: None,
            currency: "GBP".into(),
            dispositions: vec!["Sold".into()],
            away_reasons: vec!["Break".into()],
            browser_voice: true,
            mask_selectors: vec![],
            mask_strict: false,
            mask_off: false,
            dialer: None,
            keep: Default::default(),
            record_cobrowse: false,
            pause_recording: store::payment_pages(),
            masking: Default::default(),
        }
    }
}
