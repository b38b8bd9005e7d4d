//! Pixels of the page, as the browser lets scripts read them.
use js_sys::{Promise, Uint8Array, Uint32Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, HtmlVideoElement, Window,
};

use crate::pace::{fitting, hash};

/// Pixels of a picture that is read.
const MOST_PIXELS: u32 = 1_000_000;
/// Up to so many pixels nothing is lost.
const EXACT_PIXELS: u32 = 400_000;
/// Bytes from which on a picture is made coarser.
const FINE_BYTES: f64 = 256.0 * 1024.0;

/// What can be drawn.
pub(crate) enum Source<'e> {
    Canvas(&'e HtmlCanvasElement),
    Video(&'e HtmlVideoElement),
    Image(&'e HtmlImageElement),
}

/// A canvas of our own that others are copied into.
pub(crate) struct Reader {
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
}

impl Reader {
    pub(crate) fn new(window: &Window) -> Option<Self> {
        let canvas: HtmlCanvasElement = window.document()?.create_element("canvas").ok()?.dyn_into().ok()?;
        let options = js_sys::Object::new();
        js_sys::Reflect::set(&options, &"willReadFrequently".into(), &true.into()).ok()?;
        let context = canvas.get_context_with_context_options("2d", &options).ok()??.dyn_into().ok()?;
        Some(Self { canvas, context })
    }

    /// Copies a picture; gives a number that names what it shows. None: scripts may not read it.
    pub(crate) fn copy(&self, source: &Source<'_>, width: u32, height: u32) -> Option<u64> {
        let (width, height) = fitting(width, height, MOST_PIXELS);
        self.canvas.set_width(width);
        self.canvas.set_height(height);
        let (right, bottom) = (f64::from(width), f64::from(height));
        let context = &self.context;
        match source {
            Source::Canvas(canvas) => {
                context.draw_image_with_html_canvas_element_and_dw_and_dh(canvas, 0.0, 0.0, right, bottom)
            }
            Source::Video(video) => {
                context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, right, bottom)
            }
            Source::Image(image) => {
                context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, right, bottom)
            }
        }
        .ok()?;
        let pixels = self.context.get_image_data(0.0, 0.0, right, bottom).ok()?;
        // Not `pixels.data()`: it would copy every byte once more.
        let data = js_sys::Reflect::get(&pixels, &"data".into()).ok()?;
        let buffer = js_sys::Reflect::get(&data, &"buffer".into()).ok()?;
        Some(hash(&Uint32Array::new(&buffer).to_vec()) ^ u64::from(width) << 32)
    }

    /// What was copied last, as the bytes of an image.
    pub(crate) async fn encode(&self) -> Option<Vec<u8>> {
        let pixels = self.canvas.width() * self.canvas.height();
        let mut blob = match pixels <= EXACT_PIXELS {
            true => self.blob("image/png", 1.0).await?,
            false => self.blob("image/webp", 0.9).await?,
        };
        if blob.size() > FINE_BYTES {
            blob = self.blob("image/webp", 0.6).await?;
        }
        let buffer = JsFuture::from(blob.array_buffer()).await.ok()?;
        Some(Uint8Array::new(&buffer).to_vec())
    }

    async fn blob(&self, kind: &str, quality: f64) -> Option<Blob> {
        let made = Promise::new(&mut |done, failed| {
            let quality = JsValue::from_f64(quality);
            if self.canvas.to_blob_with_type_and_encoder_options(&done, kind, &quality).is_err() {
                // Nobody waits for anything but the outcome.
                let _ = failed.call0(&JsValue::NULL);
            }
        });
        JsFuture::from(made).await.ok()?.dyn_into().ok()
    }
}
