//! A Parley's address, and requests to it.

use std::{
    fmt,
    sync::{Arc, Mutex, Once},
    time::Duration,
};

use reqwest::Method;

use crate::{Request, model, never_log::NeverLog, stripe};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a Parley is. Cheap to clone; stays right when its process comes back on another port.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    base_url: Mutex<String>,
    never_log: NeverLog,
    never_show: Mutex<Vec<String>>,
}

impl Api {
    /// The Parley at this base URL, without a slash at its end.
    #[must_use]
    pub fn new(base_url: String) -> Self {
        install_tls();
        let mut http = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        if base_url.starts_with("http://") {
            // Reading the machine's root certificates would be the slowest part of many a test.
            http = http.tls_certs_only([]);
        }
        let internals = model::INTERNALS.iter().chain(&stripe::INTERNALS);
        Self(Arc::new(Inner {
            http: http.build().unwrap(),
            base_url: Mutex::new(base_url),
            never_log: NeverLog::default(),
            never_show: Mutex::new(internals.map(ToString::to_string).collect()),
        }))
    }

    /// The base URL, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.0.base_url.lock().unwrap().clone()
    }

    pub(crate) fn moved_to(&self, base_url: String) {
        *self.0.base_url.lock().unwrap() = base_url;
    }

    pub(crate) fn never_log(&self) -> &NeverLog {
        &self.0.never_log
    }

    /// From now on, no answer may contain `text`.
    pub(crate) fn never_show(&self, text: &str) {
        self.0.never_show.lock().unwrap().push(text.to_owned());
    }

    /// What no answer may contain.
    pub(crate) fn never_shown(&self) -> Vec<String> {
        self.0.never_show.lock().unwrap().clone()
    }

    /// A request without credentials. `path` may be a whole URL, as a `Link` header holds it.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base_url())
        };
        Request::new(self.clone(), self.0.http.request(method, url))
    }

    /// `GET path`, without credentials.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// `POST path`, without credentials.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base_url())
    }
}

pub(crate) fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that a library of the same process was quicker; it has the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
