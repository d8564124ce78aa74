//! What an operator may set of the port.

use std::{sync::Arc, time::Duration};

use super::{Tls, access::Access};

/// How the port is served.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a shutdown waits for peers to take note before it cuts them off.
    pub grace: Duration,
    /// Who may make calls.
    pub access: Access,
    /// What one peer may have, and all together.
    pub limits: Limits,
    /// How it speaks TLS. `None`: in plain text.
    pub tls: Option<Arc<Tls>>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            grace: Duration::from_secs(10),
            access: Access::default(),
            limits: Limits::default(),
            tls: None,
        }
    }
}

/// What one peer may have, and all together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
    /// Calls that are open on one connection.
    pub streams_per_connection: u32,
    /// Calls of one identity that are open; without access control of one address.
    pub streams_per_caller: usize,
    /// Messages that one identity may send in a second; `None`: as many as it can.
    pub messages_per_second: Option<u32>,
    /// Bytes of one identity that are read and not yet answered.
    pub bytes_in_flight: usize,
    /// How long a connection may last without a call of somebody who is known, where callers are asked who they are.
    pub unknown_age: Duration,
    /// How long a connection may last before it is asked to go: a tenth more or less. `None`: for ever.
    pub connection_age: Option<Duration>,
}

impl Limits {
    /// Unless told otherwise.
    pub const DEFAULT: Limits = Limits {
        connections: 10_000,
        connections_per_address: 5_000,
        streams_per_connection: 1_000,
        streams_per_caller: 20_000,
        messages_per_second: None,
        bytes_in_flight: 64 << 20,
        unknown_age: Duration::from_secs(60),
        connection_age: None,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}
