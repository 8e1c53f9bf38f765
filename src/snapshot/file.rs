//! Reading and writing the snapshot file, `backlint/snapshot/v1`, in YAML and JSON.
//!
//! Text in, [`Snapshot`] or one [`Diagnostic`] out: a file that cannot be understood whole is not
//! used in part. Opening files is the caller's business.

use std::collections::BTreeSet;

use super::{Protocol, Snapshot, address, remedy, version};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::{self, Document};
use crate::text::locate::Step;

/// Reads a snapshot.
///
/// # Errors
/// One diagnostic, with line and column wherever the fault has a place: broken YAML or JSON, an
/// unknown field, a wrong type, another schema, an address that its protocol does not have.
pub fn parse(name: &str, text: &str) -> Result<Snapshot, Diagnostic> {
    let document = Document::new(name, text);
    let snapshot: Snapshot = match document.read() {
        Ok(snapshot) => snapshot,
        Err(fault) => return Err(remedy::add(version::explain(&document, fault))),
    };
    version::known(&document, &snapshot)?;
    sound(document, &[], &snapshot)?;
    Ok(snapshot)
}

/// The faults of a snapshot that its types do not refuse; it stands at a path of the document.
pub(super) fn sound(
    document: Document<'_>,
    at: &[Step],
    snapshot: &Snapshot,
) -> Result<(), Diagnostic> {
    let fault =
        |path: &[Step], message: String, help: &str| document.at(path, message).with_help(help);
    if snapshot.namespaces.is_empty() {
        return Err(fault(
            at,
            "there is nothing to judge: no namespace".to_owned(),
            "add `namespaces:` with at least one entry",
        ));
    }
    let mut names = BTreeSet::new();
    for (n, namespace) in snapshot.namespaces.iter().enumerate() {
        let mut path: Vec<Step> = [at, &["namespaces".into(), n.into()]].concat();
        if !names.insert(&namespace.name) {
            let message = format!("a second namespace is named `{}`", namespace.name);
            return Err(fault(
                &path,
                message,
                "give each namespace a `name:` of its own",
            ));
        }
        for (l, listener) in namespace.listeners.iter().enumerate() {
            if let Some((message, help)) = address_fault(listener.protocol, &listener.address) {
                path.extend(["listeners".into(), l.into(), "address".into()]);
                return Err(fault(&path, message, help));
            }
        }
    }
    Ok(())
}

fn address_fault(protocol: Protocol, address: &str) -> Option<(String, &'static str)> {
    let internet = protocol.is_tcp() || protocol.is_sctp();
    (internet && address::ip(protocol, address).is_none()).then(|| {
        let message = format!("`{address}` is not an address of protocol `{protocol}`");
        (
            message,
            "write ADDRESS:PORT, such as \"0.0.0.0:443\" or \"[::]:443\"",
        )
    })
}

/// The snapshot as YAML, for people.
///
/// # Errors
/// Only what the serializer itself reports.
pub fn to_yaml(snapshot: &Snapshot) -> Result<String, document::Unwritable> {
    document::to_yaml(snapshot)
}

/// The snapshot as JSON, for programs.
///
/// # Errors
/// Only what the serializer itself reports.
pub fn to_json(snapshot: &Snapshot) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(snapshot).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse("f.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_fixture_of_one_listener_is_short() {
        let text = "schema: backlint/snapshot/v1\nnamespaces:\n  - listeners:\n      - {protocol: tcp, address: \"0.0.0.0:80\"}\n";
        let snapshot = parse("f.yaml", text).unwrap();
        assert_eq!(snapshot.namespaces[0].name, "host");
        assert_eq!(snapshot.namespaces[0].listeners[0].accept_queue.max, None);
    }

    #[test]
    fn yaml_and_json_are_written_and_read_back() {
        let text = "schema: backlint/snapshot/v1\nnamespaces:\n  - sysctls: {a.b: 1, c.d: 4096 87380 6291456}\n    listeners:\n      - {protocol: unix-seqpacket, address: \"@x\\0y\", owners_complete: false}\n";
        let snapshot = parse("f.yaml", text).unwrap();
        assert_eq!(parse("y", &to_yaml(&snapshot).unwrap()).unwrap(), snapshot);
        assert_eq!(parse("j", &to_json(&snapshot).unwrap()).unwrap(), snapshot);
    }

    #[test]
    fn faults_have_a_place_and_a_remedy() {
        assert_eq!(
            fault("schema: backlint/snapshot/v1\nnamespaces:\n  - listners: []\n"),
            "f.yaml:3:5: unknown field `listners` in namespaces[0] (did you mean `listeners`?)"
        );
        assert_eq!(
            fault("schema: backlint/snapshot/v2\nnamespaces: [{}]\n"),
            "f.yaml:1:9: schema `backlint/snapshot/v2` is newer than this backlint (it needs a newer backlint than this one, 0.1.0, which reads `backlint/snapshot/v1`)"
        );
        assert!(
            fault("schema: backlint/snapshot/v1\nnamespaces:\n- listeners:\n  - {protocol: tcp, address: eighty}\n")
                .starts_with("f.yaml:4:30: `eighty` is not an address"),
        );
        assert!(
            fault("{\"schema\": \"backlint/snapshot/v1\",\n \"namespaces\": [{\"sysctls\": {\"a\": []}}]}")
                .starts_with("f.yaml:2:"),
        );
        assert!(fault("namespaces: []\n").contains("missing field `schema`"));

        assert_eq!(
            fault("schema: []\n"),
            "f.yaml:1:9: schema: invalid type: sequence, expected a string (`backlint snapshot --schema` prints what a record may have)"
        );
        assert_eq!(
            fault("schema: a\n\tb: c"),
            "f.yaml:2:1: found a tab character that violates indentation, while scanning a plain scalar (YAML is indented by blanks, and not by tabs)"
        );
    }
}
