//! What the functions' own programs are started with: a deployment of `template.yaml` on loopback, and
//! the events of `events/`.

mod events;
mod ssm;
mod template;
mod world;

pub use events::{event, names, needs_token, with_request, with_token};
pub use template::{Deployment, Function, Text};
pub use world::World;
