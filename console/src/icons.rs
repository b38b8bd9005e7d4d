//! Icons as inline SVG paths on a 24 px grid (Material Symbols' shapes, Apache-2.0). Decorative: the label
//! beside or on the button says what it does.
use yew::prelude::*;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    Phone,
    HangUp,
    Mic,
    MicOff,
    Pause,
    Play,
    Globe,
    History,
    Live,
    Search,
    Send,
    Close,
    Moon,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Phone => {
                "M6.6 10.8a15.1 15.1 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11.4 11.4 0 0 0 3.6.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1c0 1.25.2 2.45.57 3.57a1 1 0 0 1-.25 1z"
            }
            Self::HangUp => {
                "M12 9c-1.6 0-3.15.25-4.6.72v3.1a1 1 0 0 1-.56.9c-.98.49-1.87 1.12-2.66 1.85a1 1 0 0 1-1.4-.03L.3 13.1a1 1 0 0 1 0-1.42A16.9 16.9 0 0 1 12 7c4.55 0 8.67 1.78 11.7 4.68a1 1 0 0 1 0 1.42l-2.48 2.48a1 1 0 0 1-1.4.03 11.2 11.2 0 0 0-2.67-1.85 1 1 0 0 1-.56-.9v-3.1A15.1 15.1 0 0 0 12 9z"
            }
            Self::Mic => {
                "M12 14a3 3 0 0 0 3-3V5a3 3 0 1 0-6 0v6a3 3 0 0 0 3 3zm5-3a5 5 0 0 1-10 0H5a7 7 0 0 0 6 6.92V21h2v-3.08A7 7 0 0 0 19 11z"
            }
            Self::MicOff => {
                "M19 11h-1.7a5 5 0 0 1-.4 1.9l1.25 1.25A7 7 0 0 0 19 11zm-4 .17V5a3 3 0 0 0-5.99-.23zM4.27 3 3 4.27l6 6V11a3 3 0 0 0 4.37 2.68l1.24 1.24A5 5 0 0 1 7 11H5a7 7 0 0 0 6 6.92V21h2v-3.08a6.9 6.9 0 0 0 2.98-1.17L19.73 21 21 19.73z"
            }
            Self::Pause => "M6 19h4V5H6zm8-14v14h4V5z",
            Self::Play => "M8 5v14l11-7z",
            Self::Globe => {
                "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm6.9 6h-2.95a15.7 15.7 0 0 0-1.38-3.56A8 8 0 0 1 18.92 8zM12 4.04c.83 1.2 1.48 2.53 1.9 3.96h-3.8c.42-1.43 1.07-2.76 1.9-3.96zM4.26 14a8.2 8.2 0 0 1 0-4h3.38a16.5 16.5 0 0 0 0 4zm.82 2h2.95c.32 1.25.78 2.45 1.38 3.56A8 8 0 0 1 5.08 16zm2.95-8H5.08a8 8 0 0 1 4.33-3.56A15.7 15.7 0 0 0 8.03 8zM12 19.96A14 14 0 0 1 10.1 16h3.8a14 14 0 0 1-1.9 3.96zM14.34 14H9.66a14.7 14.7 0 0 1 0-4h4.68a14.6 14.6 0 0 1 0 4zm.25 5.56c.6-1.11 1.06-2.31 1.38-3.56h2.95a8 8 0 0 1-4.33 3.56zM16.36 14a16.5 16.5 0 0 0 0-4h3.38a8.2 8.2 0 0 1 0 4z"
            }
            Self::History => {
                "M13 3a9 9 0 0 0-9 9H1l4 4 4-4H6a7 7 0 1 1 2.05 4.95l-1.42 1.42A9 9 0 1 0 13 3zm-1 5v5l4.25 2.52.77-1.29-3.52-2.08V8z"
            }
            Self::Live => {
                "M4 4h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-6v2h3v2H7v-2h3v-2H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zm0 2v10h16V6z"
            }
            Self::Search => {
                "M15.5 14h-.8l-.27-.27a6.5 6.5 0 1 0-.7.7l.27.28v.79l5 4.99L20.49 19zm-6 0a4.5 4.5 0 1 1 0-9 4.5 4.5 0 0 1 0 9z"
            }
            Self::Send => "M2 21 23 12 2 3v7l15 2-15 2z",
            Self::Close => {
                "M19 6.4 17.6 5 12 10.6 6.4 5 5 6.4 10.6 12 5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6z"
            }
            Self::Moon => "M12 3a9 9 0 1 0 9 9c0-.46-.04-.92-.1-1.36A5.4 5.4 0 0 1 12.36 3.1 9 9 0 0 0 12 3z",
        }
    }

    pub(crate) fn html(self) -> Html {
        html! {
            <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
                <path d={self.path()} fill="currentColor" />
            </svg>
        }
    }
}
