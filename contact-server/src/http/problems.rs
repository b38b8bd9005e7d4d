//! `/problems/{code}`: what a refusal means and what to do, for whoever follows a problem's `type`.
use axum::response::Html;

use super::path::Segments;
use crate::problem::{ApiError, Code};

/// Plain words from [`Code`], which hold nothing that would need escaping but `&` and `<`.
pub async fn page(Segments(code): Segments<String>) -> Result<Html<String>, ApiError> {
    let code = Code::of_text(&code).ok_or(ApiError::NoSuchPage)?;
    let [title, meaning, remedy] = [code.title(), code.meaning(), code.remedy()]
        .map(|text| text.replace('&', "&amp;").replace('<', "&lt;"));
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title} - Ringside</title></head>\
         <body><main><h1>{title}</h1><p>{meaning}</p><h2>What to do</h2><p>{remedy}</p>\
         <p><code>{}</code></p></main></body></html>",
        code.text()
    )))
}
