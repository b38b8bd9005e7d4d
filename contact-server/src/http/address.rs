//! Where a request comes from, and the middleware that holds callers to their rates.
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};

use crate::{edge::Edge, limits, problem::ApiError};

/// The caller that a rate is counted for: the client's address, or the network that it owns.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub IpAddr);

impl FromRequestParts<Edge> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, edge: &Edge) -> Result<Self, ApiError> {
        Ok(Self(caller(edge, &parts.extensions, &parts.headers)))
    }
}

/// Who a request counts for.
pub fn caller(edge: &Edge, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    limits::caller(client(peer, headers, &edge.app.config.trusted_proxies))
}

/// The nearest address that is no trusted proxy. Anybody can write `X-Forwarded-For`; what the trusted ones
/// appended stands at its end.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.contains(&address.to_canonical());
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|text| text.trim().parse::<IpAddr>())
        .collect::<Vec<_>>();
    let mut nearest = peer;
    for address in forwarded.into_iter().rev() {
        if !is_trusted(nearest) {
            break;
        }
        let Ok(address) = address else { break };
        nearest = address;
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_address_is_believed_of_listed_proxies_alone() {
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let stranger: IpAddr = "203.0.113.9".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.1, 192.0.2.7".parse().unwrap());
        assert_eq!(client(stranger, &headers, &[proxy]), stranger);
        assert_eq!(client(proxy, &headers, &[proxy]), "192.0.2.7".parse::<IpAddr>().unwrap());
        assert_eq!(
            client(proxy, &headers, &[proxy, "192.0.2.7".parse().unwrap()]),
            "198.51.100.1".parse::<IpAddr>().unwrap()
        );
        headers.insert("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(client(proxy, &headers, &[proxy]), proxy);
    }
}
