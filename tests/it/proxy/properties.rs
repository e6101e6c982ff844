//! Property: a credential is injected only if host = SNI = authority, and port, and TLS.

use super::harness::*;
use crate::support::upstream::Upstream;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// What a hostile child may vary. `{port}` stands for the upstream's.
#[derive(Debug, Clone)]
struct Attempt {
    connect: &'static str,
    sni: &'static str,
    host: &'static str,
    target: &'static str,
    tls: bool,
}

fn attempts() -> impl Strategy<Value = Attempt> {
    let places = || {
        prop::sample::select(vec![
            "localhost:{port}",
            "localhost:{port}",
            "localhost:{port}",
            "LOCALHOST:{port}",
            "127.0.0.1:{port}",
            "localhost.:{port}",
            "localhost:1",
            "localhost",
            "evil.example:{port}",
            "[::1]:{port}",
            "127.1:{port}",
        ])
    };
    let names = prop::sample::select(vec![
        "localhost",
        "localhost",
        "evil.example",
        "127.0.0.1",
        "x.localhost",
    ]);
    let targets = prop::sample::select(vec![
        "/v1/a",
        "/v1/a?x=/../",
        "/v1/../a",
        "/v1/%2e%2e/a",
        "/v2",
        "/",
        "/v1;x",
        "//v1/a",
        "https://localhost:{port}/v1/a",
        "https://evil.example/v1/a",
        "http://localhost:{port}/v1/a",
    ]);
    (
        places(),
        names,
        places(),
        targets,
        prop::bool::weighted(0.9),
    )
        .prop_map(|(connect, sni, host, target, tls)| Attempt {
            connect,
            sni,
            host,
            target,
            tls,
        })
}

impl Attempt {
    /// Whether everything names the route's place.
    fn is_one_place(&self) -> bool {
        let is = |text: &str| text.eq_ignore_ascii_case("localhost:{port}");
        let path = self
            .target
            .strip_prefix("https://localhost:{port}")
            .unwrap_or(self.target);
        let in_prefix = matches!(path, "/v1/a" | "/v1/a?x=/../");
        self.tls && is(self.connect) && self.sni == "localhost" && is(self.host) && in_prefix
    }

    async fn make(&self, run: &Run, port: u16) {
        let fill = |text: &str| text.replace("{port}", &port.to_string());
        let mut tcp = run.tcp().await;
        if run.connect_on(&mut tcp, &fill(self.connect)).await.status != 200 {
            return;
        }
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n",
            fill(self.target),
            fill(self.host)
        );
        if !self.tls {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let _ = tcp.write_all(format!("{head}\r\n").as_bytes()).await;
            let _ = tcp.shutdown().await;
            let _ = tokio::time::timeout(PATIENCE, tcp.read_to_end(&mut Vec::new())).await;
            return;
        }
        if let Ok(mut tls) = run.handshake(tcp, self.sni, &["http/1.1"]).await {
            exchange(&mut tls, &head, b"").await;
        }
    }
}

#[test]
fn injection_means_one_host_one_port_and_tls() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let upstream = Upstream::start();
    let narrow = route("acme", &format!("{}/v1", upstream.api_url()));
    let run = runtime.block_on(run(vec![narrow], vec![bearer()], &upstream, |_| {}));
    let config = ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut injected = 0;
    let result = TestRunner::new(config).run(&(attempts()), |attempt| {
        let before = upstream.seen().len();
        runtime.block_on(attempt.make(&run, upstream.port()));
        let seen = upstream.seen();
        let got_it = seen[before..].iter().any(|seen| seen.holds(SECRET));
        prop_assert_eq!(got_it, attempt.is_one_place());
        Ok(())
    });
    injected += upstream
        .seen()
        .iter()
        .filter(|seen| seen.holds(SECRET))
        .count();
    result.unwrap();
    // At least once, or nothing was proved.
    let once = Attempt {
        connect: "localhost:{port}",
        sni: "localhost",
        host: "localhost:{port}",
        target: "/v1/a",
        tls: true,
    };
    runtime.block_on(once.make(&run, upstream.port()));
    let after = upstream
        .seen()
        .iter()
        .filter(|seen| seen.holds(SECRET))
        .count();
    assert_eq!(after, injected + 1);
}
