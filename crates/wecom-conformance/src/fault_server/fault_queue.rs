//! Which fault is met when, and what is answered where none is.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::socket_fault::SocketFault;

/// What WeCom replies when all is well.
pub(crate) const GOOD: &[u8] = br#"{"errcode":0,"errmsg":"ok"}"#;

#[derive(Default)]
pub(crate) struct FaultQueue {
    next: VecDeque<SocketFault>,
    always: Option<SocketFault>,
    replies: HashMap<String, Bytes>,
}

impl FaultQueue {
    pub(crate) fn push(&mut self, fault: SocketFault) {
        self.next.push_back(fault);
    }

    pub(crate) fn set_always(&mut self, fault: SocketFault) {
        self.always = Some(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.next.clear();
        self.always = None;
    }

    pub(crate) fn set_reply(&mut self, path: &str, body: Bytes) {
        self.replies.insert(format!("/cgi-bin/{}", path.trim_start_matches('/')), body);
    }

    /// What a new connection meets.
    pub(crate) fn for_connection(&mut self) -> SocketFault {
        self.take(SocketFault::affects_connection)
    }

    /// What a request meets.
    pub(crate) fn for_request(&mut self) -> SocketFault {
        self.take(|fault| !fault.affects_connection())
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
        let mut queue = FaultQueue::default();
        queue.push(SocketFault::Html);
        queue.push(SocketFault::ResetOnAccept);
        queue.push(SocketFault::Empty);
        queue.set_always(SocketFault::Silence);
        assert_eq!(queue.for_connection(), SocketFault::None);
        assert_eq!(queue.for_request(), SocketFault::Html);
        assert_eq!(queue.for_request(), SocketFault::None);
        assert_eq!(queue.for_connection(), SocketFault::ResetOnAccept);
        assert_eq!(queue.for_request(), SocketFault::Empty);
        assert_eq!([queue.for_request(), queue.for_request()], [SocketFault::Silence, SocketFault::Silence]);
        assert_eq!(queue.for_connection(), SocketFault::None);
        queue.clear();
        assert_eq!(queue.for_request(), SocketFault::None);
    }
}
