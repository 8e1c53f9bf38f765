//! JSON Schemas (draft 2020-12) of rules and of their cases, for editors: from the same tables as the
//! loader, so what an editor takes and what backlint takes are one. Expressions are texts to them; what is
//! in these is for `backlint rules check`.

use serde_json::{Map, Value, json};

use crate::assess::Confidence;
use crate::cases::{CASE, CASES, Outcome, STEP};
use crate::kernel::sysctls;
use crate::rules::fields::{REMEDY, RULE};
use crate::rules::{Advice, Scope, Severity};
use crate::text::fields::Field;

/// The name of the schema of rules, as a file.
pub const RULE_FILE: &str = "rule.schema.json";
/// The name of the schema of cases, as a file.
pub const CASES_FILE: &str = "cases.schema.json";

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A sysctl's key, as the loader takes it.
const SYSCTL: &str = "^[A-Za-z0-9_/:@+-]+(\\.[A-Za-z0-9_/:@+-]+)+$";

/// The schema of a rule.
pub fn of_rules() -> Value {
    let mut schema = object("A rule of backlint", &RULE, of_rule_field);
    schema["$schema"] = json!(DRAFT);
    schema["description"] = json!("A rule: what it finds, where, and what to do about it.");
    schema["$defs"] = json!({"step": step("A step of a remediation", &REMEDY, of_step_field)});
    schema
}

/// The schema of a cases file.
pub fn of_cases() -> Value {
    let mut schema = object("Cases of a rule of backlint", &CASES, |name| match name {
        "cases" => json!({"type": "array", "items": {"$ref": "#/$defs/case"}}),
        _ => text(),
    });
    schema["$schema"] = json!(DRAFT);
    schema["description"] = json!("What a rule must say about records, for `backlint rules test`.");
    let mut case = object("A case", &CASE, of_case_field);
    case["oneOf"] = json!([{"required": ["snapshot"]}, {"required": ["fixture"]}]);
    case["allOf"] = json!([
        only_where(
            Outcome::Fires,
            &["count", "message", "severity", "confidence", "remediation"]
        ),
        only_where(Outcome::NotEvaluated, &["missing"]),
    ]);
    schema["$defs"] = json!({
        "case": case,
        "step": step("A step of an expected remediation", &STEP, of_expected_field),
    });
    schema
}

/// A schema as the text of a file.
pub fn to_text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// A mapping of these fields and no others.
fn object(title: &str, fields: &[Field], of: impl Fn(&str) -> Value) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = of(field.name);
        schema["title"] = json!(field.name);
        schema["description"] = json!(format!("{}.\n\n{}", field.meaning, field.example));
        properties.insert(field.name.to_owned(), schema);
    }
    let required = fields.iter().filter(|field| field.required);
    let required: Vec<&str> = required.map(|field| field.name).collect();
    json!({
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A mapping that is one of the steps there are.
fn step(title: &str, fields: &[Field], of: impl Fn(&str) -> Value) -> Value {
    let mut schema = object(title, fields, of);
    schema["oneOf"] = json!([
        {"required": ["sysctl", "value"]},
        {"required": ["edit"]},
        {"required": ["service"]},
        {"required": ["relisten"]},
    ]);
    schema["dependentRequired"] = json!({"sysctl": ["value"]});
    schema["dependentSchemas"] =
        json!({"value": {"anyOf": [{"required": ["sysctl"]}, {"required": ["service"]}]}});
    schema
}

/// Fields that only a case of this outcome has.
fn only_where(outcome: Outcome, fields: &[&str]) -> Value {
    let without: Map<String, Value> = fields
        .iter()
        .map(|field| ((*field).to_owned(), Value::Bool(false)))
        .collect();
    json!({
        "if": {"properties": {"expect": {"not": {"const": outcome.name()}}}, "required": ["expect"]},
        "then": {"properties": without},
    })
}

fn text() -> Value {
    json!({"type": "string", "pattern": "\\S"})
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

fn severities() -> Value {
    json!({"enum": Severity::ALL.map(Severity::name)})
}

fn of_rule_field(name: &str) -> Value {
    match name {
        "id" => json!({"type": "string", "pattern": "^[A-Z][A-Z_-]*[0-9]+$"}),
        "name" => json!({"type": "string", "pattern": "^[a-z][a-z0-9-]*$"}),
        "severity" => severities(),
        "scope" => {
            let scopes = Scope::ALL
                .map(|scope| json!({"const": scope.name(), "description": scope.meaning()}));
            json!({"oneOf": scopes})
        }
        "kernel" => {
            let bound = r"(>=|<=|>|<) *[0-9]+\.[0-9]+(\.[0-9]+)*";
            json!({"type": "string", "pattern": format!("^{bound}( *, *{bound})?$")})
        }
        "when" => expression(),
        "remediation" => json!({"type": "array", "items": {"$ref": "#/$defs/step"}}),
        "does_not_help" | "references" => texts(),
        _ => text(),
    }
}

/// A CEL expression, which a schema does not look into.
fn expression() -> Value {
    json!({"type": "string", "pattern": "\\S", "maxLength": 1000})
}

fn of_step_field(name: &str) -> Value {
    match name {
        "sysctl" => sysctl(&["setting.key"]),
        "value" => json!({"anyOf": [
            {"enum": Advice::ALL.map(|(name, _)| name)},
            {"type": "integer"},
            expression(),
        ]}),
        "when" => expression(),
        name => of_expected_field(name),
    }
}

fn of_expected_field(name: &str) -> Value {
    match name {
        "sysctl" => sysctl(&[]),
        "value" => json!({"type": ["integer", "string"]}),
        "service" | "relisten" => json!({"const": "listener"}),
        _ => text(),
    }
}

/// A sysctl's key: any, and those of the accept path are offered.
fn sysctl(more: &[&str]) -> Value {
    let known = sysctls::recorded().map(|sysctl| sysctl.key);
    let mut known: Vec<&str> = known.chain(more.iter().copied()).collect();
    known.sort_unstable();
    json!({"anyOf": [{"enum": known}, {"type": "string", "pattern": SYSCTL}]})
}

fn of_case_field(name: &str) -> Value {
    match name {
        "expect" => json!({"enum": Outcome::ALL.map(Outcome::name)}),
        "count" => json!({"type": "integer", "minimum": 1}),
        "severity" => severities(),
        "confidence" => json!({"enum": Confidence::ALL.map(Confidence::name)}),
        "remediation" => json!({"type": "array", "items": {"$ref": "#/$defs/step"}}),
        "missing" => texts(),
        "snapshot" => json!({"type": "object", "required": ["namespaces"]}),
        _ => text(),
    }
}
