//! The actions on queues as such.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use tokio::sync::Notify;

use super::{ACCOUNT, NamedQueue, Sqs, State, name_in};
use crate::sqs::{
    attributes::{self, QueueAttributes},
    error::Error,
    protocol::{
        Attributes, CreateQueue, GetQueueAttributes, GetQueueUrl, ListQueues, Nothing, OnQueue,
        SetQueueAttributes, is_name, within,
    },
    queue::Queue,
};

/// What ends the name of a FIFO queue.
const FIFO_SUFFIX: &str = ".fifo";

impl Sqs {
    /// Makes a queue and returns its name. One that is there already is left alone if the given
    /// attributes are what it has.
    pub(in crate::sqs) fn create_queue(&self, request: CreateQueue) -> Result<String, Error> {
        let CreateQueue { queue_name, attributes } = request;
        let fifo = check_name(&queue_name, &attributes)?;
        let mut state = self.lock();
        if let Some(existing) = state.queues.get(&queue_name) {
            let existing = &existing.queue.attributes;
            let same = existing.with(&attributes)? == *existing;
            return if same { Ok(queue_name) } else { Err(Error::QueueNameExists) };
        }
        let attributes = QueueAttributes::defaults(fifo).with(&attributes)?;
        state.check_redrive(&attributes)?;
        let now = self.clock.now();
        let queue = NamedQueue {
            queue: Queue::new(attributes),
            created_at: now,
            modified_at: now,
            changed: Arc::new(Notify::new()),
        };
        state.queues.insert(queue_name.clone(), queue);
        Ok(queue_name)
    }

    /// The name of a queue, if there is such a queue.
    pub(in crate::sqs) fn queue_named(&self, request: GetQueueUrl) -> Result<String, Error> {
        if self.lock().queues.contains_key(&request.queue_name) {
            Ok(request.queue_name)
        } else {
            Err(Error::QueueDoesNotExist)
        }
    }

    /// The names of queues, and the token for the next page if there is one.
    pub(in crate::sqs) fn list_queues(
        &self,
        request: &ListQueues,
    ) -> Result<(Vec<String>, Option<String>), Error> {
        let limit = within("MaxResults", request.max_results, &(1..=1_000))?.unwrap_or(1_000);
        let start = match &request.next_token {
            Some(last) => Bound::Excluded(last.as_str()),
            None => Bound::Included(request.queue_name_prefix.as_str()),
        };
        let state = self.lock();
        let mut names = state
            .queues
            .range::<str, _>((start, Bound::Unbounded))
            .map(|(name, _)| name.clone())
            .take_while(|name| name.starts_with(&request.queue_name_prefix));
        let page: Vec<String> = names.by_ref().take(limit as usize).collect();
        let next_token = names.next().and(page.last().cloned());
        Ok((page, next_token))
    }

    pub(in crate::sqs) fn delete_queue(
        &self,
        request: &OnQueue<Nothing>,
    ) -> Result<Nothing, Error> {
        let name = name_in(&request.queue_url)?;
        let deleted = self.lock().queues.remove(name).ok_or(Error::QueueDoesNotExist)?;
        deleted.changed.notify_waiters();
        Ok(Nothing {})
    }

    pub(in crate::sqs) fn purge_queue(&self, request: &OnQueue<Nothing>) -> Result<Nothing, Error> {
        self.change(&request.queue_url, |queue, _| {
            queue.purge();
            Ok(Nothing {})
        })
    }

    pub(in crate::sqs) fn queue_attributes(
        &self,
        OnQueue { queue_url, request }: &OnQueue<GetQueueAttributes>,
    ) -> Result<Attributes, Error> {
        let name = name_in(queue_url)?;
        let mut state = self.lock();
        let named = state.at_mut(queue_url)?;
        let depth = named.queue.depth(self.clock.now());
        let mut attributes = named.queue.attributes.to_map();
        attributes.extend(
            [
                ("QueueArn", format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")),
                ("ApproximateNumberOfMessages", depth.visible.to_string()),
                ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
                ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
                ("CreatedTimestamp", named.created_at.as_second().to_string()),
                ("LastModifiedTimestamp", named.modified_at.as_second().to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let known = |name: &&String| name.as_str() == "All" || attributes::is_known(name);
        if let Some(unknown) = request.attribute_names.iter().find(|name| !known(name)) {
            return Err(Error::InvalidAttributeName(unknown.clone()));
        }
        if !request.attribute_names.contains("All") {
            attributes.retain(|name, _| request.attribute_names.contains(name));
        }
        Ok(Attributes { attributes })
    }

    pub(in crate::sqs) fn set_queue_attributes(
        &self,
        OnQueue { queue_url, request }: &OnQueue<SetQueueAttributes>,
    ) -> Result<Nothing, Error> {
        let mut state = self.lock();
        let changed = state.at_mut(queue_url)?.queue.attributes.with(&request.attributes)?;
        state.check_redrive(&changed)?;
        let named = state.at_mut(queue_url)?;
        named.queue.attributes = changed;
        named.modified_at = self.clock.now();
        named.changed.notify_waiters();
        Ok(Nothing {})
    }
}

impl State {
    /// The dead-letter queue must be there and of the same type as its source.
    fn check_redrive(&self, attributes: &QueueAttributes) -> Result<(), Error> {
        let Some(policy) = &attributes.redrive_policy else { return Ok(()) };
        let refuse = |reason| Err(Error::invalid("RedrivePolicy", &policy.target(), reason));
        match self.queues.get(policy.target()) {
            None => refuse("Dead letter target does not exist."),
            Some(target) if target.queue.attributes.is_fifo() != attributes.is_fifo() => {
                refuse("Dead-letter target must be of the same type of queue as the source.")
            }
            Some(_) => Ok(()),
        }
    }
}

/// Whether a queue of that name is FIFO, if the name fits what the attributes say.
fn check_name(name: &str, attributes: &BTreeMap<String, String>) -> Result<bool, Error> {
    let fifo = attributes.get("FifoQueue").is_some_and(|value| value == "true");
    let stem = if fifo { name.strip_suffix(FIFO_SUFFIX) } else { Some(name) };
    // The suffix counts towards the 80 characters of a name.
    if stem.is_some_and(is_name) && name.len() <= 80 {
        return Ok(fifo);
    }
    Err(Error::InvalidParameters(if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.".to_owned()
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length."
            .to_owned()
    }))
}
