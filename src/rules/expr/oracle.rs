//! The crate's own evaluation of CEL, for tests: what [`super::program`] must agree with, on generated
//! expressions and facts, some of them absent.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::parser::PrattParser;
use cel::{Context, Env};
use proptest::prelude::*;

use super::program::{Read, compile};
use super::{Name, typing};
use crate::rules::Scope;
use crate::rules::vocabulary::Value;

/// Facts by the path of their name.
type Facts = BTreeMap<String, Value<'static>>;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

const INTS: [&str; 5] = [
    "listener.port",
    "listener.accept_queue.len",
    "listener.accept_queue.max",
    "sysctl.net.core.somaxconn",
    "counters.TcpExt.ListenDrops",
];
const TEXTS: [&str; 3] = ["listener.label", "listener.unit", "host.name"];
const BOOLS: [&str; 2] = ["listener.paused", "netns.is_host"];
/// Its type is known only when it is evaluated.
const ANY: &str = "sysctl.vm.unheard_of";

/// A name as an expression writes it.
fn written(path: &str) -> String {
    for root in ["sysctl", "counters"] {
        if let Some(key) = path.strip_prefix(&format!("{root}.")) {
            return format!("{root}[\"{key}\"]");
        }
    }
    path.to_owned()
}

struct Known<'a>(&'a [Name], &'a Facts);

impl<'a> Read<'a> for Known<'a> {
    fn value(&self, number: usize) -> Option<Value<'a>> {
        self.1.get(&self.0[number].path()).map(Value::borrowed)
    }

    fn has(&self, name: &Name) -> Option<bool> {
        Some(self.1.contains_key(&name.path()))
    }
}

/// Ours: `Some(None)` for no value. `None`: the expression is refused when it is loaded, such as a
/// division by a 0 that is written out.
fn ours(source: &str, facts: &Facts) -> Option<Option<Value<'static>>> {
    let ast = PrattParser::new().parse(source).unwrap();
    let typed = typing::check(&ast, None, Scope::Listener).ok()?;
    let program = compile(&ast, &typed.names).expect("what was typed can be run");
    let value = program.run(&Known(&typed.names, facts)).ok();
    Some(value.map(Value::into_owned))
}

/// The crate's.
fn theirs(source: &str, facts: &Facts) -> Option<Value<'static>> {
    let ast = PrattParser::new().parse(source).unwrap();
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    for root in ["host", "netns", "listener", "sysctl", "counters"] {
        let mut tree = Tree::default();
        for (path, value) in facts {
            let Some(rest) = path.strip_prefix(&format!("{root}.")) else {
                continue;
            };
            let keyed = matches!(root, "sysctl" | "counters");
            let steps: Vec<&str> = match keyed {
                true => vec![rest],
                false => rest.split('.').collect(),
            };
            tree.insert(&steps, value);
        }
        context.add_variable_from_value(root, tree.into_cel());
    }
    match cel::Value::resolve(&ast, &context).ok()? {
        cel::Value::Int(value) => Some(Value::Int(value)),
        cel::Value::Bool(value) => Some(Value::Bool(value)),
        cel::Value::String(value) => Some(Value::Text(value.as_str().to_owned().into())),
        other => panic!("{source}: {other:?}"),
    }
}

#[derive(Default)]
struct Tree {
    value: Option<cel::Value>,
    below: BTreeMap<String, Tree>,
}

impl Tree {
    fn insert(&mut self, steps: &[&str], value: &Value<'_>) {
        let Some((step, rest)) = steps.split_first() else {
            self.value = Some(match value {
                Value::Int(value) => cel::Value::Int(*value),
                Value::Bool(value) => cel::Value::Bool(*value),
                Value::Text(value) => cel::Value::String(Arc::new(value.to_string())),
            });
            return;
        };
        let tree = self.below.entry((*step).to_owned()).or_default();
        tree.insert(rest, value);
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

fn int_value() -> impl Strategy<Value = i64> {
    prop_oneof![-3..5_i64, Just(i64::MAX), Just(i64::MIN + 1), 100..200_i64]
}

fn text_value() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,3}", "-?[0-9]{1,4}", "é?a", Just("true".to_owned())]
}

fn facts() -> impl Strategy<Value = Facts> {
    fn some<S: Strategy<Value = Value<'static>> + 'static>(
        path: &'static str,
        value: S,
    ) -> BoxedStrategy<Option<(String, Value<'static>)>> {
        proptest::option::of(value.prop_map(move |value| (path.to_owned(), value))).boxed()
    }
    let int = || int_value().prop_map(Value::Int);
    let text = || text_value().prop_map(|text| Value::Text(text.into()));
    let truth = || any::<bool>().prop_map(Value::Bool);
    let mut all: Vec<_> = INTS.map(|path| some(path, int())).into();
    all.extend(TEXTS.map(|path| some(path, text())));
    all.extend(BOOLS.map(|path| some(path, truth())));
    all.push(some(ANY, prop_oneof![int(), text(), truth()]));
    all.prop_map(|facts| facts.into_iter().flatten().collect())
}

fn int(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        3 => proptest::sample::select(&INTS[..]).prop_map(written),
        1 => Just(written(ANY)),
        2 => (0..5_i64).prop_map(|number| number.to_string()),
        1 => Just(i64::MAX.to_string()),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = || int(depth - 1);
    let two = (
        below(),
        proptest::sample::select(&["+", "-", "*", "/", "%"][..]),
        below(),
    );
    prop_oneof![
        2 => leaf,
        4 => two.prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
        1 => below().prop_map(|of| format!("(-({of}))")),
        1 => text(depth - 1).prop_map(|of| format!("size({of})")),
        1 => text(depth - 1).prop_map(|of| format!("int({of})")),
        1 => (truth(depth - 1), below(), below()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
    ]
    .boxed()
}

fn text(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        3 => proptest::sample::select(&TEXTS[..]).prop_map(written),
        2 => text_value().prop_map(|text| format!("\"{text}\"")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = || text(depth - 1);
    prop_oneof![
        2 => leaf,
        2 => (below(), below()).prop_map(|(left, right)| format!("({left} + {right})")),
        1 => int(depth - 1).prop_map(|of| format!("string({of})")),
        1 => truth(depth - 1).prop_map(|of| format!("string({of})")),
        1 => (truth(depth - 1), below(), below()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
    ]
    .boxed()
}

fn truth(depth: u32) -> BoxedStrategy<String> {
    let has = proptest::sample::select(&["listener.port", "listener.unit", "listener.paused"][..]);
    let key = proptest::sample::select(&["net.core.somaxconn", "vm.unheard_of"][..]);
    let leaf = prop_oneof![
        3 => proptest::sample::select(&BOOLS[..]).prop_map(written),
        1 => Just("true".to_owned()),
        1 => Just("has(listener.accept_queue)".to_owned()),
        1 => has.prop_map(|name| format!("has({name})")),
        1 => key.prop_map(|key| format!("\"{key}\" in sysctl")),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let below = || truth(depth - 1);
    let number = || int(depth - 1);
    let words = || text(depth - 1);
    let order = || proptest::sample::select(&["==", "!=", "<", "<=", ">", ">="][..]);
    let logic = proptest::sample::select(&["&&", "||"][..]);
    let part = proptest::sample::select(&["startsWith", "endsWith", "contains"][..]);
    prop_oneof![
        2 => leaf,
        4 => (below(), logic, below()).prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
        1 => below().prop_map(|of| format!("!({of})")),
        3 => (number(), order(), number()).prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
        2 => (words(), order(), words()).prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
        1 => (number(), number(), number()).prop_map(|(of, a, b)| format!("({of} in [{a}, {b}])")),
        1 => (words(), part, words()).prop_map(|(left, part, right)| format!("({left}).{part}({right})")),
        1 => (below(), below(), below()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn programs_have_the_values_that_the_crate_computes(source in truth(4), facts in facts()) {
        let ours = ours(&source, &facts);
        prop_assume!(ours.is_some());
        prop_assert_eq!(ours, Some(theirs(&source, &facts)), "{}", source);
    }

    #[test]
    fn numbers_and_texts_too(source in prop_oneof![int(3), text(3)], facts in facts()) {
        let ours = ours(&source, &facts);
        prop_assume!(ours.is_some());
        prop_assert_eq!(ours, Some(theirs(&source, &facts)), "{}", source);
    }
}
