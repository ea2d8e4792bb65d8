//! What Parley replaces: two backends in Python (`FastAPI`, Celery, `PostgreSQL`, Redis) for the same job.
//!
//! They were measured on another day, on a machine with 2 cores that was otherwise idle, in the same way:
//! 32 connections over loopback, a model that takes 200 ms. These are the best figures of either, with
//! one web worker or two; so a ratio tells the order of magnitude, and the processor time tells it best.

use std::time::Duration;

use super::endpoints::Endpoint;

/// The better predecessor at one endpoint.
pub(crate) struct Best {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Processor time for each request.
    pub(crate) cpu: Duration,
}

/// What is aimed at: ten times the requests a second, a tenth of the processor time.
pub(crate) const GOAL: f64 = 10.0;

impl Endpoint {
    /// What the better of them did. They had no pages: nothing compares to those.
    pub(crate) fn best_of_predecessors(self) -> Option<Best> {
        let (rate, cpu_micros) = match self {
            Self::Me => (1_045.0, 1_600),
            Self::Rooms => (655.0, 1_400),
            Self::OpenRoom => (387.0, 3_300),
            Self::Send => (248.0, 5_400),
            Self::Messages => return None,
        };
        Some(Best { rate, cpu: Duration::from_micros(cpu_micros) })
    }
}
