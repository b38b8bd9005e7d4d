//! What is planted where.

/// How a secret gets to where it stands; see `plant.js`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is typed into a field that is masked, and stands nowhere else.
    Field,
    /// It is typed into a password field, and the place repeats it.
    Copy,
    /// It stands in a region that is masked or blocked.
    Region,
    /// It is a payment card's number.
    Number,
    /// It is a text that the business names.
    Named,
    /// It stands where nothing is mirrored, masking or not.
    Never,
}

/// Places by kind; each is a function of `plant.js`.
const PLACES: [(Kind, &[&str]); 6] = [
    (
        Kind::Field,
        &[
            "password",
            "card",
            "cvc",
            "expiry",
            "holder",
            "insurance",
            "passport",
            "birthday",
            "code",
            "newPassword",
            "iban",
            "hidden",
            "shownPassword",
            "swappedPassword",
            "labelled",
            "placeholder",
            "passphraseArea",
            "maskedChoice",
            "writtenPassword",
            "closedRootPassword",
            "openRootPassword",
            "typedPassword",
        ],
    ),
    (
        Kind::Copy,
        &[
            "text",
            "title",
            "data",
            "ariaLabel",
            "alt",
            "placeholderCopy",
            "readonly",
            "label",
            "output",
            "option",
            "optionValue",
            "textarea",
            "editable",
            "svgText",
            "svgTitle",
            "className",
            "customProperty",
            "styleElement",
            "constructedSheet",
            "insertedRule",
            "documentTitle",
            "query",
            "hash",
            "pushedPath",
            "openRoot",
            "closedRoot",
            "id",
            "link",
            "image",
            "imageSet",
            "dataList",
            "changedText",
            "changedAttribute",
            "afterEmptied",
            "afterRemoved",
            "summary",
            "tableCaption",
            "encoded",
        ],
    ),
    (
        Kind::Region,
        &[
            "maskedText",
            "maskedAlt",
            "maskedImage",
            "maskedBackground",
            "maskedProperty",
            "maskedInput",
            "maskedArea",
            "maskedSelect",
            "maskedEditable",
            "maskedPlaceholder",
            "maskedLink",
            "maskedSvg",
            "maskedAria",
            "maskedTitle",
            "maskedMeter",
            "maskedShadow",
            "maskedLate",
            "ownSelector",
            "ownAttribute",
            "blockedText",
            "blockedImage",
            "blockedInput",
            "blockedLate",
            "ownBlock",
            "hiddenPage",
            "hiddenPageTitle",
            "hiddenPageQuery",
            "hiddenFrame",
        ],
    ),
    (
        Kind::Number,
        &[
            "numberInText",
            "numberInGroups",
            "numberInTitle",
            "numberInField",
            "numberInArea",
            "numberInEditable",
            "numberOverFour",
            "numberOneByOne",
            "numberInPath",
            "numberInOption",
            "numberInDocumentTitle",
            "numberChanged",
        ],
    ),
    (Kind::Named, &["namedNumber", "namedPerson", "namedInTitle", "namedInField", "namedInDocumentTitle"]),
    (
        Kind::Never,
        &[
            "comment",
            "template",
            "jsonScript",
            "script",
            "meta",
            "noscript",
            "csrfAttribute",
            "canvas",
            "handler",
            "formAction",
            "tokenParameter",
            "storage",
            "nonce",
        ],
    ),
];

/// What is searched for.
pub(crate) struct Secret {
    pub(crate) kind: Kind,
    pub(crate) place: &'static str,
    pub(crate) text: String,
}

pub(crate) fn secrets() -> Vec<Secret> {
    let mut all = Vec::new();
    for (kind, places) in PLACES {
        for place in places {
            let number = all.len();
            let text = match kind {
                Kind::Number => card(number),
                Kind::Named if place.ends_with("Number") || *place == "namedInField" => {
                    format!("K-{}", letters(number, 8))
                }
                Kind::Named => format!("Wilhelmina Featherstone{}", letters(number, 6)),
                Kind::Field | Kind::Copy | Kind::Region | Kind::Never => {
                    format!("zq{}xw", letters(number, 12))
                }
            };
            all.push(Secret { kind, place, text });
        }
    }
    all
}

/// Letters that stand for a number, and in no other text.
fn letters(number: usize, count: u32) -> String {
    let digit = |at: u32| (number * 7_919 + 13) / 19_usize.pow(at % 5) % 19 + at as usize % 4;
    (0..count).map(|at| char::from(b'a' + digit(at) as u8)).collect()
}

/// A number that passes Luhn's check.
fn card(number: usize) -> String {
    let body = format!("4{:014}", 31_415_926_535_usize + number * 104_729);
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') << ((place + 1) % 2);
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
