//! Tries places for one sysctl after the other, on the files as they are by then.

use std::collections::BTreeMap;

use super::files::{
    Candidate, candidates, change, edited, is_editable, is_tuned, own_files, target, without_run,
};
use super::{Already, Configured, FileChange, Placed, Places};
use crate::advise::SysctlStep;
use crate::advise::persistent::suffices;
use crate::assess::settings::{Catalogued, same};
use crate::snapshot::{FileText, Loader};
use crate::sysctl_conf::boot::{Assigned, History, Kernel as _, Persistent, SYSCTL_CONF, Status};
use crate::sysctl_conf::edit::{Change, EditError};

/// Overrides that are changed besides a drop-in, at most.
const MOST_OVERRIDES: usize = 8;

pub(super) struct Planner<'a> {
    configured: Configured<'a>,
    /// The files with the changes so far.
    files: Vec<FileText>,
    changes: BTreeMap<String, Vec<Change>>,
    places: Places,
    /// Sysctls for which there is no file, as nothing loads any.
    homeless: Vec<String>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(configured: Configured<'a>) -> Self {
        let files = configured.files.to_vec();
        let runs = persistent(&configured, &files).runs().clone();
        Self {
            configured,
            files,
            changes: BTreeMap::new(),
            places: Places {
                files: Vec::new(),
                load: Vec::new(),
                placed: Vec::new(),
                already: Vec::new(),
                notes: Vec::new(),
                asides: Vec::new(),
                runs,
            },
            homeless: Vec::new(),
        }
    }

    fn history(&self, files: &[FileText], key: &str) -> History {
        let kernel = Catalogued(self.configured.kernel);
        persistent(&self.configured, files).history(key, &kernel)
    }

    fn edited(
        &self,
        files: &[FileText],
        step: &SysctlStep,
        path: &str,
    ) -> Result<Vec<FileText>, EditError> {
        edited(self.places.runs.loader, files, step, path)
    }

    /// Takes note of a sysctl that the next boot sets well enough without a change.
    pub(super) fn has_already(&mut self, step: &SysctlStep) -> bool {
        // What is below /run is gone at the next boot.
        let lasting = without_run(&self.files);
        let there = serves(&self.history(&self.files, &step.key), step);
        there && self.is_there(step, &self.history(&lasting, &step.key))
    }

    fn is_there(&mut self, step: &SysctlStep, history: &History) -> bool {
        let value = history.value.as_deref();
        let Some(value) = value.filter(|value| suffices(step, value)) else {
            return false;
        };
        let file = history.winner().map(|winner| winner.file.clone());
        self.places.already.push(Already {
            key: step.key.clone(),
            value: value.to_owned(),
            file: file.unwrap_or_default(),
        });
        true
    }

    /// Puts a sysctl where it counts.
    pub(super) fn best(&mut self, step: &SysctlStep) -> Result<(), EditError> {
        if !self.found(step, candidates)? {
            self.cannot(step);
        }
        Ok(())
    }

    /// Puts a sysctl into a file of backlint's own; what would override it gets the value too.
    pub(super) fn own(&mut self, step: &SysctlStep) -> Result<(), EditError> {
        let own = |persistent: &Persistent<'_>, _: &_, history: &_| {
            own_files(persistent.files(), history)
        };
        if self.found(step, own)? {
            return Ok(());
        }
        let all = self.files.clone();
        let lasting = without_run(&all);
        for files in [&all, &lasting] {
            if self.with_overrides(files, step)? {
                if files.len() < all.len() {
                    self.note_run(step);
                }
                return Ok(());
            }
        }
        self.cannot(step);
        Ok(())
    }

    /// Takes the first place that counts, if need be as long as nothing below /run overrides it.
    fn found(
        &mut self,
        step: &SysctlStep,
        candidates: impl Fn(&Persistent<'_>, &SysctlStep, &History) -> Vec<Candidate>,
    ) -> Result<bool, EditError> {
        let all = self.files.clone();
        let lasting = without_run(&all);
        for files in [&all, &lasting] {
            let history = self.history(files, &step.key);
            let candidates = candidates(&persistent(&self.configured, files), step, &history);
            let lasts = files.len() == lasting.len();
            if lasts && self.is_there(step, &history) || self.first_of(files, step, candidates)? {
                if files.len() < all.len() {
                    self.note_run(step);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the first place that counts among these files.
    fn first_of(
        &mut self,
        files: &[FileText],
        step: &SysctlStep,
        candidates: Vec<Candidate>,
    ) -> Result<bool, EditError> {
        for candidate in candidates {
            if self.counts(files, step, &candidate)? {
                self.accept(step, candidate)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a sysctl counts once it is there.
    fn counts(
        &self,
        files: &[FileText],
        step: &SysctlStep,
        candidate: &Candidate,
    ) -> Result<bool, EditError> {
        if !is_editable(files, &candidate.path) {
            return Ok(false);
        }
        let after = self.edited(files, step, &candidate.path)?;
        let persistent = persistent(&self.configured, &after);
        if candidate.loaded && !persistent.loads(&candidate.path) {
            return Ok(false);
        }
        let kernel = Catalogued(self.configured.kernel);
        // It serves with what is below /run and without.
        let lasting = without_run(&after);
        Ok(serves(&persistent.history(&step.key, &kernel), step)
            && serves(&self.history(&lasting, &step.key), step))
    }

    /// Puts a sysctl into a file of backlint's own, and changes the lines that override it.
    fn with_overrides(&mut self, files: &[FileText], step: &SysctlStep) -> Result<bool, EditError> {
        let own = own_files(files, &History::default()).into_iter();
        let Some(own) = own.map(|own| own.path).find(|own| is_editable(files, own)) else {
            return Ok(false);
        };
        let mut after = self.edited(files, step, &own)?;
        let mut all = vec![Candidate::new(&own, "as --for drop-in wants it")];
        for _ in 0..MOST_OVERRIDES {
            let history = self.history(&after, &step.key);
            if serves(&history, step) {
                for candidate in all {
                    self.accept(step, candidate)?;
                }
                return Ok(true);
            }
            let winner = history.winner().filter(|winner| winner.key == step.key);
            let Some(winner) = winner.filter(|winner| is_editable(&after, &winner.file)) else {
                break;
            };
            let why = format!("line {} there would override the drop-in", winner.line);
            all.push(Candidate::new(&winner.file, why));
            after = self.edited(&after, step, &winner.file)?;
        }
        Ok(false)
    }

    /// Puts a sysctl into the file that was asked for, and says if it does not count there.
    pub(super) fn put_into(&mut self, step: &SysctlStep, path: &str) -> Result<(), EditError> {
        let own = self.files.iter().find(|file| file.path == path);
        let path = own.map_or(path, target).to_owned();
        self.accept(step, Candidate::new(&path, "as --file wants it"))?;
        let history = self.history(&self.files, &step.key);
        if serves(&history, step) {
            return Ok(());
        }
        let mut lines = history.assignments.iter().rev();
        let line = lines.find(|line| line.file == path && line.key == step.key);
        let (verb, why) = match (line, self.places.runs.loader) {
            (Some(line), _) if line.status == Status::Overridden => ("loses", &*line.reason),
            (Some(line), _) => ("does not count", &*line.reason),
            (None, None) => ("does not count", &*self.places.runs.how),
            (None, Some(_)) => ("does not count", "no loader reads this file"),
        };
        let note = format!(
            "{} = {} in {path} {verb} at boot: {why}",
            step.key, step.value
        );
        self.places.notes.push(note);
        Ok(())
    }

    fn accept(&mut self, step: &SysctlStep, candidate: Candidate) -> Result<(), EditError> {
        let Candidate { path, why, .. } = candidate;
        let after = self.edited(&self.files, step, &path)?;
        if after == self.files {
            return Ok(());
        }
        self.files = after;
        let changes = self.changes.entry(path.clone()).or_default();
        changes.push(change(step));
        self.places.placed.push(Placed {
            key: step.key.clone(),
            file: path,
            why,
        });
        Ok(())
    }

    /// Says why a sysctl is left out.
    fn cannot(&mut self, step: &SysctlStep) {
        let SysctlStep { key, value, .. } = step;
        if self.places.runs.loader.is_none() {
            self.homeless.push(format!("{key} = {value}"));
            return;
        }
        let history = self.history(&self.files, key);
        let refusal = Catalogued(self.configured.kernel).refusal(key, value);
        let why = match history.winner() {
            _ if refusal.is_some() => {
                format!(
                    "the kernel does not take it: {}",
                    refusal.unwrap_or_default()
                )
            }
            Some(winner) if is_tuned(&winner.file) => format!(
                "{} of TuneD's profile sets {} after all sysctl files; change it in a copy of the profile below /etc/tuned, or set reapply_sysctl = 1 in /etc/tuned/tuned-main.conf",
                winner.place(),
                shown(winner)
            ),
            Some(winner) => format!(
                "{} sets {} whatever a file below /etc says",
                winner.place(),
                shown(winner)
            ),
            None => "no file below /etc would count at boot".to_owned(),
        };
        let note = format!("not in the diff: {key} = {value}: {why}");
        self.places.notes.push(note);
    }

    /// Says that something below /run overrides a sysctl as long as it is there.
    fn note_run(&mut self, step: &SysctlStep) {
        let history = self.history(&self.files, &step.key);
        if let Some(winner) = history.winner() {
            let note = format!(
                "{} sets {} = {} after that; what is below /run is gone at the next boot, unless something writes it again",
                winner.place(),
                step.key,
                shown(winner)
            );
            self.places.notes.push(note);
        }
    }

    pub(super) fn finish(mut self) -> Places {
        if !self.homeless.is_empty() {
            let instead = match self.places.runs.in_container {
                true => {
                    "the values of a container are set where it is made (--for docker, compose, podman, kubernetes and others); "
                }
                false => "",
            };
            let note = format!(
                "not in the diff: {}: nothing loads sysctl files here at boot ({}); {instead}--file PATH writes them all the same",
                self.homeless.join(", "),
                self.places.runs.how
            );
            self.places.notes.push(note);
        }
        let persistent = persistent(&self.configured, &self.files);
        let unread = persistent.unread().map(|file| {
            format!(
                "{} could not be read: what it sets may come after this change",
                file.path
            )
        });
        if !self.changes.is_empty() {
            self.places.notes.extend(unread);
        }
        let kernel = Catalogued(self.configured.kernel);
        for placed in &self.places.placed {
            let own = persistent.history(&placed.key, &kernel);
            self.places.asides.extend(aside(&own));
            let theirs = persistent.history_with(Loader::Procps, &placed.key, &kernel);
            self.places
                .asides
                .extend(dissent(&placed.key, &own, &theirs));
        }
        let mut load: Vec<String> = self.changes.keys().cloned().collect();
        load.sort_by_key(|path| persistent.position(path));
        self.places.load = load;
        let already = &mut self.places.already;
        already.sort_by_key(|it| persistent.position(&it.file));
        let changes = self.changes.into_iter();
        self.places.files = changes
            .map(|(path, changes)| FileChange { path, changes })
            .collect();
        self.places
    }
}

fn persistent<'f>(configured: &Configured<'f>, files: &'f [FileText]) -> Persistent<'f> {
    Persistent::new(files, configured.boot, configured.os)
}

/// A line of /etc/sysctl.conf that people may take for the one that counts.
fn aside(history: &History) -> Option<String> {
    let misleads = |line: &&Assigned| {
        let other = line.value.is_some() && line.value != history.value;
        line.status == Status::Dead && line.file == SYSCTL_CONF && other
    };
    let line = history.assignments.iter().rev().find(misleads)?;
    let (place, value) = (line.place(), shown(line));
    Some(format!(
        "{place} has {value}, which does not count: {}",
        line.reason
    ))
}

/// What `sysctl --system` does instead, where it comes to another value: people try files with it.
fn dissent(key: &str, own: &History, theirs: &History) -> Option<String> {
    let (value, winner) = (theirs.value.as_deref()?, theirs.winner()?);
    let agree = own
        .value
        .as_deref()
        .is_some_and(|own| same(key, own, value));
    (!agree).then(|| {
        let place = winner.place();
        format!("sysctl --system sets {key} to {value} all the same: procps applies {place} last")
    })
}

/// Whether what the next boot sets serves a step.
fn serves(history: &History, step: &SysctlStep) -> bool {
    let value = history.value.as_deref();
    value.is_some_and(|value| suffices(step, value))
}

fn shown(line: &Assigned) -> &str {
    line.value.as_deref().unwrap_or_default()
}
