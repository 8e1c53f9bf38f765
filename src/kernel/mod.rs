//! What Linux does with the numbers: pure functions, by kernel version. Reads nothing.
//!
//! Distribution kernels carry backports, so a version decides only where no value can be read.

pub mod accept_queue;
pub mod counters;
pub mod limits;
pub mod syn_queue;
pub mod sysctls;
pub mod version;
