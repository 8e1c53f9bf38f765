//! `backlint explain queue`: defaults for what was not given, and the kernel's bounds.

use anyhow::anyhow;

use crate::cli::args::{PageFormat, Queue};
use crate::cli::{Run, output};
use crate::kernel::limits::{self, Inputs, MEASURED};
use crate::kernel::syn_queue;
use crate::kernel::sysctls::somaxconn_default;
use crate::report::Outcome;
use crate::report::explain::queue::{self, Asked};
use crate::report::json::{document, v1};

/// SOMAXCONN of glibc since 2.31: what a C program passes that leaves it to its library.
const BACKLOG: i32 = 4096;

pub(super) fn run(arguments: &Queue) -> Run {
    let asked = asked(arguments);
    limits::check(&asked.inputs).map_err(|fault| anyhow!("{fault}"))?;
    output::result(Outcome::Clean, |out| match arguments.format {
        Some(PageFormat::Json) => document(&v1::Queue::new(&asked), out),
        _ => queue::write(&asked, output::look(), out),
    })
}

fn asked(arguments: &Queue) -> Asked {
    let kernel = arguments.kernel.unwrap_or(MEASURED);
    let given = [
        ("backlog", arguments.backlog.is_some()),
        ("somaxconn", arguments.somaxconn.is_some()),
        ("tcp_max_syn_backlog", arguments.max_syn_backlog.is_some()),
        ("tcp_syncookies", arguments.syncookies.is_some()),
        ("kernel", arguments.kernel.is_some()),
    ];
    Asked {
        inputs: Inputs {
            backlog: arguments.backlog.unwrap_or(BACKLOG),
            somaxconn: arguments
                .somaxconn
                .unwrap_or_else(|| somaxconn_default(kernel)),
            max_syn_backlog: arguments
                .max_syn_backlog
                .unwrap_or_else(|| syn_queue::usual_default(kernel)),
            syncookies: arguments.syncookies.unwrap_or(1),
            kernel,
        },
        defaults: given
            .into_iter()
            .filter_map(|(name, given)| (!given).then_some(name))
            .collect(),
    }
}
