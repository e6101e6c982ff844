//! Firefox keeps cookies in a database of each profile, in plain text. The database is copied first: a
//! running browser holds it.

use super::Error;
use crate::secret::Typed;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};
use zeroize::Zeroizing;

/// Where profiles are, below the home of a person: plain, snap, flatpak, macOS.
const PLACES: [&str; 4] = [
    ".mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    "Library/Application Support/Firefox/Profiles",
];
const FILE: &str = "cookies.sqlite";
/// Largest database that is copied, in bytes.
const LARGEST: u64 = 512 * 1024 * 1024;
const MOST: i64 = 1_000;
/// Newer versions write the end in milliseconds.
const MILLISECONDS: i64 = 100_000_000_000;

/// The cookies of `domains` and what is below them, as a `cookies.txt`, from the profile of `home` that
/// was used last.
pub async fn cookies(home: &Path, domains: &[String]) -> Result<Typed, Error> {
    let path = newest(home)?;
    let copy_failed = |source| Error::Copy {
        path: path.clone(),
        source,
    };
    let dir = tempfile::tempdir().map_err(copy_failed)?;
    let copy = dir.path().join(FILE);
    copy_with_log(&path, &copy).map_err(copy_failed)?;
    let text = read(&copy, domains).await;
    let text = text.map_err(|source| Error::Unreadable {
        path: path.clone(),
        source,
    })?;
    text.ok_or_else(|| Error::NoCookies {
        domains: domains.to_vec(),
    })
}

/// The database that was written last.
fn newest(home: &Path) -> Result<PathBuf, Error> {
    let looked: Vec<PathBuf> = PLACES.iter().map(|place| home.join(place)).collect();
    let profiles = looked.iter().filter_map(|place| fs::read_dir(place).ok());
    let found = profiles.flatten().filter_map(|entry| {
        let path = entry.ok()?.path().join(FILE);
        let found = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let written = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
        let log = written(&log_of(&path)).unwrap_or(SystemTime::UNIX_EPOCH);
        Some((found.modified().ok()?.max(log), path))
    });
    let newest = found.max_by_key(|(written, _)| *written);
    newest
        .map(|(_, path)| path)
        .ok_or(Error::NoProfile { looked })
}

fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// What was written last is in the write-ahead log beside the database.
fn copy_with_log(from: &Path, to: &Path) -> io::Result<()> {
    for (from, to) in [(from.to_owned(), to.to_owned()), (log_of(from), log_of(to))] {
        match fs::metadata(&from) {
            Ok(found) if found.len() > LARGEST => {
                return Err(io::Error::other("it is larger than 512 MiB"));
            }
            Ok(_) => drop(fs::copy(&from, &to)?),
            // There is no log while nothing is left in it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn read(copy: &Path, domains: &[String]) -> Result<Option<Typed>, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(copy)
        .create_if_missing(false)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging();
    let mut conn: SqliteConnection = options.connect().await?;
    let mut text = Zeroizing::new(String::new());
    for domain in domains {
        let bare = domain.trim_start_matches('.');
        let below = format!("%.{}", bare.replace(['%', '_'], ""));
        let rows = sqlx::query(
            "SELECT host, path, isSecure, expiry, name, value FROM moz_cookies \
             WHERE (host = ?1 OR host LIKE ?2) AND originAttributes = '' \
             ORDER BY lastAccessed DESC LIMIT ?3",
        )
        .bind(bare)
        .bind(below)
        .bind(MOST)
        .fetch_all(&mut conn)
        .await?;
        for row in rows {
            let text_of = |column: usize| row.try_get::<String, _>(column);
            let (host, path) = (text_of(0)?, text_of(1)?);
            let mut expiry: i64 = row.try_get(3)?;
            if expiry > MILLISECONDS {
                expiry /= 1_000;
            }
            let is_secure: i64 = row.try_get(2)?;
            let (name, value) = (text_of(4)?, Zeroizing::new(text_of(5)?));
            let flag = |is_on: bool| if is_on { "TRUE" } else { "FALSE" };
            let below = flag(host.starts_with('.'));
            let secure = flag(is_secure != 0);
            let value = value.as_str();
            // Writing to a text does not fail.
            let _ = writeln!(
                text,
                "{host}\t{below}\t{path}\t{secure}\t{expiry}\t{name}\t{value}"
            );
        }
    }
    conn.close().await?;
    Ok((!text.is_empty()).then(|| Typed::new(text.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn profile(dir: &Path, name: &str, value: &str) {
        let profile = dir.join(PLACES[0]).join(name);
        fs::create_dir_all(&profile).unwrap();
        let options = SqliteConnectOptions::new()
            .filename(profile.join(FILE))
            .create_if_missing(true);
        let mut conn = options.connect().await.unwrap();
        let table = "CREATE TABLE moz_cookies (id INTEGER PRIMARY KEY, originAttributes TEXT NOT NULL DEFAULT '', \
             name TEXT, value TEXT, host TEXT, path TEXT, expiry INTEGER, lastAccessed INTEGER, isSecure INTEGER)";
        sqlx::query(table).execute(&mut conn).await.unwrap();
        for (host, name, value, expiry) in [
            (".shop.example", "sid", value, 4_000_000_000_i64),
            ("www.shop.example", "csrf", "t", 4_000_000_000_000),
            (".bank.example", "sid", "not-yours", 4_000_000_000),
            (".evilshop.example", "sid", "not-yours", 4_000_000_000),
        ] {
            sqlx::query(
                "INSERT INTO moz_cookies (name, value, host, path, expiry, lastAccessed, isSecure) \
                 VALUES (?1, ?2, ?3, '/', ?4, 1, 1)",
            )
            .bind(name)
            .bind(value)
            .bind(host)
            .bind(expiry)
            .execute(&mut conn)
            .await
            .unwrap();
        }
        conn.close().await.unwrap();
    }

    #[tokio::test]
    async fn the_cookies_of_the_site_come_from_the_profile_used_last() {
        let home = tempfile::tempdir().unwrap();
        let domains = ["shop.example".to_owned()];
        let nothing = cookies(home.path(), &domains).await.unwrap_err();
        assert!(matches!(nothing, Error::NoProfile { .. }), "{nothing}");
        profile(home.path(), "old.default", "old").await;
        profile(home.path(), "new.default-release", "new").await;
        let old = home.path().join(PLACES[0]).join("old.default").join(FILE);
        let file = fs::File::options().write(true).open(old).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let found = cookies(home.path(), &domains).await.unwrap();
        let lines: Vec<&str> = found.reveal().lines().collect();
        assert_eq!(
            lines,
            [
                ".shop.example\tTRUE\t/\tTRUE\t4000000000\tsid\tnew",
                "www.shop.example\tFALSE\t/\tTRUE\t4000000000\tcsrf\tt",
            ]
        );
        let elsewhere = cookies(home.path(), &["nowhere.example".to_owned()]).await;
        assert!(matches!(elsewhere, Err(Error::NoCookies { .. })));
    }
}
