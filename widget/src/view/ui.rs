//! Draws elements one after the other, as a pen does: open, say, close. In the browser it is a quarter of what
//! `html!` makes of the same card.
use yew::{
    AttrValue, Html,
    virtual_dom::{AttributeOrProperty, Attributes, VTag, VText},
};

/// Names and values that are known beforehand: [`attributes!`].
pub(crate) type Attrs = &'static [(&'static str, AttributeOrProperty)];

/// `attributes!["id" "card", "role" "dialog"]`
macro_rules! attributes {
    ($($name:literal $value:expr),* $(,)?) => {
        &[$(($name, yew::virtual_dom::AttributeOrProperty::Static($value))),*]
    };
}
pub(crate) use attributes;

/// Elements that are open, the innermost last. The outermost only holds the others.
pub(crate) struct Ui(Vec<VTag>);

impl Ui {
    pub(crate) fn new() -> Self {
        Self(vec![VTag::new("p")])
    }

    pub(crate) fn open(&mut self, tag: &'static str, attrs: Attrs) {
        let mut element = VTag::new(AttrValue::Static(tag));
        element.set_attributes(Attributes::Static(attrs));
        self.0.push(element);
    }

    pub(crate) fn close(&mut self) {
        if let Some(element) = self.0.pop() {
            self.add(element.into());
        }
    }

    fn add(&mut self, child: Html) {
        if let Some(element) = self.0.last_mut() {
            element.add_child(child);
        }
    }

    /// Text that is known beforehand.
    pub(crate) fn say(&mut self, words: &'static str) {
        self.add(VText::new(AttrValue::Static(words)).into());
    }

    pub(crate) fn text(&mut self, words: String) {
        self.add(VText::new(AttrValue::from(words)).into());
    }

    /// An element that holds a text that is known beforehand.
    pub(crate) fn line(&mut self, tag: &'static str, attrs: Attrs, words: &'static str) {
        self.open(tag, attrs);
        self.say(words);
        self.close();
    }

    /// An element that holds a text.
    pub(crate) fn own(&mut self, tag: &'static str, attrs: Attrs, words: String) {
        self.open(tag, attrs);
        self.text(words);
        self.close();
    }

    /// An element for something to be typed, with what stands in it.
    pub(crate) fn field(&mut self, tag: &'static str, attrs: Attrs, value: &str) {
        self.open(tag, attrs);
        if let Some(element) = self.0.last_mut() {
            element.set_value(Some(AttrValue::from(value.to_owned())));
        }
        self.close();
    }

    /// A check box or a radio button.
    pub(crate) fn choice(&mut self, attrs: Attrs, checked: bool) {
        self.open("input", attrs);
        if let Some(element) = self.0.last_mut() {
            element.set_checked(checked);
        }
        self.close();
    }

    /// "chevron-down" of Tabler Icons (MIT).
    pub(crate) fn chevron(&mut self) {
        self.open("svg", attributes!["viewBox" "0 0 24 24", "aria-hidden" "true"]);
        self.open("path", attributes!["d" "M6 9l6 6 6-6"]);
        self.close();
        self.close();
    }

    /// What was drawn.
    pub(crate) fn done(mut self) -> Html {
        self.0.pop().and_then(VTag::into_children).unwrap_or_default()
    }
}
