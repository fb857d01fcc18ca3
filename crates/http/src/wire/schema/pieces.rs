//! Schemas of single members that a request may send in more than one form.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, Schema,
    SchemaFormat, SchemaType, Type,
};

fn nullable(of: Type) -> SchemaType {
    SchemaType::from_iter([of, Type::Null])
}

/// A text that cannot be null.
pub(super) fn text(description: &str, max_length: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(max_length))
        .description(Some(description))
}

/// A text or null, however long.
pub(super) fn nullable_text_of_any_length(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(nullable(Type::String))
        .description(Some(description))
}

/// A text or null.
pub(super) fn nullable_text(description: &str, max_length: usize) -> ObjectBuilder {
    text(description, max_length).schema_type(nullable(Type::String))
}

/// A key or null.
pub(super) fn key(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(nullable(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .description(Some(description))
}

/// An array that cannot be null.
pub(super) fn list(description: &str, item: ObjectBuilder) -> ArrayBuilder {
    ArrayBuilder::new()
        .items(item)
        .description(Some(description))
}

/// An array or null.
pub(super) fn nullable_list(description: &str, item: ObjectBuilder) -> ArrayBuilder {
    list(description, item).schema_type(nullable(Type::Array))
}

/// A dictionary or null.
pub(super) fn dictionary(description: &str, value: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(nullable(Type::Object))
        .additional_properties(Some(AdditionalProperties::RefOr(value.into())))
        .description(Some(description))
}

/// Any value at all.
pub(super) fn anything() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}

/// A member that the server sets; what a request says about it is ignored.
pub(super) fn ignored() -> ObjectBuilder {
    anything().description(Some(
        "Set by the server: whatever a request has here is ignored.",
    ))
}

/// A state by name or by number, or null.
pub(super) fn state(description: &str) -> AnyOfBuilder {
    let names = ["Unknown", "Active", "Stopped", "TooManyErrors"];
    name_or_number(description, ObjectBuilder::new().enum_values(Some(names)))
}

/// A set of flags by names or by number, or null.
pub(super) fn flags(description: &str, pattern: &str) -> AnyOfBuilder {
    name_or_number(description, ObjectBuilder::new().pattern(Some(pattern)))
}

fn name_or_number(description: &str, names: ObjectBuilder) -> AnyOfBuilder {
    let numbers = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .minimum(Some(0))
        .maximum(Some(3));
    let spellings = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The same in another case, or a number as text."));
    AnyOfBuilder::new()
        .item(names.schema_type(Type::String))
        .item(spellings)
        .item(numbers)
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .description(Some(description))
}
