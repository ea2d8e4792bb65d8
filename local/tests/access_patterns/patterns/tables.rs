//! The tables themselves: `shared::store::describe`.

use shared::store::{Table, TableState};

use super::{Row, row};
use crate::world::World;

pub(super) async fn rows() -> Vec<Row> {
    let world = World::new().await;
    vec![
        row!("How the table of users is",
            world.describe_table(Table::Users) => TableState::Serving { .. }),
        row!("How the table of chatrooms is",
            world.describe_table(Table::Chatrooms) => TableState::Serving { .. }),
        row!("How the table of messages is",
            world.describe_table(Table::Messages) => TableState::Serving { .. }),
    ]
}
