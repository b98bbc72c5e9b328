//! A request that was verified and decrypted.

use std::sync::Arc;
use std::time::SystemTime;

use crate::answer::Answer;
use crate::channel::Channel;
use crate::crypto::{RandomBytes, Sealed, seconds};
use crate::digest::MessageDigest;
use crate::envelope;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::message::Message;
use crate::xml::writer::Writer;

/// A request that is verified and decrypted, returned by [`Receiver::open`](crate::Receiver::open).
///
/// Answer within 5 seconds with [`acknowledge`](Self::acknowledge) or [`reply`](Self::reply); otherwise WeCom cuts the
/// connection and sends the same event again, three times in all.
#[derive(Clone, Debug)]
pub struct Callback {
    channel: Arc<Channel>,
    message: Message,
    receive_id: String,
}

impl Callback {
    pub(crate) fn new(channel: Arc<Channel>, message: Message, receive_id: String) -> Self {
        Self { channel, message, receive_id }
    }

    /// Returns the channel whose keys signed and encrypted the request.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Returns the id that the message was encrypted for (receiveid): a corp id, a suite id, or the empty string.
    ///
    /// It can differ from [`Message::to_user_name`], because messages from members of downstream corps are encrypted for the
    /// upstream corp.
    #[must_use]
    pub fn receive_id(&self) -> &str {
        &self.receive_id
    }

    /// Returns the decrypted message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Returns the message as a typed event.
    #[must_use]
    pub fn event(&self) -> Event {
        Event::from(&self.message)
    }

    /// Returns a digest of the message, the same in every attempt to deliver it: the key of [`SeenEvents`](crate::SeenEvents).
    #[must_use]
    pub fn digest(&self) -> MessageDigest {
        MessageDigest::of(self.channel.name(), &self.receive_id, self.message.as_str())
    }

    /// Acknowledges the message with an empty body, or with `success` on a suite channel.
    pub fn acknowledge(&self) -> Answer {
        Answer::text(if self.channel.is_suite() { "success" } else { "" })
    }

    /// Replies with a text to the member who sent the message (被动回复文本消息), signed and encrypted.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NoReply`] on a suite channel.
    pub fn reply_text(&self, text: &str, now: SystemTime, random: RandomBytes) -> Result<Answer, Error> {
        let mut xml = Writer::new();
        xml.text("ToUserName", self.message.from_user_name().unwrap_or_default())
            .text("FromUserName", self.message.to_user_name().unwrap_or_default())
            .number("CreateTime", seconds(now))
            .text("MsgType", "text")
            .text("Content", text);
        self.reply(&xml.finish(), now, random)
    }

    /// Replies with a message in XML (被动回复消息), signed and encrypted.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NoReply`] on a suite channel, [`ErrorKind::MessageTooLong`] for 4 GiB or more.
    pub fn reply(&self, xml: &str, now: SystemTime, random: RandomBytes) -> Result<Answer, Error> {
        if self.channel.is_suite() {
            return Err(ErrorKind::NoReply.into());
        }
        let sealed = Sealed::new(self.channel.keys(), xml, &self.receive_id, now, &random)?;
        Ok(Answer::xml(envelope::reply(&sealed)))
    }
}
