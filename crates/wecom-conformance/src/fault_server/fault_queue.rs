//! Decides which connection or request meets which fault, and the reply without a fault.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use super::socket_fault::SocketFault;

/// The default successful reply.
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

    /// Takes the fault for a new connection.
    pub(crate) fn for_connection(&mut self) -> SocketFault {
        self.take(SocketFault::affects_connection)
    }

    /// Takes the fault for a request.
    pub(crate) fn for_request(&mut self) -> SocketFault {
        self.take(|fault| !fault.affects_connection())
    }

    /// Takes the first fault of the queue if it is applicable. Otherwise the queue does not change.
    fn take(&mut self, is_applicable: impl Fn(&SocketFault) -> bool) -> SocketFault {
        let fault = match self.next.front() {
            Some(first) if is_applicable(first) => self.next.pop_front(),
            Some(_) => None,
            None => self.always.clone().filter(is_applicable),
        };
        fault.unwrap_or(SocketFault::None)
    }

    /// Returns the body of the successful reply for a path.
    pub(crate) fn good(&self, path: &str) -> Bytes {
        self.replies.get(path).cloned().unwrap_or(Bytes::from_static(GOOD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_apply_in_order_and_the_permanent_fault_applies_after_them() {
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
