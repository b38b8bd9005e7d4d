//! Elements, put together call by call.
use yew::{
    AttrValue, Html,
    virtual_dom::{VTag, VText},
};

pub(crate) struct El(VTag);

pub(crate) fn el(tag: &'static str) -> El {
    El(VTag::new(AttrValue::Static(tag)))
}

impl El {
    pub(crate) fn attr(mut self, name: &'static str, value: &'static str) -> Self {
        self.0.add_attribute(name, AttrValue::Static(value));
        self
    }

    pub(crate) fn class(self, class: &'static str) -> Self {
        self.attr("class", class)
    }

    /// An attribute whose value is not known beforehand.
    pub(crate) fn own(mut self, name: &'static str, value: String) -> Self {
        self.0.add_attribute(name, AttrValue::from(value));
        self
    }

    /// The attribute, if `yes`.
    pub(crate) fn when(self, yes: bool, name: &'static str, value: &'static str) -> Self {
        if yes { self.attr(name, value) } else { self }
    }

    /// What stands in a field.
    pub(crate) fn value(mut self, value: &str) -> Self {
        self.0.set_value(Some(AttrValue::from(value.to_owned())));
        self
    }

    pub(crate) fn checked(mut self, yes: bool) -> Self {
        self.0.set_checked(yes);
        self
    }

    pub(crate) fn chosen(mut self, yes: bool) -> Self {
        self.0.add_property("selected", yes);
        self
    }

    pub(crate) fn child(mut self, child: Html) -> Self {
        self.0.add_child(child);
        self
    }

    pub(crate) fn text(self, text: impl Into<AttrValue>) -> Self {
        self.child(VText::new(text.into()).into())
    }

    pub(crate) fn html(self) -> Html {
        self.0.into()
    }
}

/// An element with a class (if not empty) and a text.
pub(crate) fn text(tag: &'static str, class: &'static str, words: impl Into<AttrValue>) -> Html {
    el(tag).when(!class.is_empty(), "class", class).text(words).html()
}

pub(crate) fn button(class: &'static str, words: &'static str, does: &'static str) -> Html {
    let button = el("button").attr("type", "button").attr("data-do", does);
    button.when(!class.is_empty(), "class", class).text(words).html()
}

/// "chevron-down" of Tabler Icons (MIT), as the loader's telephone.
pub(crate) fn chevron() -> Html {
    let path = el("path").attr("d", "M6 9l6 6 6-6").html();
    el("svg").attr("viewBox", "0 0 24 24").attr("aria-hidden", "true").child(path).html()
}
