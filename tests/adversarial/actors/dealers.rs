//! A task that makes calls with the token of a downstream corp.

use std::time::Duration;

use wecom_core::Timer;
use wecom_upstream::CorpId;
use wecom_upstream::downstream::ShareError;

use crate::endpoints::OWN;
use crate::run::CALM;
use crate::stage::Role;
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
    pub(crate) async fn run(self, role: Role) {
        let stage = &role.stage;
        for _ in 0..self.count {
            let began = stage.referee.now();
            if began >= CALM {
                return;
            }
            match stage.share.downstream(CorpId::new(corp_id(self.dealer))).await {
                Ok(downstream) => drop(role.begin(downstream.client(), self.dealer, &OWN).finish().await),
                Err(ShareError::Call(error)) => {
                    stage.referee.error(&error);
                    if !role.is_excused(&error, began) {
                        stage.referee.broken("a downstream corp is found", error.to_string());
                    }
                }
                Err(error) => stage.referee.broken("a downstream corp is found", error.to_string()),
            }
            role.sleep(self.pause).await;
        }
    }
}
