//! The audit searched and counted: a page costs a bounded time, and nothing is missed or told twice.

use super::database::{Database, change, event, on_both, start};
use authsome::clock::{from_unix_millis, to_unix_millis};
use authsome::model::{AuditEvent, AuditRecord, EventName, Outcome};
use authsome::store::{AuditCursor, AuditFilter, AuditPage, CountFilter, EXAMINED, Span, Store};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

on_both!(
    every_filter_finds_what_it_names,
    whatever_is_searched_for_is_taken_by_the_letter,
    a_search_goes_on_until_it_has_seen_everything_once,
    pages_lead_back_to_the_newest,
    an_event_is_found_by_its_id,
    the_counts_are_what_is_in_the_log,
    what_is_long_written_is_counted_where_it_belongs,
    nothing_is_counted_twice,
    old_hours_are_forgotten_and_days_are_not,
);

/// The `number`th event of a made-up past: its facts repeat in different rhythms.
fn past(number: i64, at: OffsetDateTime) -> AuditRecord {
    let (event, outcome) = match number % 10 {
        0 => ("login.completed", Outcome::Success),
        3 => ("credential.refused", Outcome::Refused),
        7 => ("credential.resolved", Outcome::Failure),
        _ => ("credential.resolved", Outcome::Success),
    };
    let mut written = AuditEvent::new(EventName::from_stored(event)).ended(outcome);
    written.identity = Some(format!("agent-{}", number % 3).parse().unwrap());
    written.principal = Some(format!("principal_{}", number % 4).parse().unwrap());
    written.provider = Some(format!("p{}", number % 5).parse().unwrap());
    written.connection = Some(format!("c{}", number % 6).parse().unwrap());
    AuditRecord {
        id: format!("old-{number}").parse().unwrap(),
        at,
        event: written.with("number", number),
    }
}

async fn insert(store: &Store, records: Vec<AuditRecord>) {
    for chunk in records.chunks(4_000) {
        let chunk = chunk.to_vec();
        change(store, move |tx| {
            Box::pin(async move { tx.insert_past_events(&chunk).await })
        })
        .await
        .unwrap();
    }
}

async fn page(store: &Store, filter: &AuditFilter) -> AuditPage {
    let mut reader = store.read().await.unwrap();
    reader.list_audit(filter).await.unwrap()
}

/// The numbers of everything that a filter finds, newest first, and how many pages that took.
async fn numbers(store: &Store, mut filter: AuditFilter) -> (Vec<i64>, usize) {
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = page(store, &filter).await;
        pages += 1;
        found.extend(page.records.iter().map(number));
        filter.after = page.next;
        if filter.after.is_none() {
            return (found, pages);
        }
    }
}

fn number(record: &AuditRecord) -> i64 {
    record.event.metadata["number"].as_i64().unwrap()
}

fn all() -> AuditFilter {
    AuditFilter {
        limit: 50,
        ..AuditFilter::default()
    }
}

/// Whether the event of a number is one that a filter finds.
type Fits = fn(i64) -> bool;

async fn every_filter_finds_what_it_names(database: Database) {
    let store = database.open().await;
    let at = |number: i64| start() + Duration::minutes(number);
    insert(&store, (0..240).map(|n| past(n, at(n))).collect()).await;
    let set = |change: &dyn Fn(&mut AuditFilter)| {
        let mut filter = all();
        change(&mut filter);
        filter
    };
    let cases: Vec<(AuditFilter, Fits)> = vec![
        (set(&|f| f.event = Some("login.completed".into())), |n| {
            n % 10 == 0
        }),
        (
            set(&|f| f.event = Some("credential.resolved".into())),
            |n| !matches!(n % 10, 0 | 3),
        ),
        (set(&|f| f.outcome = Some(Outcome::Refused)), |n| {
            n % 10 == 3
        }),
        (set(&|f| f.outcome = Some(Outcome::Success)), |n| {
            !matches!(n % 10, 3 | 7)
        }),
        (set(&|f| f.identity = "agent-1".parse().ok()), |n| {
            n % 3 == 1
        }),
        (set(&|f| f.principal = "principal_2".parse().ok()), |n| {
            n % 4 == 2
        }),
        (set(&|f| f.provider = "p4".parse().ok()), |n| n % 5 == 4),
        (set(&|f| f.connection = "c5".parse().ok()), |n| n % 6 == 5),
        (
            set(&|f| {
                f.outcome = Some(Outcome::Refused);
                f.provider = "p3".parse().ok();
                f.identity = "agent-0".parse().ok();
            }),
            |n| n % 10 == 3 && n % 3 == 0,
        ),
        (
            set(&|f| {
                f.principal = "principal_1".parse().ok();
                f.since = Some(start() + Duration::minutes(100));
                f.until = Some(start() + Duration::minutes(200));
            }),
            |n| n % 4 == 1 && (100..200).contains(&n),
        ),
        (set(&|f| f.text = "LOGIN.comp".parse().ok()), |n| {
            n % 10 == 0
        }),
        (set(&|f| f.text = "agent-2".parse().ok()), |n| n % 3 == 2),
        (set(&|f| f.text = "nowhere".parse().ok()), |_| false),
    ];
    for (filter, fits) in cases {
        let expected: Vec<i64> = (0..240).rev().filter(|n| fits(*n)).collect();
        assert_eq!(
            numbers(&store, filter.clone()).await.0,
            expected,
            "{filter:?}"
        );
    }
}

async fn whatever_is_searched_for_is_taken_by_the_letter(database: Database) {
    let store = database.open().await;
    let notes = [
        "100% sure",
        "under_score",
        "a \"quoted\" \\ thing",
        "it's'; DROP TABLE audit_events; --",
        "wow!",
        "Ünïcode É",
        "<script>alert(1)</script>",
    ];
    for note in notes {
        store.audit(vec![event(note)]).await.unwrap();
    }
    store.audit(vec![event("nothing of that")]).await.unwrap();
    for note in notes {
        let filter = AuditFilter {
            text: Some(note.parse().unwrap()),
            ..all()
        };
        let found = page(&store, &filter).await.records;
        let marks: Vec<_> = found.iter().map(|r| &r.event.metadata["mark"]).collect();
        assert_eq!(marks, [note]);
    }
    for pattern in ["%", "_", "100_ sure", "under%score", "!", "\"mark\""] {
        let filter = AuditFilter {
            text: Some(pattern.parse().unwrap()),
            ..all()
        };
        let expected = match pattern {
            "%" | "!" => 1,
            "_" => 2,
            "\"mark\"" => notes.len() + 1,
            _ => 0,
        };
        let found = page(&store, &filter).await.records.len();
        assert_eq!(found, expected, "{pattern}");
    }
}

async fn a_search_goes_on_until_it_has_seen_everything_once(database: Database) {
    let store = database.open().await;
    let count = i64::try_from(2 * EXAMINED).unwrap() + 500;
    // Many to a millisecond, so that an edge falls among equals.
    let at = |number: i64| start() + Duration::milliseconds(number / 7);
    let rare = |number: i64| matches!(number, 3 | 4_000 | 10_500 | 10_501 | 20_499);
    let records = (0..count).map(|number| {
        let mut record = past(number, at(number));
        if rare(number) {
            record.event.identity = Some("rare".parse().unwrap());
        }
        record
    });
    insert(&store, records.collect()).await;
    let filter = AuditFilter {
        identity: Some("rare".parse().unwrap()),
        ..all()
    };
    let expected: Vec<i64> = (0..count).rev().filter(|n| rare(*n)).collect();
    assert_eq!(numbers(&store, filter.clone()).await, (expected, 3));
    let first = page(&store, &filter).await;
    assert_eq!(
        first.searched_to,
        Some(at(count - i64::try_from(EXAMINED).unwrap()))
    );
    // A page that is full before that is no search.
    let dense = AuditFilter {
        identity: Some("agent-1".parse().unwrap()),
        ..all()
    };
    let page_of_many = page(&store, &dense).await;
    assert_eq!(page_of_many.searched_to, None);
    assert_eq!(page_of_many.records.len(), 50);
    // The other way.
    let mut filter = AuditFilter {
        before: Some("0.0".parse().unwrap()),
        ..filter
    };
    let mut found = Vec::new();
    while filter.before.is_some() {
        let mut reading = store.read().await.unwrap();
        let page = reading.list_audit(&filter).await.unwrap();
        found.extend(page.records.iter().rev().map(number));
        filter.before = page.previous;
    }
    assert_eq!(found, (0..count).filter(|n| rare(*n)).collect::<Vec<_>>());
}

async fn pages_lead_back_to_the_newest(database: Database) {
    let store = database.open().await;
    insert(&store, (0..20).map(|n| past(n, start())).collect()).await;
    let filter = AuditFilter {
        limit: 6,
        ..AuditFilter::default()
    };
    let shown = |page: &AuditPage| page.records.iter().map(number).collect::<Vec<_>>();
    let first = page(&store, &filter).await;
    assert_eq!(
        (shown(&first), first.previous),
        (vec![19, 18, 17, 16, 15, 14], None)
    );
    let turn = async |older: Option<AuditCursor>, newer: Option<AuditCursor>| {
        let filter = AuditFilter {
            after: older,
            before: newer,
            ..filter.clone()
        };
        page(&store, &filter).await
    };
    let second = turn(first.next, None).await;
    let third = turn(second.next, None).await;
    assert_eq!(shown(&third), [7, 6, 5, 4, 3, 2]);
    let back = turn(None, third.previous).await;
    assert_eq!(shown(&back), shown(&second));
    assert_eq!(back.next, second.next);
    let newest = turn(None, back.previous).await;
    assert_eq!((shown(&newest), newest.previous), (shown(&first), None));
}

async fn an_event_is_found_by_its_id(database: Database) {
    let store = database.open().await;
    let mut subscription = store.subscribe_audit(10);
    store
        .audit(vec![event("first"), event("second")])
        .await
        .unwrap();
    // Its id says another time than it was written under.
    database.clock.advance(-Duration::days(1));
    store.audit(vec![event("set back")]).await.unwrap();
    let mut records = subscription.next_batch(10).await;
    while records.len() < 3 {
        records.extend(subscription.next_batch(10).await);
    }
    insert(&store, vec![past(5, start() - Duration::days(400))]).await;
    let find = async |id: &str| {
        let mut reader = store.read().await.unwrap();
        reader.find_audit(&id.parse().unwrap()).await.unwrap()
    };
    for record in &records {
        let found = find(record.id.as_str()).await.unwrap();
        assert_eq!(found.event.metadata, record.event.metadata);
    }
    assert_eq!(number(&find("old-5").await.unwrap()), 5);
    for nobody in ["old-6", "evt_0192f3a1b2c37d4e8f5061728394a5b6", "x"] {
        assert!(find(nobody).await.is_none(), "{nobody}");
    }
}

type Bars = BTreeMap<OffsetDateTime, BTreeMap<&'static str, u64>>;

async fn counted(store: &Store, filter: &CountFilter) -> Bars {
    let mut reader = store.read().await.unwrap();
    let counts = reader.chart_audit(filter).await.unwrap().unwrap();
    assert_eq!(counts.counted_to, None);
    let mut bars = Bars::new();
    for (at, found) in counts.bars {
        for (outcome, events) in found {
            *bars
                .entry(at)
                .or_default()
                .entry(outcome.as_str())
                .or_default() += events;
        }
    }
    bars
}

fn expected(records: &[AuditRecord], span: Span, fits: impl Fn(&AuditEvent) -> bool) -> Bars {
    let mut bars = Bars::new();
    for record in records.iter().filter(|record| fits(&record.event)) {
        let bar = bars.entry(span.start(record.at)).or_default();
        *bar.entry(record.event.outcome.as_str()).or_default() += 1;
    }
    bars
}

fn counts(span: Span) -> CountFilter {
    CountFilter {
        span,
        from: span.start(start()) - Duration::days(3),
        until: span.start(start()) + Duration::days(3),
        event: None,
        outcome: None,
        identity: None,
        principal: None,
        provider: None,
    }
}

/// Every kind of filter gives what one finds by counting.
async fn compare(store: &Store, records: &[AuditRecord]) {
    for span in [Span::Hour, Span::Day] {
        let whole = counts(span);
        let from = whole.from;
        assert_eq!(
            counted(store, &whole).await,
            expected(records, span, |_| true)
        );
        let one = CountFilter {
            identity: "agent-1".parse().ok(),
            ..whole.clone()
        };
        let is = |event: &AuditEvent| event.identity == one.identity;
        assert_eq!(counted(store, &one).await, expected(records, span, is));
        let two = CountFilter {
            event: Some("credential.resolved".to_owned()),
            outcome: Some(Outcome::Failure),
            principal: "principal_1".parse().ok(),
            provider: "p2".parse().ok(),
            ..whole.clone()
        };
        let are = |event: &AuditEvent| {
            event.event == EventName::CredentialResolved
                && event.outcome == Outcome::Failure
                && event.principal == two.principal
                && event.provider == two.provider
        };
        assert_eq!(counted(store, &two).await, expected(records, span, are));
        let part = CountFilter {
            until: from + Duration::days(3),
            ..whole
        };
        let mut early = expected(records, span, |_| true);
        early.retain(|at, _| *at < part.until);
        assert_eq!(counted(store, &part).await, early);
    }
}

fn of_two_days(first: i64, count: i64) -> Vec<AuditRecord> {
    let at = |number: i64| start() + Duration::minutes(number * 7 % 2_880);
    (first..first + count).map(|n| past(n, at(n))).collect()
}

async fn the_counts_are_what_is_in_the_log(database: Database) {
    let store = database.open().await;
    let mut records = of_two_days(0, 700);
    insert(&store, records.clone()).await;
    // Nothing is in the counts yet, then everything, then part of it.
    compare(&store, &records).await;
    store.count_up_audit(database.now()).await.unwrap();
    compare(&store, &records).await;
    let later = of_two_days(700, 300);
    insert(&store, later.clone()).await;
    records.extend(later);
    compare(&store, &records).await;
}

async fn what_is_long_written_is_counted_where_it_belongs(database: Database) {
    let store = database.open().await;
    store.audit(vec![event("now")]).await.unwrap();
    store.count_up_audit(database.now()).await.unwrap();
    // Taken over from elsewhere, and written while the clock was set back.
    let then = start() - Duration::days(2);
    insert(&store, vec![past(1, then), past(3, then)]).await;
    database.clock.advance(-Duration::days(1));
    store.audit(vec![event("set back")]).await.unwrap();
    store.count_up_audit(database.now()).await.unwrap();
    let bars = counted(&store, &counts(Span::Hour)).await;
    let hours: Vec<_> = bars.keys().map(|at| to_unix_millis(*at)).collect();
    let hour = |at| to_unix_millis(Span::Hour.start(at));
    let expected = [then, start() - Duration::days(1), start()].map(hour);
    assert_eq!(hours, expected);
    let old = &bars[&from_unix_millis(expected[0])];
    assert_eq!(old.values().sum::<u64>(), 2);
}

async fn nothing_is_counted_twice(database: Database) {
    let store = database.open().await;
    let records = of_two_days(0, 2_500);
    insert(&store, records.clone()).await;
    let other = if database.is_sqlite() {
        store.clone()
    } else {
        database.open().await
    };
    let now = database.now();
    let rounds = (0..6).map(|round| {
        let store = if round % 2 == 0 { &store } else { &other };
        store.count_up_audit(now)
    });
    for done in futures_util::future::join_all(rounds).await {
        done.unwrap();
    }
    compare(&store, &records).await;
}

async fn old_hours_are_forgotten_and_days_are_not(database: Database) {
    let store = database.open().await;
    insert(&store, of_two_days(0, 100)).await;
    database.clock.advance(Duration::days(40));
    store.count_up_audit(database.now()).await.unwrap();
    assert!(counted(&store, &counts(Span::Hour)).await.is_empty());
    let days = counted(&store, &counts(Span::Day)).await;
    let sum: u64 = days.values().flat_map(BTreeMap::values).sum();
    assert_eq!(sum, 100);
}
