//! Times for people: how long from now, and the reverse for `--since`.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// `in 3 days`, `2 hours ago`, `now`.
pub(crate) fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let distance = at - now;
    // What was made a moment ago to last for 7 days ends in 7 days.
    let just_made = distance >= Duration::hours(1);
    let words = span(distance.abs() + Duration::minutes(i64::from(just_made)));
    if distance.abs() < Duration::seconds(1) {
        "now".to_owned()
    } else if distance.is_positive() {
        format!("in {words}")
    } else {
        format!("{words} ago")
    }
}

fn span(length: Duration) -> String {
    let seconds = length.whole_seconds();
    let (count, unit) = match seconds {
        ..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if count == 1 {
        format!("1 {unit}")
    } else {
        format!("{count} {unit}s")
    }
}

/// `2026-03-01 12:10:00Z`, to the second.
pub(crate) fn stamp(at: OffsetDateTime) -> String {
    let format =
        time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    at.to_offset(time::UtcOffset::UTC)
        .format(&format)
        .unwrap_or_default()
}

/// A point in time as a person writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    At(OffsetDateTime),
    Ago(Duration),
}

impl Moment {
    pub(crate) fn resolve(self, now: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::At(at) => at,
            Self::Ago(length) => now
                .checked_sub(length)
                .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ago(text)
            .map(Self::Ago)
            .or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::At))
            .or_else(|| midnight(text).map(Self::At))
            .ok_or_else(|| {
                "write how long ago (90s, 15m, 2h, 7d), a day (2026-03-01) or a time such as 2026-03-01T12:00:00Z"
                    .to_owned()
            })
    }
}

/// A day alone is its first moment in UTC.
fn midnight(text: &str) -> Option<OffsetDateTime> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let day = time::Date::parse(text, &format).ok()?;
    Some(day.midnight().assume_utc())
}

fn ago(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let count: i64 = text
        .strip_suffix(unit)?
        .parse()
        .ok()
        .filter(|n| (0..=1_000_000).contains(n))?;
    match unit {
        's' => Some(Duration::seconds(count)),
        'm' => Some(Duration::minutes(count)),
        'h' => Some(Duration::hours(count)),
        'd' => Some(Duration::days(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn distances_read_as_people_say_them() {
        let now = datetime!(2026-03-01 12:00:00 UTC);
        assert_eq!(relative(now, now), "now");
        assert_eq!(relative(now + Duration::minutes(90), now), "in 1 hour");
        assert_eq!(relative(now - Duration::days(3), now), "3 days ago");
        let soon = now + Duration::days(7) - Duration::seconds(1);
        assert_eq!(relative(soon, now), "in 7 days");
        assert_eq!(stamp(now), "2026-03-01 12:00:00Z");
    }

    #[test]
    fn a_moment_is_a_distance_or_a_time() {
        let now = datetime!(2026-03-01 12:00:00 UTC);
        let read = |text: &str| text.parse::<Moment>().map(|m| m.resolve(now));
        assert_eq!(read("2h").unwrap(), datetime!(2026-03-01 10:00:00 UTC));
        assert_eq!(
            read("2026-02-01T00:00:00Z").unwrap(),
            datetime!(2026-02-01 00:00:00 UTC)
        );
        assert_eq!(
            read("1000000d").unwrap(),
            OffsetDateTime::UNIX_EPOCH.min(read("1000000d").unwrap())
        );
        assert_eq!(
            read("2026-02-01").unwrap(),
            datetime!(2026-02-01 00:00:00 UTC)
        );
        for bad in [
            "",
            "2026-02-30",
            "h",
            "-1h",
            "é",
            "yesterday",
            "99999999999999999999d",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
