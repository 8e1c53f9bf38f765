//! What an operator's values decide, beyond their types, and what to do about types that do not fit: a division by zero, and a comparison with a text
//! that a name never has.

use cel::common::ast::{CallExpr, Expr as Node, IdedExpr, LiteralValue, operators as op};

use super::{Checker, dotted};
use crate::rules::expr::{Fault, sysctl_fault};
use crate::rules::vocabulary::{Type, values};
use crate::text::nearest::nearest;

/// What to do about two types that do not fit.
pub(super) fn remedy(one: Type, other: Type) -> &'static str {
    match (one, other) {
        (Type::Int, Type::Text) | (Type::Text, Type::Int) => {
            "a number stands without quotes; `int(TEXT)` makes a number of a text, and `string(NUMBER)` the reverse"
        }
        _ => "compare it with something first, such as `> 0` or `== \"tcp\"`",
    }
}

/// The remedy for a name by which people look for another.
pub(super) fn other_word(path: &str) -> Option<&'static str> {
    match path {
        "listener.name" | "listener.who" => Some(
            "`listener.label` is the name for people, and `listener.service` that of the service",
        ),
        "listener.ip" | "listener.host" => Some(
            "`listener.address` has it, with the port; `listener.is_loopback` asks for 127.0.0.0/8 and ::1",
        ),
        _ => {
            let (queue, word) = path.rsplit_once('.')?;
            let meant = matches!(
                word,
                "size" | "limit" | "length" | "backlog" | "count" | "depth"
            );
            let help = "`.max` is the backlog that the kernel kept, `.len` the connections that wait, and `.capacity` is max + 1";
            (queue == "listener.accept_queue" && meant).then_some(help)
        }
    }
}

/// The name that is a sysctl's key.
const SETTING: &str = "setting.key";

impl Checker<'_> {
    /// Keeps the sysctl that `setting.key` is compared with: a rule that asks for one is evaluated for
    /// it wherever it runs.
    pub(super) fn asks_for(&mut self, name: &IdedExpr, other: &IdedExpr) {
        if let Node::Literal(LiteralValue::String(key)) = &other.expr
            && dotted(name).as_deref() == Some(SETTING)
            && !self.settings.iter().any(|known| known == key.inner())
        {
            self.settings.push(key.inner().to_owned());
        }
    }

    /// Nothing can be divided by a zero that is written out.
    pub(super) fn divides(&self, call: &CallExpr, right: &IdedExpr) -> Result<(), Fault> {
        let divides = matches!(call.func_name.as_str(), op::DIVIDE | op::MODULO);
        match &right.expr {
            Node::Literal(LiteralValue::Int(zero)) if divides && *zero.inner() == 0 => Err(self
                .fault(right, "nothing can be divided by 0")
                .with_help("divide by another number")),
            _ => Ok(()),
        }
    }

    /// A name of few values is compared with one that it can have.
    pub(super) fn can_equal(&self, name: &IdedExpr, other: &IdedExpr) -> Result<(), Fault> {
        let Node::Literal(LiteralValue::String(text)) = &other.expr else {
            return Ok(());
        };
        let Some(path) = dotted(name) else {
            return Ok(());
        };
        if path == SETTING
            && let Some(help) = sysctl_fault(text.inner())
        {
            let fault = self.fault(other, format!("`{}` is not a sysctl", text.inner()));
            return Err(fault.with_help(help));
        }
        let (Some(values), text) = (values::of(&path), text.inner()) else {
            return Ok(());
        };
        if values.contains(&text) {
            return Ok(());
        }
        let fault = self.fault(other, format!("`{path}` is never `{text}`"));
        let all = values.join(", ");
        Err(match nearest(text, values.iter().copied()) {
            Some(near) => fault.with_help(format!("did you mean `{near}`? It is one of {all}")),
            None => fault.with_help(format!("it is one of {all}")),
        })
    }
}
