//! Three small typed calls: a `POST`, a `GET` without fields, and a `GET` with one.

use pollster::block_on;
use serde::{Deserialize, Serialize};
use wecom_core::http::Query;
use wecom_core::{ApiCall, Client, Endpoint, Error};

/// `POST`: the groups of a chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GetGroups {
    pub(crate) chain_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) groupid: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Groups {
    pub(crate) groups: Vec<String>,
}

pub(crate) const GET_GROUPS: Endpoint = Endpoint::post("get_groups", "corpgroup/corp/get_groups");

impl ApiCall for GetGroups {
    const ENDPOINT: &'static Endpoint = &GET_GROUPS;
    type Reply = Groups;
}

/// `GET` without fields: the chains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GetChains;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chains {
    pub(crate) chains: Vec<String>,
}

pub(crate) const GET_CHAINS: Endpoint = Endpoint::get("get_chains", "corpgroup/corp/get_chains");

impl ApiCall for GetChains {
    const ENDPOINT: &'static Endpoint = &GET_CHAINS;
    type Reply = Chains;
}

/// `GET` with a field, and a reply without fields: stops a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StopJob {
    pub(crate) jobid: String,
}

pub(crate) const STOP_JOB: Endpoint = Endpoint::get("stop_job", "corpgroup/stopjob");

impl ApiCall for StopJob {
    const ENDPOINT: &'static Endpoint = &STOP_JOB;
    type Reply = ();

    fn query(&self, query: &mut Query) {
        query.push("jobid", self.jobid.as_str());
    }
}

pub(crate) fn of_chain(chain_id: &str) -> GetGroups {
    GetGroups { chain_id: chain_id.to_owned(), groupid: None }
}

pub(crate) fn groups(names: &[&str]) -> Groups {
    Groups { groups: names.iter().map(|&name| name.to_owned()).collect() }
}

pub(crate) fn stop(jobid: &str) -> StopJob {
    StopJob { jobid: jobid.to_owned() }
}

/// Makes a call without a runtime.
pub(crate) fn call<C: ApiCall>(client: &Client, call: C) -> Result<C::Reply, Error> {
    block_on(client.call(call))
}
