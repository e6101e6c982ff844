//! The store on real databases.

use authsome::clock::SystemClock;
use authsome::model::{AuditEvent, EventName};
use authsome::store::{AuditFilter, Error, Location, ProofUse, Store};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

#[tokio::test]
async fn a_proof_is_spent_once() {
    let home = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(home.path().join("store.db"));
    let store = Store::open(location, Arc::new(SystemClock)).await.unwrap();
    let did = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
        .parse()
        .unwrap();
    let proof = ProofUse::new(
        &did,
        "one",
        OffsetDateTime::UNIX_EPOCH + Duration::days(30_000),
    );
    let event = AuditEvent::new(EventName::CredentialResolved);
    store
        .release(proof.clone(), vec![event.clone()])
        .await
        .unwrap();
    let again = store.release(proof, vec![event]).await;
    assert!(matches!(again, Err(Error::Replayed)));
    let filter = AuditFilter {
        limit: 10,
        ..AuditFilter::default()
    };
    let page = store
        .read()
        .await
        .unwrap()
        .list_audit(&filter)
        .await
        .unwrap();
    assert_eq!(page.records.len(), 1);
    store.close().await;
}
