//! What a transport with a bug remembers between calls.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use wecom_core::Response;

use crate::bug::Bug;
use crate::transport::Inner;
use crate::transport::encode::{Outgoing, Target};

#[derive(Default)]
pub(crate) struct Memory {
    cookies: HashMap<SocketAddr, Vec<u8>>,
    last_url: HashMap<SocketAddr, String>,
    replies: HashMap<String, Response>,
    tags: HashMap<String, Vec<u8>>,
    redirects: HashMap<String, String>,
    secured: HashSet<SocketAddr>,
    alternatives: HashMap<SocketAddr, SocketAddr>,
}

impl Inner {
    /// Returns the reply from the cache.
    pub(crate) fn recall(&self, outgoing: &Outgoing) -> Option<Response> {
        let is_cached = self.has_any(&[Bug::CachesReplies, Bug::CachesNotFound]) && outgoing.method == "GET";
        is_cached.then(|| self.memory.lock().unwrap().replies.get(&outgoing.target.url()).cloned()).flatten()
    }

    /// Whether HSTS applies to a server.
    pub(crate) fn is_secured(&self, server: SocketAddr) -> bool {
        self.has(Bug::UpgradesToHttps) || self.memory.lock().unwrap().secured.contains(&server)
    }

    /// Applies what earlier replies said to a request.
    pub(crate) fn apply_memory(&self, outgoing: &mut Outgoing) {
        let mut memory = self.memory.lock().unwrap();
        let server = outgoing.target.server;
        let url = outgoing.target.url();
        if let Some(cookie) = memory.cookies.get(&server) {
            outgoing.headers.push(("cookie".to_owned(), cookie.clone()));
        }
        if let Some(tag) = memory.tags.get(&url) {
            outgoing.headers.push(("if-none-match".to_owned(), tag.clone()));
        }
        if self.has(Bug::SendsReferer) {
            if let Some(last) = memory.last_url.insert(server, url.clone()) {
                outgoing.headers.push(("referer".to_owned(), last.into_bytes()));
            }
        }
        if let Some(location) = memory.redirects.get(&url) {
            outgoing.target = Target::parse(location);
        }
        if let Some(&alternative) = memory.alternatives.get(&server) {
            outgoing.target.server = alternative;
        }
    }

    /// Remembers what a reply says about later calls.
    pub(crate) fn remember(&self, outgoing: &Outgoing, reply: &Response) {
        let mut memory = self.memory.lock().unwrap();
        let server = outgoing.target.server;
        let url = outgoing.target.url();
        let header = |name: &str| reply.headers().get(name).map(<[u8]>::to_vec);
        if let Some(cookie) = header("set-cookie").filter(|_| self.has(Bug::KeepsCookies)) {
            memory.cookies.insert(server, cookie);
        }
        let is_cacheable = match self.bug {
            Some(Bug::CachesReplies) => header("cache-control").is_some(),
            Some(Bug::CachesNotFound) => reply.status() == 404,
            _ => false,
        };
        if is_cacheable {
            memory.replies.insert(url.clone(), reply.clone());
        }
        if let Some(tag) = header("etag").filter(|_| self.has(Bug::RevalidatesReplies)) {
            memory.tags.insert(url.clone(), tag);
        }
        if let Some(location) = header("location").filter(|_| self.has(Bug::CachesRedirects) && reply.status() == 301) {
            let location = String::from_utf8(location).unwrap();
            if location.starts_with("http:") {
                memory.redirects.insert(url, location);
            }
        }
        if header("strict-transport-security").is_some() && self.has(Bug::AppliesHsts) {
            memory.secured.insert(server);
        }
        if header("alt-svc").is_some() && self.has(Bug::FollowsAltSvc) {
            memory.alternatives.insert(server, ([127, 0, 0, 1], 1).into());
        }
    }
}
