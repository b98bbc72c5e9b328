//! Calls on threads without a runtime.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use wecom_core::Delivery::{NotSent, Unknown};
use wecom_core::Transport;
use wecom_core::TransportErrorKind::NoRuntime;

use crate::server::{Answer, Server};
use crate::support::{assert_no_secret, post, text, transport};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn the_error_without_a_runtime_names_with_runtime() {
    let error = pollster::block_on(transport().send(post("http://127.0.0.1:1".parse().unwrap()))).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (NoRuntime, NotSent));
    assert!(text(&error).contains("with_runtime"), "{error}");
    assert_no_secret(&error);
}

#[test]
fn with_a_runtime_handle_calls_work_on_any_thread_and_executor() {
    let runtime = runtime();
    let server = runtime.block_on(Server::start([Answer::reply("200 OK", "1"), Answer::reply("200 OK", "2")]));
    let transport = transport().with_runtime(runtime.handle().clone());
    for expected in ["1", "2"] {
        let reply = pollster::block_on(transport.send(post(server.base_url()))).unwrap();
        assert_eq!(reply.body(), expected);
    }
}

#[test]
fn a_call_can_be_dropped_on_a_thread_without_a_runtime() {
    let runtime = runtime();
    let mut server = runtime.block_on(Server::start([Answer::Silence, Answer::reply("200 OK", "{}")]));
    let transport = transport().with_runtime(runtime.handle().clone());

    let mut call = transport.send(post(server.base_url()));
    // Polled until the server has the request, and then once more outside the runtime.
    runtime.block_on(async {
        let mut request = std::pin::pin!(server.request());
        std::future::poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            request.as_mut().poll(context).map(drop)
        })
        .await;
    });
    assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(call);

    assert_eq!(pollster::block_on(transport.send(post(server.base_url()))).unwrap().status(), 200);
}

#[test]
fn a_call_begun_in_a_runtime_continues_outside_it() {
    // The runtime runs only inside its `block_on`, so the first poll can't return the reply.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start([Answer::reply("200 OK", "{}")]));
    let transport = transport();
    let mut call = transport.send(post(server.base_url()));
    {
        let _entered = runtime.enter();
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let (finish, finished) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(finished));
        let reply = pollster::block_on(call);
        drop(finish);
        assert_eq!(reply.unwrap().status(), 200);
    });
}

#[test]
fn after_the_runtimes_shutdown_a_call_fails_without_a_panic() {
    let runtime = runtime();
    let server = runtime.block_on(Server::start([Answer::reply("200 OK", "{}")]));
    let transport = transport().with_runtime(runtime.handle().clone());
    assert_eq!(pollster::block_on(transport.send(post(server.base_url()))).unwrap().status(), 200);
    drop(runtime);
    for _ in 0..2 {
        let error = pollster::block_on(transport.send(post(server.base_url()))).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (NoRuntime, NotSent), "{error}");
        assert!(text(&error).contains("shut down"), "{error}");
    }
}

#[test]
fn a_call_interrupted_by_the_runtimes_shutdown_fails() {
    let runtime = runtime();
    let mut server = runtime.block_on(Server::start([Answer::Silence]));
    let transport = transport().with_runtime(runtime.handle().clone());
    let request = post(server.base_url());
    let call = std::thread::spawn(move || pollster::block_on(transport.send(request)));
    runtime.block_on(server.request());
    drop(runtime);
    let error = call.join().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (NoRuntime, Unknown), "{error}");
}

/// Another runtime holds the only connection, so no connection of the stopped runtime ends.
#[test]
fn a_queued_call_ends_with_its_runtime_while_another_one_holds_the_connections() {
    let (holding, stopping) = (runtime(), runtime());
    let mut server = holding.block_on(Server::start([Answer::Silence]));
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    let builder = crate::tls::builder();
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let builder = wecom_hyper::HyperTransport::builder();
    let transport = builder.max_connections(1).build().unwrap();
    let (on_holding, on_stopping) =
        (transport.clone().with_runtime(holding.handle().clone()), transport.with_runtime(stopping.handle().clone()));
    let mut context = Context::from_waker(Waker::noop());
    let mut under_way = on_holding.send(post(server.base_url()));
    assert!(under_way.as_mut().poll(&mut context).is_pending());
    holding.block_on(server.request());
    let mut queued = on_stopping.send(post(server.base_url()));
    assert!(queued.as_mut().poll(&mut context).is_pending());
    drop(stopping);
    let Poll::Ready(Err(error)) = queued.as_mut().poll(&mut context) else { panic!("the call still waits") };
    assert_eq!((error.kind(), error.delivery()), (NoRuntime, NotSent), "{error}");
}

/// The queued call has no connection yet.
#[test]
fn a_queued_call_that_the_runtimes_shutdown_cuts_off_is_an_error() {
    let runtime = runtime();
    let mut server = runtime.block_on(Server::start([Answer::Silence]));
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    let builder = crate::tls::builder();
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let builder = wecom_hyper::HyperTransport::builder();
    let transport = builder.max_connections(1).build().unwrap().with_runtime(runtime.handle().clone());
    let mut under_way = transport.send(post(server.base_url()));
    assert!(under_way.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    runtime.block_on(server.request());
    let mut queued = transport.send(post(server.base_url()));
    assert!(queued.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(runtime);
    for (call, delivery) in [(under_way, Unknown), (queued, NotSent)] {
        let error = pollster::block_on(call).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (NoRuntime, delivery), "{error}");
    }
}
