//! A test case for each error code that the simulator can reply with.

mod chains;
mod common;
mod imports;

use std::collections::HashSet;

use wecom_core::ErrCode;

/// A test case. It returns the code of its last call.
pub(crate) type CodeCase = fn() -> ErrCode;

/// Defines a test and a table entry for each case.
macro_rules! cases {
    ($($code:expr => $case:ident,)+) => {
        pub(crate) const CASES: &[(wecom_core::ErrCode, crate::codes::CodeCase)] = &[$(($code, super::$case)),+];

        $(
            #[test]
            fn $case() {
                assert_eq!(super::$case(), $code);
            }
        )+
    };
}

pub(crate) use cases;

/// The codes with an explanation that no call of the simulator replies with, and the reason.
const NEVER: &[(ErrCode, &str)] = &[
    (ErrCode::INVALID_USER_ID, "the calls of this domain reply with 60111 to an unknown userid"),
    (ErrCode::SECRET_OF_ANOTHER_CORP, "a world has one upstream corp, so a wrong secret belongs to no corp: 40001"),
    (ErrCode::API_NOT_AUTHORIZED, "a world has no third-party apps, which are the only ones concerned"),
    (ErrCode::UNTRUSTED_REDIRECT_DOMAIN, "no call of the simulator has a redirect address"),
    (ErrCode::CORP_UNAVAILABLE, "no corp of a world is dissolved or blocked"),
];

fn all() -> impl Iterator<Item = (ErrCode, CodeCase)> {
    [chains::table::CASES, common::table::CASES, imports::table::CASES].into_iter().flatten().copied()
}

#[test]
fn every_explained_code_has_a_case_or_a_reason_for_having_none() {
    let covered: HashSet<_> = all().map(|(code, _)| code).collect();
    for code in ErrCode::EXPLAINED {
        match (covered.contains(code), NEVER.iter().find(|(never, _)| never == code)) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => panic!(
                "{code} has no test: add a case whose steps lead to it to a table in tests/simulator/codes/, or to NEVER in \
                 tests/simulator/codes.rs with the reason why no call replies with it"
            ),
            (true, Some((_, reason))) => panic!(
                "{code} has a case in tests/simulator/codes/, so remove it from NEVER in tests/simulator/codes.rs ({reason})"
            ),
        }
    }
}

#[test]
fn every_case_ends_with_its_code() {
    for (code, case) in all() {
        assert_eq!(case(), code, "the last call of a case replies with another code than its table says");
    }
}
