//! Messages of the sockets, from both sides: what decodes is written and read again as the same, or longer by no
//! more than its own.
use shared::wire::{
    console::{ConsoleToServer, ServerToConsole},
    handset::{HandsetToServer, ServerToHandset},
    mirror::{
        PartToPage, PublisherToServer, ServerToHand, ServerToPublisher, ServerToViewer, ViewerToServer,
    },
    widget::{ServerToWidget, WidgetToServer},
};

use super::{MIB, Target, note};

/// One message of each kind, in hex (`shared/tests/golden.rs`).
const GOLDEN: &str = include_str!("../../../shared/tests/golden/v1.txt");
const LONGEST: usize = 4_096;

macro_rules! target {
    ($name:literal, $messages:ty, $function:ident) => {{
        fn $function(bytes: &[u8]) {
            match <$messages>::decode(bytes) {
                Ok(message) => {
                    let again = message.encode();
                    note((0, again.get(..2).map(<[u8]>::to_vec)));
                    if !again.is_empty() {
                        assert_eq!(<$messages>::decode(&again), Ok(message), "it reads what it writes");
                    }
                }
                Err(error) => note((1, format!("{error:?}"))),
            }
        }
        Target {
            name: $name,
            run: $function,
            seeds: || golden(stringify!($messages)),
            words: &[],
            mend: right_length,
            longest: LONGEST,
            most_memory: MIB,
            contains_panics: false,
        }
    }};
}

pub(super) const TARGETS: &[Target] = &[
    target!("wire-widget", WidgetToServer, widget),
    target!("wire-console", ConsoleToServer, console),
    target!("wire-handset", HandsetToServer, handset),
    target!("wire-publisher", PublisherToServer, publisher),
    target!("wire-viewer", ViewerToServer, viewer),
    target!("wire-to-widget", ServerToWidget, to_widget),
    target!("wire-to-console", ServerToConsole, to_console),
    target!("wire-to-handset", ServerToHandset, to_handset),
    target!("wire-to-publisher", ServerToPublisher, to_publisher),
    target!("wire-to-viewer", ServerToViewer, to_viewer),
    target!("wire-to-hand", ServerToHand, to_hand),
    target!("wire-part-to-page", PartToPage, part_to_page),
];

pub(super) fn golden(messages: &str) -> Vec<Vec<u8>> {
    let of = |line: &&str| line.split(' ').next().is_some_and(|path| path.ends_with(messages));
    let hex = GOLDEN.lines().filter(of).filter_map(|line| line.split(' ').nth(2));
    hex.map(|hex| {
        let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or_default()).collect()
    })
    .collect()
}

/// The envelope says how long the body is.
#[expect(clippy::ptr_arg, reason = "it has the form of all that mend")]
pub(super) fn right_length(input: &mut Vec<u8>) {
    if let Some(body) = input.len().checked_sub(shared::envelope::HEADER_BYTES) {
        let length = u32::try_from(body).unwrap_or(u32::MAX);
        input[2..shared::envelope::HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
    }
}
