//! A rule file as it is written. The typed reader is quick and stops at the first fault, so a file that
//! it refuses is read again as a tree, field by field, and whatever can be understood goes on to the
//! tests of its meaning: one run tells everything that is wrong.

use serde::Deserialize;

use crate::rules::fields::{REMEDY, RULE};
use crate::rules::{Scope, Severity};
use crate::text::document::Document;
use crate::text::fields::{Faults, Fields, explained};
use crate::text::locate::Step;
use crate::text::tree::Node;

/// A rule; what is missing or faulty is `None`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Written {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) scope: Option<Scope>,
    pub(super) kernel: Option<String>,
    pub(super) when: Option<String>,
    pub(super) message: Option<String>,
    pub(super) why: Option<String>,
    pub(super) remediation: Vec<WrittenRemedy>,
    pub(super) does_not_help: Vec<String>,
    pub(super) references: Vec<String>,
}

/// A step of its remediation.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenRemedy {
    pub(super) sysctl: Option<String>,
    pub(super) value: Option<Scalar>,
    pub(super) service: Option<String>,
    pub(super) relisten: Option<String>,
    pub(super) edit: Option<String>,
    pub(super) when: Option<String>,
    /// A field of it has a fault of its own, so that which step it is cannot be told.
    #[serde(skip)]
    pub(super) faulty: bool,
}

/// A value: an expression, or a number as it is.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Number(i64),
    Text(String),
}

impl Written {
    /// Reads a file. `None`: nothing of it can be understood.
    pub(super) fn read(document: Document<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let typed = document.read::<Self>();
        let fault = match typed {
            Ok(written) if written.is_whole() => return Some(written),
            Ok(_) => None,
            Err(fault) => Some(fault),
        };
        match document.read::<Node>() {
            Ok(tree) => {
                let written = Self::of_tree(tree, faults);
                // What the tree takes and the typed reader does not.
                if let Some(fault) = fault
                    && faults.is_empty()
                {
                    faults.push(fault);
                }
                written
            }
            Err(fault) => {
                faults.push(explained(fault));
                None
            }
        }
    }

    /// Whether it has all that a rule must have.
    fn is_whole(&self) -> bool {
        let texts = [
            &self.id,
            &self.name,
            &self.title,
            &self.when,
            &self.message,
            &self.why,
        ];
        texts.iter().all(|text| text.is_some()) && self.severity.is_some() && self.scope.is_some()
    }

    fn of_tree(tree: Node, faults: &mut Faults<'_>) -> Option<Self> {
        if let Some((what, help)) = other_kind(&tree) {
            let message = format!("this looks like {what}, and a rule is expected");
            faults.at(&[], message, help);
            return None;
        }
        let mut fields = Fields::of(tree, &[], &RULE, faults)?;
        let severities = Severity::ALL.map(|severity| (severity.name(), severity));
        let scopes = Scope::ALL.map(|scope| (scope.name(), scope));
        let steps = fields.list("remediation", faults).into_iter().enumerate();
        let remediation = steps
            .filter_map(|(n, node)| WrittenRemedy::of_tree(node, n, faults))
            .collect();
        Some(Self {
            id: fields.text("id", faults),
            name: fields.text("name", faults),
            title: fields.text("title", faults),
            severity: fields.word("severity", &severities, faults),
            scope: fields.word("scope", &scopes, faults),
            kernel: fields.text("kernel", faults),
            when: fields.text("when", faults),
            message: fields.text("message", faults),
            why: fields.text("why", faults),
            remediation,
            does_not_help: fields.texts("does_not_help", faults),
            references: fields.texts("references", faults),
        })
    }
}

/// Which other kind of file this is, and where such a file belongs.
fn other_kind(tree: &Node) -> Option<(&'static str, &'static str)> {
    let Node::Map(entries) = tree else {
        return None;
    };
    let has = |name: &str| entries.iter().any(|(key, _)| key == name);
    match () {
        () if has("when") || has("message") => None,
        () if has("namespaces") => Some((
            "a snapshot",
            "keep snapshots in a folder of their own, and judge one with --snapshot FILE",
        )),
        () if has("cases") => Some((
            "a cases file",
            "name it NAME.cases.yaml, beside the rule in NAME.yaml",
        )),
        () => None,
    }
}

impl WrittenRemedy {
    /// Its fields on one line, in the order of the documentation.
    pub(super) fn line(&self) -> String {
        let value = self.value.as_ref().map(Scalar::text);
        let fields = [
            ("sysctl", &self.sysctl),
            ("service", &self.service),
            ("relisten", &self.relisten),
            ("edit", &self.edit),
            ("value", &value),
            ("when", &self.when),
        ];
        let fields = fields.iter().filter_map(|(name, text)| {
            let text = text.as_ref()?;
            Some(format!("{name}: {}", text.trim()))
        });
        fields.collect::<Vec<_>>().join(", ")
    }

    fn of_tree(node: Node, n: usize, faults: &mut Faults<'_>) -> Option<Self> {
        let path: [Step; 2] = ["remediation".into(), n.into()];
        let mut own = Faults::of(faults.document());
        let fields = Fields::of(node, &path, &REMEDY, &mut own);
        let step = fields.map(|mut fields| Self {
            sysctl: fields.text("sysctl", &mut own),
            value: Scalar::of_tree(&mut fields, &mut own),
            service: fields.text("service", &mut own),
            relisten: fields.text("relisten", &mut own),
            edit: fields.text("edit", &mut own),
            when: fields.text("when", &mut own),
            faulty: false,
        });
        let faulty = !own.is_empty();
        own.finish()
            .into_iter()
            .for_each(|fault| faults.push(fault));
        step.map(|step| Self { faulty, ..step })
    }
}

impl Scalar {
    /// As an expression.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    fn of_tree(fields: &mut Fields, faults: &mut Faults<'_>) -> Option<Self> {
        let path = fields.path("value");
        match fields.take("value", faults)? {
            Node::Number(number) => Some(Self::Number(number)),
            Node::Text(text) => Some(Self::Text(text)),
            Node::Truth(_) => {
                let message = "a sysctl's value is a number or a text, and this is true or false";
                faults.at(&path, message, "write 1 for on and 0 for off");
                None
            }
            node => {
                let message = format!("`value` is {}, and a number is needed", node.kind());
                let help = "a whole number, an expression, or one of advice.* alone";
                faults.at(&path, message, help);
                None
            }
        }
    }
}
