//! A test's visit to the rehearsal's common stack.

use crate::{
    now,
    rehearsal::{Stack, gateway::Gateway},
};

use super::host::wait_for;

pub(super) struct Visit {
    stack: Stack,
    gateway: Gateway,
    /// Unix milliseconds.
    began_at: i64,
}

impl Visit {
    pub(super) async fn start(stack: Stack) -> Self {
        let began_at = now().as_millisecond();
        let gateway =
            Gateway::start(Gateway::listener().await, stack.aws.endpoint(), stack.id("HttpApi"));
        Self { stack, gateway, began_at }
    }

    pub(super) fn base_url(&self) -> &str {
        self.gateway.url()
    }

    pub(super) fn stack(&self) -> &Stack {
        &self.stack
    }

    /// What the functions have printed meanwhile, for other tests as well.
    pub(super) fn logs(&self) -> String {
        wait_for(self.stack.logs(self.began_at))
    }
}
