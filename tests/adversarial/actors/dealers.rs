//! A task that makes calls with the token of a downstream corp.

use std::time::Duration;

use wecom_core::Timer;
use wecom_upstream::CorpId;
use wecom_upstream::downstream::ShareError;

use crate::endpoints::OWN;
use crate::environment::TaskContext;
use crate::run::FAULTS_END;
use crate::world::customers::{Dealer, corp_id};

/// Makes calls with the token of a dealer's corp.
#[derive(Clone, Debug)]
pub(crate) struct DealerCalls {
    pub(crate) dealer: Dealer,
    pub(crate) count: u32,
    /// The pause between two calls.
    pub(crate) pause: Duration,
}

impl DealerCalls {
    pub(crate) async fn run(self, context: TaskContext) {
        let environment = &context.environment;
        for _ in 0..self.count {
            let began = environment.checker.now();
            if began >= FAULTS_END {
                return;
            }
            match environment.share.downstream(CorpId::new(corp_id(self.dealer))).await {
                Ok(downstream) => drop(context.begin(downstream.client(), self.dealer, &OWN).finish().await),
                Err(ShareError::Call(error)) => {
                    environment.checker.check_error(&error);
                    if !context.is_expected(&error, began) {
                        environment.checker.report("a downstream corp is found", error.to_string());
                    }
                }
                Err(error) => environment.checker.report("a downstream corp is found", error.to_string()),
            }
            context.sleep(self.pause).await;
        }
    }
}
