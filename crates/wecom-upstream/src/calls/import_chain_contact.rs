//! `POST corpgroup/import_chain_contact`: 批量导入上下游联系人
//! ([95821](https://developer.work.weixin.qq.com/document/path/95821)).

use std::fmt;

use serde::{Deserialize, Serialize};
use wecom_core::ids::{ChainId, CustomId, JobId, UserCustomId};
use wecom_core::{ApiCall, Endpoint, InvalidRequest, Safety, Violations};

use crate::calls::USUAL_QUOTA;
use crate::validation;
use crate::values::open_enum::open_enum;

/// The descriptor of [`ImportChainContact`].
pub const IMPORT_CHAIN_CONTACT: Endpoint = Endpoint::post("import_chain_contact", "corpgroup/import_chain_contact")
    .with_title("批量导入上下游联系人")
    .with_documents(&[95821])
    .with_safety(Safety::NotIdempotent)
    .with_quota(USUAL_QUOTA);

/// Starts to import corps and their contacts into a chain: 批量导入上下游联系人
/// ([95821](https://developer.work.weixin.qq.com/document/path/95821)).
///
/// One job takes 1 to 1,000 corps and at most 2,000 people; each corp 1 to 200 people and at most 5 heads (负责人). A
/// contact that fails keeps its whole corp out; the other corps go on. What became of the job is told by
/// [`GetResult`](crate::calls::GetResult).
///
/// It may be refused with [`IMPORT_RUNNING`](wecom_core::ErrCode::IMPORT_RUNNING) while any import of the corp runs,
/// also one from the admin console; with [`DAILY_IMPORT_EXCEEDED`](wecom_core::ErrCode::DAILY_IMPORT_EXCEEDED) past
/// 20,000 people a day; and with [`IMPORT_TOO_LARGE`](wecom_core::ErrCode::IMPORT_TOO_LARGE),
/// [`IMPORT_ACCOUNT_UNUSABLE`](wecom_core::ErrCode::IMPORT_ACCOUNT_UNUSABLE) or
/// [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN).
///
/// ```
/// use wecom_upstream::calls::{GetResult, ImportChainContact, ImportContact, ImportCorp};
/// use wecom_upstream::ids::CustomId;
/// use wecom_upstream::ChainId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let corp = ImportCorp::new(
///     "美馨粮油公司",
///     [ImportContact::head("张三", "13000000001"), ImportContact::member("李四", "+85259123456")],
/// )
/// .group_path("华北区/北京市/海淀区")
/// .custom_id(CustomId::new("north42"));
/// let job = upstream.import_chain_contact(ImportChainContact::new(ChainId::new("Ch1234"), [corp])).await?;
/// let progress = upstream.get_result(GetResult::new(&job.jobid)).await?;
/// # let _ = progress;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client is given it"]
#[non_exhaustive]
pub struct ImportChainContact {
    /// The chain to import into.
    pub chain_id: ChainId,
    /// The corps: 1 to 1,000, with 2,000 people at most.
    pub contact_list: Vec<ImportCorp>,
}

impl ImportChainContact {
    /// The call to import these corps into a chain.
    pub fn new(chain_id: impl Into<ChainId>, contact_list: impl IntoIterator<Item = ImportCorp>) -> Self {
        Self { chain_id: chain_id.into(), contact_list: contact_list.into_iter().collect() }
    }
}

impl ApiCall for ImportChainContact {
    const ENDPOINT: &'static Endpoint = &IMPORT_CHAIN_CONTACT;
    type Reply = ImportChainContactReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("chain_id", self.chain_id.as_str());
        validation::count(&mut violations, "contact_list", self.contact_list.len(), "corps", 1..=1000);
        let people = self.contact_list.iter().map(|corp| corp.contact_info_list.len()).sum();
        validation::count(&mut violations, "contact_list", people, "people", 0..=2000);
        for (at, corp) in self.contact_list.iter().enumerate() {
            corp.check(&mut violations, format_args!("contact_list[{at}]."));
        }
        violations.into_result()
    }
}

/// A corp to import, with its contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a corp is imported when a call has it"]
#[non_exhaustive]
pub struct ImportCorp {
    /// Its name: 1 to 32 characters, which are Chinese, letters, digits, spaces or one of `-_()（）`.
    pub corp_name: String,
    /// The group to put it in, such as `华北区/北京市/海淀区`: at most 9 levels. It applies only to a corp that is new to
    /// the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_path: Option<String>,
    /// What the upstream corp calls it in its own books: at most 64 letters and digits. Empty means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<CustomId>,
    /// Its contacts: 1 to 200, of whom 5 may be heads.
    pub contact_info_list: Vec<ImportContact>,
}

impl ImportCorp {
    /// A corp with these contacts.
    pub fn new(corp_name: impl Into<String>, contacts: impl IntoIterator<Item = ImportContact>) -> Self {
        Self {
            corp_name: corp_name.into(),
            group_path: None,
            custom_id: None,
            contact_info_list: contacts.into_iter().collect(),
        }
    }

    /// Sets the group to put it in.
    pub fn group_path(mut self, group_path: impl Into<String>) -> Self {
        self.group_path = Some(group_path.into());
        self
    }

    /// Sets what the upstream corp calls it.
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }

    /// Adds what is wrong with it. `place` is what the names of its fields begin with, a dot at its end included.
    pub(crate) fn check(&self, violations: &mut Violations, place: fmt::Arguments<'_>) {
        validation::CORP_NAME.check(violations, format_args!("{place}corp_name"), &self.corp_name);
        if let Some(group_path) = &self.group_path {
            validation::GROUP_PATH.check(violations, format_args!("{place}group_path"), group_path);
        }
        if let Some(custom_id) = &self.custom_id {
            validation::CUSTOM_ID.check(violations, format_args!("{place}custom_id"), custom_id.as_str());
        }
        let (people, heads) = (self.contact_info_list.len(), self.heads());
        validation::count(violations, format_args!("{place}contact_info_list"), people, "people", 1..=200);
        validation::count(violations, format_args!("{place}contact_info_list"), heads, "heads (负责人)", 0..=5);
        for (at, contact) in self.contact_info_list.iter().enumerate() {
            contact.check(violations, format_args!("{place}contact_info_list[{at}]"));
        }
    }

    fn heads(&self) -> usize {
        self.contact_info_list.iter().filter(|contact| contact.identity_type == IdentityType::Head).count()
    }
}

/// A contact of a corp to import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a contact is imported when a call has it"]
#[non_exhaustive]
pub struct ImportContact {
    /// His name: 1 to 32 characters.
    pub name: String,
    /// What he is in the corp.
    pub identity_type: IdentityType,
    /// His mobile number: 11 digits for one of the mainland, `+` with the country code for any other.
    pub mobile: String,
    /// What the upstream corp calls him in its own books: a number from 1 to 2^64 - 2, not 11 or 13 digits long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_custom_id: Option<UserCustomId>,
}

impl ImportContact {
    /// A member (成员) of the corp.
    pub fn member(name: impl Into<String>, mobile: impl Into<String>) -> Self {
        Self { name: name.into(), identity_type: IdentityType::Member, mobile: mobile.into(), user_custom_id: None }
    }

    /// A head (负责人) of the corp.
    pub fn head(name: impl Into<String>, mobile: impl Into<String>) -> Self {
        Self { identity_type: IdentityType::Head, ..Self::member(name, mobile) }
    }

    /// Sets what the upstream corp calls him.
    pub fn user_custom_id(mut self, user_custom_id: impl Into<UserCustomId>) -> Self {
        self.user_custom_id = Some(user_custom_id.into());
        self
    }

    fn check(&self, violations: &mut Violations, place: fmt::Arguments<'_>) {
        validation::CONTACT_NAME.check(violations, format_args!("{place}.name"), &self.name);
        if let IdentityType::Other(number) = self.identity_type {
            violations.add(format!("{place}.identity_type"), format!("is {number}"), "1 (member) or 2 (head)");
        }
        validation::MOBILE.check(violations, format_args!("{place}.mobile"), &self.mobile);
        if let Some(id) = &self.user_custom_id {
            validation::USER_CUSTOM_ID.check(violations, format_args!("{place}.user_custom_id"), id.as_str());
        }
    }
}

/// What [`ImportChainContact`] answers: that the job has started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportChainContactReply {
    /// The job, at most 64 bytes long.
    pub jobid: JobId,
}

impl ImportChainContactReply {
    /// A reply with this job.
    pub fn new(jobid: impl Into<JobId>) -> Self {
        Self { jobid: jobid.into() }
    }
}

open_enum! {
    /// What a contact is in the corp: `identity_type`.
    pub enum IdentityType {
        /// 成员.
        Member = 1,
        /// 负责人.
        Head = 2,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{assert_reply, assert_request, body, failing_path, refused_fields, reply, sample, target};

    fn contact() -> ImportContact {
        ImportContact::member("张三", "13000000001")
    }

    fn import(corps: impl IntoIterator<Item = ImportCorp>) -> ImportChainContact {
        ImportChainContact::new(ChainId::new("Ch1"), corps)
    }

    fn corps(number: usize, people: usize) -> Vec<ImportCorp> {
        vec![ImportCorp::new("企业", vec![contact(); people]); number]
    }

    #[test]
    fn the_documented_request_is_written() {
        let id = UserCustomId::new("100");
        let corp = ImportCorp::new(
            "飞飞培训学校",
            [contact().user_custom_id(&id), ImportContact::head("李四", "13000000001").user_custom_id(&id)],
        )
        .group_path("华北区/北京市/海淀区")
        .custom_id(CustomId::new("wof3du51quo5sl1is"));
        let call = ImportChainContact::new(ChainId::new("xxxxxx"), [corp]);
        assert_request(sample!("import_chain_contact.request.json"), &call);
        assert_eq!(target(&call), "POST corpgroup/import_chain_contact");
    }

    #[test]
    fn what_is_not_given_is_absent() {
        let contact = json!({"name": "张三", "identity_type": 1, "mobile": "13000000001"});
        let corp = json!({"corp_name": "企业", "contact_info_list": [contact]});
        assert_eq!(body(&import(corps(1, 1))), json!({"chain_id": "Ch1", "contact_list": [corp]}));
    }

    #[test]
    fn the_documented_reply_is_read() {
        let expected = ImportChainContactReply::new(JobId::new("xxxxx"));
        assert_reply::<ImportChainContact>(sample!("import_chain_contact.reply.json"), &expected);
    }

    #[test]
    fn a_job_may_come_as_a_number_and_must_be_there() {
        assert_eq!(reply::<ImportChainContact>(r#"{"jobid":7,"new":1}"#).unwrap().jobid, JobId::new("7"));
        assert_eq!(failing_path::<ImportChainContact>(r#"{"jobid":null}"#), "jobid");
    }

    #[test]
    fn a_job_at_its_limits_is_allowed_and_past_them_refused() {
        for (call, refused) in [
            (import(corps(1000, 2)), &[] as &[&str]),
            (import(corps(10, 200)), &[]),
            (import(corps(0, 0)), &["contact_list"]),
            (import(corps(1001, 1)), &["contact_list"]),
            (import(corps(667, 3)), &["contact_list"]),
            (import(corps(1001, 2)), &["contact_list", "contact_list"]),
            (import(corps(1, 201)), &["contact_list[0].contact_info_list"]),
            (import(corps(2, 0)), &["contact_list[0].contact_info_list", "contact_list[1].contact_info_list"]),
        ] {
            let corps = call.contact_list.len();
            assert_eq!(refused_fields(&call), refused, "{corps} corps");
        }
    }

    #[test]
    fn five_heads_a_corp_are_allowed_and_six_refused() {
        let heads =
            |number| import([ImportCorp::new("企业", vec![ImportContact::head("李四", "+85259123456"); number])]);
        assert_eq!(heads(5).validate(), Ok(()));
        let error = heads(6).validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the request was not sent: contact_list[0].contact_info_list holds 6 heads (负责人) (allowed: 0 to 5)"
        );
    }

    #[test]
    fn every_rule_that_is_broken_is_told_with_its_place_and_without_the_value() {
        let bad = ImportContact {
            identity_type: IdentityType::Other(3),
            ..ImportContact::member("", "canary").user_custom_id(UserCustomId::new("canary"))
        };
        let corp =
            ImportCorp::new("canary!", [contact(), bad]).group_path("canary//").custom_id(CustomId::new("canary-"));
        let mut call = import(corps(3, 1));
        call.chain_id = ChainId::new("");
        call.contact_list.push(corp);
        assert_eq!(
            refused_fields(&call),
            [
                "chain_id",
                "contact_list[3].corp_name",
                "contact_list[3].group_path",
                "contact_list[3].custom_id",
                "contact_list[3].contact_info_list[1].name",
                "contact_list[3].contact_info_list[1].identity_type",
                "contact_list[3].contact_info_list[1].mobile",
                "contact_list[3].contact_info_list[1].user_custom_id",
            ]
        );
        let error = call.validate().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }

    #[test]
    fn an_empty_custom_id_means_none_and_an_empty_user_custom_id_is_refused() {
        let corp = |contact| ImportCorp::new("企业", [contact]).custom_id(CustomId::new(""));
        assert_eq!(import([corp(contact())]).validate(), Ok(()));
        let call = import([corp(contact().user_custom_id(UserCustomId::new("")))]);
        assert_eq!(refused_fields(&call), ["contact_list[0].contact_info_list[0].user_custom_id"]);
    }

    #[test]
    fn the_numbers_of_identity_types_are_the_documented_ones() {
        assert_eq!([IdentityType::Member, IdentityType::Head].map(IdentityType::get), [1, 2]);
    }
}
