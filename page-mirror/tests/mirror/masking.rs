//! What is masked is not in the bytes; what is not masked is found by the same search.
use page_mirror::{
    codec::state,
    limits,
    record::{Body, Recorder},
};

const CARD: &str = "4242 4242 4242 4242";
const PASSWORD: &str = "correct-horse-7";

/// A batch as the recorder's script writes it.
#[derive(Default)]
struct Script {
    names: Vec<String>,
    numbers: Vec<u32>,
    text: String,
}

impl Script {
    /// A page of one root element; its first child has id 3.
    fn page(&mut self) -> &mut Self {
        self.numbers.extend([1, 1, 0, 1]);
        self.name("html");
        self.numbers.extend([0, 0]);
        self
    }

    fn element(&mut self, tag: &str, flags: u32, attributes: &[(&str, &str)]) -> &mut Self {
        self.numbers.push(1);
        self.name(tag);
        self.numbers.extend([flags, u32::try_from(attributes.len()).unwrap()]);
        for (name, value) in attributes {
            self.name(name);
            self.string(value);
        }
        self.numbers.push(0);
        self
    }

    fn text(&mut self, flags: u32, text: &str) -> &mut Self {
        self.numbers.extend([2, flags]);
        self.string(text);
        self
    }

    fn end_of_page(&mut self) -> &mut Self {
        self.numbers.extend([0, 0]);
        self
    }

    fn value(&mut self, id: u32, flags: u32, value: &str) -> &mut Self {
        self.numbers.extend([6, id, flags, state::VALUE]);
        self.string(value);
        self
    }

    fn attribute(&mut self, id: u32, name: &str, value: &str) -> &mut Self {
        self.numbers.extend([3, id, 0]);
        self.name(name);
        self.string(value);
        self
    }

    fn set_text(&mut self, id: u32, text: &str) -> &mut Self {
        self.numbers.extend([5, id, 0]);
        self.string(text);
        self
    }

    fn hand_over(&mut self, recorder: &mut Recorder) -> Body {
        let (numbers, text) = (std::mem::take(&mut self.numbers), std::mem::take(&mut self.text));
        recorder.flush(&numbers, &text).unwrap();
        recorder.take().unwrap()
    }

    /// A run of nodes after the document's first child.
    fn more(&mut self) -> &mut Self {
        self.numbers.extend([1, 2, 0]);
        self
    }

    /// A field that a later batch brings.
    fn ahead(&mut self, tag: &str, attributes: &[(&str, &str)], value: &str) -> &mut Self {
        self.numbers.push(13);
        self.name(tag);
        self.numbers.extend([0, u32::try_from(attributes.len()).unwrap()]);
        for (name, value) in attributes {
            self.name(name);
            self.string(value);
        }
        self.string(value);
        self
    }

    fn add_to(&mut self, recorder: &mut Recorder) {
        let (numbers, text) = (std::mem::take(&mut self.numbers), std::mem::take(&mut self.text));
        recorder.flush(&numbers, &text).unwrap();
    }

    fn name(&mut self, name: &str) {
        let known = self.names.iter().position(|known| known == name);
        self.numbers.push(u32::try_from(known.unwrap_or(self.names.len())).unwrap());
        if known.is_none() {
            self.names.push(name.to_owned());
            self.string(name);
        }
    }

    fn string(&mut self, text: &str) {
        self.numbers.push(u32::try_from(text.encode_utf16().count()).unwrap());
        self.text.push_str(text);
    }
}

fn begun() -> (Script, Recorder) {
    let mut recorder = Recorder::new();
    recorder.begin();
    (Script::default(), recorder)
}

fn holds(body: &Body, needle: &str) -> bool {
    body.bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn values_of_masked_fields_are_not_in_the_bytes_and_others_are() {
    let fields: [(&[(&str, &str)], &str); 6] = [
        (&[("type", "password")], PASSWORD),
        (&[("type", "text"), ("autocomplete", "cc-csc")], "99871"),
        (&[("name", "cardNumber")], "4000 12"),
        (&[("type", "hidden"), ("name", "x")], "abc-secret-abc"),
        (&[("id", "passport_no")], "C01X00T47"),
        (&[("name", "note")], CARD),
    ];
    for (attributes, value) in fields {
        let (mut script, mut recorder) = begun();
        let with_value = [attributes, &[("value", value)]].concat();
        script.page().element("input", 0, &with_value).end_of_page().value(3, 0, value);
        let body = script.hand_over(&mut recorder);
        assert!(!holds(&body, value), "{attributes:?}");

        let (mut script, mut recorder) = begun();
        recorder.unmask();
        script.page().element("input", 0, &with_value).end_of_page().value(3, 0, value);
        let body = script.hand_over(&mut recorder);
        assert!(holds(&body, value), "with masking off the search finds {attributes:?}");
    }
    let (mut script, mut recorder) = begun();
    script.page().element("input", 0, &[("name", "note"), ("value", PASSWORD)]).end_of_page();
    assert!(
        holds(&script.value(3, 0, "99871").hand_over(&mut recorder), PASSWORD),
        "the search finds what is open"
    );
}

#[test]
fn what_repeats_a_masked_value_is_masked_in_the_same_batch_and_later() {
    let (mut script, mut recorder) = begun();
    script.page().text(0, PASSWORD).element("p", 0, &[("title", PASSWORD)]);
    script.element("input", 0, &[("type", "password")]).end_of_page().value(5, 0, PASSWORD);
    assert!(!holds(&script.hand_over(&mut recorder), PASSWORD));
    script.set_text(3, &format!("You typed {PASSWORD}.")).attribute(4, "data-echo", PASSWORD);
    assert!(!holds(&script.hand_over(&mut recorder), PASSWORD));
}

#[test]
fn a_password_that_is_shown_as_text_stays_a_password() {
    let (mut script, mut recorder) = begun();
    script.page().element("input", 0, &[("type", "password")]).end_of_page();
    script.hand_over(&mut recorder);
    script.attribute(3, "type", "text").value(3, 0, PASSWORD);
    assert!(!holds(&script.hand_over(&mut recorder), PASSWORD));
    script.attribute(3, "value", PASSWORD);
    assert!(!holds(&script.hand_over(&mut recorder), PASSWORD));
}

#[test]
fn a_field_that_becomes_secret_is_masked_from_then_on() {
    let (mut script, mut recorder) = begun();
    script.page().element("input", 0, &[("name", "note")]).end_of_page();
    script.hand_over(&mut recorder);
    script.attribute(3, "autocomplete", "cc-number").value(3, 0, "4000 12");
    assert!(!holds(&script.hand_over(&mut recorder), "4000 12"));
}

#[test]
fn a_masked_region_keeps_its_shape_and_shows_nothing() {
    let (mut script, mut recorder) = begun();
    script.page().text(4, "Ada Lovelace").element("input", 4, &[("placeholder", "Ada's id")]).end_of_page();
    let body = script.value(4, 4, "1815").hand_over(&mut recorder);
    for needle in ["Ada", "Lovelace", "1815"] {
        assert!(!holds(&body, needle), "{needle}");
    }
    assert!(holds(&body, "••• ••••••••"));
}

/// A page in two batches: text that repeats a password, and then its field.
fn in_two_batches(script: &mut Script, recorder: &mut Recorder) -> bool {
    script.page().text(0, PASSWORD).end_of_page().add_to(recorder);
    assert_eq!(recorder.take(), None, "not all of the page is there");
    script.more().element("input", 0, &[("type", "password")]).numbers.push(0);
    script.value(4, 0, PASSWORD).add_to(recorder);
    recorder.complete()
}

#[test]
fn a_secret_that_comes_late_holds_the_page_back() {
    let (mut script, mut recorder) = (Script::default(), Recorder::new());
    recorder.begin();
    recorder.hold();
    assert!(!in_two_batches(&mut script, &mut recorder), "the text was written before its field was known");
    assert_eq!(recorder.take(), None);
    recorder.begin();
    script.page().text(0, PASSWORD).element("input", 0, &[("type", "password")]).end_of_page();
    let body = script.value(4, 0, PASSWORD).hand_over(&mut recorder);
    assert!(!holds(&body, PASSWORD));
}

#[test]
fn a_field_that_is_told_ahead_hides_what_repeats_it() {
    let (mut script, mut recorder) = (Script::default(), Recorder::new());
    recorder.begin();
    recorder.hold();
    script.ahead("input", &[("type", "password")], PASSWORD);
    assert!(in_two_batches(&mut script, &mut recorder));
    let body = recorder.take().unwrap();
    assert!(body.keyframe && !holds(&body, PASSWORD));
}

/// As in a message of the wire: the address with its length, and the flag. (That it is what `shared` has is a test of the
/// recorder's.)
fn says(body: &Body) -> Option<(String, bool)> {
    let (length, rest) = body.says.split_first()?;
    let (url, flag) = rest.split_at((*length).into());
    Some((String::from_utf8(url.to_vec()).unwrap(), *flag == [1]))
}

#[test]
fn a_page_says_what_it_is_with_its_first_frame_and_when_that_changes() {
    let (mut script, mut recorder) = begun();
    recorder.page("https://shop.example/a?token=abc", "A");
    script.page().element("input", 0, &[("name", "city")]).end_of_page();
    let first = script.hand_over(&mut recorder);
    assert_eq!(says(&first), Some(("https://shop.example/a?token=".into(), false)), "as it leaves elsewhere");
    let same = script.value(3, 0, "Leeds").hand_over(&mut recorder);
    assert_eq!(says(&same), None, "nothing is new");
    let asks = script.attribute(3, "autocomplete", "cc-number").hand_over(&mut recorder);
    assert_eq!(says(&asks), Some(("https://shop.example/a?token=".into(), true)));
    recorder.page("https://shop.example/b", "B");
    let other = script.value(3, 0, "").hand_over(&mut recorder);
    assert_eq!(says(&other), Some(("https://shop.example/b".into(), true)));
}

#[test]
fn a_page_in_a_frame_is_told_once_in_an_epoch_and_again_when_many_were() {
    let (_, mut recorder) = begun();
    let url = "https://shop.example/pay?token=abc";
    let told = "https://shop.example/pay?token=";
    let body = [&[u8::try_from(told.len()).unwrap()], told.as_bytes()].concat();
    assert_eq!(recorder.framed(url), Some(body.clone()), "as it leaves elsewhere");
    assert_eq!(recorder.framed(url), None);
    recorder.begin();
    assert_eq!(recorder.framed(url), Some(body.clone()));
    for page in 0..limits::FRAMES {
        assert!(recorder.framed(&format!("https://shop.example/{page}")).is_some());
    }
    assert_eq!(recorder.framed(url), Some(body), "what is kept is bounded");
}

#[test]
fn what_a_masked_choice_offers_is_masked_and_another_one_is_not() {
    for (name, is_masked) in [("card-on-file", true), ("colour", false)] {
        let (mut script, mut recorder) = begun();
        script.page().numbers.push(1);
        script.name("select");
        script.numbers.extend([0, 1]);
        script.name("name");
        script.string(name);
        script.numbers.push(1);
        script.name("option");
        script.numbers.extend([0, 2]);
        script.name("value");
        script.string("ending 42");
        script.name("selected");
        script.string("");
        script.text(0, "Harbour card");
        script.numbers.extend([0, 0]);
        script.text(0, "afterwards").end_of_page();
        let body = script.hand_over(&mut recorder);
        for secret in ["ending 42", "Harbour card", "selected"] {
            assert_eq!(holds(&body, secret), !is_masked, "{secret} of {name}");
        }
        assert!(holds(&body, "afterwards"), "what stands behind it is open");
        script.set_text(5, "Quay card");
        assert_eq!(holds(&script.hand_over(&mut recorder), "Quay card"), !is_masked);
    }
}

#[test]
fn a_number_over_neighbouring_texts_is_masked_in_each_of_them() {
    let (mut script, mut recorder) = begun();
    script.page();
    for part in ["4242", "4242", " ", "4242", "4242"] {
        script.text(0, part);
    }
    let body = script.text(0, "Total 1200").end_of_page().hand_over(&mut recorder);
    assert!(!holds(&body, "4242") && holds(&body, "1200"));
    for (id, text) in [(3, "4000"), (4, "0000"), (6, "0000"), (7, "0002")] {
        script.set_text(id, text);
    }
    assert!(!holds(&script.hand_over(&mut recorder), "4000"));
}

#[test]
fn style_text_and_classes_do_not_repeat_a_long_secret() {
    let (mut script, mut recorder) = begun();
    script.page().element("input", 0, &[("type", "password"), ("value", PASSWORD)]);
    script.element("p", 0, &[("class", PASSWORD), ("style", &format!("--x:'{PASSWORD}'"))]);
    script.element("style", 0, &[]).end_of_page();
    script.numbers.extend([9, 5]);
    script.string(&format!("p::after{{content:'{PASSWORD}'}}"));
    script.numbers.extend([10, 0]);
    script.string(&format!("p::before{{content:'{PASSWORD}'}}"));
    let body = script.hand_over(&mut recorder);
    assert!(!holds(&body, PASSWORD) && holds(&body, "p::after{content:'"));
}

#[test]
fn what_the_business_names_is_masked_and_a_masked_page_has_no_title() {
    let (mut script, mut recorder) = begun();
    recorder.rule(vec!["K-####".to_owned()], false);
    recorder.page("https://shop.example/a?customer=K-1234&b=1", "Customer K-1234");
    let body = script.page().text(0, "for k-1234").end_of_page().hand_over(&mut recorder);
    assert!(!holds(&body, "1234") && holds(&body, "https://shop.example/a?customer=&b=1"));
    recorder.rule(Vec::new(), true);
    recorder.begin();
    recorder.page("https://shop.example/a?b=1", "A title");
    let body = script.page().end_of_page().hand_over(&mut recorder);
    assert!(!holds(&body, "title") && !holds(&body, "b=1") && holds(&body, "https://shop.example/a"));
}
