//! Defects of other libraries, with a test for each that this crate does not have it.

use wecom_callback::{CallbackKeys, Channel, ErrorKind, Message, Receiver, Sender};

use crate::support::*;

/// wecom-crypto 0.1.9, wechat-crypto: a panic if the plaintext is too short, or shorter than its padding.
#[test]
fn short_plaintexts_and_long_padding_are_errors() {
    for blocks in 1..=4 {
        for byte in [0, 1, 16, 31, 32, 33, 255] {
            let refusal = Forged::plaintext(&vec![byte; blocks * 16]).refusal();
            assert_eq!(refusal.http_status(), 403, "{byte} {blocks}");
        }
    }
}

/// wecom-crypto 0.1.9: a malformed key panics.
#[test]
fn every_malformed_key_is_an_error() {
    let padded = format!("{AES_KEY}=");
    let chinese = "企".repeat(43);
    for key in ["", "short", &AES_KEY[..42], &padded, &"*".repeat(43), &"=".repeat(43), &chinese, &chinese[..43 - 1]] {
        assert_eq!(CallbackKeys::new(TOKEN, key).unwrap_err().kind(), ErrorKind::InvalidAesKey, "{key}");
    }
    assert_eq!(CallbackKeys::new("", AES_KEY).unwrap_err().kind(), ErrorKind::InvalidToken);
}

/// A Token that was copied with white space: every request has a wrong signature.
#[test]
fn a_token_with_white_space_is_an_error_that_names_it() {
    for token in [" QDG6eK", "QDG6eK\n", "QDG 6eK", "\u{3000}QDG6eK", " "] {
        let error = CallbackKeys::new(token, AES_KEY).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidToken, "{token:?}");
        assert!(error.to_string().contains("white space"), "{error}");
    }
}

/// wecom-crypto 0.1.9, wxcrypt 0.2.3: padding to 16 bytes.
#[test]
fn a_sealed_message_is_padded_to_32_bytes() {
    for length in 0..64 {
        let sealed = keys().encrypt(&vec![b'a'; length], CORP, [1; 16]).unwrap();
        let bytes = base64_simd::STANDARD.decode_to_vec(&sealed).unwrap().len();
        assert_eq!(bytes, (20 + length + CORP.len() + 1).next_multiple_of(32));
    }
}

/// wecom-crypto 0.1.9, wxcrypt 0.2.3: neither signature nor receive id is checked.
#[test]
fn signature_and_receive_id_are_always_checked() {
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    let unsigned = request.query().replace("msg_signature=", "msg_signature=0");
    let forged = receiver().open(&unsigned, request.body(), now()).unwrap_err();
    assert_eq!(forged.kind(), ErrorKind::Signature);
    let other = Receiver::new(Channel::app(keys(), "wwother"));
    assert_eq!(other.open(request.query(), request.body(), now()).unwrap_err().kind(), ErrorKind::ReceiveId);
}

/// wechat-crypto: a nonce must be a number.
#[test]
fn a_nonce_need_not_be_a_number() {
    let signature = keys().signature("1700000000", "VHh7ymSeb0jc4lSb", "AAAA");
    assert!(keys().is_signed(&signature, "1700000000", "VHh7ymSeb0jc4lSb", "AAAA"));
}

/// wecom-rs 0.1.17: a message of 128 bytes or more is sealed with a broken length.
#[test]
fn messages_of_every_length_are_sealed_correctly() {
    for length in [0, 1, 127, 128, 129, 255, 256, 257, 32_767, 32_768, 65_535, 65_536, 65_537] {
        let message = "a".repeat(length);
        let sealed = keys().encrypt(message.as_bytes(), CORP, [0xFF; 16]).unwrap();
        assert_eq!(keys().decrypt(&sealed).unwrap().message(), message.as_bytes(), "{length}");
    }
}

/// wecom-rs 0.1.17: a wrong receive id or Base64 panics.
#[test]
fn a_wrong_receive_id_and_malformed_base64_are_errors() {
    let message = Forged::plaintext(&layout(6, b"<xml/>", "wwother", &[31; 31]));
    message.assert_refused(ErrorKind::ReceiveId);
    for text in ["", "=", "====", "A", "AA==", "企业微信", "AAAA AAAA", "AAA-", "AAA_"] {
        assert_eq!(Forged::signed(text).refusal().http_status(), 403, "{text}");
    }
}

/// A receive id that is not UTF-8 is refused even if every id is accepted.
#[test]
fn a_receive_id_that_is_not_utf_8_is_refused() {
    let plaintext = [&layout(6, b"<xml/>", "", &[])[..], &[0xFF; 6], &[32; 32]].concat();
    let any = Receiver::new(Channel::app(keys(), wecom_callback::ReceiveIds::any()));
    let forged = Forged::plaintext(&plaintext);
    let refused = any.open(&forged.query, forged.body.as_bytes(), now()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReceiveId);
}

/// wxcrypt 0.2.3: a wrong signature panics.
#[test]
fn every_wrong_signature_is_an_error() {
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    let right = request.query().split_once("msg_signature=").unwrap().1[..40].to_owned();
    let too_long = format!("{right}0");
    for wrong in ["", "0", &right[..39], &too_long, &right.to_uppercase(), &"é".repeat(20), &"0".repeat(40)] {
        let query = request.query().replace(&right, wrong);
        let refused = receiver().open(&query, request.body(), now()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Signature, "{wrong}");
    }
}

/// go-workwx 1.7: the reply has an element `Timestamp` and an empty receive id, and every query parameter is signed.
#[test]
fn a_reply_has_the_documented_elements_and_the_receive_id_of_the_request() {
    let callback = opened("<xml><ToUserName>wwdown</ToUserName><FromUserName>zhangsan</FromUserName></xml>");
    let answer = callback.reply_text("hello", now(), random()).unwrap();
    let envelope = Message::parse(answer.body()).unwrap();
    let text = |name: &str| envelope.root().child(name).unwrap().text().into_owned();
    assert_eq!(text("TimeStamp"), "1700000000");
    let encrypted = text("Encrypt");
    assert!(keys().is_signed(&text("MsgSignature"), &text("TimeStamp"), &text("Nonce"), &encrypted));
    let opened = keys().decrypt(&encrypted).unwrap();
    assert_eq!(opened.receive_id(), CORP.as_bytes());
    let reply = Message::parse(String::from_utf8(opened.message().to_vec()).unwrap()).unwrap();
    assert_eq!(reply.to_user_name().as_deref(), Some("zhangsan"));
    assert_eq!(reply.from_user_name().as_deref(), Some("wwdown"));
    assert_eq!(reply.root().child("Content").unwrap().text(), "hello");
}

/// felord/wecom-sdk 1.2.6: a reply cannot be encrypted for a corp id of 18 characters.
#[test]
fn replies_work_for_receive_ids_of_every_length() {
    for length in 0..=64 {
        let id = "w".repeat(length);
        let receiver = Receiver::new(Channel::app(keys(), id.as_str()));
        let request = Sender::app(keys(), id.as_str()).xml_request("<xml/>", now(), random()).unwrap();
        let callback = receiver.open(request.query(), request.body(), now()).unwrap();
        let answer = callback.reply_text("hello", now(), random()).unwrap();
        let encrypted = Message::parse(answer.body()).unwrap().root().child("Encrypt").unwrap().text().into_owned();
        assert_eq!(keys().decrypt(&encrypted).unwrap().receive_id(), id.as_bytes());
    }
}

/// PowerWeChat 3.2: an agent id passes as the receive id.
#[test]
fn an_agent_id_is_not_accepted_as_the_receive_id() {
    let wrong = Receiver::new(Channel::app(keys(), "1000005"));
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    assert_eq!(wrong.open(request.query(), request.body(), now()).unwrap_err().kind(), ErrorKind::ReceiveId);
}
