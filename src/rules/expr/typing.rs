//! Static types of CEL expressions: which names they read, and whether the operators fit.

mod comparison;

use cel::common::ast::{
    CallExpr, Expr as Node, IdedExpr, LiteralValue, SourceInfo, operators as op,
};

use super::extent::extent;
use super::{Fault, Name, syntax, sysctl_fault};
use crate::kernel::{counters, sysctls};
use crate::rules::Scope;
use crate::rules::vocabulary::{self, Type};
use crate::text::nearest::nearest;

/// What typing finds out about an expression.
pub(super) struct Typed {
    pub(super) kind: Type,
    pub(super) names: Vec<Name>,
    pub(super) settings: Vec<String>,
}

/// Types an expression. Without `places` a fault has no range.
pub(super) fn check(
    ast: &IdedExpr,
    places: Option<&SourceInfo>,
    scope: Scope,
) -> Result<Typed, Vec<Fault>> {
    let mut checker = Checker {
        places,
        scope,
        names: Vec::new(),
        settings: Vec::new(),
        faults: Vec::new(),
    };
    let mut faults = Vec::new();
    let kind = checker.kind(ast).unwrap_or_else(|fault| {
        faults.push(fault);
        Type::Any
    });
    faults.append(&mut checker.faults);
    match faults.is_empty() {
        true => Ok(Typed {
            kind,
            names: checker.names,
            settings: checker.settings,
        }),
        false => Err(faults),
    }
}

const FUNCTIONS: [&str; 6] = ["has", "size", "string", "int", "startsWith", "endsWith"];

struct Checker<'a> {
    places: Option<&'a SourceInfo>,
    scope: Scope,
    names: Vec<Name>,
    settings: Vec<String>,
    /// Faults of parts whose type is known all the same.
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn kind(&mut self, node: &IdedExpr) -> Result<Type, Fault> {
        match &node.expr {
            Node::Literal(literal) => self.literal(node, literal),
            Node::Ident(_) | Node::Select(_) => self.name(node),
            Node::Call(call) => self.call(node, call),
            Node::List(_) => Err(self.fault(node, "a list stands only on the right of `in`")),
            Node::Comprehension(_) | Node::Map(_) | Node::Struct(_) | Node::Unspecified => {
                Err(self.fault(
                    node,
                    "maps, structures and comprehensions are not offered here",
                ))
            }
        }
    }

    fn literal(&self, node: &IdedExpr, literal: &LiteralValue) -> Result<Type, Fault> {
        match literal {
            LiteralValue::Boolean(_) => Ok(Type::Bool),
            LiteralValue::Int(_) => Ok(Type::Int),
            LiteralValue::String(_) => Ok(Type::Text),
            LiteralValue::Null => Err(self
                .fault(
                    node,
                    "nothing is ever null: a fact that was not read is absent",
                )
                .with_help("ask for presence with `has(listener.unit)`")),
            LiteralValue::Double(_) | LiteralValue::UInt(_) => Err(self
                .fault(node, "numbers are whole here, without a point or a letter")
                .with_help("write `1024`; a part of a number is `* 3 / 4`")),
            LiteralValue::Bytes(_) => Err(self
                .fault(node, "there are no bytes here, only texts")
                .with_help("write the text without the `b`")),
        }
    }

    /// A dotted name of the vocabulary.
    fn name(&mut self, node: &IdedExpr) -> Result<Type, Fault> {
        let (path, asks_presence) = match &node.expr {
            Node::Select(select) if select.test => (
                dotted(&select.operand).map(|path| format!("{path}.{}", select.field)),
                true,
            ),
            _ => (dotted(node), false),
        };
        let Some(path) = path else {
            return Err(self.fault(node, "only a name of the vocabulary has fields"));
        };
        let root = path.split('.').next().unwrap_or_default();
        if is_keyed(root) {
            let example = match root {
                "counters" => "counters[\"TcpExt.ListenOverflows\"]".to_owned(),
                root => format!("{root}[\"net.core.somaxconn\"]"),
            };
            let fault = self.fault(node, format!("`{root}` is read by key, in brackets"));
            return Err(fault.with_help(format!("write `{example}`")));
        }
        if let Some(entry) = vocabulary::find(&path) {
            if !self.scope.has_names_of(entry.scope) {
                let fault = self.fault(node, format!("a rule of this scope has no `{path}`"));
                let scope = entry.scope.name();
                return Err(fault.with_help(format!("use `scope: {scope}`")));
            }
            if asks_presence {
                return Ok(Type::Bool);
            }
            self.read(Name::Fact(entry));
            return Ok(entry.kind);
        }
        let members: Vec<_> = vocabulary::below(&path).collect();
        if members.is_empty() {
            let scope = self.scope;
            let known = vocabulary::entries().filter(|entry| scope.has_names_of(entry.scope));
            let known = known.map(|entry| entry.path);
            let candidates = known.chain(super::super::Advice::ALL.map(|(name, _)| name));
            let fault = self.fault(node, format!("there is no `{path}`"));
            if let Some(help) = comparison::other_word(&path) {
                return Err(fault.with_help(help));
            }
            return Err(match nearest(&path, candidates) {
                Some(near) => fault.with_help(format!("did you mean `{near}`?")),
                None => fault.with_help(
                    "names begin with host, netns, setting, listener, sysctl, after_boot, counters",
                ),
            });
        }
        if asks_presence {
            return Ok(Type::Bool);
        }
        let members: Vec<_> = members.iter().map(|entry| entry.path).collect();
        let fault = self.fault(node, format!("`{path}` is a group, not a value"));
        Err(fault.with_help(format!("it has {}", members.join(", "))))
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Result<Type, Fault> {
        use Type::{Any, Bool, Int, Text};
        match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, args) => {
                for arg in args {
                    if let Err(fault) = self.expect(arg, Bool) {
                        self.faults.push(fault);
                    }
                }
                Ok(Bool)
            }
            (op::LOGICAL_NOT, [arg]) => self.expect(arg, Bool).map(|()| Bool),
            (op::NEGATE, [arg]) => self.expect(arg, Int).map(|()| Int),
            (op::ADD, [left, right]) => {
                let kind = self.same(node, left, right)?;
                if kind == Bool {
                    return Err(self.fault(node, "true and false cannot be added"));
                }
                Ok(kind)
            }
            (op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO, [left, right]) => {
                self.expect(left, Int)?;
                self.expect(right, Int)?;
                self.divides(call, right)?;
                Ok(Int)
            }
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => {
                self.same(node, left, right)?;
                self.can_equal(left, right)?;
                self.can_equal(right, left)?;
                if call.func_name == op::EQUALS {
                    self.asks_for(left, right);
                    self.asks_for(right, left);
                }
                Ok(Bool)
            }
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                match self.same(node, left, right)? {
                    Bool => Err(self.fault(node, "true and false have no order")),
                    Int | Text | Any => Ok(Bool),
                }
            }
            (op::CONDITIONAL, [condition, yes, no]) => {
                self.expect(condition, Bool)?;
                self.same(node, yes, no)
            }
            (op::INDEX, [container, key]) => {
                let (name, kind) = self.keyed(container, key)?;
                self.read(name);
                Ok(kind)
            }
            (op::IN, [element, container]) => self.is_in(node, element, container),
            (function, args) => self.function(node, call, function, args),
        }
    }

    fn function(
        &mut self,
        node: &IdedExpr,
        call: &CallExpr,
        function: &str,
        args: &[IdedExpr],
    ) -> Result<Type, Fault> {
        match (function, &call.target, args) {
            ("startsWith" | "endsWith" | "contains", Some(target), [arg]) => {
                self.expect(target, Type::Text)?;
                self.expect(arg, Type::Text)?;
                Ok(Type::Bool)
            }
            ("size", None, [arg]) => self.expect(arg, Type::Text).map(|()| Type::Int),
            ("string", None, [arg]) => self.kind(arg).map(|_| Type::Text),
            ("int", None, [arg]) => self.kind(arg).map(|_| Type::Int),
            ("not" | "and" | "or", ..) => {
                let sign = syntax::sign(function);
                let fault = self.fault(node, format!("`{function}` is written `{sign}`"));
                Err(fault.with_help(syntax::SIGNS))
            }
            _ => {
                let fault = self.fault(node, format!("there is no function `{function}` for this"));
                Err(match nearest(function, FUNCTIONS) {
                    Some(near) if near != function => {
                        fault.with_help(format!("did you mean `{near}`?"))
                    }
                    _ => fault.with_help(format!("offered: {}, contains", FUNCTIONS.join(", "))),
                })
            }
        }
    }

    /// `sysctl["key"]` and `counters["name"]`.
    fn keyed(&self, container: &IdedExpr, key: &IdedExpr) -> Result<(Name, Type), Fault> {
        let Node::Literal(LiteralValue::String(text)) = &key.expr else {
            let message = "the key must be written out: it decides what is read from the host";
            return Err(self.fault(key, message));
        };
        let text = text.inner();
        match &container.expr {
            Node::Ident(root) if root == "sysctl" || root == "after_boot" => {
                if let Some(help) = sysctl_fault(text) {
                    let fault = self.fault(key, format!("`{text}` is not a sysctl"));
                    return Err(fault.with_help(help));
                }
                let kind = match sysctls::find(text).map(|sysctl| sysctl.kind) {
                    Some(sysctls::Kind::Int) => Type::Int,
                    Some(sysctls::Kind::Text) => Type::Text,
                    None => Type::Any,
                };
                let key = text.to_owned();
                let name = match root.as_str() {
                    "sysctl" => Name::Sysctl(key),
                    _ => Name::AfterBoot(key),
                };
                Ok((name, kind))
            }
            Node::Ident(root) if root == "counters" => {
                let known = counters::COUNTERS.iter().map(|counter| counter.name);
                if known.clone().any(|name| name == text) {
                    return Ok((Name::Counter(text.to_owned()), Type::Int));
                }
                let fault = self.fault(key, format!("the counter `{text}` is not recorded"));
                Err(match nearest(text, known.clone()) {
                    Some(near) => fault.with_help(format!("did you mean `{near}`?")),
                    None => {
                        fault.with_help(format!("known: {}", known.collect::<Vec<_>>().join(", ")))
                    }
                })
            }
            _ => Err(self.fault(
                container,
                "only `sysctl`, `after_boot` and `counters` are read by key",
            )),
        }
    }

    fn is_in(
        &mut self,
        node: &IdedExpr,
        element: &IdedExpr,
        container: &IdedExpr,
    ) -> Result<Type, Fault> {
        match &container.expr {
            Node::List(list) => {
                let kind = self.kind(element)?;
                for item in &list.elements {
                    self.expect(item, kind)?;
                    self.can_equal(element, item)?;
                    self.asks_for(element, item);
                }
                Ok(Type::Bool)
            }
            Node::Ident(root) if is_keyed(root) => {
                self.keyed(container, element)?;
                Ok(Type::Bool)
            }
            _ => Err(self.fault(
                node,
                "on the right of `in` stands a list, `sysctl`, `after_boot` or `counters`",
            )),
        }
    }

    fn expect(&mut self, node: &IdedExpr, wanted: Type) -> Result<(), Fault> {
        let kind = self.kind(node)?;
        if kind == wanted || kind == Type::Any || wanted == Type::Any {
            return Ok(());
        }
        let fault = self.fault(node, format!("this is {kind}, and {wanted} is needed"));
        Err(fault.with_help(comparison::remedy(kind, wanted)))
    }

    fn same(&mut self, node: &IdedExpr, left: &IdedExpr, right: &IdedExpr) -> Result<Type, Fault> {
        let (a, b) = (self.kind(left)?, self.kind(right)?);
        match (a, b) {
            (Type::Any, other) | (other, Type::Any) => Ok(other),
            (a, b) if a == b => Ok(a),
            (a, b) => {
                let fault = self.fault(node, format!("{a} on the left, {b} on the right"));
                Err(fault.with_help(comparison::remedy(a, b)))
            }
        }
    }

    fn read(&mut self, name: Name) {
        if !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    fn fault(&self, node: &IdedExpr, message: impl Into<String>) -> Fault {
        let range = self
            .places
            .and_then(|places| extent(node, places))
            .unwrap_or(0..0);
        Fault::new(range, message)
    }
}

/// Whether a name is one of those that are read by key.
fn is_keyed(root: &str) -> bool {
    matches!(root, "sysctl" | "after_boot" | "counters")
}

/// `a.b.c` for selections on an identifier.
pub(super) fn dotted(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Node::Ident(name) => Some(name.clone()),
        Node::Select(select) if !select.test => {
            Some(format!("{}.{}", dotted(&select.operand)?, select.field))
        }
        _ => None,
    }
}
