//! Endpoints of the runs: one for each kind of limit and of safety.

use wecom_core::endpoint::{Endpoint, Quota, Safety, TokenKind};

pub(crate) const READ: Endpoint = Endpoint::post("read", "test/read").with_safety(Safety::Safe);
pub(crate) const SET: Endpoint = Endpoint::post("set", "test/set").with_safety(Safety::Idempotent);
/// A call that must not be carried out twice.
pub(crate) const ADD: Endpoint = Endpoint::post("add", "test/add");
/// Ten calls a minute, of which a client uses eight by default.
pub(crate) const RARE: Endpoint = Endpoint::post("rare", "test/rare")
    .with_safety(Safety::Safe)
    .with_quota(Quota::new().with_per_minute(10).with_per_hour(1000));
/// Five calls at once, of which a client uses four by default.
pub(crate) const NARROW: Endpoint =
    Endpoint::post("narrow", "test/narrow").with_safety(Safety::Safe).with_concurrency(5);
/// One call at once.
pub(crate) const SINGLE: Endpoint =
    Endpoint::post("single", "test/single").with_safety(Safety::Idempotent).with_concurrency(1);
/// Ten calls a minute, and two at once.
pub(crate) const BOTH: Endpoint = Endpoint::post("both", "test/both")
    .with_safety(Safety::Safe)
    .with_quota(Quota::new().with_per_minute(10))
    .with_concurrency(2);
/// A call of a downstream corp's own.
pub(crate) const OWN: Endpoint =
    Endpoint::post("own", "test/own").with_safety(Safety::Safe).with_token_kind(TokenKind::Downstream);
