//! How long somebody who guesses passwords has to wait. Pure; the counts live in the store.
//!
//! Tries are free at first, then each wrong one doubles the wait up to a ceiling that a patient owner
//! can sit out once the guessing has stopped. While it goes on the password is of no use to anybody;
//! an agent of the owner's still signs a browser in (`authsome ui`), for that asks for none.

use std::time::Duration;

/// What is being guarded, and how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// One account, from wherever.
    Account,
    /// One network address, whatever the account. Patient: a whole office, or everybody behind one
    /// reverse proxy, shares it.
    Address,
}

/// A count this long without a wrong try starts again.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

impl Guard {
    const fn free_tries(self) -> u32 {
        match self {
            Self::Account => 10,
            Self::Address => 60,
        }
    }

    const fn ceiling(self) -> Duration {
        match self {
            Self::Account => Duration::from_mins(5),
            Self::Address => Duration::from_secs(30),
        }
    }

    /// The wait after the wrong try number `failures`.
    pub(super) fn wait_after(self, failures: u32) -> Duration {
        let Some(over) = failures.checked_sub(self.free_tries()) else {
            return Duration::ZERO;
        };
        Duration::from_secs(5)
            .saturating_mul(1 << over.min(16))
            .min(self.ceiling())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tries_are_free_and_the_wait_has_a_ceiling() {
        for guard in [Guard::Account, Guard::Address] {
            assert_eq!(guard.wait_after(guard.free_tries() - 1), Duration::ZERO);
            assert_eq!(guard.wait_after(guard.free_tries()), Duration::from_secs(5));
            assert_eq!(guard.wait_after(u32::MAX), guard.ceiling());
        }
    }

    #[test]
    fn twenty_quick_tries_at_one_account_meet_a_wait() {
        assert!(Guard::Account.wait_after(19) > Duration::ZERO);
    }

    #[test]
    fn the_wait_never_shrinks() {
        for failures in 0..200 {
            assert!(Guard::Account.wait_after(failures + 1) >= Guard::Account.wait_after(failures));
        }
    }
}
