//! Units that Podman's Quadlet made of a `.container` file.
//!
//! podman, pkg/systemd/quadlet/quadlet.go, `ConvertContainer`: the file's own section stays as
//! `[X-Container]`, and `SourcePath=` has its path. systemd.generator(7) has the directories; Quadlet
//! takes the first one.

use super::Found;
use super::files::Files;

/// Where the system's manager finds what generators made.
const SYSTEM: &str = "/run/systemd/generator";

/// Adds whether the unit of a container is Quadlet's. Of a user's own manager only such units count,
/// so that `quadlet` and `user` together say whose unit it is.
pub(super) fn add(found: &mut Found, users_unit: Option<String>, files: &Files) {
    match (&found.unit, users_unit, found.user) {
        (Some(unit), _, None) => found.quadlet = is_made(SYSTEM, unit, files),
        (None, Some(unit), Some(user)) => {
            let directory = format!("/run/user/{user}/systemd/generator");
            if is_made(&directory, &unit, files) {
                found.quadlet = true;
                found.unit = Some(unit);
            }
        }
        _ => {}
    }
}

/// Whether a directory has a unit of that name, or the template that it is an instance of, which
/// Quadlet made of a container.
fn is_made(directory: &str, unit: &str, files: &Files) -> bool {
    let template = unit
        .split_once('@')
        .map(|(name, _)| format!("{name}@.service"));
    // The characters of a unit's name are safe in a path, but for two dots.
    let names = [Some(unit), template.as_deref()].into_iter().flatten();
    names
        .filter(|name| !name.contains(".."))
        .filter_map(|name| files.text(&format!("{directory}/{name}")))
        .any(|text| is_quadlets(&text))
}

fn is_quadlets(text: &str) -> bool {
    let source = |line: &str| {
        let path = line.strip_prefix("SourcePath=");
        path.is_some_and(|path| path.trim_end().ends_with(".container"))
    };
    text.lines().any(|line| line.trim_end() == "[X-Container]") && text.lines().any(source)
}
