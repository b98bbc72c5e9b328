//! The hosts that are called directly, in the format of `NO_PROXY` as curl reads it.

use std::net::IpAddr;

/// A parsed list of hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bypass(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name without a trailing dot, in lower case, and its subdomains.
    Domain(String),
    /// An address and how many of its leading bits count.
    Network(IpAddr, u32),
}

impl Bypass {
    pub(crate) fn parse(list: &str) -> Self {
        let entries = list.split(|char: char| char == ',' || char.is_whitespace());
        Self(entries.filter(|entry| !entry.is_empty()).filter_map(Entry::parse).collect())
    }

    /// Whether this host, as it occurs in a URL, is called directly on this port.
    pub(crate) fn matches(&self, host: &str, port: u16) -> bool {
        let address = parse_address(host);
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().filter(|entry| entry.port.is_none_or(|only| only == port)).any(|entry| match &entry.hosts {
            Hosts::All => true,
            Hosts::Domain(domain) => {
                name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Hosts::Network(network, bits) => address.is_some_and(|address| is_within(address, *network, *bits)),
        })
    }
}

impl Entry {
    fn parse(entry: &str) -> Option<Self> {
        if let Some(hosts) = Hosts::parse(entry) {
            return Some(Self { hosts, port: None });
        }
        let (host, port) = entry.rsplit_once(':')?;
        Some(Self { hosts: Hosts::parse(host)?, port: Some(port.parse().ok()?) })
    }
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        if let Some(address) = parse_address(text) {
            return Some(Self::Network(address, bits_of(address)));
        }
        if let Some((address, bits)) = text.split_once('/') {
            let (address, bits) = (parse_address(address)?, bits.parse().ok()?);
            return (bits <= bits_of(address)).then_some(Self::Network(address, bits));
        }
        let name = text.strip_prefix("*.").unwrap_or(text).trim_matches('.').to_ascii_lowercase();
        (!name.is_empty() && !name.contains([':', '*', '['])).then_some(Self::Domain(name))
    }
}

/// An address, with or without the brackets that IPv6 has in a URL. An IPv4 address inside IPv6 counts as IPv4.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().map(|address: IpAddr| address.to_canonical()).ok()
}

fn bits_of(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (address.to_bits() ^ network.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            (address.to_bits() ^ network.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_match_as_in_curl() {
        let cases = [
            ("*", "192.0.2.1", true),
            ("*", "any.example", true),
            ("a.invalid,*", "any.example", true),
            ("example.com", "example.com", true),
            ("example.com", "EXAMPLE.com.", true),
            ("example.com", "www.example.com", true),
            ("example.com", "notexample.com", false),
            ("example.com", "example.com.cn", false),
            (".example.com", "example.com", true),
            ("*.example.com", "www.example.com", true),
            ("example.com.", "www.example.com", true),
            ("a.invalid b.invalid", "b.invalid", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.10", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "[::1]", false),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("[::1]", "[::1]", true),
            ("::1", "[0:0:0:0:0:0:0:1]", true),
            ("fd00::/8", "[fdff::1]", true),
            ("fd00::/8", "[fe00::1]", false),
            ("::/0", "[2001:db8::1]", true),
            ("192.0.2.1", "[::ffff:192.0.2.1]", true),
            ("", "example.com", false),
            (" , ,", "example.com", false),
        ];
        for (list, host, expected) in cases {
            assert_eq!(Bypass::parse(list).matches(host, 443), expected, "{list}: {host}");
        }
    }

    #[test]
    fn an_entry_with_a_port_matches_that_port_only() {
        for (list, host) in [
            ("example.com:8443", "www.example.com"),
            ("192.0.2.1:8443", "192.0.2.1"),
            ("[::1]:8443", "[::1]"),
            ("*:8443", "any.example"),
        ] {
            let bypass = Bypass::parse(list);
            assert!(bypass.matches(host, 8443), "{list}");
            assert!(!bypass.matches(host, 443), "{list}");
        }
    }

    #[test]
    fn an_entry_of_no_known_form_matches_nothing() {
        for list in ["example.com:port", "exa*mple.com", "[::1", "a/b", "."] {
            assert!(Bypass::parse(list).0.is_empty(), "{list}");
        }
    }
}
