//! The short way to a server in the same process: `local` has some; in Lambda there are none.

use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use tokio::task::coop::consume_budget;

/// A server in this very process.
pub trait Server: Debug + Send + Sync {
    /// Answers a request, or leaves it to the usual way: over the network, to this same server.
    fn answer(&self, request: &HttpRequest) -> Option<HttpConnectorFuture>;
}

/// Servers by their authorities: host and port.
pub type Servers = BTreeMap<String, Arc<dyn Server>>;

/// Asks `servers` first, each for what is sent to its authority, and `network` for the rest.
pub(crate) fn first(servers: &Servers, network: SharedHttpConnector) -> SharedHttpConnector {
    if servers.is_empty() {
        return network;
    }
    SharedHttpConnector::new(First { servers: servers.clone(), network })
}

#[derive(Debug)]
struct First {
    servers: Servers,
    network: SharedHttpConnector,
}

impl HttpConnector for First {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let rest = request.uri().strip_prefix("http://");
        let authority = rest.and_then(|rest| rest.split('/').next());
        let Some(server) = authority.and_then(|authority| self.servers.get(authority)) else {
            return self.network.call(request);
        };
        let (server, network) = (Arc::clone(server), self.network.clone());
        HttpConnectorFuture::new(async move {
            // An answer that is there at once never waits: without this, a loop of many calls would keep
            // a thread from everything else, and would not see that its time is over.
            consume_budget().await;
            match server.answer(&request) {
                Some(answer) => answer.await,
                None => network.call(request).await,
            }
        })
    }
}
