//! Which route a request takes, and which it never does.

use super::*;

fn route(provider: &str, connection: &str, is_default: bool, urls: &[&str]) -> Route {
    Route {
        provider: provider.parse().unwrap(),
        connection: connection.parse().unwrap(),
        is_default,
        api_urls: urls.iter().map(|&url| url.to_owned()).collect(),
        excluded_paths: Vec::new(),
    }
}

fn decide(routes: &[Route], url: &str) -> String {
    decide_with(routes, &Choice::default(), url)
}

fn decide_with(routes: &[Route], choice: &Choice, url: &str) -> String {
    let (table, _) = RouteTable::new(routes, choice);
    let (authority, path) = url.split_at(url.find('/').unwrap());
    let authority = Authority::parse(authority, 443).unwrap();
    let target = Target {
        host: authority.host().to_owned(),
        port: authority.port(),
        path: path.to_owned(),
    };
    match table.decide(&target, None) {
        Decision::Inject {
            provider,
            connection,
        } => format!("{provider}/{connection}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn host_and_port_are_equal_or_nothing_is_injected() {
    let routes = [route(
        "x",
        "default",
        true,
        &["api.x.com", "https://api.x.com:8443/v1"],
    )];
    assert_eq!(decide(&routes, "api.x.com/"), "x/default");
    assert_eq!(decide(&routes, "API.X.COM/a"), "x/default");
    assert_eq!(decide(&routes, "api.x.com:8443/v1/a"), "x/default");
    for url in [
        "api.x.com.evil/",
        "evilapi.x.com/",
        "api.x.com:444/",
        "api.x.com:8443/v2",
        "x.com/",
    ] {
        assert_eq!(decide(&routes, url), "Pass(NoRoute)", "{url}");
    }
}

#[test]
fn an_exact_host_wins_over_a_pattern_and_a_longer_prefix_over_a_shorter() {
    let routes = [
        route("wide", "default", true, &["regex:.*\\.x\\.com"]),
        route("short", "default", true, &["https://api.x.com/v1"]),
        route("long", "default", true, &["https://api.x.com/v1/admin"]),
    ];
    assert_eq!(decide(&routes, "api.x.com/v1/admin/users"), "long/default");
    assert_eq!(decide(&routes, "api.x.com/v1/administer"), "short/default");
    assert_eq!(decide(&routes, "api.x.com/v2"), "wide/default");
    assert_eq!(decide(&routes, "other.x.com/"), "wide/default");
    assert_eq!(decide(&routes, "other.x.com:8443/"), "Pass(NoRoute)");
}

#[test]
fn a_path_that_could_leave_the_prefix_is_refused_only_where_a_prefix_decides() {
    let narrow = [route("x", "default", true, &["https://api.x.com/v1"])];
    for path in [
        "/v1/../admin",
        "/v1/%2e%2e/admin",
        "/v1%2fx",
        "/v1/%5cx",
        "//v1",
        "/v1;x",
        "/v2/..",
    ] {
        assert_eq!(
            decide(&narrow, &format!("api.x.com{path}")),
            "RefusePath",
            "{path}"
        );
    }
    let whole = [route("x", "default", true, &["api.x.com"])];
    assert_eq!(decide(&whole, "api.x.com/a//b;c"), "x/default");
}

#[test]
fn the_named_connection_wins_then_the_default_then_the_only_one() {
    let routes = [
        route("x", "work", false, &["api.x.com"]),
        route("x", "home", true, &["api.x.com"]),
    ];
    assert_eq!(decide(&routes, "api.x.com/"), "x/home");
    let named = Choice {
        connections: BTreeMap::from([("x".parse().unwrap(), "work".parse().unwrap())]),
        providers: None,
    };
    assert_eq!(decide_with(&routes, &named, "api.x.com/"), "x/work");
    assert_eq!(decide(&routes[..1], "api.x.com/"), "x/work");
    let two = [
        route("x", "a", false, &["api.x.com"]),
        route("x", "b", false, &["api.x.com"]),
    ];
    assert_eq!(
        decide(&two, "api.x.com/"),
        "Pass(Ambiguous([\"x/a\", \"x/b\"]))"
    );
}

#[test]
fn two_providers_of_one_place_get_nothing_unless_the_run_names_one() {
    let routes = [
        route("a", "default", true, &["api.x.com"]),
        route("b", "default", true, &["api.x.com"]),
    ];
    let ambiguous = "Pass(Ambiguous([\"a/default\", \"b/default\"]))";
    assert_eq!(decide(&routes, "api.x.com/"), ambiguous);
    let only = Choice {
        connections: BTreeMap::new(),
        providers: Some(BTreeSet::from(["b".parse().unwrap()])),
    };
    assert_eq!(decide_with(&routes, &only, "api.x.com/"), "b/default");
}

#[test]
fn the_providers_own_oauth_endpoints_are_never_injected() {
    let mut x = route("x", "default", true, &["x.com"]);
    x.excluded_paths = vec!["/login/oauth".to_owned()];
    let routes = [x];
    assert_eq!(decide(&routes, "x.com/api"), "x/default");
    assert_eq!(
        decide(&routes, "x.com/login/OAuth/token"),
        "Pass(OAuthEndpoint)"
    );
    assert_eq!(decide(&routes, "x.com/login//oauth/token"), "RefusePath");
}

#[test]
fn this_machine_is_matched_only_by_a_named_port() {
    let routes = [
        route("any", "default", true, &["regex:.*", "localhost"]),
        route("dev", "default", true, &["https://localhost:9443"]),
    ];
    assert_eq!(decide(&routes, "localhost:9443/"), "dev/default");
    for url in [
        "localhost/",
        "127.0.0.1/",
        "127.1/",
        "[::1]/",
        "a.localhost/",
        "0.0.0.0/",
    ] {
        assert_eq!(decide(&routes, url), "Pass(NoRoute)", "{url}");
    }
}

#[test]
fn entries_that_cannot_be_used_are_told() {
    let routes = [route(
        "x",
        "default",
        true,
        &["http://api.x.com", "api.y.com"],
    )];
    let (table, unusable) = RouteTable::new(&routes, &Choice::default());
    assert_eq!(unusable.len(), 1);
    assert!(unusable[0].1.contains("only https"));
    let expects_tls = |host: &str, port| {
        let authority = Authority::of_host(host, port).unwrap();
        table.expects_tls(&authority)
    };
    assert!(expects_tls("api.y.com", 80));
    assert!(!expects_tls("api.x.com", 80));
}

proptest::proptest! {
    #[test]
    fn what_is_injected_has_the_host_port_and_prefix_of_a_route(
        hosts in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){1,2}(:8443)?(/[cd]{1,2}){0,2}", 1..4),
        host in "[ab]{1,2}(\\.[ab]{1,2}){1,2}",
        port in proptest::sample::select(vec![80_u16, 443, 8443]),
        path in "(/[cd.%2e]{0,3}){0,4}",
    ) {
        let routes: Vec<_> = hosts
            .iter()
            .enumerate()
            .map(|(n, url)| route(&format!("p{n}"), "default", true, &[&format!("https://{url}")]))
            .collect();
        let (table, unusable) = RouteTable::new(&routes, &Choice::default());
        proptest::prop_assert!(unusable.is_empty(), "{unusable:?}");
        let target = Target { host: host.clone(), port, path: path.clone() };
        if let Decision::Inject { provider, .. } = table.decide(&target, None) {
            let index: usize = provider.as_str()[1..].parse().unwrap();
            let (authority, prefix) = match hosts[index].find('/') {
                Some(at) => hosts[index].split_at(at),
                None => (hosts[index].as_str(), ""),
            };
            let (named, at) = authority.split_once(':').unwrap_or((authority, "443"));
            proptest::prop_assert_eq!(named, host);
            proptest::prop_assert_eq!(at, port.to_string());
            proptest::prop_assert!(path.starts_with(prefix));
        }
    }

    #[test]
    fn no_definition_and_no_target_makes_it_panic(url in ".{0,60}", host in ".{0,40}", path in ".{0,40}") {
        let routes = [route("x", "default", true, &[&url, &format!("regex:{url}")])];
        let (table, _) = RouteTable::new(&routes, &Choice::default());
        let _ = table.decide(&Target { host, port: 443, path }, None);
    }
}
