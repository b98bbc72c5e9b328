//! Endpoints and calls: the [`Endpoint`] descriptor, the [`ApiCall`] trait, [`RawCall`], and the validation of requests.

pub(crate) mod call;
pub(crate) mod descriptor;
pub(crate) mod raw_call;
pub(crate) mod validation;

pub use self::call::ApiCall;
pub use self::descriptor::{Endpoint, InvalidEndpoint, Method, Quota, Safety, TokenKind};
pub use self::raw_call::RawCall;
pub use self::validation::{InvalidRequest, Violation, Violations};
