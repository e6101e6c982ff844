//! Stories that need what is not on every machine, and whether they may be left out.

/// Whether a story that cannot run counts as failed.
pub(crate) fn all_required() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the tests, not of the program"
    )]
    let value = std::env::var_os("AUTHSOME_REQUIRE_ALL");
    value.is_some_and(|value| value == "1")
}

/// Says what is missing; an error where nothing may be.
pub(crate) fn skipped(what: &str) {
    assert!(
        !all_required(),
        "{what} is missing, and AUTHSOME_REQUIRE_ALL=1 allows no skip"
    );
    println!("skipped: {what} is not here");
}
