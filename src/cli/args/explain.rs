//! Options of `backlint explain`.

use clap::Args;

use super::{ConfigFile, Services};

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// Services, by the names in findings; all names are listed without one
    #[arg(value_name = "SERVICE")]
    pub(in crate::cli) names: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) services: Services,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
}
