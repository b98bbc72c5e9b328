//! The memory that an oversize or endless reply can make the client allocate: a few times the transport's reply limit, which is
//! 8 MiB by default. This test has its own file because it counts all allocations of the process.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wecom_conformance::{FaultServer, SocketFault};
use wecom_core::{AccessToken, Client, ErrorKind, TransportErrorKind};
use wecom_hyper::HyperTransport;
use wecom_upstream::Upstream;

#[global_allocator]
static ALLOCATED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIB: usize = 1024 * 1024;

/// Counts every byte that a call allocates, freed or not: an upper bound of the memory that it held at any time.
#[tokio::test]
async fn endless_and_oversize_replies_take_bounded_memory() {
    for (fault, limit) in [
        (SocketFault::EndlessChunks, None),
        (SocketFault::EndlessChunks, Some(MIB)),
        (SocketFault::OversizeBody(1 << 30), None),
        (SocketFault::EndlessHeaders, None),
    ] {
        let server = FaultServer::start().unwrap();
        let mut transport = HyperTransport::new().unwrap();
        if let Some(limit) = limit {
            transport = transport.with_reply_limit(limit);
        }
        let client = Client::builder(transport).base_url(server.base_url().parse().unwrap());
        let upstream = Upstream::new(client.token(AccessToken::new("a-token")).build());
        upstream.get_chain_list().await.unwrap();
        server.inject(fault.clone());
        let region = Region::new(ALLOCATED);
        let error = upstream.get_chain_list().await.unwrap_err();
        let allocated = region.change().bytes_allocated;
        assert!(
            matches!(error.kind(), ErrorKind::Transport(error) if matches!(
                error.kind(),
                TransportErrorKind::ReplyTooLarge | TransportErrorKind::Protocol
            )),
            "{error}"
        );
        let bound = limit.unwrap_or(8 * MIB) * 4 + MIB;
        assert!(allocated < bound, "{fault:?}: {allocated} of {bound} bytes");
        upstream.get_chain_list().await.unwrap();
    }
}
