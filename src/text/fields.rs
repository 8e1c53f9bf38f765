//! The fields of a mapping in a file of the user's, one by one, so that every fault is found: a field
//! that is not known or stands twice, one that is missing, one of another type. What the fields mean is
//! the business of whoever reads them.

use std::ops::Range;

use super::diagnostic::Diagnostic;
use super::document::Document;
use super::locate::Step;
use super::nearest::nearest;
use super::tree::Node;

/// Faults of one file that are told: pointing at one takes a look at the whole file, and nobody reads
/// more.
const MOST: usize = 50;

/// The remedy for a text that YAML takes for something else.
pub const QUOTES: &str = "put the text in quotes, or on lines of its own below `>-`: in YAML a plain text \
begins with none of {[\"'!&*|>%@` and has no `: ` in it";

/// What begins a text that YAML takes for something else.
const SIGNS: &str = "{[\"'!&*|>%@`";

/// A complaint of YAML's parser with what its line shows: a text that needs quotes, a tab.
#[must_use]
pub fn explained(mut fault: Diagnostic) -> Diagnostic {
    if fault.help.is_some() {
        return fault;
    }
    if fault.message.contains("expected ':'")
        && let Some(span) = without_colon(&fault)
    {
        fault.message = "this line is no field, and no part of a text".to_owned();
        fault.span = Some(span);
        return fault.with_help("write `field: value`, or the text further in than its field");
    }
    let number = fault
        .position()
        .map_or(0, |(line, _)| line.saturating_sub(1));
    let line = fault.text.lines().nth(number).unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    if indent.contains('\t') {
        fault.message = "a tab indents this line".to_owned();
        return fault.with_help("indent with blanks: YAML takes no tabs there");
    }
    let (key, value) = line.split_once(": ").unwrap_or_default();
    let value = value.trim();
    let (key, sign) = (key.trim().to_owned(), value.chars().next().unwrap_or(' '));
    if !SIGNS.contains(sign) {
        return fault.with_help(QUOTES);
    }
    let is_words = matches!(
        key.as_str(),
        "message" | "title" | "why" | "edit" | "- edit"
    );
    if sign == '"' && is_words && value.len() > 1 && value.ends_with('"') {
        fault.message = "this text ends at its second `\"`, and goes on behind it".to_owned();
        let help = format!(
            "write `\\\"` for a quote inside, or `{key}: >-` and the text without its outer quotes on lines of its own below, further in"
        );
        return fault.with_help(help);
    }
    let help = match value.contains('\'') {
        true => format!("write `{key}: >-`, and the text on lines of its own below, further in"),
        false => format!("put the whole text in quotes: `{key}: '{value}'`"),
    };
    fault.message = format!("YAML cannot read this text, because it begins with `{sign}`");
    fault.with_help(help)
}

/// The last line up to that of a fault that has no colon. YAML's parser notices only behind it.
fn without_colon(fault: &Diagnostic) -> Option<Range<usize>> {
    let at = fault.span.as_ref()?.start;
    let mut start = 0;
    let mut found = None;
    for line in fault.text.split_inclusive('\n') {
        if start > at {
            break;
        }
        let text = line.trim();
        if !text.is_empty() && !text.contains(':') && !text.starts_with('#') {
            let indent = line.len() - line.trim_start().len();
            found = Some(start + indent..start + indent + text.len());
        }
        start += line.len();
    }
    found
}

/// A field that a mapping may have.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it means, in a sentence without its end.
    pub meaning: &'static str,
    /// The field with a value, as a line of the file.
    pub example: &'static str,
}

/// A row of a table of fields.
pub const fn field(
    name: &'static str,
    required: bool,
    meaning: &'static str,
    example: &'static str,
) -> Field {
    Field {
        name,
        required,
        meaning,
        example,
    }
}

/// The faults of one file.
#[derive(Debug)]
pub struct Faults<'a> {
    document: Document<'a>,
    all: Vec<Diagnostic>,
}

impl<'a> Faults<'a> {
    /// None yet.
    pub fn of(document: Document<'a>) -> Self {
        Self {
            document,
            all: Vec::new(),
        }
    }

    /// The file.
    pub fn document(&self) -> Document<'a> {
        self.document
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds one that was found elsewhere.
    pub fn push(&mut self, fault: Diagnostic) {
        if self.all.len() < MOST {
            self.all.push(fault);
        }
    }

    /// Adds one at a place, with its remedy.
    pub fn at(&mut self, path: &[Step], message: impl Into<String>, help: impl Into<String>) {
        if self.all.len() < MOST {
            let fault = self.document.at(path, message);
            self.all.push(fault.with_help(help));
        }
    }

    /// All of them, in the order of the file.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        let start = |fault: &Diagnostic| fault.span.as_ref().map(|span| span.start);
        self.all.sort_by_key(start);
        self.all
    }
}

/// A mapping's fields that were not taken yet.
#[derive(Debug)]
pub struct Fields {
    path: Vec<Step>,
    known: &'static [Field],
    entries: Vec<(String, Node)>,
}

impl Fields {
    /// The fields of the node at `path`. Fields that are not known, that stand twice or that are missing
    /// are faults; so is a node that is no mapping.
    pub fn of(
        node: Node,
        path: &[Step],
        known: &'static [Field],
        faults: &mut Faults<'_>,
    ) -> Option<Self> {
        let Node::Map(entries) = node else {
            let message = match &node {
                Node::Nothing => "there is nothing here".to_owned(),
                node => format!("this is {}, and fields are needed", node.kind()),
            };
            let names: Vec<&str> = known.iter().map(|field| field.name).collect();
            faults.at(path, message, format!("the fields: {}", names.join(", ")));
            return None;
        };
        let mut kept: Vec<(String, Node)> = Vec::new();
        for (name, node) in entries {
            let before = kept.iter().filter(|(other, _)| *other == name).count();
            let here = |nth| [path, &[Step::Name(name.clone(), nth)]].concat();
            if before > 0 {
                let message = format!("the field `{name}` stands here a second time");
                faults.at(&here(before), message, "leave one of them out");
            } else if !known.iter().any(|field| field.name == name) {
                let (message, help) = unknown(&name, known);
                faults.at(&here(0), message, help);
            }
            kept.push((name, node));
        }
        for field in known.iter().filter(|field| field.required) {
            let slip = |name: &String| near(name, known) == Some(field.name);
            if !kept
                .iter()
                .any(|(name, _)| name == field.name || slip(name))
            {
                let message = format!("the field `{}` is missing", field.name);
                faults.at(path, message, format!("add `{}`", field.example));
            }
        }
        Some(Self {
            path: path.to_owned(),
            known,
            entries: kept,
        })
    }

    /// The path to a field.
    pub fn path(&self, name: &str) -> Vec<Step> {
        [self.path.as_slice(), &[name.into()]].concat()
    }

    /// Whether a field is there and was not taken yet.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key == name)
    }

    /// A field's value, where it is there. An empty one is a fault.
    pub fn take(&mut self, name: &str, faults: &mut Faults<'_>) -> Option<Node> {
        let at = self.entries.iter().position(|(key, _)| key == name)?;
        match self.entries.remove(at).1 {
            Node::Nothing => {
                self.refuse(name, &format!("`{name}` is empty"), faults);
                None
            }
            node => Some(node),
        }
    }

    /// A field that is a text.
    pub fn text(&mut self, name: &str, faults: &mut Faults<'_>) -> Option<String> {
        match self.take(name, faults)? {
            Node::Text(text) => Some(text),
            Node::Map(_) => {
                let message = format!("`{name}` is a mapping, and a text is needed");
                faults.at(&self.path(name), message, QUOTES);
                None
            }
            node => {
                let message = format!("`{name}` is {}, and a text is needed", node.kind());
                let help = match &node {
                    Node::Number(number) => format!("put it in quotes: `{name}: \"{number}\"`"),
                    Node::Truth(truth) => format!("put it in quotes: `{name}: \"{truth}\"`"),
                    _ => format!("write it like `{}`", self.example(name)),
                };
                faults.at(&self.path(name), message, help);
                None
            }
        }
    }

    /// A field that is a list of texts.
    pub fn texts(&mut self, name: &str, faults: &mut Faults<'_>) -> Vec<String> {
        let mut texts = Vec::new();
        for (n, node) in self.list(name, faults).into_iter().enumerate() {
            match node {
                Node::Text(text) => texts.push(text),
                node => {
                    let path = [self.path(name).as_slice(), &[n.into()]].concat();
                    let message = format!("this is {}, and a text is needed", node.kind());
                    faults.at(&path, message, QUOTES);
                }
            }
        }
        texts
    }

    /// A field that is a list.
    pub fn list(&mut self, name: &str, faults: &mut Faults<'_>) -> Vec<Node> {
        match self.take(name, faults) {
            Some(Node::List(nodes)) => nodes,
            Some(node) => {
                let message = format!("`{name}` is {}, and a list is needed", node.kind());
                let help = "begin each entry with `- `";
                faults.at(&self.path(name), message, help);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// A field that is a whole number from 0.
    pub fn count(&mut self, name: &str, faults: &mut Faults<'_>) -> Option<usize> {
        let node = self.take(name, faults)?;
        let count = match &node {
            Node::Number(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        if count.is_none() {
            let message = format!("`{name}` is not a whole number from 0");
            self.refuse(name, &message, faults);
        }
        count
    }

    /// A field that is one of these words.
    pub fn word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&'static str, T)],
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let text = self.text(name, faults)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known = words.iter().map(|(word, _)| *word);
            let message = format!("`{text}` is not a value of `{name}`");
            let all: Vec<&str> = known.clone().collect();
            let all = all.join(", ");
            let help = match nearest(&text, known) {
                Some(near) => format!("did you mean `{near}`? It is one of {all}"),
                None => format!("it is one of {all}"),
            };
            faults.at(&self.path(name), message, help);
        }
        found.map(|(_, value)| *value)
    }

    fn refuse(&self, name: &str, message: &str, faults: &mut Faults<'_>) {
        let help = format!("write it like `{}`", self.example(name));
        faults.at(&self.path(name), message, help);
    }

    fn example(&self, name: &str) -> &'static str {
        let field = self.known.iter().find(|field| field.name == name);
        field.map_or("", |field| field.example)
    }
}

/// The known field that a name is probably a slip of.
fn near(name: &str, known: &[Field]) -> Option<&'static str> {
    nearest(name, known.iter().map(|field| field.name))
}

fn unknown(name: &str, known: &[Field]) -> (String, String) {
    let message = format!("there is no field `{name}`");
    let help = match near(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<&str> = known.iter().map(|field| field.name).collect();
            format!("the fields: {}", names.join(", "))
        }
    };
    (message, help)
}
