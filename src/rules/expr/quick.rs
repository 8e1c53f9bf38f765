//! The parts of a condition that are told without CEL: comparisons of numbers and texts, and truths, as
//! most conditions have them between `&&`. One that is false makes the whole false, whatever else is
//! absent, so they only ever rule a subject out; all else is CEL's to say (`eval`).

use cel::common::ast::{CallExpr, Expr as Node, IdedExpr, LiteralValue, operators as op};

use super::{Name, typing};
use crate::rules::Scope;
use crate::rules::vocabulary::{Subject, Value};

/// The quick parts of one condition.
#[derive(Debug, Default)]
pub struct Quick {
    /// Those whose value is one for all subjects of a namespace.
    of_netns: Vec<Part>,
    /// The others.
    of_subject: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    /// A name that is a truth, and the truth that it is to have.
    Truth(Name, bool),
    /// Two numbers.
    Numbers(Operand, Comparison, Operand),
    /// A text that is to be one of these, or with `false` none of them.
    Texts(Name, bool, Vec<String>),
}

#[derive(Debug)]
enum Operand {
    Number(i64),
    Name(Name),
    /// A name times a number.
    Times(Name, i64),
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Quick {
    /// The quick parts of a condition that was typed.
    pub(super) fn of(ast: &IdedExpr, scope: Scope) -> Self {
        let parts = typing::joined(ast).into_iter();
        let parts = parts.filter_map(|part| Part::of(part, scope));
        let (of_subject, of_netns) = parts.partition(|part| part.names().any(Name::is_of_subject));
        Self {
            of_netns,
            of_subject,
        }
    }

    /// Whether the condition is certainly false for a subject.
    pub fn rules_out(&self, subject: Subject<'_>) -> bool {
        self.of_subject.iter().any(|part| part.is_false(subject))
    }

    /// Whether it is certainly false for all subjects of a namespace.
    pub fn rules_out_all(&self, netns: Subject<'_>) -> bool {
        self.of_netns.iter().any(|part| part.is_false(netns))
    }
}

impl Part {
    fn of(node: &IdedExpr, scope: Scope) -> Option<Self> {
        if let Some(name) = name(node, scope) {
            return Some(Self::Truth(name, true));
        }
        let Node::Call(call) = &node.expr else {
            return None;
        };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_NOT, [arg]) => Some(Self::Truth(name(arg, scope)?, false)),
            (op::IN, [element, list]) => {
                let Node::List(list) = &list.expr else {
                    return None;
                };
                let texts: Option<Vec<String>> = list.elements.iter().map(text).collect();
                Some(Self::Texts(name(element, scope)?, true, texts?))
            }
            (op::EQUALS | op::NOT_EQUALS, [left, right]) if text(right).is_some() => {
                let equal = call.func_name == op::EQUALS;
                Some(Self::Texts(name(left, scope)?, equal, vec![text(right)?]))
            }
            (_, [left, right]) => Some(Self::Numbers(
                Operand::of(left, scope)?,
                Comparison::of(call)?,
                Operand::of(right, scope)?,
            )),
            _ => None,
        }
    }

    fn names(&self) -> impl Iterator<Item = &Name> {
        let (one, other) = match self {
            Self::Truth(name, _) | Self::Texts(name, ..) => (Some(name), None),
            Self::Numbers(left, _, right) => (left.name(), right.name()),
        };
        one.into_iter().chain(other)
    }

    /// Whether it is false. Anything absent, or of another type than is compared, is CEL's to judge.
    fn is_false(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::Truth(name, wanted) => {
                matches!(name.get(subject), Some(Value::Bool(value)) if value != *wanted)
            }
            Self::Texts(name, wanted, texts) => match name.get(subject) {
                Some(Value::Text(value)) => texts.iter().any(|text| *text == value) != *wanted,
                _ => false,
            },
            Self::Numbers(left, comparison, right) => {
                let numbers = left.get(subject).zip(right.get(subject));
                numbers.is_some_and(|(left, right)| !comparison.holds(left, right))
            }
        }
    }
}

impl Operand {
    fn of(node: &IdedExpr, scope: Scope) -> Option<Self> {
        if let Some(number) = number(node) {
            return Some(Self::Number(number));
        }
        if let Some(name) = name(node, scope) {
            return Some(Self::Name(name));
        }
        let Node::Call(call) = &node.expr else {
            return None;
        };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::MULTIPLY, [left, right]) => Some(Self::Times(name(left, scope)?, number(right)?)),
            _ => None,
        }
    }

    fn name(&self) -> Option<&Name> {
        match self {
            Self::Number(_) => None,
            Self::Name(name) | Self::Times(name, _) => Some(name),
        }
    }

    fn get(&self, subject: Subject<'_>) -> Option<i64> {
        let read = |name: &Name| match name.get(subject) {
            Some(Value::Int(value)) => Some(value),
            _ => None,
        };
        match self {
            Self::Number(number) => Some(*number),
            Self::Name(name) => read(name),
            // What does not fit is a fault, which CEL tells.
            Self::Times(name, number) => read(name)?.checked_mul(*number),
        }
    }
}

impl Comparison {
    fn of(call: &CallExpr) -> Option<Self> {
        Some(match call.func_name.as_str() {
            op::EQUALS => Self::Equal,
            op::NOT_EQUALS => Self::NotEqual,
            op::LESS => Self::Less,
            op::LESS_EQUALS => Self::AtMost,
            op::GREATER => Self::Greater,
            op::GREATER_EQUALS => Self::AtLeast,
            _ => return None,
        })
    }

    fn holds(self, left: i64, right: i64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

/// The name that a node is, where it is one and asks for its value.
fn name(node: &IdedExpr, scope: Scope) -> Option<Name> {
    let is_name = match &node.expr {
        Node::Select(select) => !select.test,
        Node::Call(call) => call.func_name == op::INDEX,
        _ => false,
    };
    if !is_name {
        return None;
    }
    let mut names = typing::check(node, None, scope).ok()?.names.into_iter();
    names.next().filter(|_| names.next().is_none())
}

fn number(node: &IdedExpr) -> Option<i64> {
    match &node.expr {
        Node::Literal(LiteralValue::Int(number)) => Some(*number.inner()),
        _ => None,
    }
}

fn text(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Node::Literal(LiteralValue::String(text)) => Some(text.inner().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::Facts;
    use crate::rules::expr::Expr;
    use crate::services::Catalogue;
    use crate::snapshot::{SCHEMA, file};

    /// Conditions of the parts that are known here, and of some that are not.
    const CONDITIONS: [&str; 14] = [
        "listener.accept_queue.len > listener.accept_queue.max",
        "listener.accept_queue.len * 4 >= listener.accept_queue.capacity && !listener.paused",
        "listener.protocol in [\"tcp\", \"mptcp\"] && listener.accept_queue.max == 0",
        "listener.protocol == \"unix\" && listener.accept_queue.len <= 3",
        "listener.protocol != \"unix\" && listener.accept_queue.len != 3",
        "listener.paused && listener.accept_queue.len < 1",
        "sysctl[\"net.core.somaxconn\"] < listener.accept_queue.max",
        "sysctl[\"net.core.somaxconn\"] == 128 && listener.accept_queue.len >= 0",
        "counters[\"TcpExt.ListenOverflows\"] > 0 && listener.drops > 0",
        "listener.limited_by == \"unknown\" && listener.accept_queue.len > 2",
        "has(listener.drops) && listener.accept_queue.len > 2",
        "listener.accept_queue.len > 2 || listener.drops > 0",
        "listener.accept_queue.len * 9223372036854775807 > 0",
        "listener.service == \"memcached\" && listener.held",
    ];

    #[test]
    fn what_is_ruled_out_is_false_for_cel_too() {
        let text = format!(
            "schema: {SCHEMA}\nnamespaces:\n  - sysctls: {{net.core.somaxconn: 128}}\n    listeners:\n\
             {}",
            [
                "{protocol: tcp, address: \"0.0.0.0:1\", accept_queue: {len: 0, max: 0}, owners: [{comm: memcached}]}",
                "{protocol: tcp, address: \"0.0.0.0:2\", accept_queue: {len: 129, max: 128}, drops: 4}",
                "{protocol: unix, address: /x, accept_queue: {len: 3, max: 4096}, owners_complete: false}",
                "{protocol: vsock, address: \"*:3\"}",
                "{protocol: mptcp, address: \"[::]:4\", accept_queue: {len: 2}}",
            ]
            .map(|listener| format!("      - {listener}\n"))
            .concat()
        );
        let snapshot = file::parse("quick", &text).unwrap_or_else(|fault| panic!("{fault}"));
        let catalogue = Catalogue::builtin();
        let facts = Facts::new(&snapshot, &catalogue);
        let mut ruled_out = 0;
        for condition in CONDITIONS {
            let expr = Expr::parse(condition, Scope::Listener).unwrap();
            for listener in &facts.namespaces[0].listeners {
                let subject = Subject {
                    facts: &facts,
                    netns: &facts.namespaces[0],
                    listener: Some(listener),
                    setting: None,
                };
                let quick = expr.quick();
                if quick.rules_out(subject) || quick.rules_out_all(subject) {
                    assert_eq!(expr.holds(subject), Ok(false), "{condition}");
                    ruled_out += 1;
                }
            }
        }
        assert!(ruled_out > 20, "{ruled_out}");
    }

    #[test]
    fn what_cel_finds_false_in_a_simple_condition_is_ruled_out() {
        let expr = Expr::parse("listener.drops > 5 && !listener.paused", Scope::Listener).unwrap();
        assert_eq!(expr.quick().of_subject.len(), 2);
        let either = Expr::parse("listener.drops > 5 || listener.paused", Scope::Listener).unwrap();
        assert_eq!(either.quick().of_subject.len(), 0);
    }
}
