//! Icons as inline SVG paths on a 24 px grid (Material Symbols' shapes, Apache-2.0). Decorative: the label
//! beside or on the button says what it does.
use yew::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Phone,
    HangUp,
    MicOff,
    Silence,
    Sound,
    Moon,
}

impl Icon {
    pub(crate) fn html(self) -> Html {
        html! {
            <svg viewBox="0 0 24 24" width="24" height="24" fill="currentColor" aria-hidden="true">
                <path d={self.path()} />
            </svg>
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Phone => {
                "M6.6 10.8a15.1 15.1 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11.4 11.4 0 0 0 3.6.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1c0 1.25.2 2.45.57 3.57a1 1 0 0 1-.25 1z"
            }
            Self::HangUp => {
                "M12 9c-1.6 0-3.15.25-4.6.72v3.1a1 1 0 0 1-.56.9c-.98.49-1.87 1.12-2.66 1.85a1 1 0 0 1-1.4-.03L.3 13.1a1 1 0 0 1 0-1.42A16.9 16.9 0 0 1 12 7c4.55 0 8.67 1.78 11.7 4.68a1 1 0 0 1 0 1.42l-2.48 2.48a1 1 0 0 1-1.4.03 11.2 11.2 0 0 0-2.67-1.85 1 1 0 0 1-.56-.9v-3.1A15.1 15.1 0 0 0 12 9z"
            }
            Self::MicOff => {
                "M19 11h-1.7a5 5 0 0 1-.4 1.9l1.25 1.25A7 7 0 0 0 19 11zm-4 .17V5a3 3 0 0 0-5.99-.23zM4.27 3 3 4.27l6 6V11a3 3 0 0 0 4.37 2.68l1.24 1.24A5 5 0 0 1 7 11H5a7 7 0 0 0 6 6.92V21h2v-3.08a6.9 6.9 0 0 0 2.98-1.17L19.73 21 21 19.73z"
            }
            Self::Silence => {
                "M20 18.69 7.84 6.14 5.27 3.49 4 4.76l2.8 2.8A6.9 6.9 0 0 0 6 11v5l-2 2v1h13.73l2 2L21 19.73zM12 22a2 2 0 0 0 2-2h-4a2 2 0 0 0 2 2zm6-7.32V11c0-3.08-1.64-5.64-4.5-6.32V4a1.5 1.5 0 0 0-3 0v.68c-.15.03-.29.08-.42.12z"
            }
            Self::Sound => {
                "M3 9v6h4l5 5V4L7 9zm13.5 3a4.5 4.5 0 0 0-2.5-4.03v8.05A4.5 4.5 0 0 0 16.5 12zM14 3.23v2.06a7 7 0 0 1 0 13.42v2.06a9 9 0 0 0 0-17.54z"
            }
            Self::Moon => "M12 3a9 9 0 1 0 9 9c0-.46-.04-.92-.1-1.36A5.4 5.4 0 0 1 13.36 3.1 9 9 0 0 0 12 3z",
        }
    }
}
