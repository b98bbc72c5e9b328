//! A task that imports corps, and is killed and resumed.

use std::time::Duration;

use wecom_tests::adversary::referee::NUMBER;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::import::{ImportEvent, ImportOutcome, ImportReport, ImportState};
use wecom_upstream::{ChainId, Upstream};

use crate::stage::{Role, poll_times};
use crate::world::imports::{CHAIN, is_refused};

/// Imports corps.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// Tells the corps of one import from those of another.
    pub(crate) name: u32,
    pub(crate) corps: u32,
    /// The contacts of each corp. A job holds 2,000 of them.
    pub(crate) contacts: u32,
    /// At which events the process ends, after this number of polls: before the event's state is stored, or after.
    pub(crate) kills: Vec<(u32, Kill)>,
}

/// How a process ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kill {
    /// In the middle of `next`.
    WithinNext(u32),
    /// After `next`, before its state is stored.
    BeforeStoring,
}

impl Import {
    pub(crate) async fn run(self, role: Role) {
        let state = match ImportState::new(ChainId::new(CHAIN), self.rows()) {
            Ok(state) => state,
            Err(invalid) => return role.stage.referee.broken("valid rows are accepted", invalid.to_string()),
        };
        let mut stored = serde_json::to_string(&state).unwrap_or_default();
        let mut events = 0;
        loop {
            let report = self.process(&role, &mut stored, &mut events).await;
            if let Some(report) = report {
                self.check(&role, &report);
                if report.unfinished().next().is_none() || role.stage.referee.are_credentials_refused() {
                    return;
                }
            }
            role.sleep(Duration::from_secs(20)).await;
        }
    }

    /// One process: it begins with the stored state. `None` when it is killed.
    async fn process(&self, role: &Role, stored: &mut String, events: &mut u32) -> Option<ImportReport> {
        let referee = &role.stage.referee;
        let state: ImportState = match serde_json::from_str(stored) {
            Ok(state) => state,
            Err(error) => {
                referee.broken("a stored import can be read", error.to_string());
                return None;
            }
        };
        let upstream = Upstream::new(role.stage.client.clone());
        let mut import = upstream.import(state, referee.clone());
        loop {
            *events += 1;
            let kill = self.kills.iter().find(|(at, _)| at == events).map(|(_, kill)| *kill);
            let event = if let Some(Kill::WithinNext(polls)) = kill {
                let mut next = Box::pin(import.next());
                match poll_times(&mut next, polls).await {
                    Some(event) => event,
                    None => return None,
                }
            } else {
                import.next().await
            };
            let Some(event) = event else { break };
            referee.note(|| format!("task {}: the import: {event:?}", role.task));
            show(role, &event);
            if matches!(kill, Some(Kill::BeforeStoring)) {
                return None;
            }
            *stored = serde_json::to_string(import.state()).unwrap_or_default();
        }
        referee.text(&format!("{import:?}"));
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

    /// What a report says is true.
    fn check(&self, role: &Role, report: &ImportReport) {
        for row in &report.rows {
            let name = row.corp.corp_name.as_str();
            let times = role.stage.world.with(|world| world.imports.times(name));
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
                role.stage.referee.broken("the report of an import is true", facts);
            }
        }
    }
}

/// Shows the referee every text that can be made of an event.
fn show(role: &Role, event: &ImportEvent) {
    let referee = &role.stage.referee;
    match event {
        ImportEvent::Retrying { error, .. } | ImportEvent::Lost { error: Some(error), .. } => referee.error(error),
        ImportEvent::Stopped(stop) => referee.text(&format!("{stop}")),
        _ => {}
    }
    referee.text(&format!("{event:?}"));
}
