//! What a configuration file may say. Every key is an option of the command line without its dashes.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::cli::args::FailOn;
use crate::cli::outputs::Output;
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::locate::Step;

/// Settings of backlint for one repository or machine. Paths are relative to the file, and below its folder if
/// the file was not named with --config.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(title = "Configuration of backlint")]
#[serde(
    deny_unknown_fields,
    rename_all = "kebab-case",
    default,
    expecting = "a mapping of settings"
)]
pub(super) struct File {
    /// Least severity of a finding that fails, and perhaps its least confidence: high, medium:likely, never.
    #[schemars(regex(
        pattern = r"^(never|(critical|high|medium|low|info)(:(certain|likely|possible))?)$"
    ))]
    pub(super) fail_on: Option<String>,
    /// Whether it fails (exit status 3) that something could not be read or evaluated.
    pub(super) strict: Option<bool>,
    /// How to write the report: formats, each perhaps with a file, such as sarif=out.sarif, if the configuration
    /// was named with --config.
    pub(super) format: Formats,
    /// The rules to judge by: ids, names or families. All, if there is none.
    #[schemars(inner(length(min = 1)))]
    pub(super) only: Vec<String>,
    /// Rules to leave out: ids, names or families.
    #[schemars(inner(length(min = 1)))]
    pub(super) skip: Vec<String>,
    /// Files and folders of rules to add.
    #[schemars(inner(length(min = 1)))]
    pub(super) rules: Vec<String>,
    /// Files and folders of services to add.
    #[schemars(inner(length(min = 1)))]
    pub(super) services: Vec<String>,
    /// Files of waivers.
    #[schemars(inner(length(min = 1)))]
    pub(super) waivers: Vec<String>,
    /// File of findings that are known.
    #[schemars(length(min = 1))]
    pub(super) baseline: Option<String>,
}

/// One format or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a format, or a list of formats")]
pub(super) enum Formats {
    One(String),
    Several(Vec<String>),
}

impl Default for Formats {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Formats {
    /// Each with its place below the key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Vec<Step>, &str)> {
        let (alone, texts) = match self {
            Self::One(text) => (true, std::slice::from_ref(text)),
            Self::Several(texts) => (false, texts.as_slice()),
        };
        texts.iter().enumerate().map(move |(n, text)| {
            let mut path: Vec<Step> = vec!["format".into()];
            path.extend((!alone).then(|| n.into()));
            (path, text.as_str())
        })
    }
}

/// The JSON Schema of a configuration.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(File)
}

/// Keys with a value that each may have, as both languages write it but for `=` and `:`.
const EXAMPLES: [(&str, &str); 9] = [
    ("fail-on", "\"high\""),
    ("strict", "true"),
    ("format", "\"json\""),
    ("only", "[\"BL1\", \"BL501\"]"),
    ("skip", "[\"BL3xx\"]"),
    ("rules", "[\"rules/\"]"),
    ("services", "[\"services/\"]"),
    ("waivers", "[\"waivers.yaml\"]"),
    ("baseline", "\"baseline.yaml\""),
];

/// The file as its name says: TOML, or else YAML or JSON.
pub(super) fn document<'a>(name: &'a str, text: &'a str) -> Document<'a> {
    match is_toml(name) {
        true => Document::toml(name, text),
        false => Document::new(name, text),
    }
}

fn is_toml(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Reads a file, and refuses what cannot be a setting.
pub(super) fn read(name: &str, text: &str) -> Result<File, Diagnostic> {
    let document = document(name, text);
    let empty = text
        .lines()
        .all(|line| line.is_empty() || line.starts_with('#'));
    if empty {
        return Ok(File::default());
    }
    let file: File = document
        .read()
        .map_err(|fault| with_example(fault, is_toml(name)))?;
    if let Some(text) = &file.fail_on {
        let fault = text.parse::<FailOn>().err();
        let help = "such as `high`, `medium:likely` or `never`";
        refuse(document, &["fail-on".into()], fault, help)?;
    }
    for (path, text) in file.format.iter() {
        let fault = text.parse::<Output>().err();
        let help = "`backlint audit --help` lists the formats";
        refuse(document, &path, fault, help)?;
    }
    let lists = [
        ("only", &file.only),
        ("skip", &file.skip),
        ("rules", &file.rules),
        ("services", &file.services),
        ("waivers", &file.waivers),
    ];
    for (key, list) in lists {
        if let Some(n) = list.iter().position(|text| text.trim().is_empty()) {
            let fault = Some(format!("`{key}` has an empty entry"));
            refuse(document, &[key.into(), n.into()], fault, "leave it out")?;
        }
    }
    let fault = file.baseline.as_ref().filter(|text| text.trim().is_empty());
    let fault = fault.map(|_| "`baseline` is empty".to_owned());
    refuse(
        document,
        &["baseline".into()],
        fault,
        "name a file, or leave it out",
    )?;
    Ok(file)
}

fn refuse(
    document: Document<'_>,
    path: &[Step],
    fault: Option<String>,
    help: &str,
) -> Result<(), Diagnostic> {
    match fault {
        None => Ok(()),
        Some(fault) => match fault.split_once("; ") {
            Some((message, near)) => Err(document.at(path, message).with_help(near)),
            None => Err(document.at(path, fault).with_help(help)),
        },
    }
}

/// Shows how the key of the line is written, where the parser has no remedy itself.
fn with_example(fault: Diagnostic, toml: bool) -> Diagnostic {
    if fault.help.is_some() {
        return fault;
    }
    if fault.message.contains("duplicate") {
        return fault.with_help("keep one of them");
    }
    let start = fault.span.as_ref().map_or(0, |span| span.start);
    let before = fault.text.get(..start).unwrap_or_default();
    let after = fault.text.get(start..).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default().to_owned()
        + after.lines().next().unwrap_or_default();
    let key = line.trim_start().split(['=', ':']).next().map(str::trim);
    let found = EXAMPLES.iter().find(|(name, _)| Some(*name) == key);
    let (name, value) = found.unwrap_or(&EXAMPLES[0]);
    let sign = if toml { " =" } else { ":" };
    fault.with_help(format!("write it like `{name}{sign} {value}`"))
}
