//! The typed expression as a program that is walked for each subject. The crate `cel` parses; its own
//! evaluation takes a context of maps for each subject, which for ten thousand listeners costs more than
//! everything else. This one reads facts where they are. Its semantics are CEL's, and a test holds it
//! against the crate's evaluation (`expr/oracle.rs`).

use std::borrow::Cow;
use std::cmp::Ordering;

use cel::common::ast::{CallExpr, Expr as Ast, IdedExpr, LiteralValue, operators as op};

use super::typing::dotted;
use super::{Name, vocabulary};
use crate::rules::vocabulary::Value;

/// Why a program has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stop {
    /// Numbers of the names that it needed and that were not read.
    pub(super) absent: Vec<usize>,
    /// What has no result, in words.
    pub(super) fault: Option<&'static str>,
}

impl Stop {
    const fn fault(words: &'static str) -> Self {
        Self {
            absent: Vec::new(),
            fault: Some(words),
        }
    }

    fn absent(numbers: impl IntoIterator<Item = usize>) -> Self {
        Self {
            absent: numbers.into_iter().collect(),
            fault: None,
        }
    }

    /// Both, of two parts either of which would have decided.
    fn and(mut self, other: Self) -> Self {
        self.absent.extend(other.absent);
        self.fault = self.fault.or(other.fault);
        self
    }
}

const NOT_OF_ONE_TYPE: Stop = Stop::fault("values of different types");
const OVERFLOW: Stop = Stop::fault("a number is out of range");
const BY_ZERO: Stop = Stop::fault("a division by zero");
const NO_NUMBER: Stop = Stop::fault("a text that is no whole number");

/// One node, with what is below it.
#[derive(Debug)]
pub(super) enum Node {
    Literal(Value<'static>),
    /// The value of a name, by its number.
    Read(usize),
    /// Whether one of these names has a value.
    Has(Vec<Name>),
    Not(Box<Node>),
    Negate(Box<Node>),
    /// All of them.
    And(Vec<Node>),
    /// One of them.
    Or(Vec<Node>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    In(Box<Node>, Vec<Node>),
    Part(Part, Box<[Node; 2]>),
    Size(Box<Node>),
    ToText(Box<Node>),
    ToInt(Box<Node>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    StartsWith,
    EndsWith,
    Contains,
}

/// Where a program's names get their values.
pub(super) trait Read<'a> {
    /// The value of the program's name of this number.
    fn value(&self, number: usize) -> Option<Value<'a>>;
    /// Whether a name has a value; `None`, where that is not known either.
    fn has(&self, name: &Name) -> Option<bool>;
}

/// The program of a typed expression that reads `names`. `None`: typing let pass what is not offered.
pub(super) fn compile(ast: &IdedExpr, names: &[Name]) -> Option<Node> {
    Compiler { names }.node(ast)
}

struct Compiler<'a> {
    names: &'a [Name],
}

impl Compiler<'_> {
    fn node(&self, ast: &IdedExpr) -> Option<Node> {
        match &ast.expr {
            Ast::Literal(literal) => Some(Node::Literal(match literal {
                LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
                LiteralValue::Int(value) => Value::Int(*value.inner()),
                LiteralValue::String(value) => Value::Text(value.inner().to_owned().into()),
                _ => return None,
            })),
            Ast::Select(select) if select.test => {
                let path = format!("{}.{}", dotted(&select.operand)?, select.field);
                Some(Node::Has(match vocabulary::find(&path) {
                    Some(entry) => vec![Name::Fact(entry)],
                    None => vocabulary::below(&path).map(Name::Fact).collect(),
                }))
            }
            Ast::Ident(_) | Ast::Select(_) => {
                self.read(&Name::Fact(vocabulary::find(&dotted(ast)?)?))
            }
            Ast::Call(call) => self.call(call),
            _ => None,
        }
    }

    fn read(&self, name: &Name) -> Option<Node> {
        let number = self.names.iter().position(|known| known == name)?;
        Some(Node::Read(number))
    }

    fn call(&self, call: &CallExpr) -> Option<Node> {
        let node = |ast: &IdedExpr| self.node(ast);
        let boxed = |ast: &IdedExpr| self.node(ast).map(Box::new);
        let all = |args: &[IdedExpr]| args.iter().map(node).collect::<Option<Vec<Node>>>();
        let function = call.func_name.as_str();
        if let [left, right] = call.args.as_slice() {
            let two = || Some(Box::new([self.node(left)?, self.node(right)?]));
            if let Some(operator) = arithmetic(function) {
                return Some(Node::Arithmetic(operator, two()?));
            }
            if let Some(operator) = comparison(function) {
                return Some(Node::Compare(operator, two()?));
            }
        }
        Some(match (function, &call.target, call.args.as_slice()) {
            (op::LOGICAL_AND, _, args) => Node::And(all(args)?),
            (op::LOGICAL_OR, _, args) => Node::Or(all(args)?),
            (op::LOGICAL_NOT, _, [arg]) => Node::Not(boxed(arg)?),
            (op::NEGATE, _, [arg]) => Node::Negate(boxed(arg)?),
            (op::CONDITIONAL, _, [condition, yes, no]) => {
                Node::If(Box::new([node(condition)?, node(yes)?, node(no)?]))
            }
            (op::INDEX, _, [container, key]) => self.read(&keyed(container, key)?)?,
            (op::IN, _, [element, container]) => match &container.expr {
                Ast::List(list) => Node::In(boxed(element)?, all(&list.elements)?),
                _ => Node::Has(vec![keyed(container, element)?]),
            },
            ("size", None, [arg]) => Node::Size(boxed(arg)?),
            ("string", None, [arg]) => Node::ToText(boxed(arg)?),
            ("int", None, [arg]) => Node::ToInt(boxed(arg)?),
            (function, Some(target), [arg]) => {
                Node::Part(part(function)?, Box::new([node(target)?, node(arg)?]))
            }
            _ => return None,
        })
    }
}

fn keyed(container: &IdedExpr, key: &IdedExpr) -> Option<Name> {
    let (Ast::Ident(root), Ast::Literal(LiteralValue::String(key))) = (&container.expr, &key.expr)
    else {
        return None;
    };
    let key = key.inner().to_owned();
    match root.as_str() {
        "sysctl" => Some(Name::Sysctl(key)),
        "counters" => Some(Name::Counter(key)),
        "after_boot" => Some(Name::AfterBoot(key)),
        _ => None,
    }
}

fn arithmetic(operator: &str) -> Option<Arithmetic> {
    Some(match operator {
        op::ADD => Arithmetic::Add,
        op::SUBSTRACT => Arithmetic::Subtract,
        op::MULTIPLY => Arithmetic::Multiply,
        op::DIVIDE => Arithmetic::Divide,
        op::MODULO => Arithmetic::Modulo,
        _ => return None,
    })
}

fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        op::EQUALS => Comparison::Equal,
        op::NOT_EQUALS => Comparison::NotEqual,
        op::LESS => Comparison::Less,
        op::LESS_EQUALS => Comparison::LessOrEqual,
        op::GREATER => Comparison::Greater,
        op::GREATER_EQUALS => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn part(function: &str) -> Option<Part> {
    Some(match function {
        "startsWith" => Part::StartsWith,
        "endsWith" => Part::EndsWith,
        "contains" => Part::Contains,
        _ => return None,
    })
}

impl Node {
    /// The value.
    ///
    /// # Errors
    /// [`Stop`], where CEL has an error: `a || b` is true when one of them is, whatever the other.
    pub(super) fn run<'a>(&'a self, read: &impl Read<'a>) -> Result<Value<'a>, Stop> {
        match self {
            Self::Literal(value) => Ok(value.borrowed()),
            Self::Read(number) => read.value(*number).ok_or_else(|| Stop::absent([*number])),
            Self::Has(names) => {
                let mut has = names.iter().map(|name| read.has(name));
                let known = has.try_fold(false, |any, has| Some(any | has?));
                known.map(Value::Bool).ok_or_else(|| Stop::absent([]))
            }
            Self::Not(node) => Ok(Value::Bool(!node.truth(read)?)),
            Self::Negate(node) => node
                .number(read)?
                .checked_neg()
                .map(Value::Int)
                .ok_or(OVERFLOW),
            Self::And(nodes) => decided_by(false, nodes, read),
            Self::Or(nodes) => decided_by(true, nodes, read),
            Self::Arithmetic(operator, nodes) => {
                let [left, right] = &**nodes;
                operator.apply(left.run(read)?, right.run(read)?)
            }
            Self::Compare(operator, nodes) => {
                let [left, right] = &**nodes;
                operator.apply(&left.run(read)?, &right.run(read)?)
            }
            Self::If(nodes) => {
                let [condition, yes, no] = &**nodes;
                if condition.truth(read)? { yes } else { no }.run(read)
            }
            Self::In(element, list) => {
                let element = element.run(read)?;
                // The list has a value only if all of it has.
                let mut found = false;
                for item in list {
                    found |= item.run(read)? == element;
                }
                Ok(Value::Bool(found))
            }
            Self::Part(part, nodes) => {
                let [text, of] = &**nodes;
                let (text, of) = (text.text(read)?, of.text(read)?);
                Ok(Value::Bool(match part {
                    Part::StartsWith => text.starts_with(&*of),
                    Part::EndsWith => text.ends_with(&*of),
                    Part::Contains => text.contains(&*of),
                }))
            }
            Self::Size(node) => {
                let size = node.text(read)?.chars().count();
                Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
            }
            Self::ToText(node) => Ok(match node.run(read)? {
                Value::Text(text) => Value::Text(text),
                other => Value::Text(Cow::Owned(other.to_string())),
            }),
            Self::ToInt(node) => match node.run(read)? {
                Value::Int(number) => Ok(Value::Int(number)),
                Value::Text(text) => text.parse().map(Value::Int).map_err(|_| NO_NUMBER),
                Value::Bool(_) => Err(NOT_OF_ONE_TYPE),
            },
        }
    }

    fn truth<'a>(&'a self, read: &impl Read<'a>) -> Result<bool, Stop> {
        match self.run(read)? {
            Value::Bool(value) => Ok(value),
            _ => Err(NOT_OF_ONE_TYPE),
        }
    }

    fn number<'a>(&'a self, read: &impl Read<'a>) -> Result<i64, Stop> {
        match self.run(read)? {
            Value::Int(value) => Ok(value),
            _ => Err(NOT_OF_ONE_TYPE),
        }
    }

    fn text<'a>(&'a self, read: &impl Read<'a>) -> Result<Cow<'a, str>, Stop> {
        match self.run(read)? {
            Value::Text(value) => Ok(value),
            _ => Err(NOT_OF_ONE_TYPE),
        }
    }
}

/// `decisive` when one of the nodes is, whatever has no value beside it; else why the others have none.
fn decided_by<'a>(
    decisive: bool,
    nodes: &'a [Node],
    read: &impl Read<'a>,
) -> Result<Value<'a>, Stop> {
    let mut stop: Option<Stop> = None;
    for node in nodes {
        match node.truth(read) {
            Ok(value) if value == decisive => return Ok(Value::Bool(decisive)),
            Ok(_) => {}
            Err(other) => {
                stop = Some(match stop {
                    Some(stop) => stop.and(other),
                    None => other,
                });
            }
        }
    }
    stop.map_or(Ok(Value::Bool(!decisive)), Err)
}

impl Arithmetic {
    fn apply<'a>(self, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>, Stop> {
        let (left, right) = match (self, left, right) {
            (_, Value::Int(left), Value::Int(right)) => (left, right),
            (Self::Add, Value::Text(left), Value::Text(right)) => {
                return Ok(Value::Text(left + right));
            }
            _ => return Err(NOT_OF_ONE_TYPE),
        };
        let result = match self {
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            Self::Divide | Self::Modulo if right == 0 => return Err(BY_ZERO),
            Self::Divide => left.checked_div(right),
            Self::Modulo => left.checked_rem(right),
        };
        result.map(Value::Int).ok_or(OVERFLOW)
    }
}

impl Comparison {
    fn apply(self, left: &Value<'_>, right: &Value<'_>) -> Result<Value<'static>, Stop> {
        let order = match (left, right) {
            (Value::Int(left), Value::Int(right)) => left.cmp(right),
            (Value::Text(left), Value::Text(right)) => left.cmp(right),
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            // Values of different types are never equal, and have no order.
            _ if matches!(self, Self::Equal) => return Ok(Value::Bool(false)),
            _ if matches!(self, Self::NotEqual) => return Ok(Value::Bool(true)),
            _ => return Err(NOT_OF_ONE_TYPE),
        };
        Ok(Value::Bool(match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        }))
    }
}
