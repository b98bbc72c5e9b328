//! Checks of token fetches: one at a time, not dropped with the caller, and not repeated during a pause.

use std::time::Duration;

use super::super::checker::{Answer, Exchange, Scope, Violation};

const FREQUENCY_EXCEEDED: i64 = 45009;
const IP_NOT_TRUSTED: i64 = 60020;
/// The codes for wrong credentials: a wrong secret, a wrong corp id.
const CREDENTIALS: [i64; 2] = [40001, 40013];

/// Checks the token fetches of each scope.
#[derive(Debug)]
pub struct FetchCheck {
    limit: Duration,
    in_flight: Vec<(Scope, Exchange)>,
    /// The time before which gettoken must not be repeated.
    pause: Duration,
    /// The number of refused credentials in a row.
    refusals: u32,
}

impl FetchCheck {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, in_flight: Vec::new(), pause: Duration::ZERO, refusals: 0 }
    }

    pub(crate) fn sent(&mut self, scope: Scope, exchange: &Exchange) -> Result<(), Violation> {
        let now = exchange.sent;
        if let Some((_, other)) = self.in_flight.iter().find(|(of, _)| *of == scope) {
            let facts = format!("scope {scope}: requests {} and {}", other.id, exchange.id);
            return Err(Violation::new("one fetch of a token at a time", facts));
        }
        self.in_flight.push((scope, *exchange));
        if scope != 0 {
            return Ok(());
        }
        if now < self.pause {
            let facts = format!("request {} is sent {:?} too early", exchange.id, self.pause - now);
            return Err(Violation::new("gettoken is not repeated during the pause after a refusal", facts));
        }
        // A refusal during an early renewal is not final.
        if self.refusals > 1 {
            return Err(Violation::new("refused credentials are not sent again", format!("request {}", exchange.id)));
        }
        Ok(())
    }

    pub(crate) fn answered(&mut self, exchange: &Exchange, answer: Answer, now: Duration) {
        self.in_flight.retain(|(_, other)| other.id != exchange.id);
        if exchange.fetches != Some(0) {
            return;
        }
        match answer {
            Answer::Code(FREQUENCY_EXCEEDED) => self.pause = now + Duration::from_secs(60),
            Answer::Code(IP_NOT_TRUSTED) => self.pause = now + Duration::from_secs(10),
            Answer::Code(code) if CREDENTIALS.contains(&code) => self.refusals += 1,
            Answer::Reply => self.refusals = 0,
            Answer::Code(_) | Answer::Other => {}
        }
    }

    pub(crate) fn dropped(&mut self, exchange: &Exchange, now: Duration) -> Result<(), Violation> {
        let count = self.in_flight.len();
        self.in_flight.retain(|(_, other)| other.id != exchange.id);
        let was_under_way = self.in_flight.len() < count;
        // The fetch of a downstream token may end at the deadline of the call that started it.
        let is_early = exchange.fetches == Some(0) && now - exchange.sent < self.limit;
        if was_under_way && is_early {
            let facts = format!("request {} was dropped after {:?}", exchange.id, now - exchange.sent);
            return Err(Violation::new("a fetch of a token outlives the caller that began it", facts));
        }
        Ok(())
    }

    pub(crate) fn are_credentials_refused(&self) -> bool {
        self.refusals > 0
    }
}
