//! A host in memory for the tests of readers, and the tests of what they share.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::services::host::{Listing, Status, Text};

/// A host of one process and some files.
#[derive(Debug, Default)]
pub(in crate::services) struct Fake {
    pub(in crate::services) files: BTreeMap<String, String>,
    pub(in crate::services) variables: BTreeMap<String, String>,
    pub(in crate::services) limit: Option<(u64, u64)>,
}

impl Fake {
    pub(in crate::services) fn new(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Self {
            files: files.collect(),
            ..Self::default()
        }
    }

    /// The files of a Debian package, kept below `tests/debian/NAME` as they are installed.
    pub(in crate::services) fn debian(name: &str) -> Self {
        fn walk(folder: &Path, root: &Path, files: &mut BTreeMap<String, String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, files);
                } else {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                    files.insert(format!("/{name}"), std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/debian")
            .join(name);
        let mut fake = Self::default();
        walk(&root, &root, &mut fake.files);
        assert!(!fake.files.is_empty(), "{name} has no files");
        fake
    }

    /// What a reader finds, each setting as `address = number at place` (`(default)` behind it for
    /// what follows from defaults), and whether it is complete.
    pub(in crate::services) fn settings(
        &self,
        read: impl Fn(&mut Context<'_>) -> Reading,
        arguments: &[&str],
        title: Option<&str>,
    ) -> (Vec<String>, bool) {
        let (reading, _) = self.read_by(read, arguments, title);
        (
            reading.settings.iter().map(words).collect(),
            reading.complete,
        )
    }

    /// Where a reader finds that it listens, beside what its settings are for.
    pub(in crate::services) fn listens(
        &self,
        read: impl Fn(&mut Context<'_>) -> Reading,
        arguments: &[&str],
    ) -> Vec<Endpoint> {
        self.read_by(read, arguments, None).1
    }

    fn read_by(
        &self,
        read: impl Fn(&mut Context<'_>) -> Reading,
        arguments: &[&str],
        title: Option<&str>,
    ) -> (Reading, Vec<Endpoint>) {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let mut context = Context {
            host: self,
            pid: 1,
            arguments: &arguments,
            title,
            executable: None,
            version: None,
            files: Files::new(self, 1),
            listens: Vec::new(),
            matched: Vec::new(),
        };
        let reading = read(&mut context);
        (reading, context.listens)
    }
}

fn words(setting: &Setting) -> String {
    let on = match &setting.on {
        Endpoint::Any => "any".to_owned(),
        Endpoint::Port(None, port) => format!("*:{port}"),
        Endpoint::Port(Some(ip), port) => std::net::SocketAddr::new(*ip, *port).to_string(),
        Endpoint::Loopback(port) => format!("localhost:{port}"),
        Endpoint::Named(port) => format!("name:{port}"),
        Endpoint::Path(path) => path.clone(),
    };
    let number = setting
        .backlog
        .map_or("all".to_owned(), |number| number.to_string());
    let default = if setting.source == Source::Default {
        " (default)"
    } else {
        ""
    };
    format!("{on} = {number} at {}{default}", setting.place)
}

impl Host for Fake {
    fn status(&self, _: u32) -> Option<Status> {
        None
    }

    fn arguments(&self, _: u32) -> Option<Vec<String>> {
        None
    }

    fn directory(&self, _: u32) -> Option<String> {
        Some("/".to_owned())
    }

    fn variable(&self, _: u32, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn descriptor_limit(&self, _: u32) -> Option<(u64, u64)> {
        self.limit
    }

    fn package(&self, _: u32, _: &str) -> Option<String> {
        None
    }

    fn read(&self, _: u32, path: &str) -> Result<Option<Text>, String> {
        Ok(self.files.get(path).map(|text| Text {
            text: text.clone(),
            modified: None,
        }))
    }

    fn list(&self, _: u32, path: &str) -> Result<Option<Listing>, String> {
        let path = if path == "/" { "" } else { path };
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(path)?.strip_prefix('/'))
            .filter_map(|rest| rest.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        let listing = Listing {
            names,
            modified: None,
        };
        Ok((!listing.names.is_empty()).then_some(listing))
    }
}
