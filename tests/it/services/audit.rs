//! A copy of the audit log: all of what was there when it was asked for, once, whatever happens meanwhile.

use super::house::{Place, code, on_both};
use authsome::model::{AuditEvent, AuditRecord, ErrorCode, EventName};
use authsome::services::{AuditExport, AuditFormat, AuditQuery, Error};
use futures_util::FutureExt as _;
use serde_json::Value;
use time::Duration;

on_both!(
    an_export_holds_what_was_there_once,
    an_export_is_whole_wherever_the_list_stood,
    an_export_that_cannot_be_written_down_does_not_begin,
    only_administrators_read_count_and_export,
);

/// Everything of an export, and the largest piece of it.
async fn whole(mut export: AuditExport) -> (String, usize) {
    let (mut text, mut largest) = (String::new(), 0);
    while let Some(piece) = export.next().await.unwrap() {
        largest = largest.max(piece.lines().count());
        text.push_str(&piece);
    }
    (text, largest)
}

async fn an_export_holds_what_was_there_once(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    let at = house.services.now() - Duration::hours(1);
    let records: Vec<_> = (0..2_300_i64)
        .map(|number| AuditRecord {
            id: format!("old-{number}").parse().unwrap(),
            at: at + Duration::milliseconds(number / 10),
            event: AuditEvent::new(EventName::LoginStarted).with("number", number),
        })
        .collect();
    let written: Result<(), authsome::store::Error> = house
        .store
        .write(move |tx| async move { tx.insert_past_events(&records).await }.boxed())
        .await;
    written.unwrap();
    house.advance(Duration::seconds(1));
    let query = AuditQuery {
        event: Some("login.started".to_owned()),
        ..AuditQuery::default()
    };
    let audit = &house.services.audit;
    let mut export = audit
        .export(&caller, query.clone(), AuditFormat::JsonLines)
        .await
        .unwrap();
    let first = export.next().await.unwrap().unwrap();
    // What happens while it is under way is not in it.
    house
        .store
        .audit(vec![AuditEvent::new(EventName::LoginStarted)])
        .await
        .unwrap();
    let (rest, largest) = whole(export).await;
    assert!(largest <= 1_000, "{largest}");
    let numbers: Vec<i64> = (first + rest.as_str())
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| line["metadata"]["number"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, (0..2_300).rev().collect::<Vec<_>>());
    house.advance(Duration::seconds(1));
    let export = audit
        .export(&caller, query, AuditFormat::Csv)
        .await
        .unwrap();
    let (table, _) = whole(export).await;
    assert_eq!(table.matches("\r\n").count(), 1 + 2_301);
    assert_eq!(table.matches("timestamp,").count(), 1);
    house.close().await;
}

async fn an_export_is_whole_wherever_the_list_stood(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    house.advance(Duration::seconds(1));
    let audit = &house.services.audit;
    let mut texts = Vec::new();
    for (older, newer) in [
        (None, None),
        (None, Some("9.9")),
        (None, Some("9999999999999.9")),
        (Some("9.9"), None),
        (Some("9999999999999.9"), Some("9.9")),
    ] {
        let query = AuditQuery {
            cursor: older.map(str::to_owned),
            newer_than: newer.map(str::to_owned),
            ..AuditQuery::default()
        };
        let export = audit.export(&caller, query, AuditFormat::JsonLines);
        let mut export = export.await.unwrap();
        let text = export.next().await.unwrap().unwrap();
        assert_eq!(export.next().await.unwrap(), None, "{older:?} {newer:?}");
        texts.push(text);
    }
    assert!(texts[0].lines().count() > 1, "{}", texts[0]);
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    house.close().await;
}

async fn an_export_that_cannot_be_written_down_does_not_begin(place: Place) {
    let (house, _, caller) = place.local_with_scout().await;
    house.store.close().await;
    let begun = house
        .services
        .audit
        .export(&caller, AuditQuery::default(), AuditFormat::Csv)
        .await;
    assert_eq!(code(begun), ErrorCode::StoreUnavailable);
}

async fn only_administrators_read_count_and_export(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let audit = &house.services.audit;
    let all = AuditQuery::default;
    let refused = [
        denied(audit.list(&guest, all()).await),
        denied(audit.chart(&guest, all()).await),
        denied(audit.accounts(&guest).await),
        denied(audit.get(&guest, &"evt_1".parse().unwrap()).await),
        denied(audit.export(&guest, all(), AuditFormat::Csv).await),
    ];
    assert!(refused.iter().all(|refused| *refused));
    let chart = audit.chart(&admin, all()).await.unwrap().unwrap();
    assert!(
        chart
            .bars
            .iter()
            .map(authsome::services::AuditBar::all)
            .sum::<u64>()
            > 0
    );
    let named = audit.accounts(&admin).await.unwrap();
    assert!(named.iter().any(|(id, _)| *id == guest.principal));
    house.close().await;
}

fn denied<T>(result: Result<T, Error>) -> bool {
    code(result) == ErrorCode::Forbidden
}
