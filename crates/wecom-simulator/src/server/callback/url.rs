//! The URL that an app's events are pushed to, with its keys and limits.

use std::fmt;
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::Authority;
use wecom_callback::CallbackKeys;
use wecom_upstream::AgentId;

/// The time that WeCom waits for the answer to an event.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The time that WeCom waits for the answer to a URL check.
const CHECK_TIME_LIMIT: Duration = Duration::from_secs(1);
/// The pause before another attempt. The vendor documents none.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause before another URL check. WeCom makes one whenever the URL is saved.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The callback URL of an app (接收消息服务器配置), for [`SimulatorServer::callback`](crate::SimulatorServer::callback).
///
/// `Debug` shows neither the URL nor the keys.
///
/// ```
/// use wecom_callback::CallbackKeys;
/// use wecom_simulator::CallbackUrl;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys =
///     CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")?;
/// let url = CallbackUrl::new("http://127.0.0.1:8080/wecom/callback", keys)?;
/// # let _ = url;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a URL does nothing without a server"]
pub struct CallbackUrl {
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of the `Host` header.
    pub(super) authority: String,
    pub(super) path: String,
    /// The URL's own query.
    pub(super) query: Option<String>,
    pub(super) keys: CallbackKeys,
    /// The first app if `None`.
    pub(super) app: Option<AgentId>,
    pub(super) time_limit: Duration,
    pub(super) check_time_limit: Duration,
    pub(super) pause: Duration,
    pub(super) check_interval: Duration,
}

/// The error of an unsupported callback URL. Its text does not contain the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackUrlError {
    /// It is not a URL.
    Invalid,
    /// Its scheme is not `http`.
    NotHttp,
    /// It has a user name or a password.
    UserInfo,
    /// Its port is not a number from 1 to 65535.
    Port,
}

impl CallbackUrl {
    /// Creates a callback URL with the keys of the receiver, for the events of the world's first app.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not an `http://` URL. The simulator has no TLS.
    pub fn new(url: &str, keys: CallbackKeys) -> Result<Self, CallbackUrlError> {
        let url: Uri = url.parse().map_err(|_| CallbackUrlError::Invalid)?;
        if url.scheme_str() != Some("http") {
            return Err(if url.scheme().is_some() { CallbackUrlError::NotHttp } else { CallbackUrlError::Invalid });
        }
        let authority = url.authority().ok_or(CallbackUrlError::Invalid)?;
        if authority.as_str().contains('@') {
            return Err(CallbackUrlError::UserInfo);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(CallbackUrlError::Invalid);
        }
        Ok(Self {
            host: host.to_owned(),
            port: port(authority)?,
            authority: authority.as_str().to_owned(),
            path: url.path().to_owned(),
            query: url.query().map(str::to_owned),
            keys,
            app: None,
            time_limit: TIME_LIMIT,
            check_time_limit: CHECK_TIME_LIMIT,
            pause: PAUSE,
            check_interval: CHECK_INTERVAL,
        })
    }

    /// Selects the events of this app.
    pub fn of_app(mut self, app: AgentId) -> Self {
        self.app = Some(app);
        self
    }

    /// Sets the time limit for the answer to an event, 5 s by default, as with WeCom.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the time limit for the answer to a URL check, 1 s by default, as with WeCom.
    pub fn check_time_limit(mut self, limit: Duration) -> Self {
        self.check_time_limit = limit;
        self
    }

    /// Sets the pause before an event is sent again, 1 s by default. The vendor documents none.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Sets the pause before a failed URL check is repeated, 5 s by default. WeCom makes a check whenever the URL is saved in
    /// the console.
    pub fn check_interval(mut self, interval: Duration) -> Self {
        self.check_interval = interval;
        self
    }

    /// The target of a request with these parameters behind the URL's own.
    pub(super) fn target(&self, query: &str) -> String {
        match &self.query {
            Some(own) if !own.is_empty() => format!("{}?{own}&{query}", self.path),
            _ => format!("{}?{query}", self.path),
        }
    }
}

/// The port, 80 without one.
fn port(authority: &Authority) -> Result<u16, CallbackUrlError> {
    match authority.as_str().strip_prefix(authority.host()).unwrap_or_default() {
        "" | ":" => Ok(80),
        _ => authority.port_u16().filter(|port| *port > 0).ok_or(CallbackUrlError::Port),
    }
}

impl fmt::Debug for CallbackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackUrl").field("app", &self.app).finish_non_exhaustive()
    }
}

impl fmt::Display for CallbackUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "invalid callback URL; write it as http://HOST:PORT/PATH",
            Self::NotHttp => "unsupported scheme of the callback URL: only http:// is supported",
            Self::UserInfo => "invalid callback URL: it has a user name or a password, which is not supported",
            Self::Port => "invalid port of the callback URL: it must be a number from 1 to 65535",
        })
    }
}

impl std::error::Error for CallbackUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_time_limits_are_those_of_wecom() {
        let keys = CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
        let url = CallbackUrl::new("http://127.0.0.1/", keys).unwrap();
        assert_eq!([url.time_limit, url.check_time_limit], [5, 1].map(Duration::from_secs));
    }

    #[test]
    fn a_url_has_the_port_80_unless_it_names_another_and_ipv6_addresses_lose_their_brackets() {
        let keys = CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
        let parts = |url: &str| {
            let url = CallbackUrl::new(url, keys.clone()).unwrap();
            (url.host.clone(), url.port, url.authority.clone(), url.target("a=b"))
        };
        let expected = ("receiver".to_owned(), 80, "receiver".to_owned(), "/?a=b".to_owned());
        assert_eq!(parts("http://receiver"), expected);
        let expected = ("::1".to_owned(), 8080, "[::1]:8080".to_owned(), "/callback?tenant=7&a=b".to_owned());
        assert_eq!(parts("http://[::1]:8080/callback?tenant=7"), expected);
    }

    #[test]
    fn an_empty_query_of_the_url_is_omitted() {
        let keys = CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
        assert_eq!(CallbackUrl::new("http://receiver/callback?", keys).unwrap().target("a=b"), "/callback?a=b");
    }
}
