//! The pitfalls of the vendor's scheme and documents, with one or more tests for each.

use std::time::Duration;

use wecom_callback::{
    CallbackKeys, Channel, ErrorKind, Event, Member, Query, RandomBytes, Receiver, Sender, TextMessage, XmlProblem,
};
use wecom_core::ids::{AgentId, CorpId, UserId};

use crate::support::*;

#[test]
fn spare_bits_of_the_keys_last_character_are_ignored() {
    let with_last = |last: char| {
        let key = format!("{}{last}", &AES_KEY[..42]);
        CallbackKeys::new(TOKEN, &key).unwrap().encrypt(b"hello", CORP, [1; 16]).unwrap()
    };
    // The last character of this key is C, so A, B and D differ from it only in the ignored bits.
    for last in ['A', 'B', 'D'] {
        assert_eq!(with_last(last), with_last('C'), "{last}");
    }
    assert_ne!(with_last('E'), with_last('C'));
    for last in ('a'..='z').chain('A'..='Z').chain('0'..='9') {
        with_last(last);
    }
}

#[test]
fn padding_is_to_32_bytes_and_every_length_is_accepted() {
    for length in 0..=64 {
        let message = "a".repeat(length);
        let sealed = keys().encrypt(message.as_bytes(), CORP, [1; 16]).unwrap();
        assert_eq!(base64_simd::STANDARD.decode_to_vec(&sealed).unwrap().len() % 32, 0);
        assert_eq!(keys().decrypt(&sealed).unwrap().message(), message.as_bytes());
    }
}

#[test]
fn every_byte_of_the_padding_is_checked() {
    let plaintext = layout(5, b"hello", CORP, &[21; 21]);
    assert_eq!(Forged::plaintext(&plaintext).refusal().kind(), ErrorKind::Message(opened_error("hello")));
    for place in plaintext.len() - 21..plaintext.len() {
        let mut changed = plaintext.clone();
        changed[place] ^= 1;
        // The last byte is the number of padding bytes.
        Forged::plaintext(&changed).assert_refused(ErrorKind::Padding);
    }
    for count in [0, 33, 64, 255] {
        Forged::plaintext(&layout(5, b"hello", CORP, &[count; 21])).assert_refused(ErrorKind::Padding);
    }
    Forged::plaintext(&layout(5, b"hello", CORP, &[53; 53])).assert_refused(ErrorKind::Padding);
}

/// The error of a message that can be decrypted and is not XML.
fn opened_error(message: &str) -> wecom_callback::XmlError {
    wecom_callback::Message::parse(message).unwrap_err()
}

#[test]
fn random_bytes_need_not_be_text() {
    let sealed = keys().encrypt("企业微信".as_bytes(), CORP, [0xFF; 16]).unwrap();
    assert_eq!(keys().decrypt(&sealed).unwrap().message(), "企业微信".as_bytes());
}

#[test]
fn nonce_and_timestamp_are_opaque_strings() {
    let encrypted = keys().encrypt(b"<xml/>", CORP, [1; 16]).unwrap();
    let signature = keys().signature("yesterday", "VHh7ymSeb0jc4lSb", &encrypted);
    let query = format!("msg_signature={signature}&timestamp=yesterday&nonce=VHh7ymSeb0jc4lSb");
    let body = format!("<xml><Encrypt>{encrypted}</Encrypt></xml>");
    let any_time = receiver().without_window();
    assert!(any_time.open(&query, body.as_bytes(), now()).is_ok());
    // A window needs a number.
    assert_eq!(receiver().open(&query, body.as_bytes(), now()).unwrap_err().kind(), ErrorKind::Timestamp);
}

/// The query of a URL check whose `echostr` has a plus sign, percent-encoded and raw.
fn url_check_with_plus() -> (String, String) {
    let request = (0..=255)
        .map(|byte| sender().url_check("5927782489442352469", now(), RandomBytes::new([byte; 24])).unwrap())
        .find(|request| request.query().contains("%2B"))
        .unwrap();
    (request.query().to_owned(), request.query().replace("%2B", "+"))
}

#[test]
fn echostr_is_percent_decoded_once_and_keeps_its_plus_signs() {
    let (encoded, raw_plus) = url_check_with_plus();
    let twice = encoded.replace('%', "%25");
    for query in [&encoded, &raw_plus, &raw_plus.replace('+', "%20")] {
        assert_eq!(receiver().verify_url(query, now()).unwrap().body(), "5927782489442352469");
    }
    assert_eq!(receiver().verify_url(&twice, now()).unwrap_err().kind(), ErrorKind::Signature);
}

#[test]
fn spaces_of_a_form_decoder_are_read_as_plus_signs() {
    let (_, raw_plus) = url_check_with_plus();
    let decoded = raw_plus.replace("%2F", "/").replace("%3D", "=").replace('+', " ");
    let pairs = decoded.split('&').map(|pair| pair.split_once('=').unwrap());
    assert_eq!(receiver().verify_url(Query::from_decoded(pairs), now()).unwrap().body(), "5927782489442352469");
}

#[test]
fn other_parameters_of_the_query_are_not_signed() {
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    for query in [format!("tenant=1&{}", request.query()), format!("?{}&tenant=1&flag&=", request.query())] {
        assert!(receiver().open(&query, request.body(), now()).is_ok());
    }
}

#[test]
fn a_length_beyond_the_plaintext_is_refused() {
    let message = b"<xml/>";
    for length in [6 + 18 + 1, 255, 65_536, u32::MAX - 20, u32::MAX] {
        Forged::plaintext(&layout(length, message, CORP, &[20; 20])).assert_refused(ErrorKind::Length);
    }
    // The plaintext ends before the length field does.
    for length in 0..20 {
        let padding = 32 - length;
        let plaintext = [vec![1; length], vec![padding as u8; padding]].concat();
        Forged::plaintext(&plaintext).assert_refused(ErrorKind::Length);
    }
}

#[test]
fn the_signature_is_verified_before_anything_is_decrypted() {
    let undecryptable = Forged::signed("not Base64!");
    undecryptable.assert_refused(ErrorKind::Base64);
    let unsigned = undecryptable.query.replace("msg_signature=", "msg_signature=0");
    let refused = receiver().open(&unsigned, undecryptable.body.as_bytes(), now()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Signature);
}

#[test]
fn refusals_have_one_status_and_different_kinds() {
    let request = sender().xml_request("<xml/>", now(), random()).unwrap();
    let signature = request.query().replace("nonce=", "nonce=1");
    let other_corp = Sender::app(keys(), "wwother").xml_request("<xml/>", now(), random()).unwrap();
    let refusals = [
        receiver().open(&signature, request.body(), now()).unwrap_err(),
        receiver().open(request.query(), request.body(), now() + Duration::from_secs(601)).unwrap_err(),
        Forged::signed("AAAA").refusal(),
        Forged::signed("A").refusal(),
        Forged::plaintext(&[0; 32]).refusal(),
        Forged::plaintext(&layout(9999, b"", CORP, &[26; 26])).refusal(),
        open(&other_corp).unwrap_err(),
    ];
    for (place, refusal) in refusals.iter().enumerate() {
        assert_eq!(refusal.http_status(), 403, "{refusal}");
        assert!(refusals[..place].iter().all(|other| other.kind() != refusal.kind()), "{refusal}");
    }
}

#[test]
fn a_wrong_receive_id_is_not_a_server_error_and_its_text_has_the_remedy() {
    let request = Sender::app(keys(), "wwother").xml_request("<xml/>", now(), random()).unwrap();
    let refused = open(&request).unwrap_err();
    assert_eq!((refused.http_status(), refused.vendor_code()), (403, Some(-40005)));
    assert!(refused.to_string().contains("add its id to the channel's receive ids"), "{refused}");
}

#[track_caller]
fn xml_problem(message: &str) -> XmlProblem {
    let request = sender().xml_request(message, now(), random()).unwrap();
    match open(&request).unwrap_err().kind() {
        ErrorKind::Message(error) => error.problem(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_document_type_declaration_is_refused() {
    let bomb = r#"<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml>&b;</xml>"#;
    let file = r#"<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml/>"#;
    for document in [bomb, file, "<xml><!ENTITY a 'b'></xml>"] {
        assert_eq!(xml_problem(document), XmlProblem::Declaration, "{document}");
        let refused = receiver().open("msg_signature=0&timestamp=0&nonce=0", document.as_bytes(), now()).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Envelope(error) if error.problem() == XmlProblem::Declaration));
    }
}

#[test]
fn five_entities_and_character_references_are_resolved_and_others_refused() {
    let callback = opened("<xml><Content>&lt;&gt;&amp;&apos;&quot; &#20225;&#x4E1A;</Content></xml>");
    assert_eq!(callback.message().root().child("Content").unwrap().text(), "<>&'\" 企业");
    for reference in ["&nbsp;", "&", "& ;", "&;", "&#;", "&#x;", "&#0;", "&#xD800;", "&#x110000;", "&#+1;", "&amp"] {
        assert_eq!(
            xml_problem(&format!("<xml><Content>{reference}</Content></xml>")),
            XmlProblem::Entity,
            "{reference}"
        );
    }
}

#[test]
fn cdata_may_be_split_absent_or_surrounded_by_space() {
    for content in [
        "<![CDATA[one two]]>",
        "one two",
        "<![CDATA[one]]><![CDATA[ two]]>",
        "one <![CDATA[two]]>",
        "\n  <![CDATA[one two]]>\n",
        "<!-- note --><![CDATA[one two]]><!-- note -->",
        "one<!-- note --> two",
        "&#32;one two&#32;",
    ] {
        let callback = opened(&format!("<xml><Content>{content}</Content></xml>"));
        assert_eq!(callback.message().root().child("Content").unwrap().text(), "one two", "{content}");
    }
    for content in ["<![CDATA[ one two ]]>", "<![CDATA[]]> one <![CDATA[two ]]>"] {
        let spaces = opened(&format!("<xml><Content>{content}</Content></xml>"));
        assert_eq!(spaces.message().root().child("Content").unwrap().text(), " one two ", "{content}");
    }
}

#[test]
fn every_form_of_the_envelope_is_read() {
    let encrypted = keys().encrypt(b"<xml/>", CORP, [1; 16]).unwrap();
    let (front, back) = encrypted.split_at(20);
    for body in [
        format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><ToUserName><![CDATA[{CORP}]]></ToUserName></xml>"),
        format!("<xml><ToUserName>{CORP}</ToUserName>\n<AgentID></AgentID>\n<Encrypt>{encrypted}</Encrypt>\n</xml>\n"),
        format!("<xml><AgentID/><Encrypt><![CDATA[{front}]]><![CDATA[{back}]]></Encrypt></xml>"),
        format!("\u{FEFF}<?xml version='1.0'?><xml a='>' b=\">\"><Encrypt> {encrypted} </Encrypt></xml>"),
        format!("<xml><Encrypt>{front}<!-- note -->{back}</Encrypt><More><Encrypt>A</Encrypt></More></xml>"),
    ] {
        let forged = Forged::in_envelope(&encrypted, &body);
        assert!(receiver().open(&forged.query, forged.body.as_bytes(), now()).is_ok(), "{body}");
    }
}

#[test]
fn a_byte_order_mark_in_front_of_the_message_is_removed() {
    assert_eq!(
        opened("\u{FEFF}<xml><MsgType>event</MsgType></xml>").message().as_str(),
        "<xml><MsgType>event</MsgType></xml>"
    );
}

#[test]
fn unknown_elements_and_events_are_kept() {
    let xml = "<xml><MsgType>event</MsgType><Event>brand_new</Event><Deep><Er><Est>7</Est></Er></Deep></xml>";
    let Event::Other(message) = event_of(xml) else { panic!("the kind is unknown") };
    assert_eq!((message.kind().as_str(), message.as_str()), ("event/brand_new", xml));
    let deepest = message.root().child("Deep").and_then(|deep| deep.child("Er")).and_then(|er| er.child("Est"));
    assert_eq!(deepest.and_then(|est| est.parse()), Some(7));
}

#[test]
fn size_and_depth_are_limited() {
    let long = "a".repeat(Receiver::DEFAULT_BODY_LIMIT + 1);
    let refused = receiver().open("msg_signature=0&timestamp=0&nonce=0", long.as_bytes(), now()).unwrap_err();
    assert_eq!((refused.kind(), refused.http_status()), (ErrorKind::BodyTooLarge(128 << 10), 413));
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(xml_problem(&deep(wecom_callback::MAX_DEPTH + 1)), XmlProblem::TooDeep);
    assert_eq!(xml_problem(&deep(10_000)), XmlProblem::TooDeep);
    opened(&deep(wecom_callback::MAX_DEPTH));
}

#[test]
fn the_end_of_a_cdata_section_in_a_text_is_split() {
    for content in ["]]>", "a]]>b", "]]]]>>", "<![CDATA[x]]>", "]]", "]]&gt;"] {
        let member = Member::new(CorpId::new(CORP), UserId::new("zhangsan"), AgentId::new(1));
        let event = Event::Text(TextMessage::new(member, 1, content));
        assert_eq!(open(&sender().request(&event, now(), random()).unwrap()).unwrap().event(), event);
    }
}

#[test]
fn the_signature_finds_the_channel_among_several() {
    let second_keys = CallbackKeys::new("second", &"b".repeat(43)).unwrap();
    let receiver = receiver().with_channel(Channel::app(second_keys.clone(), CORP).with_name("second")).unwrap();
    for (keys, name) in [(keys(), "app"), (second_keys, "second")] {
        let request = Sender::app(keys, CORP).xml_request("<xml/>", now(), random()).unwrap();
        assert_eq!(receiver.open(request.query(), request.body(), now()).unwrap().channel().name(), name);
    }
}

#[test]
fn channels_with_the_same_token_are_distinguished_by_their_keys() {
    let second_keys = CallbackKeys::new(TOKEN, &"b".repeat(43)).unwrap();
    let receiver = receiver().with_channel(Channel::app(second_keys.clone(), CORP).with_name("second")).unwrap();
    let request = Sender::app(second_keys, CORP).xml_request("<xml/>", now(), random()).unwrap();
    assert_eq!(receiver.open(request.query(), request.body(), now()).unwrap().channel().name(), "second");
}

#[test]
fn channels_with_the_same_token_and_key_are_refused() {
    let refused = receiver().with_channel(Channel::suite(keys(), SUITE)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AmbiguousKeys);
}

#[test]
fn every_form_of_an_agent_id_is_read() {
    let share = |agent: &str| format!("<xml><MsgType>event</MsgType><Event>share_chain_change</Event>{agent}</xml>");
    for (element, expected) in [
        ("<AgentID>1</AgentID>", Some(1)),
        ("<AgentID><![CDATA[1]]></AgentID>", Some(1)),
        ("<AgentID> 1 </AgentID>", Some(1)),
        ("<AgentId>1</AgentId>", Some(1)),
        ("<AgentID></AgentID>", None),
        ("", None),
    ] {
        let Event::ShareChainChange(event) = event_of(&share(element)) else { panic!("{element}") };
        assert_eq!(event.agent_id, expected.map(AgentId::new), "{element}");
    }
}
