//! Which fault is met when, and what is answered where none is.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::fault::SocketFault;

/// What WeCom replies when all is well.
pub(crate) const GOOD: &[u8] = br#"{"errcode":0,"errmsg":"ok"}"#;

#[derive(Default)]
pub(crate) struct Script {
    next: VecDeque<SocketFault>,
    always: Option<SocketFault>,
    replies: HashMap<String, Bytes>,
}

impl Script {
    pub(crate) fn next(&mut self, fault: SocketFault) {
        self.next.push_back(fault);
    }

    pub(crate) fn always(&mut self, fault: SocketFault) {
        self.always = Some(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.next.clear();
        self.always = None;
    }

    pub(crate) fn reply(&mut self, path: &str, body: Bytes) {
        self.replies.insert(format!("/cgi-bin/{}", path.trim_start_matches('/')), body);
    }

    /// What a new connection meets.
    pub(crate) fn at_connection(&mut self) -> SocketFault {
        self.take(SocketFault::strikes_a_connection)
    }

    /// What a request meets.
    pub(crate) fn at_request(&mut self) -> SocketFault {
        self.take(|fault| !fault.strikes_a_connection())
    }

    /// The first fault, if this is its moment; it keeps its place, and those behind it theirs, if not.
    fn take(&mut self, is_met: impl Fn(&SocketFault) -> bool) -> SocketFault {
        let fault = match self.next.front() {
            Some(first) if is_met(first) => self.next.pop_front(),
            Some(_) => None,
            None => self.always.clone().filter(is_met),
        };
        fault.unwrap_or(SocketFault::None)
    }

    /// The body of the good reply for a path.
    pub(crate) fn good(&self, path: &str) -> Bytes {
        self.replies.get(path).cloned().unwrap_or(Bytes::from_static(GOOD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_met_in_order_each_at_its_moment_and_always_comes_last() {
        let mut script = Script::default();
        script.next(SocketFault::Html);
        script.next(SocketFault::ResetOnAccept);
        script.next(SocketFault::Empty);
        script.always(SocketFault::Silence);
        assert_eq!(script.at_connection(), SocketFault::None);
        assert_eq!(script.at_request(), SocketFault::Html);
        assert_eq!(script.at_request(), SocketFault::None);
        assert_eq!(script.at_connection(), SocketFault::ResetOnAccept);
        assert_eq!(script.at_request(), SocketFault::Empty);
        assert_eq!([script.at_request(), script.at_request()], [SocketFault::Silence, SocketFault::Silence]);
        assert_eq!(script.at_connection(), SocketFault::None);
        script.clear();
        assert_eq!(script.at_request(), SocketFault::None);
    }
}
