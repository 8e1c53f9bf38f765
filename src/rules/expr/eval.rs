//! Evaluation of typed expressions for one subject.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env};

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

/// The functions and operators of CEL; building them anew for each evaluation would dominate it.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

impl Expr {
    /// The value for a subject.
    ///
    /// An absent fact is no value but not always a fault: in `a || b` with `a` true, `b` may be
    /// absent, as CEL defines it.
    ///
    /// # Errors
    /// [`Unevaluated`] with the names that were needed and absent.
    pub fn evaluate(&self, subject: Subject<'_>) -> Result<Value<'static>, Unevaluated> {
        if let Some(name) = self.bare_name() {
            return match name.get(subject) {
                Some(value) => Ok(value.into_owned()),
                None => Err(self.unevaluated(subject, None)),
            };
        }
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        for (root, tree) in self.variables(subject) {
            context.add_variable_from_value(root, tree);
        }
        let fault = match cel::Value::resolve(&self.ast, &context) {
            Ok(cel::Value::Int(value)) => return Ok(Value::Int(value)),
            Ok(cel::Value::Bool(value)) => return Ok(Value::Bool(value)),
            Ok(cel::Value::String(value)) => {
                return Ok(Value::Text(Cow::Owned(value.as_str().to_owned())));
            }
            Ok(other) => format!("the value {other:?} is no number, text or truth"),
            Err(error) => error.to_string(),
        };
        Err(self.unevaluated(subject, Some(fault)))
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// [`Unevaluated`] as for [`Expr::evaluate`], also when the value is not a truth.
    pub fn holds(&self, subject: Subject<'_>) -> Result<bool, Unevaluated> {
        match self.evaluate(subject)? {
            Value::Bool(value) => Ok(value),
            other => Err(Unevaluated {
                missing: BTreeSet::new(),
                fault: Some(format!("`{other}` is neither true nor false")),
            }),
        }
    }

    fn unevaluated(&self, subject: Subject<'_>, fault: Option<String>) -> Unevaluated {
        let absent = |name: &&Name| name.get(subject).is_none();
        let mut missing = BTreeSet::new();
        for name in self.names.iter().filter(absent) {
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
        let fault = fault.filter(|_| missing.is_empty());
        Unevaluated { missing, fault }
    }

    /// The names of this expression as CEL's variables: nested maps in which an absent fact has no
    /// key. The roots always exist, and so do the groups above a name whose presence is asked:
    /// CEL's `has(a.b.c)` needs `a.b`.
    fn variables(&self, subject: Subject<'_>) -> BTreeMap<&'static str, cel::Value> {
        let mut roots: BTreeMap<&'static str, Tree> = BTreeMap::new();
        let read = self.names.iter().map(|name| (name, false));
        let asked = self
            .asked_for
            .iter()
            .map(|asked| (&asked.name, asked.alone));
        for (name, needs_groups) in read.chain(asked) {
            let (root, steps): (&str, Vec<&str>) = match name {
                Name::Fact(entry) => {
                    let (root, path) = entry.path.split_once('.').unwrap_or((entry.path, ""));
                    (root, path.split('.').collect())
                }
                Name::Sysctl(key) => ("sysctl", vec![key]),
                Name::Counter(name) => ("counters", vec![name]),
                Name::AfterBoot(key) => ("after_boot", vec![key]),
            };
            let tree = roots.entry(root).or_default();
            let value = name.get(subject).map(to_cel);
            if value.is_some() || needs_groups {
                tree.insert(&steps, value);
            }
        }
        roots
            .into_iter()
            .map(|(root, tree)| (root, tree.into_cel()))
            .collect()
    }
}

fn to_cel(value: Value<'_>) -> cel::Value {
    match value {
        Value::Int(value) => cel::Value::Int(value),
        Value::Bool(value) => cel::Value::Bool(value),
        Value::Text(value) => cel::Value::String(Arc::new(value.into_owned())),
    }
}

#[derive(Default)]
struct Tree {
    value: Option<cel::Value>,
    below: BTreeMap<String, Tree>,
}

impl Tree {
    fn insert(&mut self, steps: &[&str], value: Option<cel::Value>) {
        match steps {
            [] => self.value = value,
            [_leaf] if value.is_none() => {}
            [step, rest @ ..] => {
                self.below
                    .entry((*step).to_owned())
                    .or_default()
                    .insert(rest, value);
            }
        }
    }

    fn into_cel(self) -> cel::Value {
        if let Some(value) = self.value {
            return value;
        }
        let entries: HashMap<Key, cel::Value> = self
            .below
            .into_iter()
            .map(|(key, tree)| (Key::String(Arc::new(key)), tree.into_cel()))
            .collect();
        cel::Value::Map(Map {
            map: Arc::new(entries),
        })
    }
}
