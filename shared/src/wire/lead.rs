//! Both lead: what an agent does in a customer's page, and what the customer allows.
//!
//! An agent may point while the page is shown, and acts only with the customer's consent. Whatever happens
//! gets the `order` of its contact from the hub, as pages do, so that everybody sees the same sequence.
//! Places are named by mirrored nodes: a different layout, or a scroll in between, hits nothing else.
use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::DocumentId;

extern crate alloc;

/// What an agent may be allowed. Part of stored rows and events: append variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// Show something: laser, highlight, ink, notes. Allowed while the page is shown, until the customer says no.
    Point,
    /// Do something: scroll, fill, choose, click, drag. Only after the customer's consent.
    Control,
}

/// A place on an element: parts of 10,000 of its border box, from its left and top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    pub node: u32,
    pub x: u16,
    pub y: u16,
}

/// What is shown above the page. Worth nothing later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    Laser(Spot),
    /// The whole element.
    Highlight(Spot),
    /// A piece of a stroke: CSS pixels from the left and top of the border box of `anchor`.
    Ink {
        anchor: u32,
        stroke: u32,
        points: Vec<(i16, i16)>,
    },
    /// Nothing any more.
    Gone,
}

/// A key that does something in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Key {
    Enter,
    Escape,
    Up,
    Down,
    Left,
    Right,
}

/// What is done in the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    Click {
        at: Spot,
    },
    /// The whole value. `done`: nothing more is typed, the field changed.
    Fill {
        node: u32,
        text: String,
        done: bool,
    },
    /// Indexes of the options that are selected now.
    Choose {
        node: u32,
        options: Vec<u16>,
    },
    Press {
        node: u32,
        key: Key,
    },
    /// To these offsets, CSS pixels. Node 1 is the page.
    Scroll {
        node: u32,
        x: i32,
        y: i32,
    },
    Grab {
        at: Spot,
    },
    Drag {
        at: Spot,
    },
    Drop {
        at: Spot,
    },
}

/// Viewer: ask the customer for a power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskPower {
    pub power: Power,
}

/// Viewer: give a power back, or take back the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropPower {
    pub power: Power,
}

/// Viewer: show this above the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    pub document: DocumentId,
    pub epoch: u32,
    pub mark: Mark,
}

/// Viewer: do this in the page, which looked as it did at (epoch, seq).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Counts up per viewer; the outcome names it.
    pub act: u32,
    pub document: DocumentId,
    pub epoch: u32,
    pub seq: u32,
    pub deed: Deed,
}

/// On the way to an element in a page of another origin in a frame: the element that stands for the page in the one
/// around it, and the frame of the page that the agent saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub part: u32,
    pub epoch: u32,
    pub seq: u32,
}

/// Viewer: as [`Act`], within such a page. Nodes are those of the innermost one; the outermost comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActWithin {
    pub act: Act,
    pub path: Vec<Step>,
}

/// Viewer: pin a note to an element, or to the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddNote {
    pub document: DocumentId,
    pub epoch: u32,
    pub at: Option<Spot>,
    pub text: String,
}

/// Either side: take a note away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveNote {
    pub note: u32,
}

/// Publisher: the customer answers the question of that number. `consent`: the version of the text that was
/// agreed to; none is a no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerPower {
    pub number: u32,
    pub consent: Option<String>,
}

/// Publisher: the customer takes a power from whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopPower {
    pub power: Power,
}

/// Publisher: what became of the deed with that order. `refused`: one of [`crate::refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActDone {
    pub order: u64,
    pub refused: Option<String>,
}

/// A question to the customer, or (granted) what somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerHeld {
    /// Counts up per contact.
    pub number: u32,
    pub power: Power,
    pub by: String,
    pub granted: bool,
}

/// To the publisher, a snapshot: who may do what, and who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Powers {
    pub order: u64,
    pub pointing: bool,
    pub holds: Vec<PowerHeld>,
    /// Where links may lead that an agent clicks.
    pub origins: Vec<String>,
}

/// To the publisher, and to the other viewers: an agent shows something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointed {
    pub order: u64,
    pub by: String,
    pub document: DocumentId,
    pub epoch: u32,
    pub mark: Mark,
}

/// To the publisher: do this if the grant of that number stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActAsked {
    pub order: u64,
    pub number: u32,
    pub epoch: u32,
    pub seq: u32,
    pub deed: Deed,
}

/// To the publisher, and on from there to the page in the frame: as [`ActAsked`], within it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActAskedWithin {
    pub asked: ActAsked,
    pub path: Vec<Step>,
}

/// A page in a frame to the one around it, while somebody has control: the customer is at it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerActs {
    /// In a field, which should not lose the focus; otherwise with a button.
    pub types: bool,
}

/// A text that both sides see. Hostile: show as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub note: u32,
    pub by: String,
    pub document: DocumentId,
    pub epoch: u32,
    pub at: Option<Spot>,
    pub text: String,
}

/// To both sides, a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    pub order: u64,
    pub notes: Vec<Note>,
}

/// How a viewer's own power stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Standing {
    /// The business does not allow it.
    #[default]
    Never,
    No,
    Asked,
    Yes,
}

/// To a viewer, a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Standings {
    pub order: u64,
    pub point: Standing,
    pub control: Standing,
    /// Who else has control.
    pub led_by: Option<String>,
}

/// To the viewer who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActOutcome {
    pub order: u64,
    pub act: u32,
    /// One of [`crate::refused`].
    pub refused: Option<String>,
}
