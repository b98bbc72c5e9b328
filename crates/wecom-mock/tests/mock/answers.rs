//! Each kind of answer, decoded by a client.

use std::io;

use pollster::block_on;
use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::error::DecodeProblem;
use wecom_core::{Delivery, ErrCode, ErrorKind, TransportError, TransportErrorKind};
use wecom_mock::{Answer, Mock};

use crate::calls::{Chains, GET_GROUPS, GetChains, GetGroups, StopJob, call, groups, of_chain, stop};

#[test]
fn a_typed_reply_survives_encoding_and_decoding() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&["上游", "\"b\"\n"]));
    assert_eq!(call(&mock.client(), of_chain("ch1")).unwrap(), groups(&["上游", "\"b\"\n"]));
}

#[test]
fn a_reply_without_fields_is_an_envelope() {
    let mock = Mock::new();
    mock.on::<StopJob>().reply(());
    call(&mock.client(), stop("job1")).unwrap();
}

#[test]
fn an_error_code_has_an_errmsg_like_wecoms() {
    let mock = Mock::new();
    mock.on::<GetGroups>().error_code(45009).error_code(ErrCode(99));
    for (code, label) in [(45009, ErrCode(45009).label().unwrap()), (99, "refused by the mock")] {
        let error = call(&mock.client(), of_chain("ch1")).unwrap_err();
        let ErrorKind::Api(refusal) = error.kind() else { panic!("{error}") };
        assert_eq!(refusal.code, ErrCode(code));
        for part in [label, ", hint: [", "], from ip: "] {
            assert!(refusal.message.contains(part), "{part:?} is not in {:?}", refusal.message);
        }
    }
}

#[test]
fn json_is_sent_unchanged_even_if_a_field_has_the_wrong_type() {
    let mock = Mock::new();
    mock.on::<GetGroups>()
        .json(json!({"errcode": "0", "groups": ["a"], "unheard_of": 1}))
        .json(json!({"errcode": 0, "groups": 7}));
    let client = mock.client();
    assert_eq!(call(&client, of_chain("ch1")).unwrap(), groups(&["a"]));
    let error = call(&client, of_chain("ch1")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Decode(decode) if decode.path == "groups"), "{error}");
}

#[test]
fn raw_bytes_are_sent_unchanged() {
    let mock = Mock::new();
    mock.on::<GetGroups>().raw("<html>").raw(b"{\"errcode\":0,".to_vec()).raw(&b""[..]);
    for expected in [DecodeProblem::Html, DecodeProblem::Truncated, DecodeProblem::Empty] {
        let error = call(&mock.client(), of_chain("ch1")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode(decode) if decode.problem == expected), "{error}");
    }
}

#[test]
fn a_status_is_sent_with_its_body() {
    let mock = Mock::new();
    mock.on::<GetGroups>().status(502, "the gateway is down");
    let error = call(&mock.client(), of_chain("ch1")).unwrap_err();
    assert_eq!(error.status(), Some(502));
    assert!(error.to_string().contains("[reply: text, 19 bytes]"), "{error}");
}

#[test]
fn a_transport_error_keeps_its_source() {
    let mock = Mock::new();
    let lost = TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown)
        .with_source(io::Error::from(io::ErrorKind::ConnectionReset));
    mock.on::<GetGroups>().fail(lost);
    let error = call(&mock.client(), of_chain("ch1")).unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(error.to_string().contains("connection reset"), "{error}");
}

#[test]
fn a_closure_computes_the_answer_from_the_call() {
    let mock = Mock::new();
    mock.on::<GetGroups>().respond_with(|call| match call.chain_id.as_str() {
        "unknown" => Answer::error_code(ErrCode::UNKNOWN_CHAIN),
        id => Answer::reply(groups(&[id])),
    });
    let client = mock.client();
    assert_eq!(call(&client, of_chain("ch1")).unwrap(), groups(&["ch1"]));
    assert_eq!(call(&client, of_chain("unknown")).unwrap_err().code(), Some(ErrCode::UNKNOWN_CHAIN));
}

#[test]
fn answers_are_given_in_order_and_the_last_one_is_repeated() {
    let mock = Mock::new();
    mock.on::<GetChains>().error_code(-1).reply(Chains { chains: vec!["a".to_owned()] }).error_code(45009);
    let client = mock.client();
    let codes: Vec<_> = (0..5).map(|_| call(&client, GetChains).err().and_then(|error| error.code())).collect();
    assert_eq!(codes, [Some(ErrCode(-1)), None, Some(ErrCode(45009)), Some(ErrCode(45009)), Some(ErrCode(45009))]);
}

#[test]
fn an_untyped_stub_answers_typed_and_raw_calls() {
    let mock = Mock::new();
    mock.on_endpoint(&GET_GROUPS)
        .respond_with(|request| Answer::json(json!({"errcode": 0, "groups": [request.method().as_str()]})));
    let client = mock.client();
    assert_eq!(call(&client, of_chain("ch1")).unwrap(), groups(&["POST"]));
    assert_eq!(block_on(client.call_raw(RawCall::new(&GET_GROUPS))).unwrap(), json!({"groups": ["POST"]}));
}

#[test]
fn the_debug_text_of_an_answer_has_no_body() {
    let text = format!("{:?}", Answer::<GetGroups>::reply(groups(&["canary"])));
    assert!(text.starts_with("Answer(Ok(") && !text.contains("canary"), "{text}");
}
