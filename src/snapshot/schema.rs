//! The JSON Schema of the record, for editors and for whoever writes records with other programs. It is
//! generated from the types, whose documentation becomes its descriptions, so that it cannot say what
//! the parser does not. What no schema can say (names that are unique, sysctls that exist) is said by
//! [`file::parse`](super::file::parse) and by `assess::check`.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{Protocol, SCHEMA, Snapshot};

/// Where the schema is published in the repository.
pub const FILE: &str = "rules/schema/snapshot.schema.json";

/// The schema as a text, JSON Schema 2020-12.
///
/// # Errors
/// Only what the serializer itself reports.
pub fn text() -> Result<String, serde_json::Error> {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Snapshot>();
    RecursiveTransform(plain).transform(&mut schema);
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

/// The line that says which format a record has.
pub(super) fn line(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "const": SCHEMA })
}

/// A record without a namespace has nothing to judge.
pub(super) fn some_namespace(record: &mut Schema) {
    record.insert("required".to_owned(), json!(["schema", "namespaces"]));
    if let Some(Value::Object(fields)) = record.get_mut("properties")
        && let Some(Value::Object(namespaces)) = fields.get_mut("namespaces")
    {
        namespaces.remove("default");
    }
}

/// An internet address ends in a port, whatever stands before it; the name of a unix socket is any text.
pub(super) fn addresses(listener: &mut Schema) {
    let internet = Protocol::ALL
        .into_iter()
        .filter(|it| it.is_tcp() || it.is_sctp());
    let names: Vec<&str> = internet.map(Protocol::name).collect();
    listener.insert(
        "if".to_owned(),
        json!({ "properties": { "protocol": { "enum": names } } }),
    );
    listener.insert(
        "then".to_owned(),
        json!({ "properties": { "address": { "pattern": "^[^ ]+:[0-9]{1,5}$" } } }),
    );
}

/// Takes out of a description what only readers of the source can follow, and of a number what only
/// its own parser knows.
fn plain(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = without_links(text);
    }
    // Formats of numbers are no part of JSON Schema.
    let largest = match schema.remove("format") {
        Some(Value::String(format)) if format == "uint32" => Some(u32::MAX),
        _ => None,
    };
    if let Some(largest) = largest {
        schema.insert("maximum".to_owned(), largest.into());
    }
}

/// The words of rustdoc's links, and one line for each paragraph.
fn without_links(text: &str) -> String {
    let text = text.replace("[`", "`").replace("`]", "`");
    let text = text
        .replace("`None`: ", "Absent: ")
        .replace("`None` for", "Absent for");
    let text = text.replace(", `SCHEMA`: ", ": ");
    let paragraphs = text.split("\n\n");
    let joined: Vec<String> = paragraphs.map(|it| it.replace('\n', " ")).collect();
    joined.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_a_description() {
        let schema: Value = serde_json::from_str(&text().unwrap()).unwrap();
        let types = schema["$defs"].as_object().unwrap();
        assert!(types.len() > 15, "{}", types.len());
        for (name, kind) in types.iter().chain([(&"root".to_owned(), &schema)]) {
            for (field, it) in kind["properties"].as_object().into_iter().flatten() {
                let words = it["description"].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{name}.{field}");
                assert!(!words.contains("[`"), "{name}.{field}: {words}");
            }
        }
    }
}
