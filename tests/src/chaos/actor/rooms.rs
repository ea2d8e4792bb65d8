//! What users do with chatrooms.

use reqwest::Method;
use serde_json::json;

use super::{
    super::book::{Book, Room},
    Actor,
};
use crate::Response;

/// So many rooms, and the list of them is still one page.
const MOST_ROOMS: usize = 40;

impl Actor {
    pub(super) async fn open(&mut self) {
        if self.book.open_rooms().count() >= MOST_ROOMS {
            return;
        }
        let key = format!("{}-room-{}", self.book.name, self.book.rooms.len());
        let body = json!({"name": key});
        let opened = self
            .client
            .insist(&Method::POST, "/chatroom", |request| request.json(&body).key(&key))
            .await;
        let id = opened.expect(201).string("id");
        let path = format!("/chatroom/{id}");
        self.secrets.lock().unwrap().push((self.book.name.clone(), path));
        let twice = self.book.rooms.insert(id, Room::default());
        assert!(twice.is_none(), "a room was opened twice");
    }

    pub(super) async fn rename(&mut self) {
        let Some(room) = self.room() else { return };
        let body = json!({"name": format!("{} renamed", self.book.name)});
        let path = format!("/chatroom/{room}");
        self.client.insist(&Method::PATCH, &path, |request| request.json(&body)).await.is(200);
    }

    pub(super) async fn delete(&mut self) {
        let Some(room) = self.room() else { return };
        let path = format!("/chatroom/{room}");
        if let Some(answer) = self.client.once(&Method::DELETE, &path, |request| request).await {
            answer.is(204);
        } else {
            let answer = self.client.insist(&Method::DELETE, &path, |request| request).await;
            // Gone by a try that was not answered.
            assert!(matches!(answer.status(), 204 | 404), "{answer}");
        }
        if let Some(room) = self.book.rooms.get_mut(&room) {
            room.deleted = true;
        }
        let again = self.client.insist(&Method::GET, &path, |request| request).await;
        assert_eq!(again.status(), 404, "a deleted room is shown: {again}");
    }

    /// The list never lies to its owner.
    pub(super) async fn list(&mut self) {
        let Some(answer) = self.get("/chatroom?limit=100").await else { return };
        shows_all_rooms(&self.book, &answer);
    }
}

/// Whether a list holds just the rooms that are open.
pub(in super::super) fn shows_all_rooms(book: &Book, answer: &Response) {
    answer.is(200);
    let listed = answer.array();
    let mut listed: Vec<_> = listed.iter().filter_map(|room| room["id"].as_str()).collect();
    listed.sort_unstable();
    let open: Vec<_> = book.open_rooms().map(|(id, _)| id.as_str()).collect();
    assert_eq!(listed, open, "the list lies to {}: {answer}", book.name);
}
