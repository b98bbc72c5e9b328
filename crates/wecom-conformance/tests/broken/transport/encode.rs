//! The bytes of a request.

use std::net::SocketAddr;

use wecom_core::Request;

use crate::bug::Bug;
use crate::transport::Inner;

/// Where a request goes: the server, and the path with the query.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) server: SocketAddr,
    pub(crate) path: String,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Self {
        let rest = url.strip_prefix("http://").unwrap();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self { server: authority.parse().unwrap(), path: path.to_owned() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.server, self.path)
    }
}

/// A request as it goes onto the wire.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    pub(crate) target: Target,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Inner {
    pub(crate) fn outgoing(&self, request: &Request) -> Outgoing {
        let mut target = Target::parse(&request.expose_url());
        target.path = self.path(&target.path);
        if let Some(Bug::TruncatesUrls(most)) = self.bug {
            target.path.truncate(most);
        }
        let method = request.method().to_string();
        let method = if self.has(Bug::LowercasesMethod) { method.to_lowercase() } else { method };
        Outgoing { method, target, headers: self.headers(request), body: self.body(request) }
    }

    fn path(&self, target: &str) -> String {
        let (path, query) = target.split_once('?').unwrap();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let serialized = |pairs: &mut dyn Iterator<Item = (String, String)>| {
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        };
        let parameters = |keep: &dyn Fn(&str) -> bool| query.split('&').filter(|pair| keep(pair)).collect::<Vec<_>>();
        let path = match path {
            _ if self.has(Bug::NormalizesPath) => path.replace("//", "/"),
            _ if self.has(Bug::DecodesPath) => path.replace("%2F", "/"),
            _ => path.to_owned(),
        };
        let query = match query {
            _ if self.has(Bug::DropsQuery) => return path,
            _ if self.has(Bug::EncodesQueryAsForm) => serialized(&mut pairs.into_owned()),
            _ if self.has(Bug::DropsEmptyParameters) => parameters(&|pair| !pair.ends_with('=')).join("&"),
            _ if self.has(Bug::SortsParameters) => {
                let mut parameters = parameters(&|_| true);
                parameters.sort_unstable();
                parameters.join("&")
            }
            _ if self.has(Bug::AddsCacheBuster) => format!("{query}&_=1"),
            _ => query.to_owned(),
        };
        format!("{path}?{query}")
    }

    fn headers(&self, request: &Request) -> Vec<(String, Vec<u8>)> {
        let mut headers: Vec<_> = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if self.has(Bug::DropsHeaders) {
            headers.clear();
        }
        if self.has(Bug::SendsHeadersTwice) {
            headers.extend(headers.clone());
        }
        if self.has(Bug::DropsRepeatedHeaders) {
            let mut names = Vec::new();
            headers.retain(|(name, _)| !names.contains(name) && (names.push(name.clone()), true).1);
        }
        if self.has(Bug::DropsEmptyRequestHeaders) {
            headers.retain(|(_, value)| !value.is_empty());
        }
        if self.has(Bug::DropsNonAsciiRequestHeaders) {
            headers.retain(|(_, value)| value.is_ascii());
        }
        for (name, value) in &mut headers {
            match self.bug {
                Some(Bug::LowercasesHeaderValues) => value.make_ascii_lowercase(),
                Some(Bug::CollapsesSpacesInHeaders) => *value = collapsed(value),
                Some(Bug::TruncatesHeaderValues(most)) => value.truncate(most),
                _ => {}
            }
            if self.has(Bug::FoldsLongHeaders) && value.len() > 78 {
                value.splice(70..70, *b"\r\n ");
            }
            if self.has(Bug::ReplacesUserAgent) && name == "user-agent" {
                *value = b"broken/1.0".to_vec();
            }
        }
        if self.has(Bug::AddsAuthorization) {
            headers.push(("authorization".to_owned(), b"Basic bmV0cmM=".to_vec()));
        }
        if self.has(Bug::AddsForwardedFor) {
            headers.push(("x-forwarded-for".to_owned(), b"127.0.0.1".to_vec()));
        }
        if self.requests_gzip() {
            headers.push(("accept-encoding".to_owned(), b"gzip".to_vec()));
        }
        if self.has(Bug::RequestsBrotli) {
            headers.push(("accept-encoding".to_owned(), b"br".to_vec()));
        }
        headers
    }

    fn body(&self, request: &Request) -> Option<Vec<u8>> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let mut body = request.body().map(|body| body.to_vec());
        if self.has(Bug::SendsBodyOnGet) {
            body.get_or_insert_with(|| b"null".to_vec());
        }
        let mut body = body?;
        if let Some(Bug::TruncatesBodies(most)) = self.bug {
            body.truncate(most);
        }
        Some(match body {
            _ if self.has(Bug::SendsBodyAsText) => String::from_utf8_lossy(&body).into_owned().into_bytes(),
            _ if self.has(Bug::TrimsBodies) => body.trim_ascii().to_vec(),
            _ if self.has(Bug::AddsByteOrderMark) => [BYTE_ORDER_MARK, &body].concat(),
            _ if self.has(Bug::StripsByteOrderMarkOfBodies) && body.starts_with(BYTE_ORDER_MARK) => body.split_off(3),
            _ if self.has(Bug::ConvertsLineBreaks) => match String::from_utf8(body) {
                Ok(text) => text.replace("\r\n", "\n").into_bytes(),
                Err(error) => error.into_bytes(),
            },
            _ if self.has(Bug::ReserializesJson) => match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(value) => value.to_string().into_bytes(),
                Err(_) => body,
            },
            _ => body,
        })
    }

    /// Returns the head of a request.
    pub(crate) fn head(&self, outgoing: &Outgoing) -> Vec<u8> {
        let Outgoing { method, target, headers, body } = outgoing;
        let url = if self.has(Bug::SendsAbsoluteForm) { target.url() } else { target.path.clone() };
        let host = target.server.to_string();
        let host = if self.has(Bug::SendsHostWithTrailingDot) { host.replace(':', ".:") } else { host };
        let mut head = format!("{method} {url} HTTP/1.1\r\nhost: {host}\r\n").into_bytes();
        for (name, value) in headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if let Some(body) = body {
            let length = format!("content-length: {}\r\n", body.len());
            head.extend(length.repeat(if self.has(Bug::SendsContentLengthTwice) { 2 } else { 1 }).into_bytes());
            if self.waits_for_continue(outgoing) {
                head.extend(b"expect: 100-continue\r\n");
            }
        }
        let is_chunked = body.is_none() && self.has(Bug::SendsTransferEncodingOnGet);
        head.extend(if is_chunked { &b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n"[..] } else { b"\r\n" });
        head
    }

    pub(crate) fn waits_for_continue(&self, outgoing: &Outgoing) -> bool {
        let is_large = outgoing.body.as_ref().is_some_and(|body| body.len() > 1024 * 1024);
        self.has(Bug::WaitsForContinue) && is_large
    }
}

/// Replaces runs of spaces by one space.
pub(crate) fn collapsed(value: &[u8]) -> Vec<u8> {
    let words: Vec<_> = value.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}
