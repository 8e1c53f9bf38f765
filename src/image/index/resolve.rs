//! Where a path leads, as the kernel would find it with this image as the root directory (path_resolution(7)):
//! absolute links begin at the root of the image, `..` of the root is the root, 40 links at most.

use super::{Index, Kind, ROOT};
use crate::image::oddities::MOST_PATH;

/// Links that the kernel follows in one path (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

impl Index {
    /// The node that a path leads to, and from which entry on what is below it counts. `last`: whether a link at the end
    /// is followed.
    pub(super) fn resolve(&self, path: &[u8], last: bool) -> Option<(u32, u32)> {
        let root = (ROOT, self.node(ROOT)?.from);
        let mut parents = Vec::new();
        let mut here = root;
        let mut rest = path.to_vec();
        let mut links = 0;
        loop {
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
            if self.node(here.0)?.kind != Some(Kind::Directory) {
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
                        let long = target.len() + after.len() > 2 * MOST_PATH;
                        if links > MOST_LINKS || target.is_empty() || long {
                            return None;
                        }
                        if target.starts_with(b"/") {
                            parents.clear();
                            here = root;
                        }
                        rest = [target, after].concat();
                        continue;
                    }
                    parents.push(here);
                    here = child;
                }
            }
            rest = after.to_vec();
        }
    }
}
