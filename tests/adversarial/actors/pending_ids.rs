//! A task that looks up the pending ids of many customers.

use wecom_core::{ErrCode, Timer};
use wecom_upstream::{ExternalUserId, Upstream};

use crate::environment::{TaskContext, poll_times};
use crate::world::customers::{external_userid, pending_id};

/// Looks up the pending ids of customers.
#[derive(Clone, Debug)]
pub(crate) struct PendingIds {
    pub(crate) count: u32,
    /// The index of the unknown id.
    pub(crate) wrong: Option<u32>,
    /// The indices of answers for which the future of `next` is dropped once, after this number of polls.
    pub(crate) drops: Vec<(u32, u32)>,
}

impl PendingIds {
    pub(crate) async fn run(self, context: TaskContext) {
        let environment = &context.environment;
        let began = environment.checker.now();
        let ids: Vec<_> = (0..self.count).map(|number| self.id(number)).collect();
        let mut answers = Upstream::new(environment.client.clone()).pending_ids(ids.iter().map(ExternalUserId::new));
        for (number, id) in (0..).zip(&ids) {
            let drop_after = self.drops.iter().find(|(at, _)| *at == number);
            let dropped = match drop_after {
                Some((_, polls)) => poll_times(&mut Box::pin(answers.next()), *polls).await,
                None => None,
            };
            let answer = match dropped {
                Some(answer) => answer,
                None => answers.next().await,
            };
            let Some(answer) = answer else {
                return environment.checker.report("each id is answered once, in order", format!("none for {id}"));
            };
            if answer.external_userid.as_str() != id {
                let facts = format!("{} instead of {id}", answer.external_userid);
                return environment.checker.report("each id is answered once, in order", facts);
            }
            match answer.pending_id {
                Ok(found) => {
                    // An answer may be read late, but it stays correct.
                    let is_true = found.as_ref().is_none_or(|found| {
                        found.as_str() == pending_id(number) && self.is_recognizable(&context, number)
                    });
                    if !is_true {
                        environment.checker.report("an answer agrees with the service", format!("{id}: {found:?}"));
                    }
                }
                Err(error) => {
                    environment.checker.check_error(&error);
                    let is_wrong =
                        Some(number) == self.wrong && error.code() == Some(ErrCode::INVALID_EXTERNAL_USER_ID);
                    if !is_wrong && !context.is_expected(&error, began) {
                        environment.checker.report("an id fails only after a fault", format!("{id}: {error}"));
                    }
                }
            }
        }
        if answers.next().await.is_some() {
            environment.checker.report("each id is answered once, in order", "one more answer than ids");
        }
    }

    fn id(&self, number: u32) -> String {
        if Some(number) == self.wrong { "wrong".to_owned() } else { external_userid(1, number) }
    }

    fn is_recognizable(&self, context: &TaskContext, number: u32) -> bool {
        Some(number) != self.wrong && context.environment.world.with(|world| world.customers.is_recognizable(1, number))
    }
}
