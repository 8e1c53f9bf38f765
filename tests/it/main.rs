//! Integration tests: against the real programs that backlint's output is for.

mod patch_edit;
mod procps_reads;
