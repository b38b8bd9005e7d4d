//! What the OpenAPI document says beside its routes, which come from the handlers.
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

/// The document without routes.
pub fn base() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Ringside")
                .version("1")
                .description(Some(
                    "The contact server's HTTP interface. Errors are RFC 9457 problem details with a stable `code`.",
                ))
                .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build())),
        )
        .build()
}
