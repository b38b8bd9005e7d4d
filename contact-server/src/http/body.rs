//! A JSON body, read within its limit and refused with the field that is at fault.
use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::header,
};
use serde::de::DeserializeOwned;
use shared::limits::HTTP_BODY_BYTES;
use tokio::time::timeout;

use crate::{
    limits::BODY_WITHIN,
    problem::{ApiError, BodyFault},
};

/// A decoded body, and its bytes as they came.
pub struct Json<T> {
    pub value: T,
    pub bytes: Bytes,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            return Err(BodyFault::MediaType.into());
        }
        let too_large = || BodyFault::TooLarge { limit: HTTP_BODY_BYTES };
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|n| n > HTTP_BODY_BYTES) {
            return Err(too_large().into());
        }
        let is_plain = request
            .headers()
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
        if !is_plain {
            return Err(BodyFault::Encoding.into());
        }
        let bytes = timeout(BODY_WITHIN, to_bytes(request.into_body(), HTTP_BODY_BYTES));
        // The only failure beside the limit is a client that went away, which hears no answer anyway.
        let bytes = bytes.await.map_err(|_| BodyFault::TooSlow)?.map_err(|_| too_large())?;
        let value = read(&bytes)?;
        Ok(Self { value, bytes })
    }
}

/// Decodes a whole body, or says what does not fit without repeating it.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        ApiError::Malformed {
            field: (path != "." && path != "?").then_some(path),
            detail: format!("The body does not fit: {}.", without_values(&error.inner().to_string())),
        }
    })?;
    json.end().map_err(|_| ApiError::Malformed {
        field: None,
        detail: "Something follows the JSON value. Send one value.".to_owned(),
    })?;
    Ok(value)
}

/// What a decoder says of a body, without what stood in it: that may be a password in the wrong place.
fn without_values(said: &str) -> String {
    let by_value = ["invalid type: ", "invalid value: ", "unknown variant "];
    match said.split_once(", expected ") {
        Some((_, expected)) if by_value.iter().any(|start| said.starts_with(start)) => {
            format!("expected {expected}")
        }
        _ => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use shared::api::NumberQuestion;

    use super::*;

    #[test]
    fn field_at_fault_is_named() {
        let Err(ApiError::Malformed { field, .. }) =
            read::<NumberQuestion>(br#"{"business":"k","number":7}"#)
        else {
            panic!("a number is no text");
        };
        assert_eq!(field.as_deref(), Some("number"));
    }

    #[test]
    fn a_refusal_repeats_no_value() {
        for body in [
            r#"{"login":"ada","password":8242424242}"#,
            r#"{"login":"ada","password":["8242424242"]}"#,
            r#"{"login":"ada","password":{"expected":"8242424242"}}"#,
            r#""8242424242""#,
        ] {
            let Err(ApiError::Malformed { detail, .. }) = read::<shared::api::SignIn>(body.as_bytes()) else {
                panic!("{body} fits");
            };
            assert!(!detail.contains("8242424242"), "{detail}");
            assert!(detail.contains("expected "), "{detail}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn body_that_never_ends_is_refused() {
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
        let dribble = futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        sender.send(Ok(Bytes::from_static(b"{\"business\":"))).await.unwrap();
        let request = Request::builder().header(header::CONTENT_TYPE, "application/json");
        let request = request.body(axum::body::Body::from_stream(dribble)).unwrap();
        // The paused clock goes on when nothing else can happen.
        let refused = Json::<NumberQuestion>::from_request(request, &()).await;
        assert!(matches!(refused, Err(ApiError::Body(BodyFault::TooSlow))));
        drop(sender);
    }

    #[test]
    fn trailing_bytes_and_unknown_fields_are_refused() {
        for body in [
            "{\"business\":\"k\",\"number\":\"1\"} x",
            "{\"business\":\"k\",\"number\":\"1\",\"admin\":true}",
            "",
        ] {
            assert!(read::<NumberQuestion>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
