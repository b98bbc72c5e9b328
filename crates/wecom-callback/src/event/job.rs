//! `batch_job_result`: 异步任务完成事件 ([95797](https://developer.work.weixin.qq.com/document/path/95797)).

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use wecom_core::ErrCode;
use wecom_core::ids::JobId;

use super::fields::Fields;
use crate::xml::writer::Writer;

/// The end of a job (异步任务完成事件, [95797](https://developer.work.weixin.qq.com/document/path/95797)).
///
/// Sent to the app that started the job. It does not contain the results of the rows: `get_result` of `wecom-upstream`
/// returns them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchJobResult {
    /// The job: `JobId`, at most 64 bytes.
    pub job_id: JobId,
    /// The kind of job: `JobType`.
    pub job_type: JobType,
    /// `ErrCode`; 0 if the job has run.
    pub err_code: ErrCode,
    /// `ErrMsg`, such as `ok`.
    pub err_msg: String,
}

/// The kind of a job: `JobType`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobType {
    /// `import_chain_contact`: an import of contacts into a chain.
    ImportChainContact,
    /// `sync_user`: members of the address book were updated.
    SyncUser,
    /// `replace_user`: the members of the address book were replaced.
    ReplaceUser,
    /// `invite_user`: members were invited.
    InviteUser,
    /// `replace_party`: the departments were replaced.
    ReplaceParty,
    /// A kind without a variant here. To create a kind from a text, parse the text, which returns its variant if it has
    /// one.
    Other(String),
}

impl BatchJobResult {
    /// Creates the result of a job that has run, with `ErrCode` 0 and `ErrMsg` `ok`.
    pub fn new(job_id: impl Into<JobId>, job_type: JobType) -> Self {
        Self { job_id: job_id.into(), job_type, err_code: ErrCode(0), err_msg: "ok".to_owned() }
    }

    /// Sets the error.
    #[must_use]
    pub fn with_error(mut self, code: ErrCode, message: impl Into<String>) -> Self {
        (self.err_code, self.err_msg) = (code, message.into());
        self
    }

    pub(super) fn read(fields: &Fields<'_>) -> Option<Self> {
        // Some documents show the four elements without the element `BatchJob`.
        let nested = fields.below("BatchJob");
        let job = nested.as_ref().unwrap_or(fields);
        Some(Self {
            job_id: job.value("JobId")?,
            job_type: job.value("JobType")?,
            err_code: ErrCode(job.value("ErrCode").unwrap_or(0)),
            err_msg: job.text("ErrMsg").unwrap_or_default().into_owned(),
        })
    }

    pub(super) fn write(&self, xml: &mut Writer) {
        xml.group("BatchJob", |xml| {
            xml.text("JobId", &self.job_id)
                .text("JobType", &self.job_type)
                .number("ErrCode", self.err_code.0)
                .text("ErrMsg", &self.err_msg);
        });
    }
}

impl JobType {
    /// Returns the vendor's name of the kind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::ImportChainContact => "import_chain_contact",
            Self::SyncUser => "sync_user",
            Self::ReplaceUser => "replace_user",
            Self::InviteUser => "invite_user",
            Self::ReplaceParty => "replace_party",
            Self::Other(name) => name,
        }
    }
}

impl FromStr for JobType {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(match name {
            "import_chain_contact" => Self::ImportChainContact,
            "sync_user" => Self::SyncUser,
            "replace_user" => Self::ReplaceUser,
            "invite_user" => Self::InviteUser,
            "replace_party" => Self::ReplaceParty,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl fmt::Display for JobType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
