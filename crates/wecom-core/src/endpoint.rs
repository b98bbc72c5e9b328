//! What an endpoint is and what a call of it is: the [`Endpoint`] descriptor, the [`ApiCall`] trait, and the checks
//! that a call passes before it is sent.

pub(crate) mod call;
pub(crate) mod descriptor;
pub(crate) mod raw_call;
pub(crate) mod validation;

pub use self::call::ApiCall;
pub use self::descriptor::{Endpoint, Method, Quota, Safety, TokenKind};
pub use self::raw_call::RawCall;
pub use self::validation::{InvalidRequest, Violation, Violations};
