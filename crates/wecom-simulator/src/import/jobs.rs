//! Import jobs (导入任务). One runs at a time, and its corps are imported independently of each other.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use wecom_core::ErrCode;
use wecom_upstream::calls::{ImportCorp, ImportStatus, JobStatus};
use wecom_upstream::ids::CustomId;
use wecom_upstream::{AgentId, ChainId};

use crate::call::{Payload, payload};
use crate::chain::Chain;
use crate::hash::fnv1a;
use crate::import::eligibility::Eligibility;
use crate::import::{FailedImport, import, validation};
use crate::refusal::{Refusal, error_text};
use crate::steps::each;

/// The times from the start of a job until it is running and until it is finished.
const RUNNING_AFTER: Duration = Duration::from_secs(1);
const FINISHED_AFTER: Duration = Duration::from_secs(5);
/// The number of jobs whose results are kept.
const KEPT_RESULTS: usize = 5;
const MAX_CONTACTS_PER_DAY: usize = 20_000;
const DAY: u64 = 24 * 60 * 60;

/// The import jobs of the upstream corp.
#[derive(Default)]
pub(crate) struct ImportJobs {
    /// Whether the simulator has a timer. Without one, each poll advances a job by one status.
    pub(crate) on_timer: bool,
    /// The jobs whose results are kept, oldest first.
    jobs: VecDeque<ImportJob>,
    /// The number of jobs started so far.
    count: u64,
    /// The day of the last import and the number of contacts imported on it.
    daily_contacts: (u64, usize),
    /// Whether an import that was started in the admin console is running.
    pub(crate) console_is_importing: bool,
}

struct ImportJob {
    jobid: String,
    /// The app that started the job.
    app: AgentId,
    chain_id: ChainId,
    corps: Vec<ImportCorp>,
    /// The number of corps, executed or not.
    total: usize,
    started: Duration,
    /// The number of polls.
    polls: u32,
    result: Option<Value>,
}

impl ImportJobs {
    /// Starts a job of an app and returns its id.
    pub(crate) fn start(
        &mut self,
        app: AgentId,
        chain_id: ChainId,
        corps: Vec<ImportCorp>,
        now: Duration,
    ) -> Result<&str, Refusal> {
        validation::check_job(&corps)?;
        if self.console_is_importing || self.jobs.back().is_some_and(|job| job.result.is_none()) {
            return Err(ErrCode::IMPORT_RUNNING.into());
        }
        let today = now.as_secs() / DAY;
        let before = if self.daily_contacts.0 == today { self.daily_contacts.1 } else { 0 };
        let contacts: usize = corps.iter().map(|corp| corp.contact_info_list.len()).sum();
        if before + contacts > MAX_CONTACTS_PER_DAY {
            return Err(ErrCode::DAILY_IMPORT_EXCEEDED.into());
        }
        self.daily_contacts = (today, before + contacts);
        let (jobid, total) = (job_id(self.count), corps.len());
        self.count += 1;
        if self.jobs.len() == KEPT_RESULTS {
            self.jobs.pop_front();
        }
        self.jobs.push_back(ImportJob { jobid, app, chain_id, corps, total, started: now, polls: 0, result: None });
        Ok(self.jobs.back().map_or("", |job| &job.jobid))
    }

    /// Executes the running job if it is due, and returns its end.
    pub(crate) fn run_due_job(
        &mut self,
        chains: &mut [Chain],
        eligibility: &Eligibility,
        now: Duration,
    ) -> Option<EndedJob> {
        let on_timer = self.on_timer;
        let job = self.jobs.back_mut().filter(|job| job.result.is_none())?;
        if job.status(on_timer, now) != JobStatus::Finished {
            return None;
        }
        job.execute(chains, eligibility);
        let at = if on_timer { job.ends_at() } else { now };
        Some(EndedJob { jobid: job.jobid.clone(), app: job.app, at })
    }

    /// When the running job ends. `None` if no job is running, or if polls advance it.
    #[cfg(feature = "server")]
    pub(crate) fn next_end(&self) -> Option<Duration> {
        let running = self.jobs.back().filter(|job| self.on_timer && job.result.is_none());
        running.map(ImportJob::ends_at)
    }

    /// The jobs whose results are kept, latest first.
    #[cfg(feature = "server")]
    pub(crate) fn latest(&self, now: Duration) -> impl Iterator<Item = JobOverview> {
        self.jobs.iter().rev().map(move |job| JobOverview {
            jobid: job.jobid.clone(),
            chain_id: job.chain_id.to_string(),
            status: job.status(self.on_timer, now),
            corps: job.total,
            failed: job.result.as_ref().and_then(|result| Some(result.get("fail_list")?.as_array()?.len())),
        })
    }

    /// Counts a poll of a job. Without a timer this advances the job.
    pub(crate) fn count_poll(&mut self, jobid: &str) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.jobid == jobid) {
            job.polls = job.polls.saturating_add(1);
        }
    }

    /// Returns the status of a job, and its result if it is finished.
    pub(crate) fn status(&self, jobid: &str, now: Duration) -> Result<Payload, Refusal> {
        let Some(job) = self.jobs.iter().find(|job| job.jobid == jobid) else {
            let was_started = job_number(jobid).is_some_and(|number| number < self.count);
            return Err(if was_started { ErrCode::JOB_RESULT_GONE } else { ErrCode::UNKNOWN_JOB }.into());
        };
        let mut reply = payload([("status", job.status(self.on_timer, now).get().into())]);
        if let Some(result) = &job.result {
            reply.insert("result".to_owned(), result.clone());
        }
        Ok(reply)
    }
}

/// The end of a job.
pub(crate) struct EndedJob {
    pub(crate) jobid: String,
    /// The app that started the job.
    pub(crate) app: AgentId,
    pub(crate) at: Duration,
}

/// A job as the server's page shows it.
#[cfg(feature = "server")]
pub(crate) struct JobOverview {
    pub(crate) jobid: String,
    pub(crate) chain_id: String,
    pub(crate) status: JobStatus,
    pub(crate) corps: usize,
    /// The number of corps that were not imported, once the job is finished.
    pub(crate) failed: Option<usize>,
}

impl ImportJob {
    fn status(&self, on_timer: bool, now: Duration) -> JobStatus {
        let passed = now.saturating_sub(self.started);
        match (on_timer, self.polls) {
            _ if self.result.is_some() => JobStatus::Finished,
            (true, _) if passed >= FINISHED_AFTER => JobStatus::Finished,
            (true, _) if passed >= RUNNING_AFTER => JobStatus::Running,
            (false, 3..) => JobStatus::Finished,
            (false, 2) => JobStatus::Running,
            _ => JobStatus::Started,
        }
    }

    /// When the job ends, with a timer.
    fn ends_at(&self) -> Duration {
        self.started.saturating_add(FINISHED_AFTER)
    }

    fn execute(&mut self, chains: &mut [Chain], eligibility: &Eligibility) {
        let corps = std::mem::take(&mut self.corps);
        // An imported corp has not joined, so a job does not change its own limit.
        let joined_corp_limit = eligibility.check_joined_corp_limit(chains);
        let mut chain = each(chains).find(|chain| chain.chain_id == self.chain_id);
        let mut failed = Vec::new();
        for corp in each(corps) {
            let outcome = match &mut chain {
                Some(chain) => import(chain, &corp, eligibility, joined_corp_limit),
                None => Err(ErrCode::UNKNOWN_CHAIN.into()),
            };
            if let Err(failure) = outcome {
                failed.push(failed_corp(&corp, &failure));
            }
        }
        let status = match failed.len() {
            0 => ImportStatus::AllImported,
            failures if failures == self.total => ImportStatus::NoneImported,
            _ => ImportStatus::SomeImported,
        };
        self.result = Some(json!({"chain_id": self.chain_id, "import_status": status.get(), "fail_list": failed}));
    }
}

/// The id of a job. It contains the number of the job, so that old jobs are recognized without storing them.
fn job_id(number: u64) -> String {
    format!("job{:016x}{number:x}", fnv1a(number, b"job"))
}

fn job_number(jobid: &str) -> Option<u64> {
    let number = u64::from_str_radix(jobid.get(19..)?, 16).ok()?;
    (job_id(number) == jobid).then_some(number)
}

fn failed_corp(corp: &ImportCorp, failure: &FailedImport) -> Value {
    let contacts = failure
        .contacts
        .iter()
        .map(|(mobile, code)| json!({"mobile": mobile, "errcode": code.0, "errmsg": error_text(*code)}));
    json!({
        "corp_name": corp.corp_name,
        "custom_id": corp.custom_id.as_ref().map_or("", CustomId::as_str),
        "errcode": failure.code.0,
        "errmsg": error_text(failure.code),
        "contact_info_list": contacts.collect::<Value>(),
    })
}

#[cfg(test)]
mod tests {
    use wecom_upstream::calls::ImportContact;

    use super::*;

    #[test]
    fn old_jobs_are_recognized_and_not_stored() {
        let mut jobs = ImportJobs { on_timer: true, ..ImportJobs::default() };
        let eligibility = Eligibility::new(true, None, []);
        let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
        let mut ids = Vec::new();
        for number in 0..100 {
            let now = FINISHED_AFTER * number;
            jobs.run_due_job(&mut [], &eligibility, now);
            ids.push(jobs.start(AgentId::new(1), ChainId::new("Ch1"), vec![corp.clone()], now).unwrap().to_owned());
        }
        assert_eq!(jobs.jobs.len(), KEPT_RESULTS);
        let code = |jobid: &str| jobs.status(jobid, Duration::MAX).err().map(|it| it.code);
        assert!(ids[..95].iter().all(|jobid| code(jobid) == Some(ErrCode::JOB_RESULT_GONE)));
        assert!(ids[95..].iter().all(|jobid| code(jobid).is_none()));
        for unknown in ["", "job", &job_id(100), &format!("{}0", ids[0]), "job0000000000000000企"] {
            assert_eq!(code(unknown), Some(ErrCode::UNKNOWN_JOB), "{unknown}");
        }
    }

    #[test]
    fn a_finished_job_stays_finished_although_the_timer_goes_back() {
        let mut jobs = ImportJobs { on_timer: true, ..ImportJobs::default() };
        let corps = vec![ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")])];
        let jobid = jobs.start(AgentId::new(1), ChainId::new("Ch1"), corps, Duration::ZERO).unwrap().to_owned();
        jobs.run_due_job(&mut [], &Eligibility::new(true, None, []), FINISHED_AFTER).unwrap();
        let reply = jobs.status(&jobid, Duration::ZERO).unwrap();
        assert_eq!(reply["status"], JobStatus::Finished.get());
    }
}
