//! The accepted URLs, and the requests to them.

use wecom_simulator::{CallbackUrl, CallbackUrlError, Simulator};

use crate::harness::*;

#[test]
fn only_http_urls_with_a_host_are_accepted_and_no_error_quotes_the_url() {
    for (text, expected) in [
        ("https://127.0.0.1/secret-path", CallbackUrlError::NotHttp),
        ("ftp://127.0.0.1/secret-path", CallbackUrlError::NotHttp),
        ("127.0.0.1:8080/secret-path", CallbackUrlError::Invalid),
        ("/secret-path", CallbackUrlError::Invalid),
        ("http:///secret-path", CallbackUrlError::Invalid),
        ("", CallbackUrlError::Invalid),
        ("http://user:secret@127.0.0.1/", CallbackUrlError::UserInfo),
        ("http://127.0.0.1:65536/secret-path", CallbackUrlError::Port),
        ("http://[::1]:99999/secret-path", CallbackUrlError::Port),
        ("http://127.0.0.1:0/secret-path", CallbackUrlError::Port),
    ] {
        let error = CallbackUrl::new(text, keys()).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("secret") && error.to_string().contains("callback URL"), "{error}");
    }
    for text in [
        "http://127.0.0.1",
        "http://127.0.0.1:/",
        "http://127.0.0.1:65535/",
        "http://[::1]:8080/callback",
        "http://receiver:8080/a?b=c",
    ] {
        assert!(CallbackUrl::new(text, keys()).is_ok(), "{text}");
    }
}

#[test]
fn debug_shows_neither_the_url_nor_the_keys() {
    let url = CallbackUrl::new("http://127.0.0.1:8080/secret-path?tenant=7", keys()).unwrap();
    assert_eq!(format!("{url:?}"), "CallbackUrl { app: None, .. }");
}

#[tokio::test]
async fn the_urls_own_query_is_kept_and_not_signed() {
    let mut receiver = ScriptedReceiver::start(|_, _| Answer::Right).await;
    let simulator = Simulator::demo();
    rename(&simulator, 2);
    let _attempts = serve(&simulator, [url(&format!("{}?tenant=7", receiver.url))]).await;
    for _ in 0..2 {
        let request = receiver.next().await;
        assert!(request.target.starts_with("/callback?tenant=7&msg_signature="), "{}", request.target);
    }
}
