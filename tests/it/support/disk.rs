//! A small file system of one's own, to fill up or to make read-only.

use super::skip::all_required;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A few megabytes in memory, mounted for one story.
pub(crate) struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// `None`, with a word on why, where mounting is not allowed.
    pub(crate) fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        if mount(&["-t", "tmpfs", "-o", "size=3m", "tmpfs"], directory.path()) {
            return Some(Self { directory });
        }
        assert!(
            !all_required(),
            "AUTHSOME_REQUIRE_ALL=1, but this test may not mount a tmpfs"
        );
        eprintln!("skipped: not allowed to mount a small disk");
        None
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn set_read_only(&self, yes: bool) {
        let mode = if yes { "remount,ro" } else { "remount,rw" };
        assert!(mount(&["-o", mode], self.path()), "{mode}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    Command::new("mount")
        .args(arguments)
        .arg(at)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
