//! From YAML text to a service, with every fault placed in the file. Also trees of YAML for
//! the readers of configuration files that are YAML.

use serde::Deserialize;

use super::readers::Reader;
use super::service::{
    Applies, Class, Configured, Default, KeyFile, Kind, Listens, OneOrMore, Service, Setting,
    Signs, Sockets, Verified, VersionSource,
};
use super::versions;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::locate::Step;

/// A service's file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawService {
    name: String,
    title: Option<String>,
    family: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    recognise: Vec<Signs>,
    default: Vec<RawDefault>,
    #[serde(default)]
    version: Vec<RawVersion>,
    #[serde(default)]
    configured: Vec<RawConfigured>,
    #[serde(default)]
    elsewhere: bool,
    setting: Setting,
    applies: Applies,
    #[serde(default)]
    relistens: bool,
    zero: Option<String>,
    #[serde(default)]
    zero_lasts: bool,
    #[serde(default)]
    quirks: Vec<String>,
    ports: Option<String>,
    listens: Option<Listens>,
    #[serde(default)]
    sources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDefault {
    class: Class,
    backlog: Option<u32>,
    versions: Option<String>,
    sockets: Option<Sockets>,
    note: Option<String>,
    verified: Verified,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVersion {
    name: Option<String>,
    variable: Option<String>,
    path: Option<String>,
    package: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfigured {
    #[serde(default)]
    option: OneOrMore,
    variable: Option<String>,
    file: Option<KeyFile>,
    reader: Option<Reader>,
}

/// Loads one service.
///
/// # Errors
/// Its first fault, with its place.
pub fn load(file: &str, text: &str) -> Result<Service, Diagnostic> {
    SourceFile(Document::yaml(file, text)).service()
}

/// A YAML or JSON text as a tree. `None`: it is neither.
pub(super) fn tree(text: &str) -> Option<serde_json::Value> {
    // What aliases stand for may be far larger than the text.
    if has_alias(text) {
        return None;
    }
    Document::yaml("", text).read().ok()
}

/// Whether something in a YAML text looks like an alias, `*name` where a value may begin.
fn has_alias(text: &str) -> bool {
    text.match_indices('*').any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + 1..].chars().next();
        before.is_none_or(|c| c.is_whitespace() || "[{,:-".contains(c))
            && behind.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The line of a node of a YAML or JSON text.
pub(super) fn line_of(text: &str, path: &[Step]) -> Option<usize> {
    Document::yaml("", text).place(path).map(|(line, _)| line)
}

#[derive(Clone, Copy)]
struct SourceFile<'a>(Document<'a>);

impl SourceFile<'_> {
    fn service(self) -> Result<Service, Diagnostic> {
        let raw: RawService = self.0.read()?;
        self.identity(&raw)?;
        self.signs(&raw)?;
        self.advice(&raw)?;
        let defaults = raw
            .default
            .into_iter()
            .enumerate()
            .map(|(n, default)| self.default(n, default))
            .collect::<Result<Vec<_>, _>>()?;
        if defaults.is_empty() {
            let help = "what does it pass to listen(2)? `class: derived` says that it depends";
            return Err(self
                .at(&["default".into()], "there is no default")
                .with_help(help));
        }
        let version = raw.version.into_iter().enumerate();
        let version = version
            .map(|(n, version)| self.version(n, version))
            .collect::<Result<_, _>>()?;
        let configured = raw.configured.into_iter().enumerate();
        let configured = configured
            .map(|(n, configured)| self.configured(n, configured))
            .collect::<Result<_, _>>()?;
        Ok(Service {
            title: raw.title.unwrap_or_else(|| raw.name.clone()),
            name: raw.name,
            family: raw.family,
            kind: raw.kind,
            recognise: raw.recognise,
            defaults,
            version,
            configured,
            elsewhere: raw.elsewhere,
            setting: raw.setting,
            applies: raw.applies,
            relistens: raw.relistens,
            zero: raw.zero,
            zero_lasts: raw.zero_lasts,
            quirks: raw.quirks,
            ports: raw.ports,
            listens: raw.listens,
            sources: raw.sources,
        })
    }

    fn identity(self, raw: &RawService) -> Result<(), Diagnostic> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if raw.name.is_empty() || !raw.name.chars().all(fits) {
            let message = format!("`{}` is not a service's name", raw.name);
            let help =
                "small letters, digits, hyphens and dots, such as `redis` or `node_exporter`";
            return Err(self.at(&["name".into()], message).with_help(help));
        }
        for (key, text) in [
            ("title", raw.title.as_deref()),
            ("family", Some(raw.family.as_str())),
        ] {
            if text.is_some_and(|text| text.trim().is_empty()) {
                return Err(self.at(&[key.into()], format!("`{key}` is empty")));
            }
        }
        Ok(())
    }

    fn signs(self, raw: &RawService) -> Result<(), Diagnostic> {
        if raw.recognise.is_empty() && raw.kind != Kind::Library {
            let help = "such as `recognise: [{name: nginx}]`; only a library may have no signs";
            let fault = self.at(&["recognise".into()], "nothing tells how to recognise it");
            return Err(fault.with_help(help));
        }
        for (n, signs) in raw.recognise.iter().enumerate() {
            let path = [Step::from("recognise"), n.into()];
            let texts = [
                &signs.name,
                &signs.comm,
                &signs.exe,
                &signs.program,
                &signs.unit,
            ];
            if texts.iter().all(|texts| texts.0.is_empty()) && signs.runtime.is_none() {
                let fault = self.at(&path, "these signs fit every program");
                return Err(fault.with_help("give `name`, `program`, `unit` or `runtime`"));
            }
            let all = texts.into_iter().chain([&signs.argument]);
            for text in all.flat_map(|texts| &texts.0) {
                if text.matches('*').count() > 1 || text.trim_matches('*').is_empty() {
                    let message = format!("`{text}` is not a sign");
                    let help = "a text with at most one `*`, which stands for anything";
                    return Err(self.at(&path, message).with_help(help));
                }
            }
        }
        Ok(())
    }

    fn advice(self, raw: &RawService) -> Result<(), Diagnostic> {
        let example = raw.setting.example.as_deref();
        if example.is_some_and(|example| !example.contains("{}")) {
            let path = ["setting".into(), "example".into()];
            let help = "write `{}` where the number stands, such as `listen 80 backlog={};`";
            return Err(self
                .at(&path, "the example has no place for the number")
                .with_help(help));
        }
        if example.is_some() != raw.applies.setting.is_some() {
            let path = ["applies".into()];
            let message = "`setting.example` and `applies.setting` go together";
            let help = "what applies a change of the setting; neither, where there is no setting";
            return Err(self.at(&path, message).with_help(help));
        }
        Ok(())
    }

    fn default(self, n: usize, raw: RawDefault) -> Result<Default, Diagnostic> {
        let path = |key: &str| [Step::from("default"), n.into(), key.into()];
        let numbered = matches!(raw.class, Class::Fixed | Class::Configurable);
        if numbered != raw.backlog.is_some() {
            let message = if numbered {
                "a default of this class is a number"
            } else {
                "a default of this class has no number"
            };
            let help = "`backlog` goes with `class: fixed` and `class: configurable`";
            return Err(self.at(&path("class"), message).with_help(help));
        }
        if let Some(versions) = &raw.versions
            && !versions::is_condition(versions)
        {
            let message = format!("`{versions}` is not a condition on a version");
            let help = "write it like `\">=8.2\"` or `\">=5.6 <8.2\"`";
            return Err(self.at(&path("versions"), message).with_help(help));
        }
        if raw.source.trim().is_empty() {
            let help = "where is it written? a file of the source, a page, how it was measured";
            return Err(self
                .at(&path("source"), "a default has a source")
                .with_help(help));
        }
        Ok(Default {
            class: raw.class,
            backlog: raw.backlog,
            versions: raw.versions,
            sockets: raw.sockets,
            note: raw.note,
            verified: raw.verified,
            source: raw.source,
        })
    }

    fn version(self, n: usize, raw: RawVersion) -> Result<VersionSource, Diagnostic> {
        match (raw.name, raw.variable, raw.path, raw.package) {
            (Some(name), None, None, None) if name.contains('*') => Ok(VersionSource::Name(name)),
            (None, Some(variable), None, None) => Ok(VersionSource::Variable(variable)),
            (None, None, Some(path), None) if path.contains('*') => Ok(VersionSource::Path(path)),
            (None, None, None, Some(package)) => Ok(VersionSource::Package(package)),
            _ => {
                let path = [Step::from("version"), n.into()];
                let help = "`name:` or `path:` with a `*`, or `variable:`, or `package:`";
                Err(self
                    .at(&path, "this names no place of a version")
                    .with_help(help))
            }
        }
    }

    fn configured(self, n: usize, raw: RawConfigured) -> Result<Configured, Diagnostic> {
        let option = raw.option.0;
        match (raw.variable, raw.file, raw.reader) {
            (None, None, None) if !option.is_empty() => Ok(Configured::Option(option)),
            (Some(name), None, None) => Ok(Configured::Variable { name, option }),
            (None, Some(file), None) if option.is_empty() => {
                if file.key.0.is_empty() {
                    let path = [
                        Step::from("configured"),
                        n.into(),
                        "file".into(),
                        "key".into(),
                    ];
                    return Err(self.at(&path, "there is no key"));
                }
                Ok(Configured::File(file))
            }
            (None, None, Some(reader)) if option.is_empty() => Ok(Configured::Reader(reader)),
            _ => {
                let path = [Step::from("configured"), n.into()];
                let help =
                    "one of `option:`, `variable:` (perhaps with `option:`), `file:`, `reader:`";
                let message = "this is not one way to read the configured value";
                Err(self.at(&path, message).with_help(help))
            }
        }
    }

    fn at(self, path: &[Step], message: impl Into<String>) -> Diagnostic {
        self.0.at(path, message)
    }
}
