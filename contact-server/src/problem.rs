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

use crate::{attack, ports::EngineError};

mod codes;

pub use codes::Code;

/// Anything that a handler may end with but its answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("there is no such page")]
    NoSuchPage,
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("that method does not apply here")]
    MethodNotAllowed,
    #[error(transparent)]
    Body(#[from] BodyFault),
    /// The body is not the JSON that is asked for.
    #[error("the body cannot be read: {detail}")]
    Malformed { detail: String, field: Option<String> },
    /// A field breaks a rule. `code` is stable, `detail` says what to do.
    #[error("{field}: {detail}")]
    Invalid { field: &'static str, code: Code, detail: String },
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("too many requests")]
    TooMany { retry_after: u32 },
    /// One address asked for calls to many numbers.
    #[error("too many numbers")]
    TooManyNumbers { retry_after: u32 },
    #[error(transparent)]
    Attacked(#[from] attack::Refused),
    #[error("the dial budget is spent")]
    BudgetSpent { retry_after: u32 },
    /// No dialer carries that number.
    #[error("no line for that number")]
    NoTelephone,
    #[error(transparent)]
    Refused(Refusal),
    #[error("the server cannot take this now")]
    Unavailable,
    /// The caller sees no detail. The log gets the whole chain of causes.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is wrong with a body before anybody reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    #[error("the body is too large")]
    TooLarge { limit: usize },
    #[error("the body came too slowly")]
    TooSlow,
    #[error("the body must be JSON")]
    MediaType,
    #[error("the body must not be compressed")]
    Encoding,
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
    #[error("the customer's code is unknown, used or expired")]
    BadSessionCode,
    #[error("the request came from another site, or without its CSRF value")]
    CrossSite,
    #[error("this agent may not play recordings")]
    NoPlayer,
}

/// What a refusal or failure looks like from outside.
struct Told {
    status: StatusCode,
    code: Code,
    detail: String,
    field: Option<String>,
    retry_after: Option<u32>,
}

fn told(status: StatusCode, code: Code, detail: impl Into<String>) -> Told {
    Told { status, code, detail: detail.into(), field: None, retry_after: None }
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
    pub fn invalid(field: &'static str, code: Code, detail: impl Into<String>) -> Self {
        Self::Invalid { field, code, detail: detail.into() }
    }

    pub fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(cause))
    }

    /// The answer's body.
    pub fn problem(&self) -> Problem {
        let told = self.told();
        Problem {
            kind: format!("/problems/{}", told.code.text()),
            title: told.code.title().to_owned(),
            status: told.status.as_u16(),
            detail: told.detail,
            code: told.code.text().to_owned(),
            field: told.field,
            retry_after: told.retry_after,
            proof: if let Self::Attacked(refused) = self { refused.proof().cloned() } else { None },
        }
    }

    fn told(&self) -> Told {
        use StatusCode as S;
        match self {
            Self::NoSuchPage => {
                told(S::NOT_FOUND, Code::NotFound, "There is nothing at this address. Check the path.")
            }
            Self::NotFound(what) => told(
                S::NOT_FOUND,
                Code::NotFound,
                format!("There is no such {what}, or it is not yours to see."),
            ),
            Self::MethodNotAllowed => told(
                S::METHOD_NOT_ALLOWED,
                Code::MethodNotAllowed,
                "That method does not apply to this address. The Allow header names those that do.",
            ),
            Self::Body(fault) => told_body(*fault),
            Self::Malformed { detail, field } => {
                let told = told(S::BAD_REQUEST, Code::Malformed, detail.clone());
                match field {
                    Some(field) => told.field(field.clone()),
                    None => told,
                }
            }
            Self::Invalid { field, code, detail } => {
                told(S::UNPROCESSABLE_ENTITY, *code, detail.clone()).field(*field)
            }
            Self::Denied(denied) => told_denied(*denied),
            Self::TooMany { retry_after } => told(
                S::TOO_MANY_REQUESTS,
                Code::TooManyRequests,
                format!("Too many requests came from you. Try again in {retry_after} seconds."),
            )
            .retry_after(*retry_after),
            Self::TooManyNumbers { retry_after } => told(
                S::TOO_MANY_REQUESTS,
                Code::TooManyNumbers,
                "Calls to many numbers were asked for from here. Use one of them, or try again later.",
            )
            .field("number")
            .retry_after(*retry_after),
            Self::Attacked(refused) => told_attacked(refused),
            Self::BudgetSpent { retry_after } => told_budget_spent(*retry_after),
            Self::NoTelephone => told(
                S::UNPROCESSABLE_ENTITY,
                Code::NoTelephone,
                "Telephones cannot be called from here yet. Talk in this browser instead.",
            )
            .field("number"),
            Self::Refused(refusal) => told_refusal(refusal),
            Self::Unavailable => told(
                S::SERVICE_UNAVAILABLE,
                Code::Unavailable,
                "The server cannot take this now, and nothing was stored. Try again in a moment.",
            )
            .retry_after(2),
            Self::Internal(_) => told(
                S::INTERNAL_SERVER_ERROR,
                Code::Internal,
                "Something failed on our side. Try again; if it stays, tell the operator the time.",
            ),
        }
    }
}

fn told_body(fault: BodyFault) -> Told {
    use StatusCode as S;
    match fault {
        BodyFault::TooLarge { limit } => told(
            S::PAYLOAD_TOO_LARGE,
            Code::BodyTooLarge,
            format!("The body may have at most {limit} bytes. Send less."),
        ),
        BodyFault::TooSlow => told(
            S::REQUEST_TIMEOUT,
            Code::BodyTooSlow,
            "The body did not come in time. Send it again, in one go.",
        ),
        BodyFault::MediaType => {
            told(S::UNSUPPORTED_MEDIA_TYPE, Code::UnsupportedMediaType, "Send the body as application/json.")
        }
        BodyFault::Encoding => told(
            S::UNSUPPORTED_MEDIA_TYPE,
            Code::UnsupportedEncoding,
            "Send the body as it is, without Content-Encoding.",
        ),
    }
}

fn told_attacked(refused: &attack::Refused) -> Told {
    use StatusCode as S;
    match refused {
        attack::Refused::ProofAsked { retry_after, .. } => told(
            S::TOO_MANY_REQUESTS,
            Code::ProofRequired,
            "Very many ask for a call now, so each must show that it is no program. Reload the page and try again.",
        )
        .retry_after(*retry_after),
        attack::Refused::Full { retry_after } => told(
            S::SERVICE_UNAVAILABLE,
            Code::TooManyProofs,
            "Very many ask for a call now, and nothing was stored. Try again in a few minutes.",
        )
        .retry_after(*retry_after),
        attack::Refused::Share { retry_after } => told(
            S::TOO_MANY_REQUESTS,
            Code::TooManyRequests,
            format!("Very many wait for a call now, many of them of your network. Try again in {retry_after} seconds."),
        )
        .retry_after(*retry_after),
    }
}

fn told_budget_spent(retry_after: u32) -> Told {
    told(
        StatusCode::SERVICE_UNAVAILABLE,
        Code::BudgetSpent,
        "All calls of the day are used up. Try again later or talk in this browser.",
    )
    .retry_after(retry_after)
}

fn told_denied(denied: Denied) -> Told {
    use StatusCode as S;
    match denied {
        Denied::UnknownKey => told(
            S::FORBIDDEN,
            Code::UnknownKey,
            "No business has this key. Check data-business in the script tag.",
        )
        .field("business"),
        Denied::OriginNotAllowed => told(
            S::FORBIDDEN,
            Code::OriginNotAllowed,
            "Pages of this origin may not use this key. The operator can list it: ringside admin origin add.",
        ),
        Denied::Unauthenticated => told(S::UNAUTHORIZED, Code::Unauthenticated, "Sign in and try again."),
        Denied::BadCredentials => told(
            S::UNAUTHORIZED,
            Code::BadCredentials,
            "The login or the password is wrong. Check both and try again.",
        ),
        Denied::BadCode => told(
            S::UNAUTHORIZED,
            Code::BadCode,
            "The code was used before or is too old. Ask for a new link.",
        ),
        Denied::BadSessionCode => told(
            S::UNAUTHORIZED,
            Code::BadSessionCode,
            "That code is not good (any more). Ask the customer for a new one.",
        ),
        Denied::CrossSite => told(
            S::FORBIDDEN,
            Code::CrossSite,
            "The request did not come from this server's own pages. Reload the page and try again.",
        ),
        Denied::NoPlayer => told(
            S::FORBIDDEN,
            Code::NoPlayer,
            "You may not play recordings. Whoever runs your business's account can allow it.",
        ),
    }
}

fn told_refusal(refusal: &Refusal) -> Told {
    use StatusCode as S;
    match refusal {
        Refusal::NoSuchContact => told(S::NOT_FOUND, Code::NotFound, "There is no such contact."),
        Refusal::NoSuchAgent => told(S::NOT_FOUND, Code::NotFound, "There is no such agent."),
        Refusal::Displaced => {
            told(S::CONFLICT, Code::Displaced, "You signed in somewhere else. Take over here to go on.")
        }
        Refusal::NotNow { .. } => {
            told(S::CONFLICT, Code::NotNow, "Things have moved on since. Look again and choose anew.")
        }
        Refusal::PowerOff => {
            told(S::CONFLICT, Code::NotNow, "Your business does not let agents do that in a customer's page.")
        }
        Refusal::NotYours => told(S::FORBIDDEN, Code::NotYours, "That contact belongs to another agent."),
        Refusal::KeyReused => told(
            S::UNPROCESSABLE_ENTITY,
            Code::IdempotencyKeyReused,
            "This Idempotency-Key came with another body before. Use a new key for a new request.",
        ),
        Refusal::AcceptedBefore(_) => {
            told(S::CONFLICT, Code::AcceptedBefore, "This request was accepted before.")
        }
        Refusal::RegionDenied => told(
            S::UNPROCESSABLE_ENTITY,
            Code::RegionDenied,
            "We don't call numbers of that country. Give another number.",
        )
        .field("number"),
        // Whoever knows what time it is says more (`ApiError::BudgetSpent`).
        Refusal::BudgetSpent { .. } => told_budget_spent(3_600),
        Refusal::NumberNotCalled => told(
            S::UNPROCESSABLE_ENTITY,
            Code::NumberNotCalled,
            "This number can't be called. Give another number.",
        )
        .field("number"),
        Refusal::TooManyOpen => told(
            S::SERVICE_UNAVAILABLE,
            Code::TooManyOpen,
            "Very many people wait for a call now. Try again in a few minutes.",
        )
        .retry_after(120),
        Refusal::ShowingOff => told(
            S::UNPROCESSABLE_ENTITY,
            Code::ShowingOff,
            "Pages are shown here to agents who call. Ask for a call.",
        )
        .field("channel"),
        Refusal::SkillUnknown => told(
            S::UNPROCESSABLE_ENTITY,
            Code::SkillUnknown,
            "The business does not offer that skill. Check data-skill in the script tag.",
        )
        .field("skill"),
        Refusal::WindowPassed => {
            told(S::UNPROCESSABLE_ENTITY, Code::WindowPassed, "That time has passed. Choose a later one.")
                .field("window")
        }
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
            StoreError::Invalid(_) => Self::invalid(
                "before",
                Code::Invalid,
                "That place in the list is not valid. Begin again at the first page.",
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
