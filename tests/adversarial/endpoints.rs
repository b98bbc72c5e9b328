//! The endpoints of the runs: one for each kind of limit and of safety.

use wecom_core::endpoint::{Endpoint, Quota, Safety, TokenKind};

pub(crate) const READ: Endpoint = Endpoint::post("read", "test/read").with_safety(Safety::Safe);
pub(crate) const SET: Endpoint = Endpoint::post("set", "test/set").with_safety(Safety::Idempotent);
/// A call that must not be carried out twice.
pub(crate) const ADD: Endpoint = Endpoint::post("add", "test/add");
/// Allows ten calls a minute, of which a client uses eight by default.
pub(crate) const RARE: Endpoint = Endpoint::post("rare", "test/rare")
    .with_safety(Safety::Safe)
    .with_quota(Quota::new().with_per_minute(10).with_per_hour(1000));
/// Allows five concurrent calls, of which a client uses four by default.
pub(crate) const NARROW: Endpoint =
    Endpoint::post("narrow", "test/narrow").with_safety(Safety::Safe).with_concurrency(5);
/// Allows one call at a time.
pub(crate) const SINGLE: Endpoint =
    Endpoint::post("single", "test/single").with_safety(Safety::Idempotent).with_concurrency(1);
/// Allows ten calls a minute and two concurrent calls.
pub(crate) const BOTH: Endpoint = Endpoint::post("both", "test/both")
    .with_safety(Safety::Safe)
    .with_quota(Quota::new().with_per_minute(10))
    .with_concurrency(2);
/// Takes a downstream corp's token.
pub(crate) const OWN: Endpoint =
    Endpoint::post("own", "test/own").with_safety(Safety::Safe).with_token_kind(TokenKind::Downstream);
