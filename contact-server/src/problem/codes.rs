//! Every code that a refusal may carry, with what it means and what to do: the page behind a problem's `type`.
//!
//! A refusal is made with a [`Code`], so that none is without its page.

macro_rules! codes {
    ($($code:ident $text:literal $title:literal: $meaning:literal, $remedy:literal;)+) => {
        /// Stable, machine-readable. Widgets in the field match on its text: append, never change one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($code,)+
        }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            pub fn text(self) -> &'static str {
                match self { $(Self::$code => $text,)+ }
            }

            /// The same for every occurrence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// What happened.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }

            /// What to do.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$code => $remedy,)+ }
            }
        }
    };
}

codes! {
    NotFound "not_found" "Not found":
        "There is nothing at this address, or it is not yours to see.", "Check the address.";
    MethodNotAllowed "method_not_allowed" "Method not allowed":
        "The address is right, but that method does not apply to it.",
        "Use one that the Allow header names.";
    BodyTooLarge "body_too_large" "Body too large":
        "The request's body is longer than anything that is asked for here.", "Send less.";
    BodyTooSlow "body_too_slow" "Body too slow":
        "The request's body did not come whole in time.", "Send it again, in one go.";
    UnsupportedMediaType "unsupported_media_type" "Unsupported media type":
        "The request's body is not said to be JSON.", "Send it as application/json.";
    UnsupportedEncoding "unsupported_encoding" "Unsupported encoding":
        "The request's body is compressed, which is not taken here.",
        "Send it as it is, without Content-Encoding.";
    Malformed "malformed" "The request cannot be read":
        "The body, the query or the upgrade is not what the API's description asks for.",
        "Compare it with /openapi.json; `field` names the place.";
    TooManyRequests "too_many_requests" "Too many requests":
        "More came from this address or to this login than is served.",
        "Wait as long as the Retry-After header says.";
    TooManyNumbers "too_many_numbers" "Too many numbers":
        "Calls to many different numbers were asked for from this address.",
        "Wait as long as the Retry-After header says, or use a number that was asked for before.";
    ProofRequired "proof_required" "Proof of work required":
        "So many ask for calls that each must show, by some seconds of computing, that it is no flood.",
        "Solve `proof` as the API's description says and send the same request again with the header \
         Ringside-Proof, or wait as long as the Retry-After header says. The widget does it by itself.";
    TooManyProofs "too_many_proofs" "Too many ask at once":
        "So many ask for calls, each with its proof of work, that no more are taken. Nothing was stored.",
        "Wait as long as the Retry-After header says.";
    Unavailable "unavailable" "Not available now":
        "The server cannot take this now. Nothing was stored.", "Try again in a moment.";
    Internal "internal" "Internal error":
        "Something failed on the server's side. The operator's log says what.",
        "Try again; if it stays, tell the operator the time.";

    UnknownKey "unknown_key" "Unknown key":
        "No business has the key of the script tag; it may have been replaced.",
        "Copy the tag anew, or ask the operator for the key.";
    OriginNotAllowed "origin_not_allowed" "Origin not allowed":
        "The page is of an origin that may not use this business's key.",
        "The operator can list it: `ringside admin origin add`.";
    Unauthenticated "unauthenticated" "Not signed in":
        "There is no session, or it has ended.", "Sign in and try again.";
    BadCredentials "bad_credentials" "Sign-in failed":
        "The login or the password is wrong.", "Check both and try again.";
    BadCode "bad_code" "The link does not work any more":
        "The code was used before or is too old.", "Ask for a new link.";
    BadSessionCode "bad_session_code" "The customer's code does not work":
        "The code is wrong, was used before, or is too old.", "Ask the customer for a new one.";
    CrossSite "cross_site" "Refused for safety":
        "The request did not come from this server's own pages, or without the session's CSRF value.",
        "Reload the page and try again.";
    NoPlayer "no_player" "Recordings are not yours to play":
        "The business does not let this agent play what was recorded of customers' pages, or it was not asked for.",
        "Whoever runs the business's account can allow it: `ringside admin agent player --login LOGIN true`.";
    Displaced "displaced" "Signed in somewhere else":
        "The same agent has another console now.", "Take over here to go on.";
    ConnectedElsewhere "connected_elsewhere" "Connected in another window":
        "The same agent has a console that is connected.", "Take over here, or go on there.";
    NotNow "not_now" "That does not apply now":
        "Things have moved on since.", "Look again and choose anew.";
    NotYours "not_yours" "Not yours":
        "That contact belongs to another agent.", "Choose one of your own.";

    IdempotencyKey "idempotency_key" "Idempotency key missing":
        "A request for a call needs a random Idempotency-Key of 16 to 64 characters, so that a second try is no \
         second call.", "Send one, new for each request and the same for each try of it.";
    IdempotencyKeyReused "idempotency_key_reused" "Idempotency key used before":
        "This Idempotency-Key came with another body before.", "Use a new key for a new request.";
    AcceptedBefore "accepted_before" "Accepted before":
        "This request was accepted before.", "Nothing needs to be done.";
    RegionDenied "region_denied" "Not called":
        "The business does not call numbers of that country.",
        "Give a number of another country, or talk in the browser.";
    NoTelephone "no_telephone" "No telephone line":
        "This server has no line to the telephone network on which that number could be called.",
        "Talk in the browser. The operator can connect a line.";
    BudgetSpent "budget_spent" "No more calls for now":
        "The business's calls of these 24 hours are used up.",
        "Wait as long as the Retry-After header says, or talk in the browser.";
    NumberNotCalled "number_not_called" "Not called":
        "The business does not call this number: it was called often enough today, or whoever has it wants no calls. \
         Which of them is not told.", "Give another number.";
    TooManyOpen "too_many_open" "Too many wait already":
        "Very many people wait for a call now.", "Wait as long as the Retry-After header says.";
    SkillUnknown "skill_unknown" "Unknown skill":
        "The business does not offer the skill that the page asks for.",
        "Check data-skill in the script tag, or let the operator list the skill.";
    ConsentOutdated "consent_outdated" "The text has changed":
        "The text above the button has changed since the page was loaded.",
        "Reload the page, read the text and try again.";
    BrowserVoiceOff "browser_voice_off" "Telephones only":
        "The business does not talk in the browser.", "Give a telephone number.";
    ShowingOff "showing_off" "Not without a call":
        "The business is shown pages of those alone who asked for a call.", "Ask for a call.";

    TooLong "too_long" "Too long":
        "A text is longer than its field takes; `field` names it.", "Shorten it.";
    TooMany "too_many" "Too many":
        "A list has more entries than it may; `field` names it.", "Send fewer.";
    ControlCharacters "control_characters" "Control characters":
        "A text holds characters that cannot be shown, such as U+0000.", "Leave them out.";
    PageUrl "page_url" "No address of a page":
        "A page of the trail needs an http or https address, not too long.", "Send the page's own address.";
    PageTitle "page_title" "Title too long":
        "A page of the trail has a title that is too long.", "Cut it.";
    Context "context" "Context is no object":
        "The context must be one JSON object, as text.", "Send an object.";
    Disposition "disposition" "Unknown result":
        "The business does not list that result of a call.", "Choose one of the list.";
    Invalid "invalid" "Not valid":
        "A value is none that this server gave out.", "Begin again at the first page.";

    NumberEmpty "number_empty" "No number":
        "The number is missing.", "Enter a telephone number.";
    NumberNotANumber "number_not_a_number" "Not a number":
        "The text is no telephone number.", "Use digits, with + and the country code if you like.";
    NumberNoCountry "number_no_country" "Country unknown":
        "The number says no country, and no region came with it.",
        "Choose a country, or begin with + and the country code.";
    NumberUnknownCountry "number_unknown_country" "No such country code":
        "No country has that code.", "Check the digits after the +.";
    NumberTooShort "number_too_short" "Number too short":
        "Digits are missing, or the number is one for emergencies or services.", "Check the digits.";
    NumberTooLong "number_too_long" "Number too long":
        "The number has too many digits.", "Check the digits.";
    NumberInvalid "number_invalid" "No such number":
        "The country has no such number.", "Check the digits and the country.";
    NumberExtension "number_extension" "Extensions cannot be dialled":
        "The number has an extension.", "Give a number that rings directly.";
    NumberSpecial "number_special" "Not called":
        "Premium, free-phone and other special numbers are not called.", "Give an ordinary number.";
    NumberFictitious "number_fictitious" "Kept for films":
        "The number is reserved for films and cannot ring.", "Give your own.";
    NumberNotInDemo "number_not_in_demo" "Not in the demo":
        "The demo rings only its own telephones.", "Try +44 20 7946 0123.";

    WindowDate "window_date" "No date": "The date cannot be read.", "Write it like 2026-11-21.";
    WindowTime "window_time" "No time": "The time cannot be read.", "Write it like 09:30.";
    WindowZone "window_zone" "Unknown time zone":
        "The time zone is not known.", "Use a name such as Europe/Berlin.";
    WindowEmpty "window_empty" "Empty window":
        "The window ends when it begins.", "Choose an end that differs.";
    WindowSkipped "window_skipped" "No such time":
        "The clocks are put forward over that time.", "Choose another.";
    WindowPast "window_past" "Too late": "That time has passed.", "Choose a later one.";
    WindowTooFar "window_too_far" "Too far ahead":
        "That day is too far ahead.", "Choose one within the next 30 days.";
    WindowPassed "window_passed" "Too late": "That time has passed.", "Choose a later one.";
}

impl Code {
    pub fn of_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.text() == text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_a_text_of_its_own_and_sentences() {
        let texts: BTreeSet<&str> = Code::ALL.iter().map(|code| code.text()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::of_text(code.text()), Some(*code));
            let is_plain = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(code.text().chars().all(is_plain), "it stands in a path: {code:?}");
            assert!(code.meaning().ends_with('.') && code.remedy().ends_with('.'), "{code:?}");
        }
    }
}
