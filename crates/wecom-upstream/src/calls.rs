//! The calls of the API: the descriptor, request and reply of each.
//!
//! [`Upstream`](crate::Upstream#calls) and [`Downstream`](crate::Downstream#calls) have a method for each call.
//! [`ENDPOINTS`] and [`DOWNSTREAM_ENDPOINTS`] list the descriptors.
//!
//! A request is built with `new`, which takes the required parameters, and a setter for each optional parameter. The
//! fields are public too. A reply can be constructed for tests.

#[macro_use]
mod table;

mod add_rule;
mod apply_mass_call_ticket;
mod delete_rule;
#[cfg(test)]
mod descriptor_docs;
mod external_userid_to_pending_id;
mod get_chain_corpinfo;
mod get_chain_corpinfo_list;
mod get_chain_group;
mod get_chain_list;
mod get_chain_user_custom_id;
mod get_corp_shared_chain_list;
mod get_result;
mod get_rule_info;
mod import_chain_contact;
mod list_app_share_info;
mod list_rule_ids;
mod modify_rule;
mod remove_corp;
mod transfer_session;
mod unionid_to_external_userid;
mod unionid_to_pending_id;

use wecom_core::endpoint::Quota;
use wecom_core::{ApiCall, Endpoint};

macro_rules! exports {
    ($($section:ident {$(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+})+) => {
        $($(pub use self::$method::*;)+)+
    };
}
for_each_call!(exports);

macro_rules! endpoints_by_token {
    (
        upstream { $($upstream:tt)+ }
        upstream_or_downstream { $($either:tt)+ }
        downstream { $($downstream:tt)+ }
    ) => {
        (endpoints_by_token!(@list $($upstream)+ $($either)+), endpoints_by_token!(@list $($downstream)+ $($either)+))
    };
    (@list $(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+) => {
        &[$(<$request as ApiCall>::ENDPOINT),+]
    };
}

/// Every endpoint that accepts the upstream corp's token: those of the methods of [`Upstream`](crate::Upstream).
///
/// ```
/// use wecom_upstream::ENDPOINTS;
/// use wecom_upstream::calls::GET_CHAIN_LIST;
///
/// assert!(ENDPOINTS.contains(&&GET_CHAIN_LIST));
/// ```
pub const ENDPOINTS: &[&Endpoint] = BY_TOKEN.0;

/// Every endpoint that accepts a downstream corp's token: those of the methods of [`Downstream`](crate::Downstream).
///
/// An endpoint that accepts either token is in [`ENDPOINTS`] too.
///
/// ```
/// use wecom_upstream::calls::{EXTERNAL_USERID_TO_PENDING_ID, TRANSFER_SESSION};
/// use wecom_upstream::{DOWNSTREAM_ENDPOINTS, ENDPOINTS};
///
/// assert!(
///     DOWNSTREAM_ENDPOINTS.contains(&&TRANSFER_SESSION)
///         && !ENDPOINTS.contains(&&TRANSFER_SESSION)
/// );
/// assert!(DOWNSTREAM_ENDPOINTS.contains(&&EXTERNAL_USERID_TO_PENDING_ID));
/// assert!(ENDPOINTS.contains(&&EXTERNAL_USERID_TO_PENDING_ID));
/// ```
pub const DOWNSTREAM_ENDPOINTS: &[&Endpoint] = BY_TOKEN.1;

/// The endpoints that accept an upstream corp's token, and those that accept a downstream corp's token.
const BY_TOKEN: (&[&Endpoint], &[&Endpoint]) = for_each_call!(endpoints_by_token);

/// The quota of an endpoint for one corp, unless the vendor documents another one.
const USUAL_QUOTA: Quota = Quota::new().with_per_minute(10_000).with_per_hour(150_000);

/// The quota of the endpoints that take a `unionid`, for one upstream corp.
const UNIONID_QUOTA: Quota =
    Quota::new().with_per_minute(10_000).with_per_hour(100_000).with_per_day(480_000).with_per_month(7_500_000);

/// The quota of the endpoints that change rules. The vendor's daily limit covers all of them together, which the quota
/// of one endpoint cannot express.
const RULE_CHANGE_QUOTA: Quota = USUAL_QUOTA.with_per_day(1_000);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wecom_core::endpoint::TokenKind;

    use super::*;
    use crate::samples::{assert_reply, assert_request, reply, sample};

    /// Every endpoint of this crate, once.
    fn all() -> Vec<&'static Endpoint> {
        let downstream_only = DOWNSTREAM_ENDPOINTS.iter().filter(|endpoint| !ENDPOINTS.contains(endpoint));
        ENDPOINTS.iter().chain(downstream_only).copied().collect()
    }

    #[test]
    fn no_two_endpoints_have_the_same_name_or_path() {
        let names: HashSet<_> = all().iter().map(|endpoint| endpoint.name()).collect();
        let paths: HashSet<_> = all().iter().map(|endpoint| endpoint.path()).collect();
        assert_eq!((names.len(), paths.len()), (all().len(), all().len()));
    }

    macro_rules! tests_of_each_call {
        ($($section:ident {$(
            $(#[$doc:meta])+
            fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
        )+})+) => {$($(
            mod $method {
                use super::*;

                const ENDPOINT: &Endpoint = <$request as ApiCall>::ENDPOINT;

                #[test]
                fn the_descriptor_agrees_with_the_table() {
                    let remedy = "make the row in calls/table.rs and the descriptor in the call's file agree";
                    assert_eq!(ENDPOINT.name(), stringify!($method), "{remedy}");
                    assert_eq!(ENDPOINT.title(), $title, "{remedy}");
                    assert_eq!(ENDPOINT.documents(), $documents, "{remedy}");
                }

                #[test]
                fn the_sample_request_is_what_the_call_sends() {
                    let sample = sample!(stringify!($method), ".request.json");
                    assert_request::<$request>(sample, &serde_json::from_str(sample).unwrap());
                }

                #[test]
                fn the_sample_reply_decodes_and_survives_serialization() {
                    let sample = sample!(stringify!($method), ".reply.json");
                    assert_reply::<$request>(sample, &reply::<$request>(sample).unwrap());
                }
            }
        )+)+};
    }
    for_each_call!(tests_of_each_call);

    #[test]
    fn every_endpoint_has_documents_of_the_vendor_and_a_quota() {
        for endpoint in all() {
            assert!(endpoint.documents().iter().all(|number| (90_000..100_000).contains(number)), "{endpoint}");
            assert!(endpoint.quota().per_hour().is_some(), "{endpoint}");
        }
    }

    #[test]
    fn each_list_has_the_endpoints_that_accept_its_token() {
        for endpoint in all() {
            let kind = endpoint.token_kind();
            let upstream = matches!(kind, TokenKind::Upstream | TokenKind::UpstreamOrDownstream);
            let downstream = matches!(kind, TokenKind::Downstream | TokenKind::UpstreamOrDownstream);
            let listed = (ENDPOINTS.contains(&endpoint), DOWNSTREAM_ENDPOINTS.contains(&endpoint));
            assert_eq!(
                listed,
                (upstream, downstream),
                "{endpoint}: move its row in calls/table.rs to the section of its token, or correct its token kind"
            );
        }
    }
}
