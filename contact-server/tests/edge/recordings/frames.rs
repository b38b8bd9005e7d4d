//! Pages of the page's own origin in frames of it, and how a page goes on that may be recorded again.
use super::*;

/// A page of the page's own origin in a frame of it.
fn framed(url: &str, frame: Vec<u8>) -> Vec<u8> {
    [PublisherToServer::from(FrameSays { url: url.into() }).encode(), frame].concat()
}

#[tokio::test]
async fn a_payment_page_in_a_frame_of_the_same_origin_is_left_out_until_a_keyframe_without_it() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    let mut page = page_with(&stage, "http://shop.test/lamps", b"lamps").await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    let patch = |seq, bytes| frame(FrameKind::Patch, 1, seq, bytes);
    shown(&mut page, &mut viewer, framed("http://shop.test/help", patch(1, b"help"))).await;
    shown(&mut page, &mut viewer, framed("http://shop.test/payment", patch(2, b"4242 in a frame"))).await;
    shown(&mut page, &mut viewer, patch(3, b"4242 is still there")).await;
    let moved = of_page("http://shop.test/other", false, patch(4, b"4242 though the page moved on"));
    shown(&mut page, &mut viewer, moved).await;
    let with = framed("http://shop.test/payment", frame(FrameKind::Keyframe, 2, 0, b"4242 in a keyframe"));
    shown(&mut page, &mut viewer, with).await;
    let without = framed("http://shop.test/help", frame(FrameKind::Keyframe, 3, 0, b"thanks"));
    shown(&mut page, &mut viewer, without).await;
    let recordings = stage.ends(&stage.ada).await;
    let entries = stage.played(&stage.ada, &recordings).await;
    assert_eq!(told(&entries), ["lamps", "help", "LeftOut", "thanks"]);
}

#[tokio::test]
async fn a_keyframe_is_asked_for_at_once_after_a_payment_page_and_not_again_soon() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    let mut page = page_with(&stage, "http://shop.test/lamps", b"lamps").await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    let patch = |seq, bytes| frame(FrameKind::Patch, 1, seq, bytes);
    let asked = |bytes: &[u8]| {
        matches!(ServerToPublisher::decode(bytes), Ok(ServerToPublisher::KeyframeWanted(_))).then_some(())
    };
    shown(&mut page, &mut viewer, of_page("http://shop.test/pay", false, patch(1, b"4242"))).await;
    shown(&mut page, &mut viewer, of_page("http://shop.test/lamps", false, patch(2, b"back"))).await;
    page.wait(asked).await;
    shown(&mut page, &mut viewer, frame(FrameKind::Keyframe, 2, 0, b"all of it")).await;
    let recordings = stage.ends(&stage.ada).await;
    let entries = stage.played(&stage.ada, &recordings).await;
    assert_eq!(told(&entries), ["lamps", "LeftOut", "all of it"]);
}
