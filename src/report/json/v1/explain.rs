//! `backlint/explain/v1`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::explain::library::Entry;
use crate::report::explain::page::{self, Page};
use crate::report::service;
use crate::report::style::{Look, WIDTH};

/// A page, in version 1. Texts are Markdown.
#[derive(Serialize)]
pub struct Explained {
    schema: &'static str,
    kind: &'static str,
    name: String,
    title: String,
    facts: BTreeMap<&'static str, String>,
    sections: Vec<Section>,
}

#[derive(Serialize)]
struct Section {
    heading: Option<String>,
    text: String,
}

impl Explained {
    /// The page in version 1.
    pub fn new(entry: &Entry<'_>) -> Self {
        match entry {
            Entry::Page(page) => Self::page(page),
            Entry::Service(service) => {
                let look = Look {
                    color: false,
                    width: WIDTH,
                };
                let mut text = Vec::new();
                // Nothing refuses to be written to memory.
                let _ = service::page::write(service, look, &mut text);
                let text = String::from_utf8_lossy(&text).into_owned();
                Self {
                    kind: "service",
                    name: service.name.clone(),
                    title: service.title.clone(),
                    sections: vec![Section {
                        heading: None,
                        text,
                    }],
                    ..Self::empty()
                }
            }
        }
    }

    fn page(page: &Page) -> Self {
        Self {
            kind: page.kind,
            name: page.name.clone(),
            title: page.title.clone(),
            facts: page.facts.iter().cloned().collect(),
            sections: page.sections.iter().map(Section::new).collect(),
            ..Self::empty()
        }
    }

    fn empty() -> Self {
        Self {
            schema: "backlint/explain/v1",
            kind: "",
            name: String::new(),
            title: String::new(),
            facts: BTreeMap::new(),
            sections: Vec::new(),
        }
    }
}

impl Section {
    fn new(section: &page::Section) -> Self {
        Self {
            heading: (!section.heading.is_empty()).then(|| section.heading.clone()),
            text: section.text.clone(),
        }
    }
}
