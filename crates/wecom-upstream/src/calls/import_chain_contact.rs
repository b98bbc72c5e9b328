//! `POST corpgroup/import_chain_contact`: 批量导入上下游联系人
//! ([95821](https://developer.work.weixin.qq.com/document/path/95821)).

use std::fmt;

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::{ChainId, CustomId, JobId, UserCustomId};
use wecom_core::{ApiCall, Endpoint, ErrCode, Safety};

use crate::calls::USUAL_QUOTA;
use crate::validation::import_rules::{self, UserCustomIds};
use crate::values::open_enum::open_enum;

/// The descriptor of [`ImportChainContact`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST corpgroup/import_chain_contact` |
/// | document | 批量导入上下游联系人 ([95821](https://developer.work.weixin.qq.com/document/path/95821)) |
/// | token | the upstream corp's |
/// | safety | not idempotent: never repeated if it may have been carried out |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
pub const IMPORT_CHAIN_CONTACT: Endpoint = Endpoint::post("import_chain_contact", "corpgroup/import_chain_contact")
    .with_title("批量导入上下游联系人")
    .with_documents(&[95821])
    .with_safety(Safety::NotIdempotent)
    .with_quota(USUAL_QUOTA);

/// Starts a job that imports corps and their contacts into a chain: 批量导入上下游联系人
/// ([95821](https://developer.work.weixin.qq.com/document/path/95821)).
///
/// A job takes 1 to 1,000 corps with at most 2,000 contacts in total. Each corp has 1 to 200 contacts, of which at most
/// 5 are heads (负责人). If one contact fails, its whole corp fails; the other corps are not affected.
/// [`GetResult`](crate::calls::GetResult) returns the result of the job. [`Upstream::import`](crate::Upstream::import)
/// imports any number of corps and waits for the results.
///
/// Error codes: [`IMPORT_RUNNING`](wecom_core::ErrCode::IMPORT_RUNNING) while another import of the corp runs,
/// including one from the admin console; [`DAILY_IMPORT_EXCEEDED`](wecom_core::ErrCode::DAILY_IMPORT_EXCEEDED) beyond
/// 20,000 contacts a day; [`IMPORT_TOO_LARGE`](wecom_core::ErrCode::IMPORT_TOO_LARGE),
/// [`IMPORT_ACCOUNT_UNUSABLE`](wecom_core::ErrCode::IMPORT_ACCOUNT_UNUSABLE),
/// [`UNKNOWN_CHAIN`](wecom_core::ErrCode::UNKNOWN_CHAIN).
///
/// ```
/// use wecom_upstream::ChainId;
/// use wecom_upstream::calls::{GetResult, ImportChainContact, ImportContact, ImportCorp};
/// use wecom_upstream::ids::CustomId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let corp = ImportCorp::new(
///     "美馨粮油公司",
///     [
///         ImportContact::head("张三", "13000000001"),
///         ImportContact::member("李四", "+85259123456"),
///     ],
/// )
/// .group_path("华北区/北京市/海淀区")
/// .custom_id(CustomId::new("north42"));
/// let job = upstream
///     .import_chain_contact(ImportChainContact::new(ChainId::new("Ch1234"), [corp]))
///     .await?;
/// let progress = upstream.get_result(GetResult::new(&job.jobid)).await?;
/// # let _ = progress;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct ImportChainContact {
    /// The chain to import into.
    pub chain_id: ChainId,
    /// The corps: 1 to 1,000, with at most 2,000 contacts in total.
    pub contact_list: Vec<ImportCorp>,
}

impl ImportChainContact {
    /// Creates a call that imports these corps into a chain.
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
        import_rules::CORPS_PER_JOB.check(&mut violations, "contact_list", self.contact_list.len());
        let contacts = self.contact_list.iter().map(|corp| corp.contact_info_list.len()).sum();
        import_rules::CONTACTS_PER_JOB.check(&mut violations, "contact_list", contacts);
        for (at, corp) in self.contact_list.iter().enumerate() {
            corp.check(&mut violations, format_args!("contact_list[{at}]."));
        }
        violations.into_result()
    }
}

/// A corp to import, with its contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a corp is imported only by a call that contains it"]
#[non_exhaustive]
pub struct ImportCorp {
    /// The corp's name: 1 to 32 Chinese characters, letters, digits, spaces and `-_()（）`.
    pub corp_name: String,
    /// The path of the corp's group, such as `华北区/北京市/海淀区`: at most 9 levels. WeCom ignores it for a corp that is
    /// already in the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_path: Option<String>,
    /// The custom id (自定义企业id) that the upstream corp assigns to the corp: at most 64 letters and digits. An empty id
    /// assigns none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<CustomId>,
    /// The corp's contacts: 1 to 200, of which at most 5 are heads.
    pub contact_info_list: Vec<ImportContact>,
}

impl ImportCorp {
    /// Creates a corp with these contacts.
    pub fn new(corp_name: impl Into<String>, contacts: impl IntoIterator<Item = ImportContact>) -> Self {
        Self {
            corp_name: corp_name.into(),
            group_path: None,
            custom_id: None,
            contact_info_list: contacts.into_iter().collect(),
        }
    }

    /// Sets the path of the corp's group.
    pub fn group_path(mut self, group_path: impl Into<String>) -> Self {
        self.group_path = Some(group_path.into());
        self
    }

    /// Sets the custom id that the upstream corp assigns to the corp.
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }

    /// Adds the corp's violations. `place` is the prefix of its field names, including the dot at the end.
    pub(crate) fn check(&self, violations: &mut Violations, place: fmt::Arguments<'_>) {
        import_rules::CORP_NAME.check(violations, format_args!("{place}corp_name"), &self.corp_name);
        if let Some(group_path) = &self.group_path {
            import_rules::GROUP_PATH.check(violations, format_args!("{place}group_path"), group_path);
        }
        if let Some(custom_id) = &self.custom_id {
            import_rules::CUSTOM_ID.check(violations, format_args!("{place}custom_id"), custom_id.as_str());
        }
        let (contacts, heads) = (self.contact_info_list.len(), self.heads());
        import_rules::CONTACTS_PER_CORP.check(violations, format_args!("{place}contact_info_list"), contacts);
        import_rules::HEADS_PER_CORP.check(violations, format_args!("{place}contact_info_list"), heads);
        for (at, contact) in self.contact_info_list.iter().enumerate() {
            contact.check(violations, format_args!("{place}contact_info_list[{at}]"));
        }
        self.check_user_custom_ids(violations, place);
    }

    /// Checks that mobile numbers and custom ids map one to one. WeCom accepts a repeated mobile number.
    fn check_user_custom_ids(&self, violations: &mut Violations, place: fmt::Arguments<'_>) {
        let mut ids = UserCustomIds::default();
        for (index, contact) in self.contact_info_list.iter().enumerate() {
            let Some(id) = &contact.user_custom_id else { continue };
            let Err(conflict) = ids.insert(index, &contact.mobile, id.as_str()) else { continue };
            let field = format!("{place}contact_info_list[{index}].user_custom_id");
            let earlier = format!("contact_info_list[{}]", conflict.earlier);
            if conflict.code == ErrCode::SEVERAL_USER_CUSTOM_IDS {
                let problem = format!("differs from that of {earlier}, which has the same mobile");
                violations.add(field, problem, "one id for each mobile (670033)");
            } else {
                let problem = format!("duplicates {earlier}");
                violations.add(field, problem, "a unique id for each contact of a corp (670034)");
            }
        }
    }

    fn heads(&self) -> usize {
        self.contact_info_list.iter().filter(|contact| contact.identity_type == IdentityType::Head).count()
    }
}

/// A contact of a corp to import. Its `Debug` form hides the mobile number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a contact is imported only by a call that contains it"]
#[non_exhaustive]
pub struct ImportContact {
    /// The contact's name, 1 to 32 characters.
    pub name: String,
    /// The contact's role in the corp.
    pub identity_type: IdentityType,
    /// The contact's mobile number: 11 digits for a mainland number, otherwise `+`, the country code and the number.
    pub mobile: String,
    /// The custom id (自定义成员id) that the upstream corp assigns to the contact: a number from 1 to 2^64 - 2 that is not
    /// 11 or 13 digits long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_custom_id: Option<UserCustomId>,
}

impl ImportContact {
    /// Creates a member (成员) of the corp.
    pub fn member(name: impl Into<String>, mobile: impl Into<String>) -> Self {
        Self { name: name.into(), identity_type: IdentityType::Member, mobile: mobile.into(), user_custom_id: None }
    }

    /// Creates a head (负责人) of the corp.
    pub fn head(name: impl Into<String>, mobile: impl Into<String>) -> Self {
        Self { identity_type: IdentityType::Head, ..Self::member(name, mobile) }
    }

    /// Sets the custom id that the upstream corp assigns to the contact.
    pub fn user_custom_id(mut self, user_custom_id: impl Into<UserCustomId>) -> Self {
        self.user_custom_id = Some(user_custom_id.into());
        self
    }

    fn check(&self, violations: &mut Violations, place: fmt::Arguments<'_>) {
        import_rules::CONTACT_NAME.check(violations, format_args!("{place}.name"), &self.name);
        if let IdentityType::Other(number) = self.identity_type {
            violations.add(format!("{place}.identity_type"), format!("is {number}"), "1 (member) or 2 (head)");
        }
        import_rules::MOBILE.check(violations, format_args!("{place}.mobile"), &self.mobile);
        if let Some(id) = &self.user_custom_id {
            import_rules::USER_CUSTOM_ID.check(violations, format_args!("{place}.user_custom_id"), id.as_str());
        }
    }
}

impl fmt::Debug for ImportContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, identity_type, mobile: _, user_custom_id } = self;
        f.debug_struct("ImportContact")
            .field("name", name)
            .field("identity_type", identity_type)
            .field("mobile", &format_args!("***"))
            .field("user_custom_id", user_custom_id)
            .finish()
    }
}

/// The reply to [`ImportChainContact`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImportChainContactReply {
    /// The id of the job, at most 64 bytes long.
    pub jobid: JobId,
}

impl ImportChainContactReply {
    /// Creates a reply with the id of a job.
    pub fn new(jobid: impl Into<JobId>) -> Self {
        Self { jobid: jobid.into() }
    }
}

open_enum! {
    /// The role of a contact in the corp: `identity_type`.
    pub enum IdentityType {
        /// Member (成员).
        Member = 1 => "member",
        /// Head (负责人).
        Head = 2 => "head",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{
        assert_reply, assert_request, body, facts, failing_path, rejected_fields, reply, sample, target,
    };

    fn contact() -> ImportContact {
        ImportContact::member("张三", "13000000001")
    }

    fn import(corps: impl IntoIterator<Item = ImportCorp>) -> ImportChainContact {
        ImportChainContact::new(ChainId::new("Ch1"), corps)
    }

    fn corps(number: usize, contacts: usize) -> Vec<ImportCorp> {
        vec![ImportCorp::new("企业", vec![contact(); contacts]); number]
    }

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&IMPORT_CHAIN_CONTACT), "Upstream, NotIdempotent, 10000 a minute, 150000 an hour");
    }

    #[test]
    fn the_documented_request_is_sent() {
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
    fn the_debug_form_hides_mobile_numbers() {
        let call = import(corps(2, 2));
        let text = format!("{call:?} {call:#?}");
        let mobile = &call.contact_list[0].contact_info_list[0].mobile;
        assert!(!text.contains(mobile.as_str()) && text.contains("mobile: ***") && text.contains("张三"), "{text}");
    }

    #[test]
    fn omitted_parameters_are_not_sent() {
        let contact = json!({"name": "张三", "identity_type": 1, "mobile": "13000000001"});
        let corp = json!({"corp_name": "企业", "contact_info_list": [contact]});
        assert_eq!(body(&import(corps(1, 1))), json!({"chain_id": "Ch1", "contact_list": [corp]}));
    }

    #[test]
    fn the_documented_reply_decodes() {
        let expected = ImportChainContactReply::new(JobId::new("xxxxx"));
        assert_reply::<ImportChainContact>(sample!("import_chain_contact.reply.json"), &expected);
    }

    #[test]
    fn a_numeric_job_id_decodes_and_a_null_one_is_an_error() {
        assert_eq!(reply::<ImportChainContact>(r#"{"jobid":7,"new":1}"#).unwrap().jobid, JobId::new("7"));
        assert_eq!(failing_path::<ImportChainContact>(r#"{"jobid":null}"#), "jobid");
    }

    #[test]
    fn a_job_at_the_limits_is_valid_and_one_beyond_them_is_rejected() {
        for (call, rejected) in [
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
            assert_eq!(rejected_fields(&call), rejected, "{corps} corps");
        }
    }

    #[test]
    fn five_heads_in_a_corp_are_valid_and_six_are_rejected() {
        let heads =
            |number| import([ImportCorp::new("企业", vec![ImportContact::head("李四", "+85259123456"); number])]);
        assert_eq!(heads(5).validate(), Ok(()));
        let error = heads(6).validate().unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid request (not sent): contact_list[0].contact_info_list has 6 heads (负责人) (allowed: 0 to 5)"
        );
    }

    #[test]
    fn every_violation_names_its_field_and_not_the_value() {
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
            rejected_fields(&call),
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
    fn an_empty_custom_id_is_valid_and_an_empty_user_custom_id_is_rejected() {
        let corp = |contact| ImportCorp::new("企业", [contact]).custom_id(CustomId::new(""));
        assert_eq!(import([corp(contact())]).validate(), Ok(()));
        let call = import([corp(contact().user_custom_id(UserCustomId::new("")))]);
        assert_eq!(rejected_fields(&call), ["contact_list[0].contact_info_list[0].user_custom_id"]);
    }

    #[test]
    fn the_numbers_of_identity_types_are_the_documented_ones() {
        assert_eq!([IdentityType::Member, IdentityType::Head].map(IdentityType::get), [1, 2]);
    }
}
