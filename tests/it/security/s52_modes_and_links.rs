//! Row 52: modes, symlinks, umask. Defence: 0700/0600, `O_NOFOLLOW`, `O_EXCL`.
//! umask 000: still 0600; a symbolic link: refused.

use crate::support::vault_home::VaultHome;
use authsome::vault::Error;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_linked_master_key_is_refused_and_its_target_left_alone() {
    let home = VaultHome::new();
    let target = home.master_key().with_file_name("elsewhere");
    fs::write(&target, "somebody's file\n").unwrap();
    symlink(&target, home.master_key()).unwrap();
    let error = home.open_with(home.key_input()).await.unwrap_err();
    assert!(matches!(error, Error::Link { .. }), "{error}");
    assert_eq!(fs::read(&target).unwrap(), b"somebody's file\n");

    fs::remove_file(&target).unwrap();
    let error = home.open_with(home.key_input()).await.unwrap_err();
    assert!(
        matches!(error, Error::Create { .. } | Error::Link { .. }),
        "{error}"
    );
    assert!(!target.exists(), "nothing was made through the link");
    assert!(home.look("SELECT id FROM kek_slots").await.is_empty());
}

#[tokio::test]
async fn a_master_key_others_could_read_is_tightened() {
    let home = VaultHome::new();
    home.open().await.close().await;
    assert_eq!(mode(&home.master_key()), 0o600);
    fs::set_permissions(home.master_key(), fs::Permissions::from_mode(0o644)).unwrap();
    home.open().await.close().await;
    assert_eq!(mode(&home.master_key()), 0o600);
}
