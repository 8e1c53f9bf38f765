//! Which records this backlint reads.
//!
//! The number in the schema line changes only if a field changes its meaning; until then fields are added,
//! each absent in older records. So every older record of version 1 is a record, and one of a newer
//! backlint is one too if it has none of the fields that were added since. Where it has, `written_by`
//! tells which backlint it takes. A record of a newer schema is refused whole: half of what it says
//! might be misread.

use serde::Deserialize;

use super::{SCHEMA, Snapshot};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::schema::version;

/// The schema line without its number.
const FORMAT: &str = "backlint/snapshot/v";
/// What `written_by` begins with.
const WRITER: &str = "backlint ";

/// What the parser reads of any record, whatever else it has.
#[derive(Default, Deserialize)]
struct Head {
    schema: Option<String>,
    written_by: Option<String>,
}

/// The name of this backlint in the records that it writes.
pub fn writer() -> String {
    format!("{WRITER}{}", env!("CARGO_PKG_VERSION"))
}

/// Refuses a record of another schema than those that are read.
pub(super) fn known(document: &Document<'_>, snapshot: &Snapshot) -> Result<(), Diagnostic> {
    refusal(document, &snapshot.schema, snapshot.written_by.as_deref()).map_or(Ok(()), Err)
}

/// Says a fault of the parser as one of the version, where that is what it comes from.
pub(super) fn explain(document: &Document<'_>, fault: Diagnostic) -> Diagnostic {
    if fault.message.contains("missing field `schema`") {
        return fault.with_help(format!("a snapshot begins with `schema: {SCHEMA}`"));
    }
    // Texts that are no record at all may be hostile, and are not read twice.
    let head: Head = match document.begins_with(WRITER.trim_end()) {
        true => document.read().unwrap_or_default(),
        false => Head::default(),
    };
    let writer = head.written_by.as_deref();
    let schema = head.schema.as_deref().unwrap_or(SCHEMA);
    if let Some(refusal) = refusal(document, schema, writer) {
        return refusal;
    }
    let unknown = ["unknown field", "unknown value"];
    let is_unknown = unknown.iter().any(|words| fault.message.contains(words));
    match writer.and_then(newer) {
        Some(version) if is_unknown => fault.with_help(format!(
            "the record was written by backlint {version}, and this is {}: judge it with {version} or newer",
            env!("CARGO_PKG_VERSION")
        )),
        _ => fault,
    }
}

/// `Some`: this schema is not read.
fn refusal(document: &Document<'_>, schema: &str, writer: Option<&str>) -> Option<Diagnostic> {
    let own = env!("CARGO_PKG_VERSION");
    let (message, help) = match version(schema, FORMAT) {
        // A later version is read here too, by a step from the older to the newer form.
        Some(1) => return None,
        Some(2..) => {
            let needed = match writer.and_then(newer) {
                Some(version) => {
                    format!("backlint {version} or newer, which wrote it; this is {own}")
                }
                None => format!("a newer backlint than this one, {own}"),
            };
            (
                format!("schema `{schema}` is newer than this backlint"),
                format!("it needs {needed}, which reads `{SCHEMA}`"),
            )
        }
        None if schema.starts_with("backlint/report/") => (
            format!("schema `{schema}` is that of a report"),
            "a report is not judged again; `backlint diff` compares it".to_owned(),
        ),
        _ => (
            format!("schema `{schema}` is not known"),
            format!("this backlint reads `{SCHEMA}`"),
        ),
    };
    Some(document.at(&["schema".into()], message).with_help(help))
}

/// The version in a `written_by` line, where it is newer than this one.
fn newer(writer: &str) -> Option<&str> {
    let version = writer.strip_prefix(WRITER)?;
    (numbers(version)? > numbers(env!("CARGO_PKG_VERSION"))?).then_some(version)
}

/// `0.3.1` as numbers; a pre-release counts as its release.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let release = version.split(['-', '+']).next()?;
    let mut parts = release.split('.').map(|part| part.parse().ok());
    let mut next = || parts.next().flatten();
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::super::file::parse;

    fn fault(text: &str) -> String {
        parse("f.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_field_of_a_newer_backlint_is_told_as_that() {
        let record = |writer: &str| {
            fault(&format!(
                "schema: backlint/snapshot/v1\nwritten_by: {writer}\nnamespaces: [{{nap_time: 3}}]\n"
            ))
        };
        let newer = record("backlint 0.3.0");
        assert!(
            newer.starts_with("f.yaml:3:15: unknown field `nap_time`"),
            "{newer}"
        );
        assert!(
            newer.contains("written by backlint 0.3.0, and this is 0.1.0"),
            "{newer}"
        );
        for other in ["backlint 0.1.0", "backlint 0.0.9", "someone", "backlint x"] {
            assert!(!record(other).contains("written by"), "{other}");
        }
    }

    #[test]
    fn a_newer_schema_is_refused_with_what_it_needs_whatever_else_it_has() {
        let body = "host: {soul: true}\nnamespaces: []\n";
        let known = fault(&format!(
            "schema: backlint/snapshot/v2\nwritten_by: backlint 2.0.1\n{body}"
        ));
        assert_eq!(
            known,
            "f.yaml:1:9: schema `backlint/snapshot/v2` is newer than this backlint (it needs backlint 2.0.1 or \
             newer, which wrote it; this is 0.1.0, which reads `backlint/snapshot/v1`)"
        );
        let unknown = fault(&format!("schema: backlint/snapshot/v17\n{body}"));
        assert!(
            unknown.contains("a newer backlint than this one, 0.1.0"),
            "{unknown}"
        );
        for other in [
            "backlint/snapshot/v0",
            "backlint/list/v1",
            "backlint/snapshot/v1.1",
        ] {
            let said = fault(&format!("schema: {other}\n{body}"));
            assert!(
                said.contains(&format!("schema `{other}` is not known")),
                "{said}"
            );
        }
    }
}
