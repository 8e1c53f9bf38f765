//! Where a path leads, as the kernel would find it with this image as the root directory (path_resolution(7)):
//! absolute links begin at the root of the image, `..` of the root is the root, 40 links at most.

use super::{Fault, Index, Kind, ROOT};
use crate::image::oddities::MOST_PATH;

/// Links that the kernel follows in one path (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;
/// Steps that are taken for one path. The kernel would take twenty times as many through links of two thousand names
/// each; what somebody made on purpose takes some hundred.
pub(super) const MOST_WALK: u64 = 8192;
/// Bytes of a link that are copied in the time of one step.
const BYTES_OF_A_STEP: usize = 64;

impl Index {
    /// The node that a path leads to, and from which entry on what is below it counts. `last`: whether a link at the end
    /// is followed.
    pub(super) fn resolve(&self, path: &[u8], last: bool) -> Option<(u32, u32)> {
        self.walk(path, last, &mut 0)
    }

    /// The same while the index is made, where all paths together may take so many steps only.
    pub(super) fn follow(&mut self, path: &[u8], last: bool) -> Result<Option<(u32, u32)>, Fault> {
        let mut steps = 0;
        let found = self.walk(path, last, &mut steps);
        self.spend(steps)?;
        Ok(found)
    }

    pub(super) fn walk(&self, path: &[u8], last: bool, steps: &mut u64) -> Option<(u32, u32)> {
        let root = (ROOT, self.node(ROOT)?.from);
        let mut parents = Vec::new();
        let mut here = root;
        // The path, of which a link replaces what was walked; and where the rest of it begins.
        let (mut path, mut at) = (path.to_vec(), 0);
        let mut links = 0;
        loop {
            let rest = path.get(at..)?;
            // The next name, and what follows it.
            let start = rest.iter().position(|byte| *byte != b'/');
            let Some(start) = start else {
                // A slash at the end is for directories alone.
                let directory = self.node(here.0)?.kind == Some(Kind::Directory);
                return (directory || rest.is_empty()).then_some(here);
            };
            let end = rest.iter().skip(start).position(|byte| *byte == b'/');
            let end = end.map_or(rest.len(), |end| start + end);
            let (name, after) = (rest.get(start..end)?, rest.get(end..)?);
            *steps += 1;
            if *steps > MOST_WALK || self.node(here.0)?.kind != Some(Kind::Directory) {
                return None;
            }
            match name {
                b"." => {}
                b".." => here = parents.pop().unwrap_or(root),
                name => {
                    let child = self.alive(here.0, here.1, name)?;
                    let node = self.node(child.0)?;
                    if node.kind == Some(Kind::Symlink) && (last || !after.is_empty()) {
                        links += 1;
                        let target = self.link(node);
                        let length = target.len() + after.len();
                        if links > MOST_LINKS || target.is_empty() || length > 2 * MOST_PATH {
                            return None;
                        }
                        if target.starts_with(b"/") {
                            parents.clear();
                            here = root;
                        }
                        *steps += (length / BYTES_OF_A_STEP) as u64;
                        (path, at) = ([target, after].concat(), 0);
                        continue;
                    }
                    parents.push(here);
                    here = child;
                }
            }
            at += end;
        }
    }
}
