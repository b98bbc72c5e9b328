//! A request to a callback URL: the query in the first line, the body after it.
//!
//! The body is checked in three ways: as the envelope, as an encrypted text with a valid signature, and as the plaintext of
//! a signed message. The fuzzer can't create a valid signature.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use aes::Aes256;
use aes::cipher::{Block, BlockModeEncrypt, KeyIvInit};
use wecom_callback::{CallbackKeys, Channel, Error, ErrorKind, Query, ReceiveIds, Receiver};

use crate::first_line;

const TOKEN: &str = "QDG6eK";
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const TIMESTAMP: &str = "1700000000";

pub(crate) fn check(input: &[u8]) {
    let (query, body) = first_line(input);
    as_envelope(&RECEIVER, &query, body);
    as_encrypted_text(&RECEIVER, body);
    as_plaintext(&RECEIVER, body);
}

static KEYS: LazyLock<CallbackKeys> = LazyLock::new(|| CallbackKeys::new(TOKEN, AES_KEY).unwrap());
static RECEIVER: LazyLock<Receiver> = LazyLock::new(|| Receiver::new(Channel::app(KEYS.clone(), ReceiveIds::any())));

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// The body as the envelope. The signature is not valid, so nothing is decrypted.
fn as_envelope(receiver: &Receiver, query: &str, body: &[u8]) {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    for refused in [
        receiver.open(query, body, now()).unwrap_err(),
        receiver.verify_url(query, now()).unwrap_err(),
        receiver.verify_url(Query::from_decoded(pairs), now()).unwrap_err(),
    ] {
        assert_refusal(&refused);
        assert!(refused.kind() != ErrorKind::Padding && refused.kind() != ErrorKind::ReceiveId, "decrypted: {refused}");
    }
}

fn as_encrypted_text(receiver: &Receiver, body: &[u8]) {
    let Ok(encrypted) = std::str::from_utf8(body) else { return };
    let signature = KEYS.signature(TIMESTAMP, "nonce", encrypted);
    let query = || {
        let signed = [("msg_signature", &*signature), ("timestamp", TIMESTAMP), ("nonce", "nonce")];
        Query::from_decoded(signed.into_iter().chain([("echostr", encrypted)]))
    };
    if let Err(refused) = receiver.verify_url(query(), now()) {
        assert_refusal(&refused);
    }
    let envelope = format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>");
    if let Err(refused) = receiver.open(query(), envelope.as_bytes(), now()) {
        assert_refusal(&refused);
    }
}

/// The body as the plaintext of a signed message. The outcome agrees with a second parser of the layout.
fn as_plaintext(receiver: &Receiver, body: &[u8]) {
    let whole_blocks = body.get(..body.len() / 16 * 16).unwrap_or_default();
    let encrypted = encrypt(whole_blocks);
    let signature = KEYS.signature(TIMESTAMP, "nonce", &encrypted);
    let query = format!("msg_signature={signature}&timestamp={TIMESTAMP}&nonce=nonce");
    let envelope = format!("<xml><Encrypt>{encrypted}</Encrypt></xml>");
    let opened = receiver.open(&query, envelope.as_bytes(), now());
    match (expected(whole_blocks), opened) {
        (Some((message, receive_id)), Ok(callback)) => {
            let message = message.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(message);
            assert_eq!(callback.message().as_str().as_bytes(), message);
            assert_eq!(callback.receive_id().as_bytes(), receive_id);
        }
        (Some((_, receive_id)), Err(refused)) => match refused.kind() {
            ErrorKind::Message(_) => assert_eq!(refused.http_status(), 400),
            ErrorKind::ReceiveId => assert!(std::str::from_utf8(receive_id).is_err()),
            other => panic!("a valid layout is refused: {other}"),
        },
        (None, Err(refused)) => assert_eq!(refused.http_status(), 403, "{refused}"),
        (None, Ok(_)) => panic!("an invalid layout is accepted"),
    }
}

/// The message and the receive id in a plaintext.
fn expected(plaintext: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, &padding) = plaintext.split_last().map(|(last, _)| (plaintext, last))?;
    let padded = rest.len().checked_sub(usize::from(padding))?;
    let right = (1..=32).contains(&padding) && rest[padded..].iter().all(|byte| *byte == padding);
    let (_, rest) = right.then(|| rest[..padded].split_at_checked(16)).flatten()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn encrypt(plaintext: &[u8]) -> String {
    let key = base64_simd::STANDARD.decode_to_vec(format!("{AES_KEY}A")).unwrap();
    let (key, iv): ([u8; 32], [u8; 16]) = (key[..32].try_into().unwrap(), key[..16].try_into().unwrap());
    let mut buffer = plaintext.to_vec();
    cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into())
        .encrypt_blocks(Block::<Aes256>::slice_as_chunks_mut(&mut buffer).0);
    base64_simd::STANDARD.encode_to_string(&buffer)
}

fn assert_refusal(refused: &Error) {
    assert!((400..500).contains(&refused.http_status()), "{refused}");
    assert!(refused.to_string().len() < 200, "{refused}");
}
