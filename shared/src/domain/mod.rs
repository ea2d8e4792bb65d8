//! Parley's rules and types, free of any transport, store or vendor.

pub mod chatroom;
pub mod clock;
pub mod id;
pub mod message;
pub mod mobile_number;
pub mod payment_id;
pub mod quota;
pub mod role;
pub mod subscription;
pub mod text;
pub mod user;

pub use chatroom::Chatroom;
pub use clock::{Clock, SystemClock};
pub use id::{AttemptId, ChatroomId, Ids, MessageId, SessionId, UserId};
pub use message::{Message, Side, Status, Usage};
pub use mobile_number::MobileNumber;
pub use payment_id::{CheckoutId, CustomerId, EventId, SubscriptionId};
pub use quota::{DailyLimit, Limits, Tally, Tier};
pub use role::Role;
pub use subscription::{Checkout, Entitlement, Subscription, SubscriptionStatus};
pub use user::{Caller, User};
