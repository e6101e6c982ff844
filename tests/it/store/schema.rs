//! Upgrades: the same schema whoever comes first, and none that this program does not know.

use super::database::{Database, on_both};
use authsome::store::Error;

on_both!(
    many_that_start_together_make_one_schema,
    a_step_that_was_changed_is_refused,
    a_step_from_the_future_is_refused,
);

async fn many_that_start_together_make_one_schema(database: Database) {
    if database.is_sqlite() {
        // One process per file: the home's lock sees to that.
        database.open().await.close().await;
        database.open().await.close().await;
    } else {
        let opened = (0..8).map(|_| database.open());
        let stores = futures_util::future::join_all(opened).await;
        assert!(
            stores
                .iter()
                .all(|s| s.instance_id() == stores[0].instance_id())
        );
    }
    let steps = database
        .ask("SELECT CAST(COUNT(*) AS TEXT) FROM schema_migrations WHERE version = 1")
        .await;
    assert_eq!(steps, "1");
}

async fn a_step_that_was_changed_is_refused(database: Database) {
    database.open().await.close().await;
    database
        .raw("UPDATE schema_migrations SET checksum = 'other'")
        .await;
    let error = database.try_open().await.unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
}

async fn a_step_from_the_future_is_refused(database: Database) {
    database.open().await.close().await;
    database
        .raw("INSERT INTO schema_migrations VALUES (4000, 'later', 'x', 0)")
        .await;
    let error = database.try_open().await.unwrap_err();
    assert!(
        matches!(error, Error::NewerSchema { found: 4000, .. }),
        "{error:?}"
    );
}
