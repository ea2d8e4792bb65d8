//! The body of a delivery, as bytes: the signature is over these, and JSON that was read and
//! written again would be others.

use axum::{BoxError, body::HttpBody};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The largest body, bytes. Stripe names no bound; its largest events, invoices of many lines, are
/// some tens of kilobytes.
pub const LARGEST: usize = 256 * 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than [`LARGEST`]: 413.
    #[error("the body is larger than 256 KiB")]
    TooLarge,
    /// It ended before its end: 400.
    #[error("the body broke off")]
    Broken,
}

/// Reads the whole of `body`. One that says that it is too large is not begun.
pub async fn read(body: impl HttpBody<Error: Into<BoxError>>) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(BodyError::TooLarge);
    }
    match Limited::new(body, LARGEST).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Broken),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        io,
        pin::Pin,
        task::{Context, Poll},
    };

    use axum::body::Body;
    use hyper::body::{Frame, SizeHint};

    use super::*;

    /// A body that comes in parts, and says beforehand how long it is at least.
    #[derive(Default)]
    struct Parts {
        parts: VecDeque<io::Result<Bytes>>,
        declared: u64,
    }

    impl Parts {
        fn of(lengths: &[usize]) -> Self {
            let parts = lengths.iter().map(|length| Ok(Bytes::from(vec![b'x'; *length])));
            Self { parts: parts.collect(), declared: 0 }
        }
    }

    impl HttpBody for Parts {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
            Poll::Ready(self.parts.pop_front().map(|part| part.map(Frame::data)))
        }

        fn size_hint(&self) -> SizeHint {
            let mut hint = SizeHint::new();
            hint.set_lower(self.declared);
            hint
        }
    }

    #[tokio::test]
    async fn bytes_come_as_they_are_sent() {
        let sent: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(read(Body::from(sent.clone())).await, Ok(Bytes::from(sent)));
        assert_eq!(read(Body::empty()).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn the_largest_body_passes_and_one_byte_more_does_not() {
        assert_eq!(read(Parts::of(&[LARGEST - 1, 1])).await.unwrap().len(), LARGEST);
        assert_eq!(read(Parts::of(&[LARGEST, 1])).await, Err(BodyError::TooLarge));
        assert!(read(Body::from(vec![0; LARGEST])).await.is_ok());
        assert_eq!(read(Body::from(vec![0; LARGEST + 1])).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_is_declared_too_large_is_not_begun() {
        let declared = LARGEST as u64 + 1;
        // Begun, it would be `Broken`.
        let parts = VecDeque::from([Err(io::ErrorKind::ConnectionReset.into())]);
        assert_eq!(read(Parts { parts, declared }).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_body() {
        let mut body = Parts::of(&[10]);
        body.parts.push_back(Err(io::ErrorKind::ConnectionReset.into()));
        assert_eq!(read(body).await, Err(BodyError::Broken));
    }
}
