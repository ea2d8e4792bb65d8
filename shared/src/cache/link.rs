//! One connection that is made at first use, in a task of its own, and replaced when it is no good.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use futures_util::{
    FutureExt, TryFutureExt,
    future::{BoxFuture, Shared},
};
use redis::{FromRedisValue, Pipeline, RedisResult};

use super::{server::Server, wire::Wire};

/// After so many failed calls in a row a connection is replaced, whatever it looks like: one that
/// went silently (while the process was frozen, say) would be waited for until the kernel gives it
/// up, a quarter of an hour later.
const GIVEN_UP_AFTER: u32 = 3;

/// A connection and its number, or the attempt to make it.
type Connecting = Shared<BoxFuture<'static, RedisResult<(u64, Wire)>>>;

/// What came back from a call.
pub(super) struct Answered<T> {
    pub(super) value: T,
    /// The number of the connection that it came over: another one where it was made anew, even
    /// within the call. A cluster's client makes its own anew, and does not tell.
    pub(super) connection: u64,
}

/// See the [module](self).
pub(super) struct Link {
    server: Server,
    current: Mutex<Option<Connecting>>,
    failures: AtomicU32,
    attempts: AtomicU64,
}

impl Link {
    /// To `server`. Makes no call.
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            current: Mutex::default(),
            failures: AtomicU32::default(),
            attempts: AtomicU64::default(),
        }
    }

    /// Whether a call may have to wait for a TLS handshake first. A cluster's client does not tell
    /// whether it has to connect again to one of its nodes.
    pub(super) fn shakes_hands(&self) -> bool {
        self.server.is_tls
    }

    /// Makes a call. It has no bound of its own; whoever gives it up says so to [`Self::failed`].
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> RedisResult<Answered<T>> {
        let (connecting, (connection, mut wire)) = self.connected().await?;
        let value = match (commands.query_async(&mut wire).await, wire) {
            // Closed, most likely long ago, between two requests.
            (Err(error), Wire::Single(_)) if error.is_connection_dropped() => {
                self.forget(&connecting);
                let (connection, mut wire) = self.connecting().await?;
                let value = commands.query_async(&mut wire).await?;
                return Ok(Answered { value, connection });
            }
            // A cluster's client has connected again itself, in vain. If no node is left, it may
            // go on without a pause for as long as it is there.
            (Err(error), Wire::Cluster(_)) if error.is_unrecoverable_error() => {
                self.forget(&connecting);
                Err(error)
            }
            (value, _) => value,
        }?;
        Ok(Answered { value, connection })
    }

    /// A connection. An attempt that others have begun may have been frozen in the middle: if it
    /// fails, another one is made.
    async fn connected(&self) -> RedisResult<(Connecting, (u64, Wire))> {
        if let Some(begun) = self.usable()
            && let Ok(connection) = begun.clone().await
        {
            return Ok((begun, connection));
        }
        let connecting = self.connecting();
        let connection = connecting.clone().await?;
        Ok((connecting, connection))
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
        if let Some(connecting) = usable(current.as_ref()) {
            return connecting;
        }
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        let connect = self.server.clone().connect().map_ok(move |wire| (number, wire));
        let connecting = connect.boxed().shared();
        tokio::spawn(connecting.clone());
        *current = Some(connecting.clone());
        connecting
    }

    /// The connection that there is, or the attempt that is under way.
    fn usable(&self) -> Option<Connecting> {
        usable(self.current().as_ref())
    }

    /// Replaces `broken` at the next call, unless somebody else has done so already.
    fn forget(&self, broken: &Connecting) {
        self.current().take_if(|current| current.ptr_eq(broken));
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<Connecting>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// It, unless it has failed.
fn usable(current: Option<&Connecting>) -> Option<Connecting> {
    current.filter(|current| !matches!(current.peek(), Some(Err(_)))).cloned()
}
