//! Properties that hold for any input: calls and replies survive serialization, no reply causes a panic, no error shows a
//! secret, waits and quotas keep their bounds, URLs decode to the values that were encoded.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wecom_core::endpoint::{Quota, RawCall};
use wecom_core::http::Query;
use wecom_core::token::GetToken;
use wecom_core::{
    AccessToken, ApiCall, BaseUrl, Client, Endpoint, ErrCode, Error, Quotas, Request, Response, Retry, Safety, Secret,
    Timer, decode, from_fn,
};
use wecom_mock::ManualTimer;
use wecom_upstream::calls::{
    AddRule, AddRuleReply, DeleteRule, DeleteRuleReply, ExternalUserInfo, ExternalUseridToPendingId,
    ExternalUseridToPendingIdReply, FailedContact, FailedCorp, GetChainCorpinfo, GetChainCorpinfoList,
    GetChainCorpinfoListReply, GetChainCorpinfoReply, GetChainGroup, GetChainGroupReply, GetChainList,
    GetChainListReply, GetChainUserCustomId, GetChainUserCustomIdReply, GetCorpSharedChainList,
    GetCorpSharedChainListReply, GetResult, GetResultReply, GetRuleInfo, GetRuleInfoReply, Group, GroupCorp,
    IdentityType, ImportChainContact, ImportChainContactReply, ImportContact, ImportCorp, ImportResult, ImportStatus,
    JobStatus, ListAppShareInfo, ListAppShareInfoReply, ListRuleIds, ListRuleIdsReply, ModifyRule, ModifyRuleReply,
    PendingUser, QualificationStatus, RemoveCorp, RemoveCorpReply, SharedCorp, TransferSession, TransferSessionReply,
    UnionidToExternalUserid, UnionidToExternalUseridReply, UnionidToPendingId, UnionidToPendingIdReply,
};
use wecom_upstream::ids::{
    ChatId, Cursor, CustomId, DepartmentId, JobId, PendingCorpId, PendingId, RuleId, UserCustomId,
};
use wecom_upstream::values::{
    BusinessType, Chain, CorpRef, MemberCorpRange, OwnerCorpRange, RuleInfo, StoredMemberRange, StoredOwnerRange,
    StoredRuleInfo,
};
use wecom_upstream::{
    AgentId, ChainId, CorpId, DOWNSTREAM_ENDPOINTS, ENDPOINTS, ExternalUserId, GroupId, OpenId, UnionId, UserId, calls,
    for_each_call,
};

/// The values that calls and replies are built from.
#[derive(Clone, Debug)]
struct Material {
    texts: Vec<String>,
    numbers: Vec<i64>,
    flags: [bool; 3],
}

impl Material {
    fn text(&self, at: usize) -> &str {
        &self.texts[at % self.texts.len()]
    }

    fn number(&self, at: usize) -> i64 {
        self.numbers[at % self.numbers.len()]
    }

    fn chain(&self) -> ChainId {
        ChainId::new(self.text(0))
    }

    fn corp(&self) -> CorpRef {
        let (corpid, pending_corpid) = (CorpId::new(self.text(1)), PendingCorpId::new(self.text(2)));
        match self.flags {
            [true, true, _] => CorpRef::Both { corpid, pending_corpid },
            [true, ..] => CorpRef::Joined(corpid),
            _ => CorpRef::Pending(pending_corpid),
        }
    }

    fn rule(&self) -> RuleInfo {
        RuleInfo::new(
            OwnerCorpRange::user(UserId::new(self.text(1))).and_departments([DepartmentId::new(self.text(2))]),
            MemberCorpRange::corp(CorpId::new(self.text(3))).and_groups([GroupId::new(self.number(0))]),
        )
    }

    fn stored_rule(&self) -> StoredRuleInfo {
        if self.flags[0] {
            return self.rule().into();
        }
        let users = self.texts.iter().map(UserId::new);
        let groups = self.numbers.iter().copied().map(GroupId::new);
        StoredRuleInfo::new(
            StoredOwnerRange::new(Vec::<DepartmentId>::new(), users),
            StoredMemberRange::new(groups, Vec::<CorpId>::new()),
        )
    }
}

/// Printable text, numbers, or any text. Never empty, because replies decode an empty string as absent.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{1,12}", "[0-9]{1,20}", any::<String>().prop_filter("not empty", |text| !text.is_empty())]
}

fn material() -> impl Strategy<Value = Material> {
    (vec(text(), 1..8), vec(any::<i64>(), 1..4), any::<[bool; 3]>()).prop_map(|(texts, numbers, flags)| Material {
        texts,
        numbers,
        flags,
    })
}

/// Asserts that a call survives serialization.
fn assert_call<C: ApiCall + DeserializeOwned + PartialEq + Debug>(call: &C) {
    let written = serde_json::to_string(call).unwrap();
    assert_eq!(&serde_json::from_str::<C>(&written).unwrap(), call, "{written}");
}

/// Asserts that a reply survives serialization, with the envelope's fields first or last.
fn assert_reply<C>(expected: C::Reply)
where
    C: ApiCall<Reply: Serialize + PartialEq + Debug>,
{
    let written = serde_json::to_string(&expected).unwrap();
    let fields = written.trim_start_matches('{').trim_end_matches('}').trim();
    let inner = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(fields);
    let comma = if inner.is_empty() { "" } else { "," };
    for body in [
        format!(r#"{{"errcode":0,"errmsg":"ok"{comma}{inner}}}"#),
        format!(r#"{{{inner}{comma}"errmsg":"ok","errcode":"0","new":[{{}}]}}"#),
    ] {
        let reply = decode::<C>(&Request::new(C::ENDPOINT), &Response::new(200, body.clone()));
        assert_eq!(reply.unwrap(), expected, "{body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_survives_serialization(m in material()) {
        let (t, n) = (|at| m.text(at), |at| m.number(at));
        assert_call(&ListAppShareInfo::new(AgentId::new(n(0))));
        let limit = u32::try_from(n(1).unsigned_abs() >> 32).unwrap();
        assert_call(
            &ListAppShareInfo::new(AgentId::new(n(0)))
                .business_type(BusinessType::from(n(1)))
                .corpid(CorpId::new(t(0)))
                .limit(limit)
                .cursor(Cursor::new(t(1))),
        );
        let union = UnionidToExternalUserid::new(UnionId::new(t(0)), OpenId::new(t(1)));
        assert_call(&union);
        assert_call(&union.corpid(CorpId::new(t(2))).mass_call_ticket(Secret::new(t(3))));
        assert_call(&UnionidToPendingId::new(UnionId::new(t(0)), OpenId::new(t(1))));
        let pending = ExternalUseridToPendingId::new(m.texts.iter().map(ExternalUserId::new));
        assert_call(&pending);
        assert_call(&pending.chat_id(ChatId::new(t(0))));
        assert_call(&GetChainGroup::new(m.chain()));
        assert_call(&GetChainGroup::new(m.chain()).groupid(GroupId::new(n(0))));
        assert_call(&GetChainCorpinfoList::new(m.chain()));
        assert_call(
            &GetChainCorpinfoList::new(m.chain())
                .groupid(GroupId::new(n(0)))
                .need_pending(m.flags[0])
                .cursor(Cursor::new(t(1)))
                .limit(limit),
        );
        assert_call(&GetChainCorpinfo::new(m.chain(), m.corp()));
        let mut contact = ImportContact::member(t(1), t(2));
        contact.identity_type = IdentityType::from(n(0));
        let known = ImportContact::head(t(3), t(4)).user_custom_id(UserCustomId::new(t(5)));
        let corp = ImportCorp::new(t(6), [contact, known]);
        let named = corp.clone().group_path(t(1)).custom_id(CustomId::new(t(2)));
        assert_call(&ImportChainContact::new(m.chain(), [corp, named]));
        assert_call(&GetResult::new(JobId::new(t(0))));
        assert_call(&RemoveCorp::new(m.chain(), m.corp()));
        assert_call(&GetChainUserCustomId::new(m.chain(), CorpId::new(t(1)), UserId::new(t(2))));
        assert_call(&GetCorpSharedChainList::new(CorpId::new(t(0))));
        assert_call(&ListRuleIds::new(m.chain()));
        assert_call(&DeleteRule::new(m.chain(), RuleId::new(n(0))));
        assert_call(&GetRuleInfo::new(m.chain(), RuleId::new(n(0))));
        assert_call(&AddRule::new(m.chain(), m.rule()));
        assert_call(&ModifyRule::new(m.chain(), RuleId::new(n(0)), m.rule()));
        assert_call(&TransferSession::new(UserId::new(t(0)), Secret::new(t(1))));
    }

    /// The numbers include values without a named constant.
    #[test]
    fn every_reply_survives_serialization(m in material()) {
        let (t, n) = (|at| m.text(at), |at| m.number(at));
        let shared = SharedCorp::new(CorpId::new(t(0)), t(1), AgentId::new(n(0)));
        assert_reply::<ListAppShareInfo>(ListAppShareInfoReply::new([shared]));
        let info = ExternalUserInfo::new(CorpId::new(t(0)), ExternalUserId::new(t(1)));
        assert_reply::<UnionidToExternalUserid>(UnionidToExternalUseridReply::new([info]));
        assert_reply::<UnionidToPendingId>(UnionidToPendingIdReply::new(PendingId::new(t(0))));
        let pending = PendingUser::new(ExternalUserId::new(t(0)), PendingId::new(t(1)));
        assert_reply::<ExternalUseridToPendingId>(ExternalUseridToPendingIdReply::new([pending]));
        let chains = || m.texts.iter().map(|text| Chain::new(ChainId::new(text), text));
        assert_reply::<GetChainList>(GetChainListReply::new(chains()));
        let groups = m.numbers.iter().map(|&id| Group::new(GroupId::new(id), t(0), GroupId::new(n(1))).order(n(2)));
        assert_reply::<GetChainGroup>(GetChainGroupReply::new(groups));
        let joined = GroupCorp::joined(GroupId::new(n(0)), CorpId::new(t(0)), t(1)).custom_id(CustomId::new(t(2)));
        let invited = GroupCorp::pending(GroupId::new(n(1)), PendingCorpId::new(t(3)), t(4));
        let corps = GetChainCorpinfoListReply::new([joined, invited.invite_userid(UserId::new(t(5)))]);
        assert_reply::<GetChainCorpinfoList>(corps.clone());
        assert_reply::<GetChainCorpinfoList>(corps.next_cursor(Cursor::new(t(6))));
        let corp = GetChainCorpinfoReply::new(t(0), GroupId::new(n(0)), m.flags[0]);
        assert_reply::<GetChainCorpinfo>(corp.clone());
        let status = QualificationStatus::from(n(1));
        assert_reply::<GetChainCorpinfo>(corp.qualification_status(status).custom_id(CustomId::new(t(1))));
        assert_reply::<ImportChainContact>(ImportChainContactReply::new(JobId::new(t(0))));
        let failed = FailedContact::new(t(0), ErrCode(n(0)), t(1));
        let failed = FailedCorp::new(t(2), ErrCode(n(1)), t(3)).contact_info_list([failed]).custom_id(CustomId::new(t(4)));
        let result = ImportResult::new(m.chain(), ImportStatus::from(n(2))).fail_list([failed]);
        assert_reply::<GetResult>(GetResultReply::finished(result));
        assert_reply::<GetResult>(GetResultReply::new(JobStatus::from(n(0))));
        assert_reply::<GetChainUserCustomId>(GetChainUserCustomIdReply::new(UserCustomId::new(t(0))));
        assert_reply::<GetCorpSharedChainList>(GetCorpSharedChainListReply::new(chains()));
        assert_reply::<ListRuleIds>(ListRuleIdsReply::new(m.numbers.iter().copied().map(RuleId::new)));
        assert_reply::<GetRuleInfo>(GetRuleInfoReply::new(m.stored_rule()));
        assert_reply::<AddRule>(AddRuleReply::new(RuleId::new(n(0))));
        assert_reply::<TransferSession>(TransferSessionReply::new(UserId::new(t(0)), Secret::new(t(1))));
        assert_reply::<RemoveCorp>(RemoveCorpReply::new());
        assert_reply::<DeleteRule>(DeleteRuleReply::new());
        assert_reply::<ModifyRule>(ModifyRuleReply::new());
    }
}

/// Decodes a reply as every call would. None may panic.
fn decode_as_every_call(status: u16, body: &[u8]) {
    let response = Response::new(status, body.to_vec());
    fn by<C: ApiCall>(response: &Response) {
        if let Err(error) = decode::<C>(&Request::new(C::ENDPOINT).with_token(AccessToken::new("a-token")), response) {
            let text = format!("{error} {error:?} {error:#?}");
            assert!(text.len() < 8000, "{}", text.len());
        }
    }
    macro_rules! by_each_call {
        ($($section:ident {$(
            $(#[$doc:meta])+
            fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
        )+})+) => {
            $($(by::<calls::$request>(&response);)+)+
        };
    }
    by::<GetToken>(&response);
    for_each_call!(by_each_call);
}

/// The documented replies.
fn samples() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/wecom-upstream/samples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let replies = files.filter(|file| file.to_string_lossy().ends_with(".reply.json"));
    let samples: Vec<_> = replies.map(|file| std::fs::read(file).unwrap()).collect();
    let endpoints: HashSet<_> = ENDPOINTS.iter().chain(DOWNSTREAM_ENDPOINTS).map(|endpoint| endpoint.name()).collect();
    assert_eq!(samples.len(), endpoints.len());
    samples
}

#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, Index),
    Truncate(Index),
    Double(Index, Index),
}

impl Mutation {
    fn apply(&self, body: &mut Vec<u8>) {
        if body.is_empty() {
            return;
        }
        let range = |from: &Index, to: &Index, length| {
            let (from, to) = (from.index(length), to.index(length));
            from.min(to)..from.max(to)
        };
        let length = body.len();
        match self {
            Self::Replace(at, byte) => body[at.index(length)] = *byte,
            Self::Insert(at, bytes) => drop(body.splice(at.index(length)..at.index(length), bytes.iter().copied())),
            Self::Remove(from, to) => drop(body.drain(range(from, to, length))),
            Self::Truncate(at) => body.truncate(at.index(length)),
            Self::Double(from, to) => {
                let piece = body[range(from, to, length)].to_vec();
                body.extend(piece);
            }
        }
    }
}

/// Text that JSON parsers are likely to get wrong.
const WORDS: &[&str] =
    &["null", "{", "[", "\"", "-1", "1e999", "\\u0000", "\\ud800", "99999999999999999999", "\u{feff}", "\n"];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let piece = prop_oneof![vec(any::<u8>(), 1..5), select(WORDS).prop_map(|word| word.as_bytes().to_vec())];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (at(), piece).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        (at(), at()).prop_map(|(from, to)| Mutation::Remove(from, to)),
        at().prop_map(Mutation::Truncate),
        (at(), at()).prop_map(|(from, to)| Mutation::Double(from, to)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_cause_a_panic(status in any::<u16>(), body in vec(any::<u8>(), 0..400)) {
        decode_as_every_call(200, &body);
        decode_as_every_call(status, &body);
    }

    #[test]
    fn no_mutation_of_a_documented_reply_causes_a_panic(sample in select(samples()), changes in vec(mutation(), 1..5)) {
        let mut body = sample;
        changes.iter().for_each(|change| change.apply(&mut body));
        decode_as_every_call(200, &body);
    }
}

/// Long and varied enough not to occur in other text. Without backslashes, because `Debug` doubles them.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_-]{16,60}",
        "[A-Za-z0-9]{8}[A-Za-z0-9+/=\" %&]{4,20}[A-Za-z0-9]{4}",
        "[A-Z]{8}[\\PC]{4,12}[a-z]{4}".prop_filter("no backslash", |secret| !secret.contains('\\')),
    ]
}

/// The forms in which a reply may echo a secret.
fn forms(secret: &str) -> Vec<String> {
    let in_json = serde_json::to_string(secret).unwrap();
    let in_json = &in_json[1..in_json.len() - 1];
    let request = Request::new(&READ).with_token(AccessToken::new(secret));
    let url = request.expose_url();
    let in_url = url.split_once("access_token=").unwrap().1.to_owned();
    let every_byte = |escape: fn(u8) -> String| secret.bytes().map(escape).collect();
    vec![
        secret.to_owned(),
        secret.to_ascii_lowercase(),
        secret.to_ascii_uppercase(),
        in_json.to_owned(),
        in_json.replace('/', "\\/"),
        in_url.replace('%', "%25"),
        in_url,
        every_byte(|byte| format!("%{byte:02x}")),
        every_byte(|byte| format!("%25{byte:02X}")),
        every_byte(|byte| format!("\\\\x{byte:02x}")),
        secret.chars().map(|character| format!("&#{};", u32::from(character))).collect(),
        secret.chars().map(|character| format!("&#x{:x};", u32::from(character))).collect(),
        secret.chars().map(|character| format!("{character}\\n")).collect(),
    ]
}

/// The letters and digits of a text. Every form of a secret keeps them.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn in_hex(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}

/// Decodes the `\u` escapes of ASCII characters.
fn unescape(text: &str) -> String {
    (' '..='~').fold(text.to_owned(), |text, character| text.replace(&in_hex(character), &character.to_string()))
}

/// All texts of an error and of its sources.
fn texts(error: &Error) -> Vec<String> {
    let causes = std::iter::successors(Some(error.kind() as &dyn std::error::Error), |&link| link.source());
    let links = std::iter::once(error as &dyn std::error::Error).chain(causes);
    links.flat_map(|link| [link.to_string(), format!("{link:?}"), format!("{link:#?}")]).collect()
}

/// The errors of replies that contain a text in various places.
fn errors_about(secret: &str, echoed: &str, filling: usize) -> Vec<Error> {
    let mut query = Query::new();
    query.push_secret("corpsecret", Secret::new(secret));
    let request = Request::new(GetChainList::ENDPOINT).with_token(AccessToken::new(secret)).with_query(query);
    let filling = "-".repeat(filling);
    [
        (200, format!(r#"{{"errcode":40014,"errmsg":"{filling}{echoed}"}}"#)),
        (200, format!(r#"{{"errmsg":"{echoed}","errcode":7}}"#)),
        (200, format!(r#"{{"errcode":0,"chains":"{filling}{echoed}"}}"#)),
        (200, format!(r#"{{"errcode":0,"chains":[{{"{echoed}":1}}]}}"#)),
        (200, format!(r#"{{"errcode":"{echoed}"}}"#)),
        (200, format!("<html>{filling}{echoed}</html>")),
        (200, format!("{filling}{echoed}")),
        (200, format!(r#"{{"{echoed}":"{echoed}"#)),
        (502, format!("<html>{filling}{echoed}")),
        (302, echoed.to_owned()),
    ]
    .into_iter()
    .filter_map(|(status, body)| decode::<GetChainList>(&request, &Response::new(status, body)).err())
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_error_shows_a_secret_in_any_form(secret in secret(), filling in 0..1400_usize) {
        let forms = forms(&secret);
        for echoed in &forms {
            let errors = errors_about(&secret, echoed, filling);
            prop_assert!(errors.len() >= 9);
            for text in errors.iter().flat_map(texts) {
                prop_assert!(!forms.iter().any(|form| text.contains(form.as_str())), "{echoed}: {text}");
                prop_assert!(!letters(&text).contains(&letters(&secret)), "{echoed}: {text}");
            }
        }
    }

    /// A secret with some characters escaped can be decoded by a reader, so it must not be shown either.
    #[test]
    fn no_error_shows_an_escaped_secret(secret in "[A-Za-z0-9_-]{16,60}", escaped in vec(any::<bool>(), 60), all in any::<bool>()) {
        let characters = secret.chars().zip(&escaped);
        let echoed: String = characters.map(|(one, &this)| if this || all { in_hex(one) } else { one.to_string() }).collect();
        for text in errors_about(&secret, &echoed, 0).iter().flat_map(texts) {
            // `Debug` doubles each backslash.
            let unescaped = unescape(&text.replace("\\\\", "\\"));
            prop_assert!(!text.contains(&secret) && !unescaped.contains(&secret), "{echoed}: {text}");
        }
    }
}

const READ: Endpoint = Endpoint::post("read", "test/read").with_safety(Safety::Safe);
const RARE: Endpoint =
    Endpoint::post("rare", "test/rare").with_safety(Safety::Safe).with_quota(Quota::new().with_per_minute(10));

/// A timer, the times of the requests, and a transport that replies with an error code to each.
fn replying_with(code: i64) -> (ManualTimer, Arc<Mutex<Vec<Duration>>>, impl wecom_core::Transport + 'static) {
    let (timer, times) = (ManualTimer::new(), Arc::new(Mutex::new(Vec::new())));
    let (clock, recorded) = (timer.clone(), Arc::clone(&times));
    let transport = from_fn(move |_: Request| {
        recorded.lock().unwrap().push(clock.now());
        async move { Ok(Response::new(200, format!(r#"{{"errcode":{code}}}"#))) }
    });
    (timer, times, transport)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// 6000 is a temporary error other than "busy". 45033 adds a second to the wait.
    #[test]
    fn waits_keep_their_bounds(
        code in select(vec![6000_i64, -1, 45033]),
        attempts in 0..12_u32,
        first in 0..2_000_u64,
        busy in 0..4_000_u64,
        longest in 0..20_000_u64,
        seed in any::<u64>(),
    ) {
        let [first, busy, longest] = [first, busy, longest].map(Duration::from_millis);
        let (timer, times, transport) = replying_with(code);
        let retry = Retry::new().attempts(attempts).initial_backoff(first).initial_backoff_when_busy(busy).max_backoff(longest);
        let retry = retry.budget_floor(1000).seed(seed);
        let client = Client::builder(transport).timer(timer.clone()).retry(retry).token(AccessToken::new("a-token"));
        let error = timer.run(client.build().call_raw(RawCall::new(&READ))).unwrap_err();
        prop_assert_eq!(error.attempts(), attempts.max(1));
        let times = times.lock().unwrap().clone();
        prop_assert_eq!(times.len(), error.attempts() as usize);
        let at_least = if code == 45033 { Duration::from_secs(1) } else { Duration::ZERO };
        let mut most = if code == -1 { busy } else { first };
        for pair in times.windows(2) {
            let waited = pair[1] - pair[0];
            prop_assert!(waited >= at_least && waited <= at_least + most.min(longest), "{waited:?} of {most:?}");
            most *= 2;
        }
    }

    #[test]
    fn no_window_exceeds_its_share_of_the_quota(percent in 1..=100_u32, pauses in vec(0..30_u64, 1..40)) {
        let (timer, times, transport) = replying_with(0);
        let quotas = Quotas::wait_at_most(Duration::from_secs(3600)).percent(percent);
        let client = Client::builder(transport).timer(timer.clone()).quotas(quotas).token(AccessToken::new("a-token"));
        let client = client.build();
        timer.run(async {
            for seconds in &pauses {
                Timer::sleep(&timer, Duration::from_secs(*seconds)).await;
                client.call_raw(RawCall::new(&RARE)).await.unwrap();
            }
        });
        let share = (10 * percent as usize / 100).max(1);
        let times = times.lock().unwrap().clone();
        for (at, start) in times.iter().enumerate() {
            let within = times[at..].iter().filter(|time| **time < *start + Duration::from_secs(60)).count();
            prop_assert!(within <= share, "{within} of {share}: {times:?}");
        }
    }

    #[test]
    fn a_url_decodes_to_the_values_that_were_encoded(value in any::<String>(), token in text(), secret in any::<String>()) {
        let mut query = Query::new();
        query.push("jobid", &value);
        query.push_secret("corpsecret", Secret::new(secret.as_str()));
        let request = Request::new(&READ).with_token(AccessToken::new(token.as_str())).with_query(query);
        let url = request.expose_url();
        prop_assert!(url.is_ascii() && !url.contains(['+', ' ', '#', '"']), "{url}");
        let (path, query) = url.split_once('?').unwrap();
        prop_assert_eq!(path, "https://qyapi.weixin.qq.com/cgi-bin/test/read");
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        // Secrets and tokens have no white space around them.
        let expected = [("access_token", token.trim()), ("jobid", value.as_str()), ("corpsecret", secret.trim())];
        prop_assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_base_url_survives_formatting(text in prop_oneof![
        any::<String>(),
        "https?://[a-z0-9.-]{1,12}(:[0-9]{1,6})?(/[a-zA-Z0-9%_.~-]{0,6}){0,3}",
        "https?://[\\PC]{0,20}",
    ]) {
        match BaseUrl::parse(&text) {
            Ok(base) => {
                prop_assert!(base.as_str().ends_with('/') && base.as_str().starts_with(&text));
                prop_assert_eq!(base.is_https(), text.starts_with("https://"));
                prop_assert_eq!(base.as_str().parse::<BaseUrl>().unwrap(), base);
            }
            Err(error) => prop_assert!(text.len() < 8 || !error.to_string().contains(&text)),
        }
    }
}
