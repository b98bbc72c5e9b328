//! The time to open a callback: signature, decryption and XML, against SHA-1 and AES-256-CBC alone over the same bytes.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use aes::Aes256;
use aes::cipher::{Block, BlockModeDecrypt, KeyIvInit};
use criterion::{Criterion, Throughput};
use sha1::{Digest, Sha1};
use wecom_callback::{CallbackKeys, CallbackRequest, Channel, RandomBytes, Receiver, Sender};
use wecom_tests::ratios;

const CORP: &str = "wx5823bf96d3bd56c7";

fn keys() -> CallbackKeys {
    CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// A text message of this size.
fn text(size: usize) -> String {
    let message = |content: &str| {
        format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName>\
             <CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>\
             <Content><![CDATA[{content}]]></Content><MsgId>4561255354251345929</MsgId><AgentID>218</AgentID></xml>"
        )
    };
    message(&"a".repeat(size - message("").len()))
}

/// An event of about this size: corps that have joined a chain.
fn corps(size: usize) -> String {
    let event = |corps: &str| {
        format!(
            "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
             <CreateTime>1700000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_chain]]>\
             </Event><ChangeType><![CDATA[corp_join]]></ChangeType><ChainId><![CDATA[ChDealers]]></ChainId>\
             <CorpIds>{corps}</CorpIds></xml>"
        )
    };
    let corp = "<CorpId><![CDATA[wpAbCdEfGhIjKlMnOpQrStUv00001]]></CorpId>";
    event(&corp.repeat((size - event("").len()) / corp.len()))
}

fn request(message: &str) -> CallbackRequest {
    Sender::app(keys(), CORP).xml_request(message, now(), RandomBytes::new([7; 24])).unwrap()
}

fn measure(criterion: &mut Criterion, name: &str, message: &str) {
    let request = request(message);
    let receiver = Receiver::new(Channel::app(keys(), CORP));
    let mut encrypted = vec![7; (20 + message.len() + CORP.len() + 1).next_multiple_of(32)];
    // Its Base64, the token, a timestamp of 10 digits and a nonce of 18.
    let signed = vec![b'A'; encrypted.len().div_ceil(3) * 4 + "QDG6eK".len() + 28];
    let (key, iv) = ([3; 32], [5; 16]);

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("SHA-1 and AES-CBC", |bencher| {
        bencher.iter(|| {
            black_box(Sha1::digest(black_box(&signed)));
            let mut mode = cbc::Decryptor::<Aes256>::new(&key.into(), &iv.into());
            mode.decrypt_blocks(Block::<cbc::Decryptor<Aes256>>::slice_as_chunks_mut(&mut encrypted).0);
            black_box(&encrypted);
        });
    });
    group.bench_function("open", |bencher| {
        bencher.iter(|| receiver.open(black_box(request.query()), black_box(request.body()), now()).unwrap());
    });
    group.bench_function("open and event", |bencher| {
        bencher.iter(|| receiver.open(black_box(request.query()), black_box(request.body()), now()).unwrap().event());
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let messages = [
        ("text of 1 KiB", text(1 << 10)),
        ("text of 60 KiB", text(60 << 10)),
        ("corps in 1 KiB", corps(1 << 10)),
        ("corps in 60 KiB", corps(60 << 10)),
    ];
    for (name, message) in &messages {
        measure(&mut criterion, name, message);
    }
    criterion.final_summary();
    for (name, _) in &messages {
        ratios::print(name, "SHA-1 and AES-CBC", &["open", "open and event"]);
    }
}
