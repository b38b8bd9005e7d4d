//! What goes on a contact's tape.
use shared::wire::mirror::PageSays;

use super::*;
use crate::{
    archive::tape::{Tape, Waiting},
    clock::SystemClock,
};

#[tokio::test]
async fn what_was_said_of_a_page_before_it_was_recorded_counts_as_what_may_not_be() {
    for says_again in [false, true] {
        let mut mirror = shared_page();
        let _page = page(&mut mirror, 1, 0xD1);
        let plain = PageSays { url: "https://shop.example/".into(), secret_fields: false };
        mirror.parts_say(1, std::slice::from_ref(&plain));
        let (tape, queue) = Tape::new(Arc::new(SystemClock::default()), Waiting::default());
        mirror.record(tape, Vec::new(), NOW);
        let _viewer = join(&mut mirror, 2, ADA);
        mirror.page_says(1, &plain);
        if says_again {
            mirror.parts_say(1, std::slice::from_ref(&plain));
        }
        publish(&mut mirror, 1, (1, 0)).unwrap();
        drop(mirror);
        assert_eq!(queue.some().await, says_again, "nobody knows what the frame holds");
    }
}
