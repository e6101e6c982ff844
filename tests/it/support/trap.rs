//! A port of this machine that nobody should ever connect to.

use std::io::ErrorKind;
use std::net::TcpListener;

/// Every spelling of an address that is this machine, its network, or a cloud's metadata service.
pub(crate) const PRIVATE_HOSTS: [&str; 20] = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "169.254.169.254",
    "[::ffff:10.0.0.1]",
    "[fd00:ec2::254]",
    "[64:ff9b::a9fe:a9fe]",
];

/// The port, in both families where there are two.
#[derive(Debug)]
pub(crate) struct Trap {
    listeners: Vec<TcpListener>,
    port: u16,
}

impl Trap {
    pub(crate) fn set() -> Self {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        let second = TcpListener::bind(("::1", port)).ok();
        let listeners: Vec<_> = [Some(first), second].into_iter().flatten().collect();
        for listener in &listeners {
            listener.set_nonblocking(true).unwrap();
        }
        Self { listeners, port }
    }

    pub(crate) fn at(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }

    /// Fails the test if anybody has connected so far.
    #[track_caller]
    pub(crate) fn is_untouched(&self, by: &str) {
        for listener in &self.listeners {
            let nobody = listener.accept().unwrap_err();
            assert_eq!(nobody.kind(), ErrorKind::WouldBlock, "{by}");
        }
    }
}
