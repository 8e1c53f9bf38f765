//! Where a part of an expression stands in its text.

use std::ops::Range;

use cel::common::ast::{Expr as Node, IdedExpr, SourceInfo};

/// Range of a node's text in characters, over everything below it.
pub(super) fn extent(node: &IdedExpr, places: &SourceInfo) -> Option<Range<usize>> {
    let own = places.offset_for(node.id).map(|(start, stop)| {
        let (start, stop) = (start as usize, stop as usize + 1);
        match &node.expr {
            // The place of a selection is its dot.
            Node::Select(select) if !select.test => start..stop + select.field.chars().count(),
            // The place of a call is its parenthesis, behind the name.
            Node::Call(call) if call.func_name.starts_with(char::is_alphabetic) => {
                start.saturating_sub(call.func_name.chars().count())..stop
            }
            _ => start..stop,
        }
    });
    let below: Vec<&IdedExpr> = match &node.expr {
        Node::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Node::Select(select) => vec![&select.operand],
        Node::List(list) => list.elements.iter().collect(),
        _ => Vec::new(),
    };
    below
        .into_iter()
        .filter_map(|child| extent(child, places))
        .chain(own)
        .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
}
