//! What a configuration that was only found may not say. Nobody named it, so it makes backlint write no
//! file, and read none outside of its own folder: a diagnostic shows the line that it is about, and that
//! would be one of /etc/shadow. A link is followed before it is judged.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Config, Origin};
use crate::cli::input::Failure;
use crate::rules::builtin::is_rule_file;

impl Config {
    /// Refuses what only a file may say that `--config` named.
    pub(super) fn confined(&self) -> Result<(), Failure> {
        let Some(found) = &self.found else {
            return Ok(());
        };
        let config = format!(
            "or name the configuration: --config {}",
            found.path.display()
        );
        for output in self.outputs_of_file() {
            if output.value.is_file() {
                let fault = "a configuration that was found, not named, writes no files";
                let help = format!("give `-f {}` on the command line, {config}", output.value);
                return Err(self.fault(&output.origin, fault, &help));
            }
        }
        let file = &self.file;
        let lists = [
            ("rules", &file.rules),
            ("services", &file.services),
            ("waivers", &file.waivers),
        ];
        let lists = lists
            .into_iter()
            .flat_map(|(key, list)| self.nodes(key, list));
        let lists = lists.map(|it| (it.value, it.origin));
        let baseline = file.baseline.clone();
        let baseline = baseline.map(|path| (path, Origin::File(vec!["baseline".into()])));
        for (path, origin) in lists.chain(baseline) {
            if let Some(out) = self.leads_out(Path::new(&path)) {
                let fault = format!(
                    "{out} leads out of the folder of this configuration, which was found, not named"
                );
                let help = format!("give it on the command line, {config}");
                return Err(self.fault(&origin, &fault, &help));
            }
        }
        Ok(())
    }

    /// The path, where it leads out of the file's folder: itself, or of a folder what is in it. What cannot be
    /// looked at cannot be read either, and is told when it is tried.
    fn leads_out(&self, path: &Path) -> Option<String> {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(inside) {
            return Some(format!("`{}`", path.display()));
        }
        let home = self.beside("");
        let home = match home.as_os_str().is_empty() {
            true => Path::new("."),
            false => &home,
        };
        let home = fs::canonicalize(home).ok()?;
        let whole = self.beside(path);
        let entries = fs::read_dir(&whole).into_iter().flatten().flatten();
        let read = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            let page = path.extension().is_some_and(|it| it == "md");
            page || name.is_some_and(is_rule_file)
        };
        // A rule's page stands beside it.
        let own = [whole.clone(), whole.with_extension("md")];
        let all = own
            .into_iter()
            .chain(entries.map(|it| it.path()).filter(read));
        let mut out: Vec<PathBuf> = all.filter(|path| is_outside(path, &home)).collect();
        out.sort();
        out.first().map(|out| format!("`{}`", out.display()))
    }
}

/// Whether a path leads to a place outside of a folder. What is nowhere is not outside.
fn is_outside(path: &Path, folder: &Path) -> bool {
    match fs::canonicalize(path) {
        Ok(there) => !there.starts_with(folder),
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}
