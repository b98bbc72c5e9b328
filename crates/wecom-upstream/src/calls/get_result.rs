//! `GET corpgroup/getresult`: 获取异步任务结果
//! ([95823](https://developer.work.weixin.qq.com/document/path/95823)).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use wecom_core::codec::wire;
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::http::Query;
use wecom_core::ids::{ChainId, CustomId, JobId};
use wecom_core::secret::Redactor;
use wecom_core::secret::message::shown_message;
use wecom_core::{ApiCall, Endpoint, ErrCode, Safety};

use crate::calls::USUAL_QUOTA;
use crate::serde_helpers;
use crate::values::open_enum::open_enum;

/// The descriptor of [`GetResult`].
///
/// | setting | value |
/// |---|---|
/// | request | `GET corpgroup/getresult` |
/// | document | 获取异步任务结果 ([95823](https://developer.work.weixin.qq.com/document/path/95823)) |
/// | token | the upstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
/// | concurrency | at most 5 at the same time |
pub const GET_RESULT: Endpoint = Endpoint::get("get_result", "corpgroup/getresult")
    .with_title("获取异步任务结果")
    .with_documents(&[95823])
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA)
    .with_concurrency(5);

/// Returns the status of an import job, and its result once the job is finished: 获取异步任务结果
/// ([95823](https://developer.work.weixin.qq.com/document/path/95823)).
///
/// [`ImportChainContact`](crate::calls::ImportChainContact) starts the job. A corp may have five of these calls in
/// flight at a time.
///
/// Error codes: [`UNKNOWN_JOB`](wecom_core::ErrCode::UNKNOWN_JOB);
/// [`JOB_RESULT_GONE`](wecom_core::ErrCode::JOB_RESULT_GONE) if WeCom has deleted the result.
///
/// ```
/// use wecom_upstream::calls::GetResult;
/// use wecom_upstream::ids::JobId;
///
/// # async fn example(upstream: wecom_upstream::Upstream) -> Result<(), wecom_core::Error> {
/// let reply = upstream.get_result(GetResult::new(JobId::new("job1234"))).await?;
/// match reply.result {
///     None => println!("not finished: call again in a few seconds"),
///     Some(result) => result
///         .fail_list
///         .iter()
///         .for_each(|corp| println!("{}: {}", corp.corp_name, corp.errcode)),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct GetResult {
    /// The job.
    pub jobid: JobId,
}

impl GetResult {
    /// Creates a call for a job.
    pub fn new(jobid: impl Into<JobId>) -> Self {
        Self { jobid: jobid.into() }
    }
}

impl ApiCall for GetResult {
    const ENDPOINT: &'static Endpoint = &GET_RESULT;
    type Reply = GetResultReply;

    fn query(&self, query: &mut Query) {
        query.push("jobid", self.jobid.as_str());
    }

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("jobid", self.jobid.as_str());
        violations.into_result()
    }
}

/// The reply to [`GetResult`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
#[non_exhaustive]
pub struct GetResultReply {
    /// The status of the job.
    pub status: JobStatus,
    /// The result of the job; `None` until the job is finished, even if the reply has a `result` before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ImportResult>,
}

impl GetResultReply {
    /// Creates a reply about a job that is not finished.
    #[must_use]
    pub fn new(status: JobStatus) -> Self {
        Self { status, result: None }
    }

    /// Creates a reply about a job that is finished.
    #[must_use]
    pub fn finished(result: ImportResult) -> Self {
        Self { status: JobStatus::Finished, result: Some(result) }
    }

    /// Returns whether the job is finished.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.status == JobStatus::Finished
    }
}

/// The reply with an optional result: before the job is finished, the result may lack any field.
#[derive(Deserialize)]
struct Unchecked {
    status: JobStatus,
    #[serde(default, deserialize_with = "wire::optional")]
    result: Option<UncheckedResult>,
}

#[derive(Deserialize)]
struct UncheckedResult {
    #[serde(default = "no_chain", deserialize_with = "chain_or_none")]
    chain_id: ChainId,
    #[serde(default, deserialize_with = "wire::optional")]
    import_status: Option<ImportStatus>,
    #[serde(default, deserialize_with = "wire::list")]
    fail_list: Vec<FailedCorp>,
}

fn no_chain() -> ChainId {
    ChainId::new("")
}

fn chain_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ChainId, D::Error> {
    wire::text(deserializer).map(ChainId::new)
}

impl TryFrom<Unchecked> for GetResultReply {
    type Error = &'static str;

    fn try_from(Unchecked { status, result }: Unchecked) -> Result<Self, &'static str> {
        match result {
            Some(result) if status == JobStatus::Finished => Ok(Self::finished(ImportResult {
                chain_id: result.chain_id,
                import_status: result
                    .import_status
                    .ok_or("missing field `import_status` in the result of a finished job")?,
                fail_list: result.fail_list,
            })),
            _ => Ok(Self::new(status)),
        }
    }
}

/// The result of an import job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImportResult {
    /// The chain that the job imported into; empty if the reply has none.
    pub chain_id: ChainId,
    /// Whether WeCom imported all, some or none of the corps.
    pub import_status: ImportStatus,
    /// The corps that WeCom did not import.
    pub fail_list: Vec<FailedCorp>,
}

impl ImportResult {
    /// Creates a result for a chain without failed corps.
    pub fn new(chain_id: impl Into<ChainId>, import_status: ImportStatus) -> Self {
        Self { chain_id: chain_id.into(), import_status, fail_list: Vec::new() }
    }

    /// Sets the corps that WeCom did not import.
    #[must_use]
    pub fn fail_list(mut self, fail_list: impl IntoIterator<Item = FailedCorp>) -> Self {
        self.fail_list = fail_list.into_iter().collect();
        self
    }
}

/// A corp that WeCom did not import. Its `Debug` form hides telephone numbers in the vendor's messages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedCorp {
    /// The corp's name in the import; empty if the reply has none.
    #[serde(default, deserialize_with = "wire::text")]
    pub corp_name: String,
    /// The corp's custom id in the import.
    #[serde(default, deserialize_with = "wire::optional", skip_serializing_if = "Option::is_none")]
    pub custom_id: Option<CustomId>,
    /// The error code of the corp; 0 if the reply has none.
    #[serde(default = "serde_helpers::code::none", with = "serde_helpers::code")]
    pub errcode: ErrCode,
    /// The vendor's error message. Its wording changes: match on the code instead.
    #[serde(default, deserialize_with = "wire::text")]
    pub errmsg: String,
    /// The contacts that caused the failure.
    #[serde(default, deserialize_with = "wire::list")]
    pub contact_info_list: Vec<FailedContact>,
}

impl FailedCorp {
    /// Creates a failed corp without contacts.
    pub fn new(corp_name: impl Into<String>, errcode: ErrCode, errmsg: impl Into<String>) -> Self {
        Self {
            corp_name: corp_name.into(),
            custom_id: None,
            errcode,
            errmsg: errmsg.into(),
            contact_info_list: Vec::new(),
        }
    }

    /// Sets the corp's custom id in the import.
    #[must_use]
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }

    /// Sets the contacts that caused the failure.
    #[must_use]
    pub fn contact_info_list(mut self, contacts: impl IntoIterator<Item = FailedContact>) -> Self {
        self.contact_info_list = contacts.into_iter().collect();
        self
    }
}

impl fmt::Debug for FailedCorp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { corp_name, custom_id, errcode, errmsg, contact_info_list } = self;
        f.debug_struct("FailedCorp")
            .field("corp_name", corp_name)
            .field("custom_id", custom_id)
            .field("errcode", errcode)
            .field("errmsg", &shown_message(errmsg, &Redactor::default()))
            .field("contact_info_list", contact_info_list)
            .finish()
    }
}

/// A contact that caused the import of its corp to fail. Its `Debug` form hides the mobile number, also in the vendor's
/// message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "EitherMobile")]
#[non_exhaustive]
pub struct FailedContact {
    /// The contact's mobile number in the import, from `mobile` or `user_mobile`; empty if the reply has neither.
    pub mobile: String,
    /// The error code of the contact; 0 if the reply has none.
    #[serde(with = "serde_helpers::code")]
    pub errcode: ErrCode,
    /// The vendor's error message. Its wording changes: match on the code instead.
    pub errmsg: String,
}

impl FailedContact {
    /// Creates a failed contact.
    pub fn new(mobile: impl Into<String>, errcode: ErrCode, errmsg: impl Into<String>) -> Self {
        Self { mobile: mobile.into(), errcode, errmsg: errmsg.into() }
    }
}

impl fmt::Debug for FailedContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mobile: _, errcode, errmsg } = self;
        f.debug_struct("FailedContact")
            .field("mobile", &format_args!("***"))
            .field("errcode", errcode)
            .field("errmsg", &shown_message(errmsg, &Redactor::default()))
            .finish()
    }
}

/// The vendor's sample and its table of fields name the number differently. A serde alias would reject a reply with
/// both.
#[derive(Deserialize)]
struct EitherMobile {
    #[serde(default, deserialize_with = "wire::text")]
    mobile: String,
    #[serde(default, deserialize_with = "wire::text")]
    user_mobile: String,
    #[serde(default = "serde_helpers::code::none", with = "serde_helpers::code")]
    errcode: ErrCode,
    #[serde(default, deserialize_with = "wire::text")]
    errmsg: String,
}

impl From<EitherMobile> for FailedContact {
    fn from(contact: EitherMobile) -> Self {
        let mobile = if contact.mobile.is_empty() { contact.user_mobile } else { contact.mobile };
        Self { mobile, errcode: contact.errcode, errmsg: contact.errmsg }
    }
}

open_enum! {
    /// The status of a job: `status`.
    pub enum JobStatus {
        /// The job was accepted.
        Started = 1 => "started",
        /// The job is running.
        Running = 2 => "running",
        /// The job is finished, and its result is available.
        Finished = 3 => "finished",
    }
}

open_enum! {
    /// The overall result of an import job: `import_status`.
    pub enum ImportStatus {
        /// WeCom imported every corp.
        AllImported = 1 => "all imported",
        /// WeCom imported some corps; the result lists the others.
        SomeImported = 2 => "some imported",
        /// WeCom imported no corp.
        NoneImported = 3 => "none imported",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{assert_reply, facts, failing_path, rejected_fields, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&GET_RESULT), "Upstream, Safe, 10000 a minute, 150000 an hour, 5 at once");
    }

    #[test]
    fn the_job_is_in_the_query_and_there_is_no_body() {
        let call = GetResult::new(JobId::new("job/1 2"));
        assert_eq!(target(&call), "GET corpgroup/getresult?jobid=job%2F1%202");
        assert_eq!(call.body(), Ok(None));
    }

    #[test]
    fn the_request_serializes_and_deserializes() {
        let call = GetResult::new(JobId::new("job1"));
        assert_eq!(serde_json::to_string(&call).unwrap(), r#"{"jobid":"job1"}"#);
        assert_eq!(serde_json::from_str::<GetResult>(r#"{"jobid":"job1"}"#).unwrap(), call);
    }

    #[test]
    fn the_documented_reply_decodes() {
        let contact = FailedContact::new("13000000001", ErrCode::INVALID_IDENTITY, "invalid contact identity");
        let corp = FailedCorp::new("飞飞培训学校2入2222", ErrCode::INVALID_IDENTITY, "invalid contact identity")
            .contact_info_list([contact]);
        let result = ImportResult::new(ChainId::new("xxxx"), ImportStatus::SomeImported).fail_list([corp]);
        assert_reply::<GetResult>(sample!("get_result.reply.json"), &GetResultReply::finished(result));
    }

    #[test]
    fn the_debug_form_of_a_failed_contact_hides_its_mobile_number() {
        let contact = FailedContact::new("13000000001", ErrCode(670_018), "some words");
        let text = format!("{contact:?}");
        assert!(!text.contains("13000000001") && text.contains("670018") && text.contains("some words"), "{text}");
    }

    #[test]
    fn the_mobile_number_may_have_either_field_name_or_both() {
        for contact in [
            r#"{"mobile":"1"}"#,
            r#"{"user_mobile":"1"}"#,
            r#"{"user_mobile":1,"mobile":""}"#,
            r#"{"mobile":1,"user_mobile":"1"}"#,
        ] {
            let fail_list = format!(r#"[{{"contact_info_list":[{contact}]}}]"#);
            let result = format!(r#"{{"chain_id":"Ch1","import_status":3,"fail_list":{fail_list}}}"#);
            let json = format!(r#"{{"status":3,"result":{result}}}"#);
            let corp = FailedCorp::new("", ErrCode(0), "").contact_info_list([FailedContact::new("1", ErrCode(0), "")]);
            assert_eq!(reply::<GetResult>(&json).unwrap().result.unwrap().fail_list, [corp], "{contact}");
        }
    }

    #[test]
    fn the_result_is_none_until_the_job_is_finished() {
        for json in [
            r#"{"status":2}"#,
            r#"{"status":"2","result":null}"#,
            r#"{"status":2,"result":{}}"#,
            r#"{"result":{"chain_id":"","import_status":0,"fail_list":null},"status":2}"#,
        ] {
            let reply = reply::<GetResult>(json).unwrap();
            assert_eq!(reply, GetResultReply::new(JobStatus::Running), "{json}");
            assert!(!reply.is_finished());
        }
        assert!(reply::<GetResult>(r#"{"status":3}"#).unwrap().is_finished());
    }

    #[test]
    fn a_finished_result_without_chain_or_failures_decodes() {
        for (result, chain_id) in [
            (r#"{"import_status":1}"#, ""),
            (r#"{"import_status":1,"chain_id":null,"fail_list":null}"#, ""),
            (r#"{"import_status":"1","chain_id":"","fail_list":""}"#, ""),
            (r#"{"import_status":1,"chain_id":"Ch1","fail_list":""}"#, "Ch1"),
        ] {
            let reply = reply::<GetResult>(&format!(r#"{{"status":3,"result":{result}}}"#)).unwrap();
            let expected = ImportResult::new(ChainId::new(chain_id), ImportStatus::AllImported);
            assert_eq!(reply, GetResultReply::finished(expected), "{result}");
        }
        assert_eq!(reply::<GetResult>(r#"{"status":3,"result":""}"#).unwrap().result, None);
    }

    #[test]
    fn a_finished_result_without_status_is_an_error_that_names_the_field() {
        for (json, missing) in [
            (r#"{"status":3,"result":{"chain_id":"Ch1"}}"#, "missing field `import_status`"),
            (r#"{"result":{}}"#, "missing field `status`"),
        ] {
            let error = reply::<GetResult>(json).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
        assert_eq!(failing_path::<GetResult>(r#"{"status":"done"}"#), "status");
    }

    #[test]
    fn unknown_status_numbers_are_kept() {
        let json = r#"{"status":"9","result":{}}"#;
        assert_eq!(reply::<GetResult>(json).unwrap().status, JobStatus::Other(9));
        let json = r#"{"status":3,"result":{"chain_id":7,"import_status":"8","new":1}}"#;
        let expected = ImportResult::new(ChainId::new("7"), ImportStatus::Other(8));
        assert_eq!(reply::<GetResult>(json).unwrap(), GetResultReply::finished(expected));
    }

    #[test]
    fn an_empty_job_id_is_rejected() {
        assert_eq!(rejected_fields(&GetResult::new(JobId::new(""))), ["jobid"]);
    }

    #[test]
    fn the_numbers_of_statuses_are_the_documented_ones() {
        use ImportStatus::{AllImported, NoneImported, SomeImported};
        use JobStatus::{Finished, Running, Started};
        assert_eq!([Started, Running, Finished].map(JobStatus::get), [1, 2, 3]);
        assert_eq!([AllImported, SomeImported, NoneImported].map(ImportStatus::get), [1, 2, 3]);
    }
}
