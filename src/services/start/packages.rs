//! `npm start` and its like: what they start stands in package.json of the working directory.
//!
//! Follows npm-run-script(1), yarn's `run` and pnpm's `run`: the text goes to a shell, with
//! node_modules/.bin in front of PATH.

use super::{Command, Root, absolute};

/// The shell that runs a package's script. `Some(None)`: it is one of these programs, and what it runs
/// cannot be told.
pub(super) fn script(root: &dyn Root, called: &str, command: &Command) -> Option<Option<Command>> {
    if !matches!(called, "npm" | "yarn" | "pnpm") {
        return None;
    }
    let mut words = command.words.iter().skip(1).map(String::as_str);
    let mut words = words.by_ref().filter(|word| !word.starts_with('-'));
    let name = match words.next() {
        Some("run" | "run-script") => words.next(),
        Some("start") => Some("start"),
        Some(other) if called != "npm" => Some(other),
        _ => None,
    };
    Some(name.and_then(|name| text(root, name, command)))
}

fn text(root: &dyn Root, name: &str, command: &Command) -> Option<Command> {
    let package = root.text(&absolute(command, "package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&package).ok()?;
    let written = package
        .get("scripts")
        .and_then(|scripts| scripts.get(name)?.as_str());
    // npm's own default.
    let text = written.or((name == "start").then_some("node server.js"))?;
    let mut inner = command.clone();
    let own = absolute(command, "node_modules/.bin");
    let path = inner.variables.get("PATH").cloned();
    let path = path.unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned());
    inner
        .variables
        .insert("PATH".to_owned(), format!("{own}:{path}"));
    inner.words = ["sh", "-c", text].map(str::to_owned).into();
    Some(inner)
}
