//! One connection that is made at first use, in a task of its own, and replaced when it is no good.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use redis::{FromRedisValue, Pipeline, RedisResult};

use super::server::{Server, Wire};

/// After so many failed calls in a row a connection is replaced, whatever it looks like: one that
/// went silently (while the process was frozen, say) would be waited for until the kernel gives it
/// up, a quarter of an hour later.
const GIVEN_UP_AFTER: u32 = 3;

/// A connection, or the attempt to make it.
type Connecting = Shared<BoxFuture<'static, RedisResult<Wire>>>;

/// See the [module](self).
pub(super) struct Link {
    server: Server,
    current: Mutex<Option<Connecting>>,
    failures: AtomicU32,
}

impl Link {
    /// To `server`. Makes no call.
    pub(super) fn new(server: Server) -> Self {
        Self { server, current: Mutex::default(), failures: AtomicU32::default() }
    }

    /// Whether a call has to wait for a handshake first.
    pub(super) fn shakes_hands(&self) -> bool {
        let is_connected = |current: &Connecting| matches!(current.peek(), Some(Ok(_)));
        self.server.is_tls && !self.current().as_ref().is_some_and(is_connected)
    }

    /// Makes a call. It has no bound of its own; whoever gives it up says so to [`Self::failed`].
    pub(super) async fn query<T: FromRedisValue>(&self, commands: &Pipeline) -> RedisResult<T> {
        let connecting = self.connecting();
        let mut wire = connecting.clone().await?;
        let answer = commands.query_async(&mut wire).await;
        match (wire, answer) {
            // Closed, most likely long ago, between two requests. A cluster's client has looked
            // after that itself.
            (Wire::Single(_), Err(error)) if error.is_connection_dropped() => {
                self.forget(&connecting);
                commands.query_async(&mut self.connecting().await?).await
            }
            (_, answer) => answer,
        }
    }

    /// A call was answered.
    pub(super) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A call was not answered, or not in time.
    pub(super) fn failed(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= GIVEN_UP_AFTER {
            self.failures.store(0, Ordering::Relaxed);
            // An attempt that is still under way ends by itself.
            self.current().take_if(|current| current.peek().is_some());
        }
    }

    /// The connection that there is, or a new attempt. It goes on when nobody waits for it any
    /// more: who comes later finds it made.
    fn connecting(&self) -> Connecting {
        let mut current = self.current();
        let usable = current.as_ref().filter(|it| !matches!(it.peek(), Some(Err(_))));
        if let Some(connecting) = usable {
            return connecting.clone();
        }
        let connecting = self.server.clone().connect().boxed().shared();
        tokio::spawn(connecting.clone());
        *current = Some(connecting.clone());
        connecting
    }

    /// Replaces `broken` at the next call, unless somebody else has done so already.
    fn forget(&self, broken: &Connecting) {
        self.current().take_if(|current| current.ptr_eq(broken));
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<Connecting>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
