//! Where all values of a file stand, found in one pass.
//!
//! [`Document::place`] answers for one value, by walking to it; that is right for a diagnostic and
//! quadratic for a report that points at every listener of a large file. This is the index for such
//! a report: built once, and only where an output points into files. YAML comes from the events of
//! a parser that tells where each begins, JSON from slices of the text. It judges nothing: the file
//! was read before, and where this parser stops, what stands behind has the place of what it is in.
//!
//! [`Document::place`]: super::document::Document::place

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::value::RawValue;

use super::document::is_json;
use super::locate::Step;

/// A place in a file: line and column, both from 1, columns in characters.
pub type Place = (usize, usize);

/// The places of all values of one file.
#[derive(Debug, Default)]
pub struct Positions {
    nodes: Vec<Node>,
    root: Option<usize>,
}

#[derive(Debug)]
struct Node {
    place: Place,
    content: Content,
}

/// Values are known by their numbers among all nodes.
#[derive(Debug)]
enum Content {
    Scalar,
    /// A text whose lines are those of the file, from this one.
    Literal(usize),
    Map(Vec<(Box<str>, usize)>),
    Sequence(Vec<usize>),
}

impl Positions {
    /// The places of a file's values. The text is one that was read.
    pub fn of(text: &str) -> Self {
        if is_json(text) {
            json(text)
        } else {
            yaml(text)
        }
    }

    /// The place of the value that a path leads to, or of the nearest that it stands in. That of a block
    /// of text is its first line.
    pub fn place(&self, path: &[Step]) -> Option<Place> {
        self.walk(path).map(|(node, _)| node.place)
    }

    /// The place of line `number`, from 1, of the text that a path leads to. A text in one line of the
    /// file, quoted or folded, has the place of its beginning for all of its lines.
    pub fn line(&self, path: &[Step], number: usize) -> Option<Place> {
        let (node, rest) = self.walk(path)?;
        match node.content {
            Content::Literal(first) if rest.is_empty() => {
                Some((first + number.saturating_sub(1), 1))
            }
            _ => Some(node.place),
        }
    }

    /// The last node that the path leads to, and what of the path leads nowhere.
    fn walk<'a, 'p>(&'a self, path: &'p [Step]) -> Option<(&'a Node, &'p [Step])> {
        let mut node = self.nodes.get(self.root?)?;
        let mut rest = path;
        while let Some((step, behind)) = rest.split_first() {
            let next = match (&node.content, step) {
                (Content::Map(entries), Step::Key(wanted)) => entries
                    .iter()
                    .find_map(|(key, value)| (**key == **wanted).then_some(*value)),
                (Content::Sequence(items), Step::Index(index)) => items.get(*index).copied(),
                _ => None,
            };
            let Some(next) = next.and_then(|next| self.nodes.get(next)) else {
                break;
            };
            (node, rest) = (next, behind);
        }
        Some((node, rest))
    }
}

/// What is built from events.
#[derive(Default)]
struct Builder {
    positions: Positions,
    /// Maps and sequences that have not ended.
    open: Vec<Open>,
    /// Nodes by the number of their anchor.
    anchors: BTreeMap<usize, usize>,
}

struct Open {
    node: usize,
    /// The key whose value comes next.
    key: Option<Box<str>>,
}

/// The places of the values of a text that is YAML.
pub(super) fn yaml(text: &str) -> Positions {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        let place = (span.start.line(), span.start.col() + 1);
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let content = match style {
                    // The parser's place is that of the first line that is not empty.
                    ScalarStyle::Literal => {
                        let empty = value.chars().take_while(|c| *c == '\n').count();
                        Content::Literal(place.0.saturating_sub(empty))
                    }
                    _ => Content::Scalar,
                };
                builder.add(place, content, anchor, Some(&value));
            }
            Event::MappingStart(anchor, _) => {
                let node = builder.add(place, Content::Map(Vec::new()), anchor, None);
                builder.open.push(Open { node, key: None });
            }
            Event::SequenceStart(anchor, _) => {
                let node = builder.add(place, Content::Sequence(Vec::new()), anchor, None);
                builder.open.push(Open { node, key: None });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                builder.open.pop();
            }
            Event::Alias(anchor) => {
                if let Some(node) = builder.anchors.get(&anchor).copied() {
                    builder.hang(node, None);
                }
            }
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    builder.positions
}

impl Builder {
    fn add(&mut self, place: Place, content: Content, anchor: usize, key: Option<&str>) -> usize {
        let node = self.positions.nodes.len();
        self.positions.nodes.push(Node { place, content });
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
        self.hang(node, key);
        node
    }

    /// Puts a node into what is open: as a key, where `text` is one and a key is due, or as a value.
    fn hang(&mut self, node: usize, text: Option<&str>) {
        let Some(open) = self.open.last_mut() else {
            self.positions.root.get_or_insert(node);
            return;
        };
        match self
            .positions
            .nodes
            .get_mut(open.node)
            .map(|node| &mut node.content)
        {
            Some(Content::Map(entries)) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(text.unwrap_or_default().into()),
            },
            Some(Content::Sequence(items)) => items.push(node),
            _ => {}
        }
    }
}

/// The places of the values of a text that is JSON.
pub(super) fn json(text: &str) -> Positions {
    let mut slices = Slices {
        text,
        starts: Vec::new(),
        nodes: Vec::new(),
    };
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return Positions::default();
    };
    let root = slices.add(raw);
    let places = places(text, &slices.starts);
    let nodes = slices.nodes.into_iter().zip(places);
    Positions {
        nodes: nodes
            .map(|(content, place)| Node { place, content })
            .collect(),
        root: Some(root),
    }
}

struct Slices<'a> {
    text: &'a str,
    /// The first byte of each node.
    starts: Vec<usize>,
    nodes: Vec<Content>,
}

impl<'a> Slices<'a> {
    /// Adds a value and all in it. Each level is read once more for those in it: a file that was read
    /// has few.
    fn add(&mut self, raw: &'a RawValue) -> usize {
        let node = self.nodes.len();
        let start = raw.get().as_ptr() as usize - self.text.as_ptr() as usize;
        self.starts.push(start);
        self.nodes.push(Content::Scalar);
        let content = match raw.get().as_bytes().first() {
            Some(b'{') => {
                let entries: BTreeMap<String, &RawValue> =
                    serde_json::from_str(raw.get()).unwrap_or_default();
                let entries = entries.into_iter();
                Content::Map(
                    entries
                        .map(|(key, value)| (key.into(), self.add(value)))
                        .collect(),
                )
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
                Content::Sequence(items.into_iter().map(|item| self.add(item)).collect())
            }
            _ => Content::Scalar,
        };
        if let Some(known) = self.nodes.get_mut(node) {
            *known = content;
        }
        node
    }
}

/// Lines and columns of bytes of a text, in one pass over it.
fn places(text: &str, starts: &[usize]) -> Vec<Place> {
    let mut order: Vec<usize> = (0..starts.len()).collect();
    order.sort_by_key(|node| starts.get(*node));
    let mut places = vec![(1, 1); starts.len()];
    let (mut at, mut line, mut column) = (0, 1, 1);
    for node in order {
        let Some(start) = starts.get(node).copied() else {
            continue;
        };
        for c in text.get(at..start).unwrap_or_default().chars() {
            (line, column) = match c {
                '\n' => (line + 1, 1),
                _ => (line, column + 1),
            };
        }
        at = start;
        if let Some(place) = places.get_mut(node) {
            *place = (line, column);
        }
    }
    places
}

#[cfg(test)]
mod tests;
