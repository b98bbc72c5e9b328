//! The cost of the envelope and of lenient decoding: replies of 1, 100 and 10,000 corps, decoded as a call decodes them,
//! compared with serde_json on the same payload struct and on a struct with serde's derived implementation.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use serde::Deserialize;
use wecom_core::{Request, Response, decode};
use wecom_tests::ratios;
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, GetChainCorpinfoList, GetChainCorpinfoListReply};

/// A struct with the same fields and serde's derived `Deserialize`: no envelope, and one form for each field.
#[derive(Deserialize)]
#[allow(dead_code, reason = "deserialized only")]
struct Derived {
    #[serde(default)]
    has_more: bool,
    #[serde(default)]
    next_cursor: Option<String>,
    #[serde(default)]
    group_corps: Vec<DerivedCorp>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "deserialized only")]
struct DerivedCorp {
    groupid: i64,
    #[serde(default)]
    corpid: Option<String>,
    #[serde(default)]
    corp_name: String,
    #[serde(default)]
    custom_id: Option<String>,
    #[serde(default)]
    invite_userid: Option<String>,
    #[serde(default)]
    pending_corpid: Option<String>,
    #[serde(default)]
    is_joined: u8,
}

fn body(corps: usize) -> String {
    let corps: Vec<_> = (0..corps)
        .map(|n| {
            format!(
                r#"{{"groupid":{},"corpid":"wpAbCdEfGhIjKlMnOpQrStUv{n:08}","corp_name":"华东第{n}经销商有限公司","custom_id":"dealer{n}","invite_userid":"zhangsan","is_joined":1}}"#,
                n % 50 + 2
            )
        })
        .collect();
    format!(r#"{{"errcode":0,"errmsg":"ok","has_more":false,"next_cursor":"","group_corps":[{}]}}"#, corps.join(","))
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let sizes = [1, 100, 10_000];
    for corps in sizes {
        let body = body(corps);
        let request = Request::new(&GET_CHAIN_CORPINFO_LIST);
        let response = Response::new(200, body.clone());
        let mut group = criterion.benchmark_group(format!("decode {corps} corps"));
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("bare payload struct", |bencher| {
            bencher.iter(|| serde_json::from_slice::<GetChainCorpinfoListReply>(black_box(body.as_bytes())).unwrap());
        });
        group.bench_function("decode", |bencher| {
            bencher.iter(|| decode::<GetChainCorpinfoList>(&request, black_box(&response)).unwrap());
        });
        group.bench_function("derived struct", |bencher| {
            bencher.iter(|| serde_json::from_slice::<Derived>(black_box(body.as_bytes())).unwrap());
        });
        group.finish();
    }
    criterion.final_summary();
    for corps in sizes {
        ratios::print(&format!("decode {corps} corps"), "bare payload struct", &["decode", "derived struct"]);
    }
}
