use std::task::Poll;

use futures_util::future::join;
use wecom_core::endpoint::TokenKind;
use wecom_core::token::DownstreamApp;
use wecom_core::{Endpoint, ErrorKind, Retry, Safety};

use super::support::{Answer, MINUTE, READ, SECOND, Service, call, credentials, poll, token};

const OF_EITHER: Endpoint =
    Endpoint::post("either", "test/either").with_safety(Safety::Safe).with_token_kind(TokenKind::UpstreamOrDownstream);
const OF_DEALER: Endpoint =
    Endpoint::post("dealer", "test/dealer").with_safety(Safety::Safe).with_token_kind(TokenKind::Downstream);

fn app() -> DownstreamApp {
    DownstreamApp::new("wwdealer", 7)
}

#[test]
fn a_downstream_token_is_fetched_with_the_upstream_token_and_kept() {
    let service = Service::new();
    let upstream = service.client().credentials(credentials()).build();
    let dealer = upstream.downstream(app());
    for _ in 0..3 {
        service.run(call(&dealer, &OF_DEALER)).unwrap();
    }
    service.run(call(&upstream, &OF_EITHER)).unwrap();
    let tokens: Vec<_> = service.calls().into_iter().map(|seen| seen.token).collect();
    assert_eq!(tokens, ["canary-downstream-2", "canary-downstream-2", "canary-downstream-2", "canary-1"]);
    assert_eq!(service.fetches(), 2);
}

#[test]
fn upstream_and_downstream_tokens_that_expire_together_cost_one_fetch_each() {
    let service = Service::new();
    let upstream = service.client().credentials(credentials()).build();
    let dealer = upstream.downstream(app());
    service.run(call(&dealer, &OF_DEALER)).unwrap();
    service.set(|script| script.dead_tokens = vec!["canary-1", "canary-downstream-2"]);
    let (of_dealer, of_upstream) = service.run(join(call(&dealer, &OF_DEALER), call(&upstream, &READ)));
    of_dealer.unwrap();
    of_upstream.unwrap();
    assert_eq!(service.fetches(), 2 + 2);
}

#[test]
fn a_refused_downstream_token_does_not_affect_the_upstream_token() {
    let service = Service::new();
    let upstream = service.client().credentials(credentials()).build();
    let dealer = upstream.downstream(app());
    service.run(call(&dealer, &OF_DEALER)).unwrap();
    service.set(|script| script.dead_tokens = vec!["canary-downstream-2"]);
    service.run(call(&dealer, &OF_DEALER)).unwrap();
    service.run(call(&upstream, &READ)).unwrap();
    let last = service.calls();
    let tokens: Vec<_> = last.iter().rev().take(2).map(|seen| seen.token.as_str()).collect();
    assert_eq!(tokens, ["canary-1", "canary-downstream-3"]);
}

#[test]
fn a_call_with_the_wrong_client_is_refused_unsent() {
    let service = Service::new();
    let upstream = service.client().credentials(credentials()).build();
    let dealer = upstream.downstream(app());
    for (client, endpoint) in [(&upstream, &OF_DEALER), (&dealer, &READ)] {
        let error = service.run(call(client, endpoint)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidRequest(_)), "{error}");
    }
    assert_eq!((service.calls().len(), service.fetches()), (0, 0));
}

#[test]
fn a_failing_fetch_of_a_downstream_token_has_as_many_attempts_as_any_call() {
    let service = Service::new();
    service.set(|script| {
        script.to_gettoken.push_back(Answer::Code(0));
        script.to_gettoken.extend(vec![Answer::Code(-1); 20]);
    });
    let upstream = service.client().retry(Retry::new()).credentials(credentials()).build();
    service.run(call(&upstream.downstream(app()), &OF_DEALER)).unwrap_err();
    assert_eq!(service.fetches(), 1 + 3);
}

#[test]
fn a_fixed_upstream_token_fetches_downstream_tokens() {
    let service = Service::new();
    let upstream = service.client().token(token()).build();
    service.run(call(&upstream.downstream(app()), &OF_DEALER)).unwrap();
    assert_eq!(service.fetches(), 1);
}

#[test]
fn a_downstream_token_is_renewed_before_it_expires() {
    let service = Service::new();
    let upstream = service.client().token(token()).build();
    let dealer = upstream.downstream(app());
    service.run(call(&dealer, &OF_DEALER)).unwrap();
    service.timer.advance(SECOND * 7200 - MINUTE * 5);
    service.run(call(&dealer, &OF_DEALER)).unwrap();
    assert_eq!(service.calls()[1].token, "canary-downstream-2");
}

#[test]
fn the_error_of_a_call_with_the_wrong_client_names_the_right_one() {
    let service = Service::new();
    let upstream = service.client().credentials(credentials()).build();
    let dealer = upstream.downstream(app());
    for (client, endpoint, advice) in
        [(&upstream, &OF_DEALER, "Client::downstream"), (&dealer, &READ, "the upstream corp's client")]
    {
        let error = service.run(call(client, endpoint)).unwrap_err();
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[test]
fn a_downstream_client_has_the_retry_policy_of_the_upstream_client() {
    for attempts in [1, 2, 5] {
        let service = Service::always(Answer::Code(-1));
        let upstream = service.client().retry(Retry::new().attempts(attempts)).token(token()).build();
        let error = service.run(call(&upstream.downstream(app()), &OF_DEALER)).unwrap_err();
        assert_eq!(error.attempts(), attempts, "{error}");
    }
}

#[test]
fn a_refused_fetch_of_a_downstream_token_is_repeated_by_the_next_call() {
    // The credentials are not wrong: a corp may have left the chain and come back.
    let service = Service::new();
    let dealer = service.client().token(token()).build().downstream(app());
    service.set(|script| script.to_gettoken.push_back(Answer::Code(40013)));
    assert!(service.run(call(&dealer, &OF_DEALER)).is_err());
    service.run(call(&dealer, &OF_DEALER)).unwrap();
    assert_eq!(service.fetches(), 2);
}

#[test]
fn a_rate_limit_on_the_upstreams_token_does_not_count_as_one_on_the_downstream_token() {
    let service = Service::new();
    service.set(|script| {
        script.expires_in = 70;
        script.to_gettoken.extend([Answer::Code(0), Answer::Code(45009), Answer::Code(45009)]);
    });
    let dealer = service.client().credentials(credentials()).build().downstream(app());
    // First the dealer's own fetch is refused, then, after the upstream token has expired, the upstream fetch.
    assert!(service.run(call(&dealer, &OF_DEALER)).unwrap_err().is_rate_limited());
    service.timer.advance(SECOND * 75);
    assert!(service.run(call(&dealer, &OF_DEALER)).unwrap_err().is_rate_limited());
    service.timer.advance(SECOND * 65);
    service.run(call(&dealer, &OF_DEALER)).unwrap();
}

#[test]
fn a_call_does_not_fail_with_a_downstream_fetch_that_was_not_polled() {
    let service = Service::new();
    let upstream = service.client().credentials(credentials()).deadline(SECOND * 5).build();
    let dealer = upstream.downstream(app());
    service.set(|script| script.latency_of_gettoken = SECOND);
    let mut kept = Box::pin(call(&dealer, &OF_DEALER));
    assert!(poll(kept.as_mut()).is_pending());
    service.timer.advance(SECOND * 20);
    service.run(call(&dealer, &OF_DEALER)).unwrap();
    // The call that was kept fails with its deadline.
    let Poll::Ready(outcome) = poll(kept.as_mut()) else { panic!("it is past its deadline") };
    assert!(outcome.is_ok() || outcome.is_err_and(|error| error.is_timeout()));
}

#[test]
fn a_deadline_that_passes_while_the_downstream_token_is_fetched_is_a_timeout() {
    let service = Service::new();
    service.set(|script| script.to_gettoken.extend([Answer::Code(0), Answer::Silence]));
    let upstream = service.client().credentials(credentials()).deadline(SECOND * 5).build();
    let dealer = upstream.downstream(app()).with_deadline(MINUTE);
    let error = service.run(call(&dealer, &OF_DEALER)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Token(_)), "{error}");
    assert!(error.is_timeout(), "{error}");
}
