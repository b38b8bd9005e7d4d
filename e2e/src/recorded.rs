//! What stands in a server's recordings, opened with its keys.
use std::path::Path;

use anyhow::{Context, Result};
use contact_server::archive::{
    file,
    keys::{KeyRing, Of},
    seal::DataKey,
    shelf::Shelf,
};
use page_mirror::replay::{Replica, ops::Late, urls::Origins};
use shared::wire::{
    mirror::{FrameKind, ServerToViewer},
    recording::Recorded,
};

/// Every string in the frames of all recordings, opened with the server's keys.
pub async fn recorded_texts(data: &Path, keys: &Path) -> Result<String> {
    let store = store::open(&format!("sqlite:{}", data.join("ringside.db").display())).await?;
    let ring = KeyRing::read(keys)?;
    let mut texts = String::new();
    for business in store.businesses().await? {
        let all = shared::Timestamp(u64::MAX >> 1);
        for recording in store.records().expired_recordings(business.id, all, 100).await? {
            let of = Of::from(&recording);
            let path = Shelf::below(data).file(of);
            let key = DataKey::new(&*ring.open(&recording)?);
            let mut replica = Replica::new(Origins::default());
            for head in file::heads(&path)? {
                let entries = file::segment(&path, of, &key, head.number)?;
                read(&entries, &mut replica, &mut texts).context("a segment is not what it should be")?;
            }
        }
    }
    Ok(texts)
}

fn read(mut entries: &[u8], replica: &mut Replica, texts: &mut String) -> Result<()> {
    while !entries.is_empty() {
        let (entry, rest) = Recorded::split(entries)?;
        entries = rest;
        let Recorded::Told(told) = entry else { continue };
        let ServerToViewer::StreamFrame(frame) = ServerToViewer::decode(&told.message)? else { continue };
        if frame.kind == FrameKind::Pointer {
            continue;
        }
        if frame.kind == FrameKind::Keyframe {
            // Epochs count anew in each document.
            replica.await_keyframe();
        }
        replica.apply(frame.kind == FrameKind::Keyframe, frame.epoch, frame.seq, &frame.bytes)?;
        texts.push_str(&replica.take_ops().1);
        texts.push_str(&replica.view().url);
        texts.push_str(&replica.view().title);
        done_late(replica.take_late(), texts);
    }
    Ok(())
}

fn done_late(all: Vec<Late>, texts: &mut String) {
    for late in all {
        if let Late::State { value: text, .. } | Late::Sheet { css: text, .. } = late {
            texts.push_str(&text);
        } else if let Late::Part { done, .. } = late {
            texts.push_str(&done.text);
            done_late(done.late, texts);
        }
    }
}
