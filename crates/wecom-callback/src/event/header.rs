//! The elements of every message: the addressee, the time, the kind.

use crate::xml::writer::Writer;

/// The values that are written with every event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    /// Whether the event is sent on a suite channel.
    pub(crate) is_suite: bool,
    /// The corp id, or the suite id.
    pub(crate) receive_id: &'a str,
    /// Seconds since the Unix epoch.
    pub(crate) seconds: u64,
}

impl Header<'_> {
    /// Begins an event on an app channel that was not caused by a member.
    pub(super) fn app<'w>(&self, event: &str, xml: &'w mut Writer) -> &'w mut Writer {
        self.message(self.receive_id, "sys", "event", xml).text("Event", event)
    }

    /// Begins a message or an event on an app channel.
    pub(super) fn message<'w>(&self, to: &str, from: &str, msg_type: &str, xml: &'w mut Writer) -> &'w mut Writer {
        xml.text("ToUserName", to)
            .text("FromUserName", from)
            .number("CreateTime", self.seconds)
            .text("MsgType", msg_type)
    }

    /// Begins an event on a suite channel.
    pub(super) fn suite<'w>(&self, suite_id: &str, info_type: &str, xml: &'w mut Writer) -> &'w mut Writer {
        xml.text("SuiteId", suite_id).text("InfoType", info_type).number("TimeStamp", self.seconds)
    }
}
