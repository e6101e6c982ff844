//! Who is told that something happened, and when to look whether one is still signed in.

use super::house::{OPENAI_KEY, Place, on_both};
use authsome::model::{Role, SignedIn};
use authsome::services::{Seat, Word};
use futures_util::FutureExt as _;
use tokio::time::Instant;

on_both!(
    everybody_looks_at_his_session_when_somebody_is_shut_out,
    what_another_process_writes_is_told,
    a_glance_lengthens_no_session,
);

async fn word(seat: &mut Seat) -> Word {
    let now = Instant::now();
    seat.word(now, now).await
}

/// Hears what was said so far, so that the next word is a new one.
async fn listen(seat: &mut Seat, until: Word) {
    while word(seat).await != until {}
    let now = Instant::now();
    while seat.word(now, now).now_or_never().is_some() {}
}

async fn everybody_looks_at_his_session_when_somebody_is_shut_out(place: Place) {
    let house = place.hosted().await;
    let admin = house.first_admin().await;
    let guest = house.guest(&admin, "guest@example.test").await;
    let live = &house.services.live;
    let (mut of_guest, mut of_admin) = (live.sit(&guest).unwrap(), live.sit(&admin).unwrap());
    let accounts = &house.services.accounts;
    accounts.disable(&admin, &guest.principal).await.unwrap();
    listen(&mut of_guest, Word::LookAtSession).await;
    accounts.enable(&admin, &guest.principal).await.unwrap();
    while word(&mut of_guest).await != Word::LookAtSession {}
    listen(&mut of_admin, Word::Changed).await;
    house.close().await;
}

async fn what_another_process_writes_is_told(place: Place) {
    let (here, _, caller) = place.local_with_scout().await;
    let person = SignedIn {
        principal: caller.principal.clone(),
        email: None,
        vault: caller.vault.clone(),
        role: Role::User,
    };
    let mut seat = here.services.live.sit(&person).unwrap();
    listen(&mut seat, Word::Changed).await;
    // One file has one process.
    let there = if place.is_postgres() {
        Some(place.local().await)
    } else {
        None
    };
    let writer = there.as_ref().unwrap_or(&here);
    writer.login(&caller, "openai", "default", OPENAI_KEY).await;
    while word(&mut seat).await != Word::Changed {}
    drop(seat);
    here.close().await;
}

async fn a_glance_lengthens_no_session(place: Place) {
    let house = place.hosted().await;
    house.first_admin().await;
    let opened = house.sign_in("admin@example.test", super::house::PASSWORD);
    let token = opened.await.unwrap().token;
    let accounts = &house.services.accounts;
    let mut stood = 0;
    // A page that is open all day.
    while accounts.glance_at_session(&token).await.unwrap().is_some() {
        house.advance(time::Duration::hours(1));
        stood += 1;
    }
    assert_eq!(stood, 12);
    house.close().await;
}
