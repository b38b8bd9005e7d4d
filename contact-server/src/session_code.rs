//! Codes that a customer reads to an agent, who may look on with one: eight digits, good once and for minutes, in
//! their own business alone. What guessing costs: docs/security.md.
use contact_core::record::TokenHash;
use shared::{BusinessId, ContactId, Timestamp, limits::CODE_DIGITS};
use store::{Scope, Store, StoreError, Token};

use crate::{ids, limits};

/// Codes that are made until one is free. With a million that are good at a time the first is taken once in a hundred.
const TRIES: usize = 4;

/// Makes and stores a code, in place of the contact's before. None: every one that was made is taken.
pub async fn give(
    store: &dyn Store,
    business: BusinessId,
    contact: ContactId,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    for _ in 0..TRIES {
        let code = fresh();
        let hash = hash(business, &code);
        // Two customers with one code would be shown to one another's agents.
        if store.find_token(&hash, now).await?.is_none() {
            let scope = Scope::SessionCode { contact };
            let expires_at = now + limits::SESSION_CODE;
            store.put_token(&Token { hash, business, scope, expires_at }).await?;
            return Ok(Some(code));
        }
    }
    Ok(None)
}

/// What becomes of a code that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    StaysGood,
    IsUsedUp,
}

/// The contact whose customer gave the code.
pub async fn contact_of(
    store: &dyn Store,
    business: BusinessId,
    typed: &str,
    now: Timestamp,
    then: Then,
) -> Result<Option<ContactId>, StoreError> {
    let Some(code) = digits(typed) else { return Ok(None) };
    let hash = hash(business, &code);
    let token = match then {
        Then::StaysGood => store.find_token(&hash, now).await?,
        Then::IsUsedUp => store.take_token(&hash, now).await?,
    };
    Ok(match token {
        Some(Token { business: of, scope: Scope::SessionCode { contact }, .. }) if of == business => {
            Some(contact)
        }
        Some(_) | None => None,
    })
}

/// A code as typed, without what groups it.
fn digits(typed: &str) -> Option<String> {
    let code: String = typed.chars().filter(|letter| !matches!(letter, ' ' | '-' | '\u{a0}')).collect();
    (code.len() == CODE_DIGITS && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

fn fresh() -> String {
    let random = ids::seed().into_iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(byte));
    format!("{:08}", random % 100_000_000)
}

/// Of another kind than every token's, and another one in each business.
fn hash(business: BusinessId, code: &str) -> TokenHash {
    ids::hash(&format!("session code of {business}: {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: BusinessId = BusinessId(1);
    const OTHER: BusinessId = BusinessId(2);

    #[test]
    fn a_code_is_read_however_it_is_grouped_and_nothing_else_is_one() {
        for typed in ["12345678", "1234 5678", " 12 34-56\u{a0}78 "] {
            assert_eq!(digits(typed).as_deref(), Some("12345678"), "{typed}");
        }
        for typed in ["", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", "+12345678"] {
            assert_eq!(digits(typed), None, "{typed}");
        }
    }

    #[test]
    fn codes_are_eight_digits_and_kept_by_business() {
        let codes: std::collections::BTreeSet<String> = (0..64).map(|_| fresh()).collect();
        assert!(codes.len() > 60 && codes.iter().all(|code| digits(code).as_ref() == Some(code)));
        assert_ne!(hash(SHOP, "12345678"), hash(OTHER, "12345678"));
        assert_ne!(hash(SHOP, "12345678"), ids::hash("12345678"));
    }

    #[tokio::test]
    async fn a_code_is_good_once_for_minutes_and_in_its_own_business() {
        let database = store::testing::sqlite().await;
        let store = &*database.store;
        let now = Timestamp(1_000);
        let mut shop = crate::demo::new_business("Shop", "GB", now);
        shop.id = SHOP;
        store.put_business(&shop, &contact_core::Settings::default()).await.unwrap();
        let contact = ContactId(7);
        let read =
            async |business, code: &str, at, then| contact_of(store, business, code, at, then).await.unwrap();
        let take = async |business, code: &str, at| read(business, code, at, Then::IsUsedUp).await;
        let find = async |business, code: &str, at| read(business, code, at, Then::StaysGood).await;
        let older = give(store, SHOP, contact, now).await.unwrap().unwrap();
        let code = give(store, SHOP, contact, now).await.unwrap().unwrap();
        assert_eq!(take(SHOP, &older, now).await, None, "another took its place");
        assert_eq!(take(OTHER, &code, now).await, None);
        assert_eq!(take(SHOP, &code, now + limits::SESSION_CODE).await, None, "it is too old");
        for at in [now, now] {
            assert_eq!(find(SHOP, &code, at).await, Some(contact), "whoever looks leaves it");
        }
        assert_eq!((find(OTHER, &code, now).await, find(SHOP, &older, now).await), (None, None));
        assert_eq!(find(SHOP, &code, now + limits::SESSION_CODE).await, None);
        assert_eq!(take(SHOP, &code, now).await, Some(contact));
        assert_eq!(take(SHOP, &code, now).await, None, "it was used");
    }
}
