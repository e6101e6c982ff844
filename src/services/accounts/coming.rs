//! Where somebody comes from who signs in.

use crate::model::BrowserName;
use std::net::IpAddr;

/// The address of the connection, and the browser where it is one that we know.
#[derive(Debug, Clone, Copy)]
pub struct ComingFrom {
    pub address: IpAddr,
    pub browser: Option<BrowserName>,
}

impl From<IpAddr> for ComingFrom {
    fn from(address: IpAddr) -> Self {
        Self {
            address,
            browser: None,
        }
    }
}
