//! What an HTTP caller is told when a request fails: RFC 9457 problem details.
//!
//! One variant for each thing that a client can do about it. The cause of an internal failure goes to the
//! log and nowhere else.
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contact_core::Refusal;
use shared::api::Problem;
use store::StoreError;

use crate::ports::EngineError;

/// Anything that a handler may end with but its answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("there is no such page")]
    NoSuchPage,
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("that method does not apply here")]
    MethodNotAllowed,
    #[error("the body is too large")]
    BodyTooLarge { limit: usize },
    #[error("the body must be JSON")]
    UnsupportedMediaType,
    /// The body is not the JSON that is asked for.
    #[error("the body cannot be read: {detail}")]
    Malformed { detail: String, field: Option<String> },
    /// A field breaks a rule. `code` is stable, `detail` says what to do.
    #[error("{field}: {detail}")]
    Invalid { field: &'static str, code: &'static str, detail: String },
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("too many requests")]
    TooMany { retry_after: u32 },
    #[error(transparent)]
    Refused(Refusal),
    #[error("the server cannot take this now")]
    Unavailable,
    /// The caller sees no detail. The log gets the whole chain of causes.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Who may not do what they ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("the key is unknown")]
    UnknownKey,
    #[error("the origin is not on the list")]
    OriginNotAllowed,
    #[error("nobody is signed in")]
    Unauthenticated,
    #[error("the login or password is wrong")]
    BadCredentials,
    #[error("the code is unknown, used or expired")]
    BadCode,
    #[error("the request came from another site, or without its CSRF value")]
    CrossSite,
}

/// What a refusal or failure looks like from outside.
struct Told {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    field: Option<String>,
    retry_after: Option<u32>,
}

fn told(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Told {
    Told { status, code, title, detail: detail.into(), field: None, retry_after: None }
}

impl Told {
    fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl ApiError {
    pub fn invalid(field: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid { field, code, detail: detail.into() }
    }

    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(cause))
    }

    /// The answer's body.
    pub fn problem(&self) -> Problem {
        let told = self.told();
        Problem {
            kind: format!("/problems/{}", told.code),
            title: told.title.to_owned(),
            status: told.status.as_u16(),
            detail: told.detail,
            code: told.code.to_owned(),
            field: told.field,
            retry_after: told.retry_after,
        }
    }

    fn told(&self) -> Told {
        use StatusCode as S;
        match self {
            Self::NoSuchPage => told(
                S::NOT_FOUND,
                "not_found",
                "Not found",
                "There is nothing at this address. Check the path.",
            ),
            Self::NotFound(what) => told(
                S::NOT_FOUND,
                "not_found",
                "Not found",
                format!("There is no such {what}, or it is not yours to see."),
            ),
            Self::MethodNotAllowed => told(
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
                "That method does not apply to this address. The Allow header names those that do.",
            ),
            Self::BodyTooLarge { limit } => told(
                S::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "Body too large",
                format!("The body may have at most {limit} bytes. Send less."),
            ),
            Self::UnsupportedMediaType => told(
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Unsupported media type",
                "Send the body as application/json.",
            ),
            Self::Malformed { detail, field } => {
                let told = told(S::BAD_REQUEST, "malformed", "The body cannot be read", detail.clone());
                match field {
                    Some(field) => told.field(field.clone()),
                    None => told,
                }
            }
            Self::Invalid { field, code, detail } => {
                told(S::UNPROCESSABLE_ENTITY, code, "Something in the request is not right", detail.clone())
                    .field(*field)
            }
            Self::Denied(denied) => told_denied(*denied),
            Self::TooMany { retry_after } => told(
                S::TOO_MANY_REQUESTS,
                "too_many_requests",
                "Too many requests",
                format!("Too many requests came from you. Try again in {retry_after} seconds."),
            )
            .retry_after(*retry_after),
            Self::Refused(refusal) => told_refusal(refusal),
            Self::Unavailable => told(
                S::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not available now",
                "The server cannot take this now, and nothing was stored. Try again in a moment.",
            )
            .retry_after(2),
            Self::Internal(_) => told(
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal error",
                "Something failed on our side. Try again; if it stays, tell the operator the time.",
            ),
        }
    }
}

fn told_denied(denied: Denied) -> Told {
    use StatusCode as S;
    match denied {
        Denied::UnknownKey => told(
            S::FORBIDDEN,
            "unknown_key",
            "Unknown key",
            "No business has this key. Check data-business in the script tag.",
        )
        .field("business"),
        Denied::OriginNotAllowed => told(
            S::FORBIDDEN,
            "origin_not_allowed",
            "Origin not allowed",
            "Pages of this origin may not use this key. The operator can list it: ringside admin origin add.",
        ),
        Denied::Unauthenticated => {
            told(S::UNAUTHORIZED, "unauthenticated", "Not signed in", "Sign in and try again.")
        }
        Denied::BadCredentials => told(
            S::UNAUTHORIZED,
            "bad_credentials",
            "Sign-in failed",
            "The login or the password is wrong. Check both and try again.",
        ),
        Denied::BadCode => told(
            S::UNAUTHORIZED,
            "bad_code",
            "The link does not work any more",
            "The code was used before or is too old. Ask for a new link.",
        ),
        Denied::CrossSite => told(
            S::FORBIDDEN,
            "cross_site",
            "Refused for safety",
            "The request did not come from this server's own pages. Reload the page and try again.",
        ),
    }
}

fn told_refusal(refusal: &Refusal) -> Told {
    use StatusCode as S;
    const NOT_NOW: &str = "That does not apply now";
    match refusal {
        Refusal::NoSuchContact => told(S::NOT_FOUND, "not_found", "Not found", "There is no such contact."),
        Refusal::NoSuchAgent => told(S::NOT_FOUND, "not_found", "Not found", "There is no such agent."),
        Refusal::Displaced => {
            told(S::CONFLICT, "displaced", NOT_NOW, "You signed in somewhere else. Take over here to go on.")
        }
        Refusal::NotNow { .. } => {
            told(S::CONFLICT, "not_now", NOT_NOW, "Things have moved on since. Look again and choose anew.")
        }
        Refusal::NotYours => {
            told(S::FORBIDDEN, "not_yours", "Not yours", "That contact belongs to another agent.")
        }
        Refusal::KeyReused => told(
            S::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "Idempotency key used before",
            "This Idempotency-Key came with another body before. Use a new key for a new request.",
        ),
        Refusal::AcceptedBefore(_) => {
            told(S::CONFLICT, "accepted_before", NOT_NOW, "This request was accepted before.")
        }
        Refusal::RegionDenied => told(
            S::UNPROCESSABLE_ENTITY,
            "region_denied",
            "Not called",
            "We don't call numbers of that country. Give another number.",
        )
        .field("number"),
        Refusal::BudgetSpent { .. } => told(
            S::SERVICE_UNAVAILABLE,
            "budget_spent",
            "No more calls for now",
            "All calls of the day are used up. Try again later or talk in this browser.",
        )
        .retry_after(3_600),
        Refusal::OptedOut => told(
            S::UNPROCESSABLE_ENTITY,
            "opted_out",
            "Not called",
            "This number asked never to be called again. Give another number.",
        )
        .field("number"),
        Refusal::TooManyOpen => told(
            S::SERVICE_UNAVAILABLE,
            "too_many_open",
            "Too many wait already",
            "Very many people wait for a call now. Try again in a few minutes.",
        )
        .retry_after(120),
        Refusal::SkillUnknown => told(
            S::UNPROCESSABLE_ENTITY,
            "skill_unknown",
            "Unknown skill",
            "The business does not offer that skill. Check data-skill in the script tag.",
        )
        .field("skill"),
        Refusal::WindowPassed => told(
            S::UNPROCESSABLE_ENTITY,
            "window_passed",
            "Too late",
            "That time has passed. Choose a later one.",
        )
        .field("window"),
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => Self::Refused(refusal),
            EngineError::Unavailable => Self::Unavailable,
            EngineError::NoSuchBusiness => Self::NotFound("business"),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::NotFound(what),
            StoreError::Fenced | StoreError::Taken(_) | StoreError::Corrupt(_) => Self::internal(error),
            StoreError::Invalid(what) => Self::invalid(
                "before",
                "invalid",
                format!("{what} is not valid; begin again at the first page"),
            ),
            StoreError::Database(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the database failed a request");
                Self::Unavailable
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(cause) = &self {
            tracing::error!(error = &**cause as &dyn std::error::Error, "request failed");
        }
        let problem = self.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_causes_never_leave() {
        let error = ApiError::internal(std::io::Error::other("secret path"));
        assert!(!serde_json::to_string(&error.problem()).unwrap().contains("secret"));
    }

    #[test]
    fn a_refusal_names_its_field_and_when_to_come_back() {
        let problem = ApiError::Refused(Refusal::RegionDenied).problem();
        assert_eq!((problem.status, problem.field.as_deref()), (422, Some("number")));
        let response = ApiError::TooMany { retry_after: 7 }.into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
