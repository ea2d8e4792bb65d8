//! Locks that outlive a panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nothing is left half done while a lock is held, so a panic elsewhere spoils nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
