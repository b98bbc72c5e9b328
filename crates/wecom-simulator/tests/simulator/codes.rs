//! Every code that the simulator answers, each by a story of how one comes by it.

mod chains;
mod common;
mod imports;

use std::collections::HashSet;

use wecom_core::ErrCode;

/// What happens, and the code that it ends with.
pub(crate) type CodeStory = fn() -> ErrCode;

/// Makes each story a test, and a row of the file's table.
macro_rules! stories {
    ($($code:expr => $story:ident,)+) => {
        pub(crate) const STORIES: &[(wecom_core::ErrCode, crate::codes::CodeStory)] = &[$(($code, super::$story)),+];

        $(
            #[test]
            fn $story() {
                assert_eq!(super::$story(), $code);
            }
        )+
    };
}

pub(crate) use stories;

/// The explained codes that no call here can answer, and why.
const NEVER: &[(ErrCode, &str)] = &[
    (ErrCode::INVALID_USER_ID, "a userid that isn't there is 60111 in the calls of this domain"),
    (ErrCode::SECRET_OF_ANOTHER_CORP, "a world has one upstream corp, so a wrong secret is nobody's: 40001"),
    (ErrCode::API_NOT_AUTHORIZED, "it is for the apps of third parties, and a world has none"),
    (ErrCode::UNTRUSTED_REDIRECT_DOMAIN, "it is about redirect addresses, and no call here takes one"),
    (ErrCode::CORP_UNAVAILABLE, "no corp of a world is dissolved or blocked"),
];

fn all() -> impl Iterator<Item = (ErrCode, CodeStory)> {
    [chains::told::STORIES, common::told::STORIES, imports::told::STORIES].into_iter().flatten().copied()
}

#[test]
fn every_explained_code_has_a_story_or_a_reason_why_there_is_none() {
    let told: HashSet<_> = all().map(|(code, _)| code).collect();
    for code in ErrCode::EXPLAINED {
        let reason = NEVER.iter().find(|(never, _)| never == code);
        assert_ne!(told.contains(code), reason.is_some(), "{code}");
    }
    let of_the_domain = ErrCode::EXPLAINED.iter().filter(|code| (670_000..680_000).contains(&code.0));
    assert_eq!(of_the_domain.filter(|code| told.contains(code)).count(), 35);
}

#[test]
fn every_story_ends_with_its_code() {
    for (code, story) in all() {
        assert_eq!(story(), code);
    }
}
