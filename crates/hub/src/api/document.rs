//! The OpenAPI document: what the routes say of themselves, and the shapes of the report.

use model::report::{Conversation, Device, Finding, Isolation};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApiBuilder};

/// The OpenAPI 3.1 document of the API.
#[must_use]
pub fn document() -> Value {
    let (_, routes) = super::routes().split_for_parts();
    let info = InfoBuilder::new()
        .title("Medwarden")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Medical devices on a network: inventory, conversations, findings, and people's work on them."))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let built = OpenApiBuilder::new().info(info).paths(routes.paths).components(routes.components).build();
    let mut document = serde_json::to_value(built).unwrap_or_default();
    add_report_shapes(&mut document);
    add_problems(&mut document);
    document
}

/// Adds Device, Conversation and Finding as the report has them, from the same types.
fn add_report_shapes(document: &mut Value) {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    generator.subschema_for::<Device>();
    generator.subschema_for::<Conversation>();
    generator.subschema_for::<Finding>();
    generator.subschema_for::<Isolation>();
    let shapes = generator.take_definitions(true);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(shapes);
    }
}

/// Says of every operation that an error is problem+json.
fn add_problems(document: &mut Value) {
    let problem = json!({
        "description": "It could not be done: problem+json (RFC 9457)",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemBody" } } }
    });
    let paths = document.pointer_mut("/paths").and_then(Value::as_object_mut);
    for operation in
        paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut).flat_map(|path| path.values_mut())
    {
        if let Some(responses) = operation.pointer_mut("/responses").and_then(Value::as_object_mut) {
            responses.entry("default").or_insert_with(|| problem.clone());
        }
    }
}
