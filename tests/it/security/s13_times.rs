//! Row 13: a proof is short-lived, and clocks may be a minute apart and no more.

use crate::support::daemon::TestDaemon;
use crate::support::forge::Forgery;
use crate::support::http::Request;
use serde_json::json;

#[test]
fn only_short_proofs_of_about_now_count() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let url = format!("{}/whoami", daemon.url());
    let ten_years = 10 * 365 * 24 * 3_600;
    let ask = |iat: i64, exp: i64| {
        let good = Forgery::honest(&agent.key, "scout", "GET", &url, b"");
        let now = good.claims["iat"].as_i64().unwrap();
        let spoiled = good
            .with("iat", json!(now.saturating_add(iat)))
            .with("exp", json!(now.saturating_add(exp)));
        let token = spoiled.token(&agent.key);
        let request =
            Request::new("GET", "/whoami").header("Authorization", &format!("PoP {token}"));
        daemon.send(&request).status
    };
    for (iat, exp) in [
        (0, 60),
        (0, 120),
        (-30, 30),
        (30, 90),
        (-90, -30),
        (-100, 20),
    ] {
        assert_eq!(ask(iat, exp), 200, "{iat} {exp}");
    }
    for (iat, exp) in [
        (0, 121),
        (0, ten_years),
        (-ten_years, 60),
        (-300, -240),
        (300, 360),
        (60, 0),
        (0, i64::MAX),
        (i64::MIN, 60),
    ] {
        assert_eq!(ask(iat, exp), 401, "{iat} {exp}");
    }
}

#[test]
fn a_clock_that_is_off_is_named_as_the_reason_and_by_how_much() {
    let daemon = TestDaemon::start();
    let agent = daemon.agent("scout");
    let url = format!("{}/whoami", daemon.url());
    let (hour, day) = (3_600, 86_400);
    for off in [hour, -hour, day, -day] {
        let good = Forgery::honest(&agent.key, "scout", "GET", &url, b"");
        let now = good.claims["iat"].as_i64().unwrap();
        let spoiled = good
            .with("iat", json!(now + off))
            .with("exp", json!(now + off + 60));
        let token = spoiled.token(&agent.key);
        let request =
            Request::new("GET", "/whoami").header("Authorization", &format!("PoP {token}"));
        let refusal = daemon.send(&request).expect(401).json();
        let text = refusal["detail"].as_str().unwrap();
        let side = if off > 0 {
            "the machine that signed it is"
        } else {
            "the machine that signs, which is behind"
        };
        assert!(text.contains(side), "{text}");
        // The daemon may be slow to look.
        let said: i64 = text
            .split(" s ")
            .next()
            .and_then(|before| before.rsplit(' ').next())
            .and_then(|number| number.parse().ok())
            .unwrap();
        assert!((off.abs() - 30..=off.abs() + 30).contains(&said), "{text}");
    }
}
