//! No secret and no content in any text.

use wecom_callback::{
    AuthCode, CallbackKeys, Channel, Event, Member, MenuEvent, Message, Query, Receiver, TextMessage, Ticket,
};
use wecom_core::ids::{AgentId, CorpId, UserId};

use crate::support::*;

const CANARY: &str = "canary-7f3a";

#[test]
fn no_debug_shows_a_key_a_ticket_or_a_messages_content() {
    let key = format!("{}{}", CANARY.replace('-', ""), "A".repeat(33));
    let keys = CallbackKeys::new(CANARY, &key).unwrap();
    let member = || Member::new(CorpId::new(CORP), UserId::new("zhangsan"), AgentId::new(1));
    let callback = opened(&format!("<xml><MsgType>text</MsgType><Content>{CANARY}</Content></xml>"));
    let random = wecom_callback::RandomBytes::new(*b"canary-7f3acanary-7f3a..");
    for text in [
        format!("{keys:?} {:?}", Receiver::new(Channel::app(keys.clone(), CORP))),
        format!("{:?}", wecom_callback::Sender::app(keys, CORP)),
        format!("{:?} {:?}", Ticket::new(CANARY), AuthCode::new(CANARY)),
        format!("{callback:?} {:?} {:?}", callback.event(), callback.message().root()),
        format!("{:?}", callback.message().root().children()),
        format!("{:?}", Event::Text(TextMessage::new(member(), 1, CANARY))),
        format!("{:?}", Event::Click(MenuEvent::new(member(), CANARY))),
        format!("{:?}", Query::from_decoded([("echostr", CANARY), ("msg_signature", CANARY)])),
        format!(
            "{random:?} {:?}",
            self::keys().decrypt(&self::keys().encrypt(CANARY.as_bytes(), CORP, [1; 16]).unwrap())
        ),
    ] {
        assert!(!text.contains(CANARY) && !text.contains("canary7f3a") && !text.contains("99, 97, 110"), "{text}");
    }
}

#[test]
fn no_error_quotes_the_request() {
    let refusals = [
        receiver()
            .open(&format!("msg_signature={CANARY}&timestamp=0&nonce={CANARY}"), b"<xml><Encrypt/></xml>", now())
            .unwrap_err(),
        receiver()
            .open("msg_signature=0&timestamp=0&nonce=0", format!("<{CANARY}>&{CANARY};").as_bytes(), now())
            .unwrap_err(),
        Forged::signed(CANARY).refusal(),
        Forged::plaintext(&layout(11, CANARY.as_bytes(), CORP, &[15; 15])).refusal(),
        Forged::plaintext(&layout(11, CANARY.as_bytes(), CANARY, &[22; 22])).refusal(),
        CallbackKeys::new(TOKEN, CANARY).unwrap_err(),
    ];
    for error in refusals {
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error:?}");
    }
    let error = Message::parse(format!("<xml>&{CANARY};</xml>")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(CANARY));
}
