//! A snapshot inside another file, as the cases of rules have them: without its schema line, which is
//! understood, and with its faults at their places in that file.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::{SCHEMA, Snapshot, file, remedy};
use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::locate::Step;

/// Reads the snapshot that stands at a path of a document.
///
/// # Errors
/// As of [`file::parse`].
pub fn parse(document: Document<'_>, path: &[Step]) -> Result<Snapshot, Diagnostic> {
    let Fragment(snapshot) = document.read_at(path).map_err(remedy::add)?;
    file::sound(document, path, &snapshot)?;
    Ok(snapshot)
}

struct Fragment(Snapshot);

impl<'de> Deserialize<'de> for Fragment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Body)
    }
}

struct Body;

impl<'de> Visitor<'de> for Body {
    type Value = Fragment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fields of a snapshot")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fragment, A::Error> {
        let entries = WithSchema {
            given: map,
            told: Told::Nothing,
        };
        Snapshot::deserialize(MapAccessDeserializer::new(entries)).map(Fragment)
    }
}

/// The entries of a mapping with the schema line in front.
struct WithSchema<A> {
    given: A,
    told: Told,
}

enum Told {
    Nothing,
    Key,
    Line,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithSchema<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.told {
            Told::Nothing => {
                self.told = Told::Key;
                seed.deserialize(StrDeserializer::new("schema")).map(Some)
            }
            Told::Key | Told::Line => self.given.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.told {
            Told::Key => {
                self.told = Told::Line;
                seed.deserialize(StrDeserializer::new(SCHEMA))
            }
            Told::Nothing | Told::Line => self.given.next_value_seed(seed),
        }
    }
}
