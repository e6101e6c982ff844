//! Row 52: modes, symlinks, umask. Defence: 0700/0600, `O_NOFOLLOW`, `O_EXCL`.
//! umask 000: still 0600; a symbolic link: refused.

use crate::proxy::runner::Laptop;
use crate::support::daemon::{TestDaemon, command};
use crate::support::vault_home::VaultHome;
use authsome::vault::Error;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Everything below `path`, itself included: where, whether a directory, and its mode. What a
/// running daemon takes away meanwhile is left out.
fn all_below(path: &Path, found: &mut Vec<(PathBuf, bool, u32)>) {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    found.push((path.to_owned(), metadata.is_dir(), mode));
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            all_below(&entry.unwrap().path(), found);
        }
    }
}

/// The binary as a shell with `umask 000` would start it.
fn careless(home: &Path, listen: &str, args: &[&str]) -> std::process::Output {
    let known = command(home, &[("AUTHSOME_LISTEN".to_owned(), listen.to_owned())]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(known.get_program())
        .args(args)
        .env_clear();
    for (name, value) in known.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell.env("AUTHSOME_DAEMON_URL", format!("http://{listen}"));
    shell.output().unwrap()
}

#[test]
fn under_umask_000_everything_in_the_home_is_still_private() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = port.local_addr().unwrap().to_string();
    drop(port);
    let run = |args: &[&str]| {
        let output = careless(&home, &listen, args);
        assert!(output.status.success(), "{args:?}: {output:?}");
    };
    run(&["daemon", "start"]);
    run(&["init"]);
    run(&["whoami"]);
    let mut found = Vec::new();
    all_below(&home, &mut found);
    run(&["daemon", "stop"]);
    for (path, is_dir, mode) in &found {
        let wanted = if *is_dir { 0o700 } else { 0o600 };
        assert_eq!(*mode, wanted, "{}", path.display());
    }
    for name in [
        "server/master.key",
        "server/store.db",
        "audit.log",
        "config.json",
    ] {
        let path = home.join(name);
        assert!(
            found.iter().any(|(at, ..)| *at == path),
            "{name} in {found:?}"
        );
    }
}

#[test]
fn the_daemon_does_not_start_on_a_linked_master_key() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let target = dir.path().join("target");
    fs::create_dir_all(home.join("server")).unwrap();
    for present in [true, false] {
        if present {
            fs::write(&target, "a key that belongs to somebody else\n").unwrap();
        } else {
            fs::remove_file(&target).unwrap();
        }
        let _ = fs::remove_file(home.join("server/master.key"));
        symlink(&target, home.join("server/master.key")).unwrap();
        let said = TestDaemon::builder().home(&home).try_start().unwrap_err();
        assert!(said.contains("master.key"), "{said}");
        assert_eq!(
            target.exists(),
            present,
            "nothing was made through the link"
        );
    }
}

#[test]
fn the_directory_of_runs_is_not_reached_through_a_link() {
    let laptop = Laptop::new();
    let outside = tempfile::tempdir().unwrap();
    // No process has this number, so a sweep would take it for a leftover of a dead run.
    let not_ours = outside.path().join("99999999-x");
    fs::create_dir(&not_ours).unwrap();
    let runs = laptop.daemon.home().join("run");
    drop(fs::remove_dir_all(&runs));
    symlink(outside.path(), &runs).unwrap();
    let where_it_is = laptop.script("printf %s \"$SSL_CERT_FILE\"");
    assert!(not_ours.is_dir(), "what lies behind the link was swept");
    let linked = [runs.as_path(), outside.path()];
    assert!(
        !where_it_is.is_empty()
            && !linked
                .iter()
                .any(|path| Path::new(&where_it_is).starts_with(path)),
        "{where_it_is}"
    );
}
