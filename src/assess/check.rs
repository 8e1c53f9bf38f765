//! Faults in a snapshot that take knowledge of the kernel to see: a fixture with a misspelt sysctl
//! would never fire the rule that it was written for.

use crate::kernel::sysctls::Kind;
use crate::kernel::{counters, sysctls};
use crate::snapshot::{MOST_LINES, Snapshot, SysctlValue};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::locate::Step;

/// The first name that is probably a slip, or a known sysctl with a value of the wrong kind.
///
/// # Errors
/// A diagnostic with its place in the file.
pub fn names(name: &str, text: &str, snapshot: &Snapshot) -> Result<(), Diagnostic> {
    names_at(Document::new(name, text), &[], snapshot)
}

/// The same for a snapshot that stands at a path of a document.
///
/// # Errors
/// A diagnostic with its place in the file.
pub fn names_at(
    document: Document<'_>,
    at: &[Step],
    snapshot: &Snapshot,
) -> Result<(), Diagnostic> {
    let mut lines = 0;
    for (n, file) in snapshot.files.iter().flatten().enumerate() {
        lines += file.lines();
        if lines > MOST_LINES {
            let path = [at, &["files".into(), n.into(), "text".into()]].concat();
            let message = format!("all files together have more than {MOST_LINES} lines");
            let fault = document.at(&path, message);
            return Err(fault.with_help("leave out what sets no sysctl"));
        }
    }
    for (n, namespace) in snapshot.namespaces.iter().enumerate() {
        let place = |group: &str, key: Step, message: String| {
            let path: [Step; 4] = ["namespaces".into(), n.into(), group.into(), key];
            document.at(&[at, &path].concat(), message)
        };
        let name = |key: &str| Step::Name(key.to_owned(), 0);
        for (key, value) in &namespace.sysctls {
            if let Some(near) = sysctls::slip(key) {
                let fault = place("sysctls", name(key), format!("`{key}` is not a sysctl"));
                return Err(fault.with_help(format!("did you mean `{near}`?")));
            }
            let kind = sysctls::find(key).map(|sysctl| sysctl.kind);
            if let (Some(Kind::Int), SysctlValue::Text(value)) = (kind, value) {
                let message = format!("`{value}` is not a value of {key}");
                let fault = place("sysctls", key.as_str().into(), message);
                return Err(fault.with_help("it is a whole number"));
            }
        }
        for key in namespace.counters.keys() {
            if let Some(near) = counters::slip(key) {
                let fault = place("counters", name(key), format!("`{key}` is not a counter"));
                return Err(fault.with_help(format!("did you mean `{near}`?")));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::file;

    fn fault(body: &str) -> String {
        let text = format!("schema: backlint/snapshot/v1\nnamespaces:\n  - {body}\n");
        let snapshot = file::parse("f.yaml", &text).unwrap();
        names("f.yaml", &text, &snapshot).map_or_else(|fault| fault.to_string(), |()| String::new())
    }

    #[test]
    fn slips_in_names_are_found_and_strangers_are_not() {
        assert_eq!(
            fault("sysctls: {net.core.somaxcon: 128}"),
            "f.yaml:3:15: `net.core.somaxcon` is not a sysctl (did you mean `net.core.somaxconn`?)"
        );
        assert_eq!(
            fault("sysctls: {net.core.somaxconn: lots}"),
            "f.yaml:3:35: `lots` is not a value of net.core.somaxconn (it is a whole number)"
        );
        assert_eq!(
            fault("counters: {TcpExt.ListenOverflow: 1}"),
            "f.yaml:3:16: `TcpExt.ListenOverflow` is not a counter (did you mean `TcpExt.ListenOverflows`?)"
        );
        assert_eq!(
            fault("sysctls: {vm.swappiness: 60, kernel.core_pattern: core}"),
            ""
        );
    }
}
