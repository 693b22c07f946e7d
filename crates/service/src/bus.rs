//! The buses.

use std::env;

use zbus::connection::Builder;

/// What connects to the system bus, or to the session bus.
///
/// # Errors
/// Where the bus is reached by TCP: the C library may load libraries to find a computer by its name, and a program without shared libraries cannot do that.
pub(crate) fn bus(system: bool) -> zbus::Result<Builder<'static>> {
    let (variable, builder) = match system {
        true => ("DBUS_SYSTEM_BUS_ADDRESS", Builder::system()),
        false => ("DBUS_SESSION_BUS_ADDRESS", Builder::session()),
    };
    match env::var(variable) {
        Ok(addresses) if by_tcp(&addresses) => {
            Err(zbus::Error::Address(format!("{variable} names a bus that is reached by TCP ({addresses})")))
        }
        _ => Ok(builder),
    }
}

/// Whether any of the addresses in a list is one of TCP.
fn by_tcp(addresses: &str) -> bool {
    addresses
        .split(';')
        .any(|address| ["tcp:", "nonce-tcp:"].iter().any(|tcp| address.trim().starts_with(tcp)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_tcp_are_known() {
        assert!(by_tcp("tcp:host=localhost,port=1") && by_tcp("unix:path=/a; nonce-tcp:host=b"));
        assert!(!by_tcp("unix:path=/tcp:") && !by_tcp(""));
    }
}
