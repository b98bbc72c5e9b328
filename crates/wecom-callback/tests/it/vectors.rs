//! Test vectors: those of the vendor's sample program and of other projects' test suites, and derived ones.
//!
//! `fixtures/vectors.json` holds them. Each is signed, opened and sealed here.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use wecom_callback::{CallbackKeys, Channel, Error, ErrorKind, Query, Receiver};

struct Vector(Value);

impl Vector {
    fn named(name: &str) -> Self {
        let vectors: Value = serde_json::from_str(include_str!("../../fixtures/vectors.json")).unwrap();
        Self(vectors[name].clone())
    }

    fn get(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_else(|| panic!("the vector has no {field}"))
    }

    fn keys(&self) -> CallbackKeys {
        CallbackKeys::new(self.get("token"), self.get("encoding_aes_key")).unwrap()
    }

    fn receiver(&self) -> Receiver {
        Receiver::new(Channel::app(self.keys(), self.get("receive_id")))
    }

    fn sent_at(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.get("timestamp").parse().unwrap())
    }

    fn query(&self) -> Query<'_> {
        Query::from_decoded(
            ["msg_signature", "timestamp", "nonce"]
                .map(|name| (name, self.get(name)))
                .into_iter()
                .chain([("echostr", self.get("encrypted"))]),
        )
    }

    fn body(&self) -> String {
        format!("<xml><Encrypt><![CDATA[{}]]></Encrypt></xml>", self.get("encrypted"))
    }

    #[track_caller]
    fn assert_signed(&self) {
        let signature = self.keys().signature(self.get("timestamp"), self.get("nonce"), self.get("encrypted"));
        assert_eq!(signature, self.get("msg_signature"));
    }

    #[track_caller]
    fn assert_decrypts(&self) {
        let opened = self.keys().decrypt(self.get("encrypted")).unwrap();
        assert_eq!(String::from_utf8_lossy(opened.message()), self.get("message"));
        assert_eq!(String::from_utf8_lossy(opened.receive_id()), self.get("receive_id"));
    }

    /// Sealing with the same random bytes gives the same text.
    #[track_caller]
    fn assert_encrypts(&self) {
        let random = self.get("random").as_bytes().try_into().unwrap();
        let sealed = self.keys().encrypt(self.get("message").as_bytes(), self.get("receive_id"), random).unwrap();
        assert_eq!(sealed, self.get("encrypted"));
    }

    #[track_caller]
    fn assert_all(&self) {
        self.assert_signed();
        self.assert_decrypts();
        self.assert_encrypts();
    }

    #[track_caller]
    fn assert_answers_url_check(&self) {
        assert_eq!(self.receiver().verify_url(self.query(), self.sent_at()).unwrap().body(), self.get("message"));
    }

    #[track_caller]
    fn assert_opens(&self) {
        let callback = self.receiver().open(self.query(), self.body().as_bytes(), self.sent_at()).unwrap();
        assert_eq!(callback.message().as_str(), self.get("message"));
        assert_eq!(callback.receive_id(), self.get("receive_id"));
    }
}

#[test]
fn v1_url_check_of_the_vendors_sample_program() {
    let vector = Vector::named("v1");
    vector.assert_all();
    vector.assert_answers_url_check();
}

#[test]
fn v2_text_message_of_the_vendors_sample_program() {
    let vector = Vector::named("v2");
    vector.assert_all();
    vector.assert_opens();
}

#[test]
fn v3_url_check_of_wechatpy() {
    let vector = Vector::named("v3");
    vector.assert_all();
    vector.assert_answers_url_check();
}

#[test]
fn v5_reply_of_wechatpy_with_fixed_random_bytes() {
    let vector = Vector::named("v5");
    vector.assert_all();
    vector.assert_opens();
}

#[test]
fn v10_chinese_text_message_of_power_wechat() {
    let vector = Vector::named("v10");
    vector.assert_all();
    vector.assert_opens();
}

#[test]
fn v13_encryption_of_wx_java_with_fixed_random_bytes() {
    let vector = Vector::named("v13");
    vector.assert_decrypts();
    vector.assert_encrypts();
}

#[test]
fn v14_encryption_of_a_video_message_of_wx_java() {
    let vector = Vector::named("v14");
    vector.assert_decrypts();
    vector.assert_encrypts();
}

#[test]
fn sha1_of_sorted_parts_of_wx_java() {
    // The parts "123" and "345"; the others are empty, except the Token, which cannot be.
    let keys = CallbackKeys::new("345", Vector::named("v13").get("encoding_aes_key")).unwrap();
    assert_eq!(keys.signature("", "", "123"), "9f537aeb751ec72605f57f94a2f6dc3e3958e1dd");
}

#[test]
fn d1_change_chain_corp_join() {
    let vector = Vector::named("d1");
    vector.assert_all();
    vector.assert_opens();
}

#[test]
fn d2_share_chain_change_on_a_suite_channel() {
    let vector = Vector::named("d2");
    vector.assert_all();
    let receiver = Receiver::new(Channel::suite(vector.keys(), "ww4asffe99exxx0f4c"));
    let callback = receiver.open(vector.query(), vector.body().as_bytes(), vector.sent_at()).unwrap();
    assert_eq!(callback.message().as_str(), vector.get("message"));
    assert_eq!(callback.acknowledge().body(), "success");
}

#[test]
fn d3_empty_message_and_empty_receive_id() {
    let vector = Vector::named("d3");
    vector.assert_all();
    vector.assert_answers_url_check();
}

#[test]
fn d4_padding_of_a_whole_block_of_32_bytes() {
    let vector = Vector::named("d4");
    vector.assert_all();
    vector.assert_answers_url_check();
}

#[test]
fn d5_character_of_four_bytes() {
    let vector = Vector::named("d5");
    vector.assert_all();
    vector.assert_answers_url_check();
}

#[test]
fn a_vector_with_one_character_changed_is_refused() {
    let vector = Vector::named("v2");
    let changed = vector.body().replacen("RypE", "RypF", 1);
    let refused: Error = vector.receiver().open(vector.query(), changed.as_bytes(), vector.sent_at()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Signature);
}
