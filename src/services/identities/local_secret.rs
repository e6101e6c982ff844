//! The one-time secret in the home: whoever can read the file is the person whose home it is.
//!
//! The daemon writes a new one at every start and after every use. It is compared in constant time
//! and never leaves this process but through the file, which is 0600 in a 0700 directory.

use crate::crypto::random;
use crate::files;
use crate::model::ErrorCode;
use crate::secret::Token;
use crate::services::Error;
use std::io;
use std::path::PathBuf;
use tokio::sync::Mutex;

#[derive(Debug)]
pub(super) struct LocalSecret {
    path: PathBuf,
    current: Mutex<Token>,
}

impl LocalSecret {
    /// Writes a fresh secret; one of an earlier daemon is worth nothing from here on.
    pub(super) async fn create(path: PathBuf) -> Result<Self, Error> {
        let first = random::token();
        write(path.clone(), &first).await?;
        Ok(Self {
            path,
            current: Mutex::new(first),
        })
    }

    /// Takes the secret and puts the next one in its place, before anything is done with the right
    /// it gave.
    pub(super) async fn redeem(&self, given: &Token) -> Result<(), Error> {
        let mut current = self.current.lock().await;
        if !current.matches(given.reveal()) {
            self.restore(&current).await;
            return Err(Error::new(
                ErrorCode::Unauthenticated,
                "the local secret is not the current one",
            )
            .hint("it works once and changes after each use: read server/bind.secret again"));
        }
        let next = random::token();
        write(self.path.clone(), &next).await?;
        *current = next;
        Ok(())
    }

    /// Somebody may have removed the file under a running daemon; a reader could never succeed then.
    async fn restore(&self, current: &Token) {
        if self.path.symlink_metadata().is_err()
            && let Err(error) = write(self.path.clone(), current).await
        {
            tracing::warn!(error.cause = ?error, "cannot restore the local secret");
        }
    }
}

async fn write(path: PathBuf, secret: &Token) -> Result<(), Error> {
    let line = Token::new(format!("{}\n", secret.reveal()));
    let written = tokio::task::spawn_blocking(move || {
        files::replace_private(&path, line.reveal().as_bytes())
    });
    written.await.map_err(Error::internal)?.map_err(unwritable)
}

fn unwritable(source: io::Error) -> Error {
    Error::new(
        ErrorCode::StoreUnavailable,
        "the local secret could not be written to the home",
    )
    .hint("check the permissions of the home and the space on its disk")
    .caused_by(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn read(path: &Path) -> Token {
        let text = files::read_private(path, 100).unwrap();
        Token::new(String::from_utf8(text).unwrap().trim_end())
    }

    #[tokio::test]
    async fn the_secret_works_once() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("bind.secret");
        let secret = LocalSecret::create(path.clone()).await.unwrap();
        let first = read(&path);
        secret.redeem(&first).await.unwrap();
        let again = secret.redeem(&first).await.unwrap_err();
        assert_eq!(again.code(), ErrorCode::Unauthenticated);
        assert_ne!(read(&path).reveal(), first.reveal());
        secret.redeem(&read(&path)).await.unwrap();
    }

    #[tokio::test]
    async fn a_wrong_guess_changes_nothing() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("bind.secret");
        let secret = LocalSecret::create(path.clone()).await.unwrap();
        let right = read(&path);
        for guess in ["", "x", &right.reveal()[1..]] {
            assert!(secret.redeem(&Token::new(guess)).await.is_err());
        }
        secret.redeem(&right).await.unwrap();
    }

    #[tokio::test]
    async fn a_removed_file_comes_back_for_the_next_try() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("bind.secret");
        let secret = LocalSecret::create(path.clone()).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(secret.redeem(&Token::new("guess")).await.is_err());
        secret.redeem(&read(&path)).await.unwrap();
    }

    #[tokio::test]
    async fn a_secret_that_cannot_be_replaced_gives_no_right_and_stays_good() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("sub").join("bind.secret");
        files::create_private_dir(path.parent().unwrap()).unwrap();
        let secret = LocalSecret::create(path.clone()).await.unwrap();
        let right = read(&path);
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
        let failed = secret.redeem(&right).await.unwrap_err();
        assert_eq!(failed.code(), ErrorCode::StoreUnavailable);
        files::create_private_dir(path.parent().unwrap()).unwrap();
        secret.redeem(&right).await.unwrap();
    }
}
