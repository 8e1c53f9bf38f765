//! A key of YAML, JSON, TOML or XML.

use super::super::xml;
use super::Search;
use crate::services::load;
use crate::services::service::Format;
use crate::text::locate::Step;

/// A tree takes many times the memory of its text.
const LONGEST: usize = 128 << 10;

impl Search<'_, '_> {
    /// Looks for the key in the tree of a file.
    pub(super) fn tree(&mut self, path: &str, text: &str) {
        // An empty file sets nothing.
        if text.trim().is_empty() {
            return;
        }
        if self.wanted.format != Format::Xml && text.len() > LONGEST {
            let why = format!("it is longer than {LONGEST} bytes");
            self.context.files.fault(path, why);
            return;
        }
        for key in &self.wanted.key.0 {
            match in_tree(self.wanted.format, text, key) {
                Err(Unparsed) => self.context.files.fault(path, "it cannot be parsed"),
                Ok(None) => {}
                Ok(Some((value, line))) => self.value(path, line, super::number(&value)),
            }
        }
    }
}

/// The text is not of its format.
struct Unparsed;

/// The value at a path of keys, as text, and its line.
fn in_tree(format: Format, text: &str, key: &str) -> Result<Option<(String, usize)>, Unparsed> {
    match format {
        Format::Toml => in_toml(text, key),
        Format::Xml => in_xml(text, key),
        _ => in_yaml(text, key),
    }
}

fn in_yaml(text: &str, key: &str) -> Result<Option<(String, usize)>, Unparsed> {
    let tree = load::tree(text).ok_or(Unparsed)?;
    let steps: Vec<Step> = key.split('.').map(Step::from).collect();
    let nested = key.split('.').try_fold(&tree, |node, key| node.get(key));
    let (node, steps) = match (nested, tree.get(key)) {
        (Some(node), _) => (node, steps),
        // `a.b: 1` is one key for some programs.
        (None, Some(node)) => (node, vec![Step::from(key)]),
        (None, None) => return Ok(None),
    };
    let value = match node {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => return Ok(None),
        node => node.to_string(),
    };
    Ok(Some((value, load::line_of(text, &steps).unwrap_or(1))))
}

fn in_toml(text: &str, key: &str) -> Result<Option<(String, usize)>, Unparsed> {
    let document = toml_edit::Document::parse(text).map_err(|_| Unparsed)?;
    let mut keys = key.split('.');
    let mut node = keys.next().and_then(|key| document.get(key));
    for key in keys {
        node = node.and_then(|node| node.get(key));
    }
    let Some(node) = node else { return Ok(None) };
    let before = node.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(0, |before| before.matches('\n').count()) + 1;
    let value = match (node.as_integer(), node.as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(text)) => text.to_owned(),
        (None, None) => String::new(),
    };
    Ok(Some((value, line)))
}

fn in_xml(text: &str, key: &str) -> Result<Option<(String, usize)>, Unparsed> {
    let document = xml::parse(text).map_err(|_| Unparsed)?;
    let mut node = document.root_element();
    for key in key.split('.') {
        // Of several the last one counts.
        let found = node.children().rfind(|child| child.has_tag_name(key));
        let Some(found) = found else { return Ok(None) };
        node = found;
    }
    let line = document.text_pos_at(node.range().start).row;
    let value = node.text().unwrap_or_default().trim().to_owned();
    Ok(Some((value, line as usize)))
}
