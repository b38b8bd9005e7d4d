//! Where the contact server is. The text goes into a header and into markup, so it is read strictly: what
//! passes holds letters, digits, dots, hyphens and one port.
use thiserror::Error;

/// What is wrong with the address of the contact server. Each says how to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ServerUrlError {
    #[error("the contact server's address starts with http:// or https://, like http://localhost:8080")]
    Scheme,
    #[error("the contact server's address is an origin alone, without path or query: http://localhost:8080")]
    MoreThanAnOrigin,
    #[error("the contact server's host is a name or an IPv4 address (a browser's policy cannot name IPv6)")]
    Host,
    #[error("the contact server's port is a number from 1 to 65535")]
    Port,
}

/// An http(s) origin, in the form in which a browser writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    secure: bool,
    /// `host` or `host:port`.
    host: String,
}

/// The longest name in the DNS, in bytes (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 253;

impl Origin {
    pub(crate) fn parse(text: &str) -> Result<Self, ServerUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(ServerUrlError::Scheme)?;
        let secure = match scheme {
            "http" => false,
            "https" => true,
            _ => return Err(ServerUrlError::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@']) {
            return Err(ServerUrlError::MoreThanAnOrigin);
        }
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if host.is_empty() || host.len() > LONGEST_HOST || !host.bytes().all(plain) {
            return Err(ServerUrlError::Host);
        }
        let mut host = host.to_ascii_lowercase();
        if let Some(port) = port {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            let port: u16 = port.parse().ok().filter(|_| digits).ok_or(ServerUrlError::Port)?;
            match port {
                0 => return Err(ServerUrlError::Port),
                80 if !secure => {}
                443 if secure => {}
                _ => host = format!("{host}:{port}"),
            }
        }
        Ok(Self { secure, host })
    }

    /// `http://localhost:8080`
    pub(crate) fn http(&self) -> String {
        format!("http{}://{}", self.s(), self.host)
    }

    /// `ws://localhost:8080`: a policy that names only the http origin refuses its WebSockets in some browsers.
    pub(crate) fn ws(&self) -> String {
        format!("ws{}://{}", self.s(), self.host)
    }

    fn s(&self) -> &'static str {
        if self.secure { "s" } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (given, http, ws) in [
            ("http://localhost:8080", "http://localhost:8080", "ws://localhost:8080"),
            ("https://Calls.Example/", "https://calls.example", "wss://calls.example"),
            ("https://calls.example:443", "https://calls.example", "wss://calls.example"),
            ("http://127.0.0.1:80", "http://127.0.0.1", "ws://127.0.0.1"),
        ] {
            let origin = Origin::parse(given).unwrap();
            assert_eq!((origin.http(), origin.ws()), (http.to_owned(), ws.to_owned()), "{given}");
        }
    }

    #[test]
    fn whatever_is_no_origin_is_refused_with_its_reason() {
        use ServerUrlError::{Host, MoreThanAnOrigin, Port, Scheme};
        for (given, why) in [
            ("", Scheme),
            ("localhost:8080", Scheme),
            ("ftp://calls.example", Scheme),
            ("javascript://alert(1)", Scheme),
            ("http://", Host),
            ("http://[::1]:8080", Host),
            ("http://calls.example; script-src *", Host),
            ("http://calls.example\"><script>", Host),
            ("http://calls.example\r\nx: y", Host),
            ("http://calls.example/app", MoreThanAnOrigin),
            ("http://calls.example?x", MoreThanAnOrigin),
            ("http://me@calls.example", MoreThanAnOrigin),
            ("http://calls.example:", Port),
            ("http://calls.example:0", Port),
            ("http://calls.example:+80", Port),
            ("http://calls.example:70000", Port),
        ] {
            assert_eq!(Origin::parse(given), Err(why), "{given}");
        }
    }
}
