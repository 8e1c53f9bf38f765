//! The files of an image that is kept in layers. The first question reads all layers once; what later questions
//! need and was not kept then is fetched by reading the layers again that have it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use super::config::Config;
use super::error::ImageError;
use super::held::Held;
use super::index::{Content, Index};
use super::layer::Fault;
use super::layer::decode::Packing;
use super::layer::fetch::{Want, fetch};
use super::layer::keep::Keep;
use super::layer::scan::{Scanned, scan};
use super::layer::stream::{Allowance, Skim};
use super::manifest::Layer;
use super::oddities::Oddities;
use super::source::{Blob, Source, damaged};
use super::tree::Tree;
use super::view::{View, Wanted};
use crate::cores;
use crate::snapshot::Gap;
use crate::text::untrusted::clean;

/// Layers that are read at once: each has a decoder with its window, of at most 8 MiB but for one of them.
const MOST_ROWS: usize = 4;
/// How often layers are read again for one question. A program takes three, an include one for each level.
const MOST_ROUNDS: usize = 24;
/// Bytes of contents that are held together.
const MOST_HELD: usize = 24 << 20;

/// An image in layers.
#[derive(Debug)]
pub(super) struct Layers {
    source: Source,
    layers: Vec<Layer>,
    allowance: Allowance,
    keep: Keep,
    /// `None`: not read yet.
    index: Option<Index>,
    held: BTreeMap<Content, Held>,
    oddities: Oddities,
}

impl Layers {
    pub(super) fn new(source: Source, layers: Vec<Layer>, config: Option<&Config>) -> Self {
        let allowance = source.allowance(layers.iter().filter_map(|layer| layer.blob.as_ref()));
        Self {
            source,
            layers,
            allowance,
            keep: Keep::new(config),
            index: None,
            held: BTreeMap::new(),
            oddities: Oddities::default(),
        }
    }

    /// Asks until nothing is missing.
    pub(super) fn ask<T>(
        &mut self,
        question: &mut dyn FnMut(&dyn Tree) -> T,
    ) -> Result<T, ImageError> {
        let index = match self.index.take() {
            Some(index) => index,
            None => self.scan()?,
        };
        let index = self.index.insert(index);
        let (mut round, mut spent) = (0, false);
        loop {
            let full = self.held.values().map(Held::bytes).sum::<usize>() > MOST_HELD;
            let last = full || spent || round == MOST_ROUNDS;
            let wanted = Mutex::default();
            let view = View::new(index, &self.held, &wanted, last);
            let answer = question(&view);
            let wanted: Wanted = wanted.into_inner().unwrap_or_default();
            if wanted.is_empty() || last {
                return Ok(answer);
            }
            let (source, layers) = (&self.source, &self.layers);
            let wanted = at_once(wanted);
            match fetch_all(source, layers, &self.allowance, wanted, &mut self.held) {
                // As much was read again as may be: the last round answers from what is held.
                Err(ImageError::TooLarge { .. }) => spent = true,
                fetched => fetched?,
            }
            round += 1;
        }
    }

    /// What could not be understood.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let elsewhere = self.layers.iter().filter(|layer| layer.blob.is_none());
        let elsewhere = elsewhere.map(|layer| {
            let why = "it may not be distributed and is kept elsewhere";
            Gap::new(
                format!("layer {} of the image", clean(&layer.name)),
                why,
                "its files",
            )
        });
        elsewhere.chain(self.oddities.gaps()).collect()
    }

    /// Reads all layers, several at once, and puts them on each other.
    fn scan(&mut self) -> Result<Index, ImageError> {
        let keep = &self.keep;
        let all = (0..self.layers.len()).collect();
        let read = read(
            &self.source,
            &self.layers,
            &self.allowance,
            &all,
            |_, input, packing| scan(input, keep, packing != Packing::Plain),
        )?;
        let mut index = Index::new();
        for (number, scanned) in read {
            let Scanned {
                journal,
                held,
                oddities,
                ..
            } = scanned;
            let layer = u16::try_from(number).unwrap_or(u16::MAX);
            self.oddities.append(oddities);
            let applied = index.apply(layer, &journal, &mut self.oddities);
            applied.map_err(|fault| self.damaged(number, fault))?;
            let held = held.into_iter();
            self.held
                .extend(held.map(|(at, held)| (Content { layer, at }, held)));
        }
        Ok(index)
    }

    fn damaged(&self, number: usize, fault: Fault) -> ImageError {
        damaged_layer(&self.source, &self.layers, number, fault)
    }
}

fn damaged_layer(source: &Source, layers: &[Layer], number: usize, fault: Fault) -> ImageError {
    let name = layers.get(number).map_or("", |layer| layer.name.as_str());
    damaged(&source.path, &format!("layer {name}"), fault)
}

/// Reads these layers, several at once; what came of it by their numbers.
fn read<T: Send>(
    source: &Source,
    layers: &[Layer],
    allowance: &Allowance,
    numbers: &BTreeSet<usize>,
    work: impl Fn(usize, &mut dyn Skim, Packing) -> Result<T, Fault> + Sync,
) -> Result<BTreeMap<usize, T>, ImageError> {
    let blob = |number: usize| layers.get(number).and_then(|layer| layer.blob.as_ref());
    let blobs: Vec<(usize, &Blob)> = numbers
        .iter()
        .filter_map(|number| Some((*number, blob(*number)?)))
        .collect();
    let rows = source.rows(&blobs, MOST_ROWS);
    let done = cores::map_from(2, &rows, |row| {
        let mut results = Vec::new();
        let mut order = row.iter();
        let blobs = row.iter().filter_map(|number| blob(*number));
        let all = source.each(blobs, allowance, |input, packing| {
            let number = order.next().copied().unwrap_or_default();
            results.push((number, work(number, input, packing)?));
            Ok(())
        });
        // The one that failed is the one after those that did not.
        let failed = row.get(results.len()).or(row.last());
        let failed = failed.copied().unwrap_or_default();
        (results, all.map_err(|fault| (failed, fault)))
    });
    let failed = done.iter().filter_map(|(_, all)| all.as_ref().err());
    if let Some((number, fault)) = failed.min_by_key(|(number, _)| *number) {
        return Err(damaged_layer(source, layers, *number, fault.clone()));
    }
    Ok(done.into_iter().flat_map(|(results, _)| results).collect())
}

/// As much of what is wanted as is held together; the rest is wanted again.
fn at_once(wanted: Wanted) -> Wanted {
    let mut bytes = 0;
    let mut room = |want: &Want| {
        let before = bytes;
        bytes += want.bytes();
        before < MOST_HELD as u64
    };
    wanted
        .into_iter()
        .take_while(|(_, want)| room(want))
        .collect()
}

/// Fetches what is wanted from the layers that have it.
fn fetch_all(
    source: &Source,
    layers: &[Layer],
    allowance: &Allowance,
    wanted: Wanted,
    held: &mut BTreeMap<Content, Held>,
) -> Result<(), ImageError> {
    let mut by_layer: BTreeMap<usize, BTreeMap<u64, Want>> = BTreeMap::new();
    for (content, want) in wanted {
        let layer = by_layer.entry(content.layer.into()).or_default();
        layer.insert(content.at, want);
    }
    let numbers = by_layer.keys().copied().collect();
    let found = read(
        source,
        layers,
        allowance,
        &numbers,
        |number, input, _| match by_layer.get(&number) {
            Some(wanted) => fetch(input, wanted),
            None => Ok(Vec::new()),
        },
    )?;
    for (number, found) in found {
        let layer = u16::try_from(number).unwrap_or(u16::MAX);
        for (at, more) in found {
            held.entry(Content { layer, at }).or_default().add(more);
        }
    }
    Ok(())
}
