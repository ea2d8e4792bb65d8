//! A stand-in for Stripe that speaks its wire format over HTTP, and does what it is told.
//!
//! `local` runs it where no API key is set; tests run it in-process with [`StandIn::start`]. It serves
//! what the subscription of one product needs:
//!
//! | | |
//! |---|---|
//! | `/v1/customers`, `/v1/customers/{id}` | create, retrieve, delete, list |
//! | `/v1/checkout/sessions`, `…/{id}`, `…/{id}/expire` | create (mode `subscription`), retrieve, list, expire |
//! | `/v1/subscriptions`, `…/{id}` | list, retrieve, update, cancel |
//! | `/v1/billing_portal/sessions` | create |
//! | `/v1/events`, `…/{id}` | list, retrieve |
//!
//! It is a strict judge of requests: without a key, or with `sk_invalid`, they are a 401, unknown
//! parameters and missing ones a 400, unknown objects a 404, or a 400 where a parameter names them. There
//! is a price of every id that begins with `price_`, but for `price_missing`. All cost 9.99 USD a month.
//! Idempotency keys hold the first answer to a `POST` for 24 hours, an error too unless the request was
//! refused before it began.
//!
//! `/c/pay/{id}` and `/p/session/{id}` are the pages of a Checkout session and of the billing portal:
//! for a browser, and for `curl -X POST …/c/pay/{id}/pay`.
//!
//! Time by itself expires sessions. Periods end when the stand-in is told so.
//!
//! # Control
//!
//! The same server takes orders:
//!
//! | | |
//! |---|---|
//! | `POST /control/checkout/sessions/{id}/{verb}` | see below; what changed: `{"object", "events": [{"id","type"}]}`; 409 if it can't happen |
//! | `POST /control/subscriptions/{id}/{verb}` | the same |
//! | `POST /control/customers/{id}/delete` | the same |
//! | `GET /control/customers` | all customers; `"deleted": true` in those that are |
//! | `POST /control/emit` | `{"type","object"}`: an event of any type about any object; `{"id","type"}` |
//! | `GET /control/events` | `[{"id","type","object_id","created","due","deliveries":[{"at","url","status"}]}]`, oldest first |
//! | `PUT /control/webhooks` | [`WebhookSettings`]: `{"delay_ms","copies","reorder","drop","hold"}`; what is left out is as usual; 204 |
//! | `POST /control/deliver` | `{"ids": […], "parallel"}`: delivers these events once, in this order, repetitions too; `[{"id","answers":[{"at","url","status"}]}]` |
//! | `POST /control/behaviours` | adds a [`Behaviour`] of API calls, see below; 201 |
//! | `DELETE /control/behaviours` | forgets all of them; 204 |
//! | `GET /control/requests` | the latest 1,000 API calls: `[{"at","method","path","idempotency_key","form"}]`, oldest first |
//! | `DELETE /control/requests` | forgets them; 204 |
//!
//! ## Verbs
//!
//! Each is a method of [`StandIn`] too.
//!
//! | of a session | what happens |
//! |---|---|
//! | `pay` | the subscription begins and is paid |
//! | `pay_later` | it begins `incomplete`; the session is complete, but unpaid |
//! | `payment_arrives` | what was to be paid later is |
//! | `payment_fails_later` | or it isn't |
//! | `expire` | the session is over |
//! | `decline` | a card is declined: nothing changes |
//!
//! | of a subscription | what happens |
//! |---|---|
//! | `renew` | the next period begins where this one ends, and is paid |
//! | `fail_payment` | the next period begins, and can't be paid: `past_due`; once that, one more attempt fails |
//! | `require_action` | the same, but that the bank asks something of the customer |
//! | `recover` | the open invoice is paid: `active` |
//! | `give_up` | it never will be: `unpaid`, or `incomplete_expired` if none ever was |
//! | `pause`, `resume` | `paused`; `active` with a new period from now |
//! | `cancel_at_period_end`, `keep` | it is to end, or not |
//! | `cancel` | it ends now |
//! | `end_period` | the period ends now: so does the subscription if it was to, else it renews |
//! | `trial` with `{"days": 14}` | `trialing` from now |
//! | `change_price` with `{"price": "price_…"}` | another price |
//!
//! ## Behaviours
//!
//! A behaviour is `{"when"?: {"method"?, "path"?}, "times"?, "delay_ms"?, "respond"?}`: for API calls of
//! this method whose path begins so, so many `times` (always, if left out), after `delay_ms`, `respond`.
//! Of those that match, the one added last is used. `respond` is one of
//!
//! | `respond` | what happens |
//! |---|---|
//! | `"answer"` | the usual answer; so too if left out |
//! | `{"status":500,"code":"…"}` | an error, and nothing else |
//! | `"hang"` | nothing, until the client goes away |
//! | `"cut"` | it is done; the connection breaks in the middle of the answer |
//! | `"swallow"` | it is done; the connection breaks before the answer |
//!
//! A request that is refused for its key, or answered from its idempotency key, uses none up.

mod account;
mod api;
mod behaviour;
mod control;
mod delivery;
mod ids;
mod lock;
mod model;
mod orders;
mod pages;
mod protocol;
mod requests;
mod settings;
mod stand_in;
mod state;
mod store;
mod version;
mod wire;

pub use account::{Attempt, Change, Event, Made, Refusal};
pub use behaviour::{Behaviour, Respond, StatusReply, When};
pub(crate) use delivery::Signer;
pub use delivery::{Delivered, Dropped, WebhookSettings};
pub use model::DEFAULT_PRICE;
pub use requests::Received;
pub use settings::{DEFAULT_SECRET, Settings};
pub use stand_in::StandIn;
pub use version::ApiVersion;
