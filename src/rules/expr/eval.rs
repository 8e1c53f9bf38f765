//! Evaluation of typed expressions for one subject.

use std::collections::BTreeSet;

use super::program::{Read, Stop};
use super::{Expr, Name};
use crate::rules::vocabulary::{Subject, Value};

/// Why an expression has no value for a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unevaluated {
    /// Names that the expression needed and that were not read.
    pub missing: BTreeSet<String>,
    /// What the evaluator said, when nothing was missing.
    pub fault: Option<String>,
}

/// The values of an expression's names that all subjects of a namespace share, read once; of the others
/// none.
#[derive(Debug)]
pub struct Shared<'a>(Vec<Option<Value<'a>>>);

/// Reads names for one subject.
struct Reader<'a, 's> {
    names: &'a [Name],
    subject: Subject<'a>,
    shared: Option<&'s Shared<'a>>,
}

impl<'a> Read<'a> for Reader<'a, '_> {
    fn value(&self, number: usize) -> Option<Value<'a>> {
        let name = self.names.get(number)?;
        match self.shared {
            Some(Shared(values)) if !name.is_of_subject() => values.get(number)?.clone(),
            _ => name.get(self.subject),
        }
    }

    fn has(&self, name: &Name) -> Option<bool> {
        Some(name.get(self.subject).is_some())
    }
}

/// Reads what the subjects of a namespace share, and knows nothing of any of them.
struct OfAny<'a, 's> {
    netns: Subject<'a>,
    shared: &'s Shared<'a>,
}

impl<'a> Read<'a> for OfAny<'a, '_> {
    fn value(&self, number: usize) -> Option<Value<'a>> {
        self.shared.0.get(number)?.clone()
    }

    fn has(&self, name: &Name) -> Option<bool> {
        (!name.is_of_subject()).then(|| name.get(self.netns).is_some())
    }
}

impl Expr {
    /// The value for a subject.
    ///
    /// An absent fact is no value but not always a fault: in `a || b` with `a` true, `b` may be
    /// absent, as CEL defines it.
    ///
    /// # Errors
    /// [`Unevaluated`] with the names that were needed and absent.
    pub fn evaluate(&self, subject: Subject<'_>) -> Result<Value<'static>, Unevaluated> {
        self.run(subject, None).map(Value::into_owned)
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// [`Unevaluated`] as for [`Expr::evaluate`], also when the value is not a truth.
    pub fn holds(&self, subject: Subject<'_>) -> Result<bool, Unevaluated> {
        truth(self.run(subject, None)?)
    }

    /// What the subjects of a namespace share. The subject stands for any of them.
    pub fn share<'a>(&self, subject: Subject<'a>) -> Shared<'a> {
        let value = |name: &Name| match name.is_of_subject() {
            true => None,
            false => name.get(subject),
        };
        Shared(self.names.iter().map(value).collect())
    }

    /// Whether the condition holds for a subject of the namespace that the values were read of.
    ///
    /// # Errors
    /// As [`Expr::holds`].
    pub fn holds_with<'a>(
        &'a self,
        subject: Subject<'a>,
        shared: &Shared<'a>,
    ) -> Result<bool, Unevaluated> {
        truth(self.run(subject, Some(shared))?)
    }

    /// Whether the condition is false for every subject of the namespace, whatever they are.
    pub fn holds_for_none<'a>(&'a self, netns: Subject<'a>, shared: &Shared<'a>) -> bool {
        let read = OfAny { netns, shared };
        self.program.run(&read) == Ok(Value::Bool(false))
    }

    fn run<'a>(
        &'a self,
        subject: Subject<'a>,
        shared: Option<&Shared<'a>>,
    ) -> Result<Value<'a>, Unevaluated> {
        let reader = Reader {
            names: &self.names,
            subject,
            shared,
        };
        let run = self.program.run(&reader);
        run.map_err(|stop| self.unevaluated(subject, &stop))
    }

    fn unevaluated(&self, subject: Subject<'_>, stop: &Stop) -> Unevaluated {
        let absent = |name: &&Name| name.get(subject).is_none();
        let mut missing = BTreeSet::new();
        for name in stop.absent.iter().filter_map(|n| self.names.get(*n)) {
            // A name that was computed is explained by what it was computed from.
            let needs = match name {
                Name::Fact(entry) => entry.needs,
                Name::Sysctl(_) | Name::Counter(_) | Name::AfterBoot(_) => &[],
            };
            let needs: Vec<Name> = needs
                .iter()
                .filter_map(|path| Name::of_path(path))
                .collect();
            let causes: Vec<String> = needs.iter().filter(absent).map(Name::path).collect();
            if causes.is_empty() {
                missing.insert(name.path());
            }
            missing.extend(causes);
        }
        Unevaluated {
            fault: stop.fault.filter(|_| missing.is_empty()).map(str::to_owned),
            missing,
        }
    }
}

fn truth(value: Value<'_>) -> Result<bool, Unevaluated> {
    match value {
        Value::Bool(value) => Ok(value),
        other => Err(Unevaluated {
            missing: BTreeSet::new(),
            fault: Some(format!("`{other}` is neither true nor false")),
        }),
    }
}
