//! A receiver, a sender with the same keys, and requests that no correct sender sends.

use std::time::{Duration, SystemTime};

use aes::Aes256;
use aes::cipher::{Block, BlockModeEncrypt, KeyIvInit};
use wecom_callback::{
    Callback, CallbackKeys, CallbackRequest, Channel, Error, ErrorKind, Event, RandomBytes, Receiver, Sender,
};

pub(crate) const TOKEN: &str = "QDG6eK";
pub(crate) const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
pub(crate) const CORP: &str = "ww1234567890abcdef";
pub(crate) const SUITE: &str = "ww4asffe99e54c0f4c";

pub(crate) fn keys() -> CallbackKeys {
    CallbackKeys::new(TOKEN, AES_KEY).unwrap()
}

pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

pub(crate) fn random() -> RandomBytes {
    RandomBytes::new([7; 24])
}

pub(crate) fn receiver() -> Receiver {
    Receiver::new(Channel::app(keys(), CORP))
}

pub(crate) fn sender() -> Sender {
    Sender::app(keys(), CORP)
}

pub(crate) fn suite_receiver() -> Receiver {
    Receiver::new(Channel::suite(keys(), SUITE))
}

pub(crate) fn suite_sender() -> Sender {
    Sender::suite(keys(), SUITE)
}

pub(crate) fn open(request: &CallbackRequest) -> Result<Callback, Error> {
    receiver().open(request.query(), request.body(), now())
}

/// A message in XML, as WeCom would send it.
#[track_caller]
pub(crate) fn opened(xml: &str) -> Callback {
    open(&sender().xml_request(xml, now(), random()).unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn event_of(xml: &str) -> Event {
    opened(xml).event()
}

/// A request with a valid signature over any `Encrypt`, in any envelope.
pub(crate) struct Forged {
    pub(crate) query: String,
    pub(crate) body: String,
}

impl Forged {
    /// Signs the text, and puts it into an envelope.
    pub(crate) fn signed(encrypted: &str) -> Self {
        Self::in_envelope(encrypted, &format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"))
    }

    /// Signs the text, and uses `body` as the envelope.
    pub(crate) fn in_envelope(encrypted: &str, body: &str) -> Self {
        let signature = keys().signature("1700000000", "nonce", encrypted);
        let query = format!("msg_signature={signature}&timestamp=1700000000&nonce=nonce");
        Self { query, body: body.to_owned() }
    }

    /// Encrypts a plaintext of any form, a multiple of 16 bytes, and signs it.
    pub(crate) fn plaintext(plaintext: &[u8]) -> Self {
        let key = base64_simd::STANDARD.decode_to_vec(format!("{AES_KEY}A")).unwrap();
        let (key, iv): ([u8; 32], [u8; 16]) = (key[..32].try_into().unwrap(), key[..16].try_into().unwrap());
        let mut buffer = plaintext.to_vec();
        let (blocks, rest) = Block::<Aes256>::slice_as_chunks_mut(&mut buffer);
        assert!(rest.is_empty(), "a cipher block has 16 bytes");
        cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into()).encrypt_blocks(blocks);
        Self::signed(&base64_simd::STANDARD.encode_to_string(&buffer))
    }

    #[track_caller]
    pub(crate) fn refusal(&self) -> Error {
        receiver().open(&self.query, self.body.as_bytes(), now()).unwrap_err()
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, kind: ErrorKind) {
        assert_eq!(self.refusal().kind(), kind);
    }
}

/// 16 random bytes, a length field, a message, a receive id and padding, which need not be consistent.
pub(crate) fn layout(length: u32, message: &[u8], receive_id: &str, padding: &[u8]) -> Vec<u8> {
    [b"0123456789abcdef", &length.to_be_bytes()[..], message, receive_id.as_bytes(), padding].concat()
}
