//! The site that serves the fixtures.
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

pub(super) struct Files {
    pub(super) folder: PathBuf,
    pub(super) server: String,
}

/// One file of the folder, under a plain name; pages get the widget's script tag, but for those in `frames/`.
pub(super) async fn file(State(files): State<Arc<Files>>, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    let read = if is_plain { std::fs::read(files.folder.join(path)).ok() } else { None };
    let Some(mut bytes) = read else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match Path::new(path).extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some(_) | None => "application/octet-stream",
    };
    if kind.starts_with("text/html") && !path.starts_with("frames/") {
        let tag = format!(
            "<script async src=\"{}/widget.js\" data-business=\"harbour-and-pine\" data-prefetch=\"no\"></script>",
            files.server
        );
        bytes.extend_from_slice(tag.as_bytes());
    }
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}
