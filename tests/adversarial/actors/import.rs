//! A task that imports corps, and is killed and resumed.

use std::time::Duration;

use wecom_tests::adversary::checker::NUMBER;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::import::{ImportEvent, ImportOutcome, ImportReport, ImportState};
use wecom_upstream::{ChainId, Upstream};

use crate::environment::{TaskContext, poll_times};
use crate::world::imports::{CHAIN, is_refused};

/// Imports corps.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// The number of the import, which is part of its corps' names.
    pub(crate) name: u32,
    pub(crate) corps: u32,
    /// The number of contacts of each corp. A job has at most 2,000.
    pub(crate) contacts: u32,
    /// The numbers of the events at which the process is killed, and how.
    pub(crate) kills: Vec<(u32, Kill)>,
}

/// The point at which a process is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kill {
    /// After this number of polls of `next`.
    DuringNext(u32),
    /// After `next`, before the state is stored.
    BeforeStoring,
}

impl Import {
    pub(crate) async fn run(self, context: TaskContext) {
        let state = match ImportState::new(ChainId::new(CHAIN), self.rows()) {
            Ok(state) => state,
            Err(invalid) => return context.environment.checker.report("valid rows are accepted", invalid.to_string()),
        };
        let mut stored = serde_json::to_string(&state).unwrap_or_default();
        let mut events = 0;
        loop {
            let report = self.process(&context, &mut stored, &mut events).await;
            if let Some(report) = report {
                self.check(&context, &report);
                if report.unfinished().next().is_none() || context.environment.checker.are_credentials_refused() {
                    return;
                }
            }
            context.sleep(Duration::from_secs(20)).await;
        }
    }

    /// Runs one process, which starts from the stored state. Returns `None` if it is killed.
    async fn process(&self, context: &TaskContext, stored: &mut String, events: &mut u32) -> Option<ImportReport> {
        let checker = &context.environment.checker;
        let state: ImportState = match serde_json::from_str(stored) {
            Ok(state) => state,
            Err(error) => {
                checker.report("a stored import can be read", error.to_string());
                return None;
            }
        };
        let upstream = Upstream::new(context.environment.client.clone());
        let mut import = upstream.import(state);
        loop {
            *events += 1;
            let kill = self.kills.iter().find(|(at, _)| at == events).map(|(_, kill)| *kill);
            let event = if let Some(Kill::DuringNext(polls)) = kill {
                let mut next = Box::pin(import.next());
                match poll_times(&mut next, polls).await {
                    Some(event) => event,
                    None => return None,
                }
            } else {
                import.next().await
            };
            let Some(event) = event else { break };
            checker.log(|| format!("task {}: the import: {event:?}", context.task));
            show(context, &event);
            if matches!(kill, Some(Kill::BeforeStoring)) {
                return None;
            }
            *stored = serde_json::to_string(import.state()).unwrap_or_default();
        }
        checker.check_text(&format!("{import:?}"));
        Some(import.into_report())
    }

    fn rows(&self) -> impl Iterator<Item = ImportCorp> {
        let contact = |number| ImportContact::member("张三", format!("{NUMBER}{:03}", number % 1000));
        let contacts = self.contacts.max(1);
        self.names().map(move |name| ImportCorp::new(name, (0..contacts).map(contact)))
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let name = self.name;
        (0..self.corps).map(move |number| {
            let end = if number % 5 == 3 { "refused" } else { "corp" };
            format!("import{name}x{number}{end}")
        })
    }

    /// Checks that the report agrees with the service.
    fn check(&self, context: &TaskContext, report: &ImportReport) {
        for row in &report.rows {
            let name = row.corp.corp_name.as_str();
            let times = context.environment.world.with(|world| world.imports.times(name));
            let is_true = match &row.outcome {
                ImportOutcome::Imported => times == 1 && !is_refused(name),
                ImportOutcome::Failed(_) => times == 1 && is_refused(name),
                ImportOutcome::NotSubmitted => times == 0,
                ImportOutcome::Running(_) => times == 1,
                ImportOutcome::Unknown { in_chain: Some(is_there) } => *is_there == (times == 1 && !is_refused(name)),
                ImportOutcome::Unknown { in_chain: None } => true,
                _ => false,
            };
            if !is_true {
                let facts = format!("{name} was imported {times} times; the report: {:?}", row.outcome);
                context.environment.checker.report("the report of an import is true", facts);
            }
        }
    }
}

/// Passes every text of an event to the checker.
fn show(context: &TaskContext, event: &ImportEvent) {
    let checker = &context.environment.checker;
    match event {
        ImportEvent::Retrying { error, .. } | ImportEvent::Lost { error: Some(error), .. } => {
            checker.check_error(error);
        }
        ImportEvent::Stopped(stop) => checker.check_text(&format!("{stop}")),
        _ => {}
    }
    checker.check_text(&format!("{event:?}"));
}
