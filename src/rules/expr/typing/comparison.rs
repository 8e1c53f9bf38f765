//! What an operator's values decide, beyond their types, and what to do about types that do not fit: a division by zero, and a comparison with a text
//! that a name never has.

use cel::common::ast::{CallExpr, Expr as Node, IdedExpr, LiteralValue, operators as op};

use super::{Checker, dotted};
use crate::rules::expr::Fault;
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

impl Checker<'_> {
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
