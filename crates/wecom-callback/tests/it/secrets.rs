//! No secret and no content in any text.

use wecom_callback::{
    AuthCode, Authorization, AuthorizedCorp, CallbackKeys, Channel, Event, Member, MenuEvent, Message, Query, Receiver,
    TextMessage, Ticket,
};
use wecom_core::ids::{AgentId, CorpId, SuiteId, UserId};

use crate::support::*;

const CANARY: &str = "canary-7f3a";

#[test]
fn no_debug_shows_a_key_a_ticket_or_a_messages_content() {
    let key = format!("{}{}", CANARY.replace('-', ""), "A".repeat(33));
    let keys = CallbackKeys::new(CANARY, &key).unwrap();
    let member = || Member::new(CorpId::new(CORP), UserId::new("zhangsan"), AgentId::new(1));
    let callback = opened(&format!("<xml><MsgType>text</MsgType><Content>{CANARY}</Content></xml>"));
    let suite = || SuiteId::new(SUITE);
    let random = wecom_callback::RandomBytes::new(*b"canary-7f3acanary-7f3a..");
    for text in [
        format!("{keys:?} {:?}", Receiver::new(Channel::app(keys.clone(), CORP))),
        format!("{:?}", wecom_callback::Sender::app(keys, CORP)),
        format!("{:?} {:?}", Ticket::new(CANARY), AuthCode::new(CANARY)),
        format!("{:?}", sender().url_check(CANARY, now(), self::random()).unwrap()),
        format!("{:?}", Authorization::new(suite(), AuthCode::new(CANARY)).with_state(CANARY)),
        format!("{:?}", AuthorizedCorp::new(suite(), CorpId::new(CORP)).with_state(CANARY)),
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

#[test]
fn the_debug_of_a_request_shows_neither_the_query_nor_the_body() {
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    let shown = format!("{request:?}");
    assert_eq!(shown, format!("CallbackRequest(***, {} bytes)", request.body().len()));
}

#[test]
fn the_kind_of_a_message_and_its_debug_escape_control_characters() {
    let callback = opened("<xml><MsgType>ev\nent</MsgType><Event>\u{1B}[31mred\u{202E}</Event></xml>");
    assert_eq!(callback.message().kind(), "ev\\nent/\\u{1b}[31mred\\u{202e}");
    for shown in [format!("{:?}", callback.message()), format!("{:?}", callback.event())] {
        assert!(!shown.contains(|character: char| character.is_control() || character == '\u{202E}'), "{shown:?}");
    }
    assert_eq!(opened("<xml><MsgType>事件</MsgType></xml>").message().kind(), "事件");
}
