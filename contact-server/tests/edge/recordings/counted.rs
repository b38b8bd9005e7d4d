//! What becomes of recordings is counted, and names nobody.
use contact_server::metrics::Levels;

use super::*;

fn value(metrics: &str, series: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is missing in\n{metrics}")).parse().unwrap()
}

#[tokio::test]
async fn what_becomes_of_recordings_is_counted() {
    let stage = Stage::on(recording_server(|_| {}).await, AGREED).await;
    let app = &running(&stage.server).app;
    let counts = || {
        let text = app.metrics.text(&Levels::default());
        assert!(!text.contains(&stage.contact.to_string()), "an id is a label without bounds");
        [
            "recordings_begun_total",
            "recordings_sealed_total",
            "recording_bytes_total",
            "recording_faults_total{what=\"damaged\"}",
            "recording_faults_total{what=\"disk\"}",
            "recordings_deleted_total{why=\"age\"}",
            "recordings_deleted_total{why=\"erasure\"}",
        ]
        .map(|series| value(&text, &format!("ringside_{series}")))
    };
    assert_eq!(counts(), [0; 7], "all of it is there from the start");
    let mut page = page_with(&stage, "http://shop.test/", b"home").await;
    let mut viewer = stage.viewer(None).await;
    viewer.frame().await;
    shown(&mut page, &mut viewer, frame(FrameKind::Patch, 1, 1, b"more")).await;
    let recordings = stage.ends(&stage.ada).await;
    let [path] = &stage.files()[..] else { panic!("one file") };
    let mut bytes = std::fs::read(path).unwrap();
    let size = bytes.len() as u64;
    assert_eq!(counts(), [1, 1, size, 0, 0, 0, 0]);
    let pieces = value(&app.metrics.text(&Levels::default()), "ringside_recording_pieces_total");
    assert_eq!(pieces, recordings.parts[0].segments.len() as u64);

    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(path, bytes).unwrap();
    let business = app.sites.by_key(KEY).unwrap().business.id;
    let [kept] = &app.store.records().recordings_of(business, stage.contact).await.unwrap()[..] else {
        panic!("one row")
    };
    let last = u32::try_from(pieces).unwrap() - 1;
    app.archive.segments(kept.clone(), last..=last).await.unwrap_err();
    app.archive.segments(kept.clone(), last + 1..=last + 1).await.unwrap_err();
    assert_eq!(counts(), [1, 1, size, 1, 0, 0, 0], "what is not there is asked for in vain, and no fault");
    app.engine.input(business, Input::Erased(vec![stage.contact])).await.unwrap();
    assert_eq!(counts(), [1, 1, size, 1, 0, 0, 1]);
}
