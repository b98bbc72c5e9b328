//! The state of the service, and the effects of requests on it.

pub(crate) mod customers;
pub(crate) mod directory;
pub(crate) mod imports;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use wecom_core::http::Request;
use wecom_tests::adversary::checker::{Checker, Scope};
use wecom_tests::adversary::checks::calls::CallId;
use wecom_tests::adversary::service::{Api, is_downstream_fetch};

use self::customers::Customers;
use self::directory::Directory;
use self::imports::Imports;
use crate::endpoints::ADD;

/// The state of the service. Cheap to clone.
#[derive(Clone)]
pub(crate) struct World {
    checker: Checker,
    state: Arc<Mutex<State>>,
}

pub(crate) struct State {
    /// The number of times that each call was carried out.
    carried_out: HashMap<CallId, u32>,
    pub(crate) directory: Directory,
    pub(crate) imports: Imports,
    pub(crate) customers: Customers,
}

impl World {
    pub(crate) fn new(checker: Checker, seed: u64) -> Self {
        let state = State {
            carried_out: HashMap::new(),
            directory: Directory::random(seed),
            imports: Imports::new(checker.clone(), seed),
            customers: Customers::default(),
        };
        Self { checker, state: Arc::new(Mutex::new(state)) }
    }

    /// Returns the number of times that a call was carried out.
    pub(crate) fn carried_out(&self, call: CallId) -> u32 {
        self.with(|state| state.carried_out.get(&call).copied().unwrap_or(0))
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn carry_out_call(&self, call: CallId, request: &Request) {
        let times = self.with(|state| {
            let times = state.carried_out.entry(call).or_default();
            *times += 1;
            *times
        });
        if times > 1 && *request.endpoint() == ADD {
            let facts = format!("call {call}: {times} times");
            self.checker.report("a call that is not idempotent is carried out once", facts);
        }
    }
}

impl State {
    fn carry_out(&mut self, request: &Request, now: Duration) -> Result<String, i64> {
        let body = request.body().map_or(&b"null"[..], |body| body);
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let is_import = body["chain_id"] == imports::CHAIN;
        match request.endpoint().name() {
            "get_chain_group" if is_import => Ok(Imports::list_groups()),
            "get_chain_group" => Ok(self.directory.list_groups()),
            "get_chain_corpinfo_list" if is_import => Ok(self.imports.list_corps(&body, now)),
            "get_chain_corpinfo_list" => Ok(self.directory.list_corps(&body)),
            "import_chain_contact" => self.imports.submit(&body, now),
            "get_result" => {
                let url = request.expose_url();
                let (_, job) = url.split_once("jobid=").unwrap_or_default();
                self.imports.result(job, now)
            }
            "list_app_share_info" => Ok(share_info(&body)),
            "unionid_to_external_userid" => self.customers.list_dealers(&body),
            "unionid_to_pending_id" => self.customers.ask_pending_id(&body),
            "external_userid_to_pending_id" => self.customers.pending_ids(&body),
            _ => Ok("\"n\":1}".to_owned()),
        }
    }
}

impl Api for World {
    fn carry_out(&mut self, request: &Request, _scope: Scope, now: Duration) -> Result<String, i64> {
        if let Some(call) = self.call_of(request) {
            self.carry_out_call(call, request);
            return Ok("\"n\":1}".to_owned());
        }
        self.with(|state| state.carry_out(request, now))
    }

    fn fetches(&self, request: &Request) -> Option<Scope> {
        let body = request.body().filter(|_| is_downstream_fetch(request))?;
        number_after(body, "\"agentid\":").and_then(|agent| Scope::try_from(agent).ok())
    }

    fn call_of(&self, request: &Request) -> Option<CallId> {
        if !request.endpoint().path().starts_with("test/") {
            return None;
        }
        number_after(request.body()?, "\"n\":")
    }
}

/// The agent id of the shared app in a dealer's corp is the dealer's number.
fn share_info(request: &Value) -> String {
    let corp = request["corpid"].as_str().unwrap_or_default();
    let agent: Option<u32> = corp.strip_prefix("wwdealer").and_then(|number| number.parse().ok());
    let corps: Vec<_> = agent.iter().map(|agent| json!({"corpid": corp, "corp_name": "d", "agentid": agent})).collect();
    format!("\"ending\":1,\"corp_list\":{}}}", Value::Array(corps))
}

/// Returns the number after a name in a JSON body.
fn number_after(body: &[u8], name: &str) -> Option<u64> {
    let body = std::str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once(name)?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}
