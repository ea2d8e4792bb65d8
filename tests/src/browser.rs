//! A browser, as far as the pages of Stripe's stand-in need one.

use reqwest::{Method, redirect};

/// Opens pages and presses buttons. It stays where it is when it is sent elsewhere.
pub struct Browser(reqwest::Client);

/// A page of somebody else's: the rules for Parley's answers don't hold for it.
#[derive(Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Where the browser is sent, if it is.
    pub location: Option<String>,
    /// The page.
    pub html: String,
}

impl Default for Browser {
    fn default() -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .tls_certs_only([]);
        Self(http.build().unwrap())
    }
}

impl Browser {
    /// `GET url`.
    pub async fn open(&self, url: &str) -> Page {
        self.visit(Method::GET, url).await
    }

    /// `POST url`, as a form's button does.
    pub async fn press(&self, url: &str) -> Page {
        self.visit(Method::POST, url).await
    }

    async fn visit(&self, method: Method, url: &str) -> Page {
        let answer = self.0.request(method, url).send().await.unwrap();
        let location = answer.headers().get("location").map(|url| url.to_str().unwrap().to_owned());
        Page { status: answer.status().as_u16(), location, html: answer.text().await.unwrap() }
    }
}

impl Page {
    /// Panics unless it has this status.
    #[track_caller]
    pub fn is(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
    }

    /// Where a redirection after a button leads to.
    #[track_caller]
    #[must_use]
    pub fn leads_to(&self) -> &str {
        self.is(303);
        self.location.as_deref().unwrap_or_else(|| panic!("it leads nowhere: {self:?}"))
    }

    /// The id of the first subscription that the page of the billing portal names.
    #[track_caller]
    #[must_use]
    pub fn subscription(&self) -> String {
        let (_, from) = self.html.split_once("sub_").unwrap_or_else(|| panic!("none: {self:?}"));
        let id: String = from.chars().take_while(char::is_ascii_alphanumeric).collect();
        format!("sub_{id}")
    }
}
