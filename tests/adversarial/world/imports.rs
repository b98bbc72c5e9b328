//! Imports of contacts: jobs that run one at a time, and the corps that they have imported.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use wecom_tests::adversary::checker::Checker;

use super::directory::page;

/// The chain that corps are imported into.
pub(crate) const CHAIN: &str = "ChImport";

const IMPORT_RUNNING: i64 = 670_022;
const UNKNOWN_JOB: i64 = 40_088;

/// The jobs, and the corps in the chain.
pub(crate) struct Imports {
    checker: Checker,
    random: Rng,
    jobs: Vec<Job>,
    /// The time at which an import from the admin console ends.
    console_until: Duration,
}

struct Job {
    corps: Vec<String>,
    ends: Duration,
}

/// Whether the service refuses to import a corp.
pub(crate) fn is_refused(corp: &str) -> bool {
    corp.ends_with("refused")
}

impl Imports {
    pub(crate) fn new(checker: Checker, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let console_until = if random.u8(..4) == 0 { random.u64(..60) } else { 0 };
        Self { checker, random, jobs: Vec::new(), console_until: Duration::from_secs(console_until) }
    }

    pub(crate) fn submit(&mut self, request: &Value, now: Duration) -> Result<String, i64> {
        if now < self.console_until || self.jobs.iter().any(|job| now < job.ends) {
            return Err(IMPORT_RUNNING);
        }
        let corps = request["contact_list"].as_array().into_iter().flatten();
        let corps: Vec<_> = corps.filter_map(|corp| corp["corp_name"].as_str()).map(str::to_owned).collect();
        if let Some(corp) = corps.iter().find(|corp| self.times(corp) > 0) {
            self.checker.report("no corp is imported twice", format!("{corp} is submitted again"));
        }
        let ends = now + Duration::from_millis(self.random.u64(..60_000));
        self.jobs.push(Job { corps, ends });
        Ok(format!("\"jobid\":\"job{}\"}}", self.jobs.len() - 1))
    }

    pub(crate) fn result(&self, job: &str, now: Duration) -> Result<String, i64> {
        let number: Option<usize> = job.strip_prefix("job").and_then(|number| number.parse().ok());
        let job = number.and_then(|number| self.jobs.get(number)).ok_or(UNKNOWN_JOB)?;
        if now < job.ends {
            return Ok("\"status\":2}".to_owned());
        }
        let refused = |corp: &&String| is_refused(corp);
        let failed: Vec<_> = job.corps.iter().filter(refused).map(|corp| failed(corp)).collect();
        let status = if failed.is_empty() { 1 } else { 2 };
        let result = json!({"chain_id": CHAIN, "import_status": status, "fail_list": failed});
        Ok(format!("\"status\":3,\"result\":{result}}}"))
    }

    pub(crate) fn list_groups() -> String {
        "\"groups\":[]}".to_owned()
    }

    pub(crate) fn list_corps(&self, request: &Value, now: Duration) -> String {
        let jobs = self.jobs.iter().filter(|job| job.ends <= now);
        let corps = jobs.flat_map(|job| &job.corps).filter(|corp| !is_refused(corp));
        page(corps.map(|corp| (corp.as_str(), corp.as_str())), 1, request)
    }

    /// Returns the number of submissions of a corp.
    pub(crate) fn times(&self, corp: &str) -> usize {
        self.jobs.iter().flat_map(|job| &job.corps).filter(|imported| *imported == corp).count()
    }
}

fn failed(corp: &str) -> Value {
    json!({"corp_name": corp, "custom_id": "", "errcode": 670_016, "errmsg": "invalid", "contact_info_list": []})
}
