//! The pages that a person sees.

use local::stripe::StandIn;
use reqwest::{Method, Response, StatusCode};

use crate::support::{call, create, customer, http, id, session, stand_in, subscribed};

async fn open(url: &str) -> Response {
    http().get(url).send().await.unwrap()
}

async fn press(url: &str) -> Response {
    http().post(url).send().await.unwrap()
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()["location"].to_str().unwrap()
}

fn page_of(stand_in: &StandIn, session: &str) -> String {
    stand_in.session(session).unwrap()["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn paying_leads_to_the_success_page() {
    let stand_in = stand_in().await;
    let session = session(&stand_in, &customer(&stand_in).await).await;
    let url = page_of(&stand_in, &session);
    let page = open(&url).await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self' http://localhost:3000"), "{policy}");
    let html = page.text().await.unwrap();
    for text in ["Parley Pro", "USD 9.99", ">Pay<", "Pay later", "My card is declined", "Cancel"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<script"));

    let paid = press(&format!("{url}/pay")).await;
    assert_eq!(location(&paid), format!("http://localhost:3000/success?id={session}"));
    assert_eq!(stand_in.session(&session).unwrap()["payment_status"], "paid");

    let html = open(&url).await.text().await.unwrap();
    assert!(html.contains("paid for") && !html.contains("<form"), "{html}");
    assert_eq!(press(&format!("{url}/pay")).await.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn there_are_other_ways_out() {
    let stand_in = stand_in().await;
    let customer = customer(&stand_in).await;
    let session_id = session(&stand_in, &customer).await;
    let url = page_of(&stand_in, &session_id);
    assert_eq!(location(&press(&format!("{url}/cancel")).await), "http://localhost:3000/cancel");
    let declined = press(&format!("{url}/decline")).await;
    let shown = open(&format!("{}{}", stand_in.url(), location(&declined))).await;
    assert!(shown.text().await.unwrap().contains("was declined"));
    assert_eq!(stand_in.session(&session_id).unwrap()["status"], "open");
    let later = press(&format!("{url}/pay_later")).await;
    assert!(location(&later).starts_with("http://localhost:3000/success"));
    assert_eq!(stand_in.session(&session_id).unwrap()["payment_status"], "unpaid");

    let over = session(&stand_in, &customer).await;
    let url = page_of(&stand_in, &over);
    stand_in.expire(&over).unwrap();
    let html = open(&url).await.text().await.unwrap();
    assert!(html.contains("expired") && !html.contains("<form"));
    let nowhere = format!("{}/c/pay/cs_test_nothing", stand_in.url());
    assert_eq!(open(&nowhere).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(press(&format!("{nowhere}/pay")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_portal_offers_what_is_possible() {
    let stand_in = stand_in().await;
    let (customer, subscription) = subscribed(&stand_in).await;
    let form = format!("customer={customer}&return_url=http://localhost:3000/account");
    let visit = create(&stand_in, "/v1/billing_portal/sessions", &form).await;
    let url = visit["url"].as_str().unwrap();
    let html = || async { open(url).await.text().await.unwrap() };
    let act = |verb: &'static str| press_at(url, &subscription, verb);

    let first = html().await;
    assert!(first.contains("active") && first.contains("http://localhost:3000/account"));
    assert!(!first.contains("Keep it") && !first.contains("Payment recovers"));
    assert_eq!(location(&act("cancel_at_period_end").await), url.replace(stand_in.url(), ""));
    assert!(html().await.contains("Keep it"));
    act("keep").await;
    act("fail_payment").await;
    assert!(html().await.contains("past due"));
    act("recover").await;
    act("end_period").await;
    act("cancel").await;
    let last = html().await;
    assert!(last.contains("canceled") && !last.contains("<form"));
    assert_eq!(act("cancel").await.status(), StatusCode::CONFLICT);
    assert_eq!(act("explode").await.status(), StatusCode::NOT_FOUND);
}

async fn press_at(url: &str, subscription: &str, verb: &str) -> Response {
    press(&format!("{url}/{subscription}/{verb}")).await
}

#[tokio::test]
async fn the_portal_is_for_its_own_customer_only() {
    let stand_in = stand_in().await;
    let (_, others) = subscribed(&stand_in).await;
    let form = format!("customer={}", customer(&stand_in).await);
    let visit = create(&stand_in, "/v1/billing_portal/sessions", &form).await;
    let url = visit["url"].as_str().unwrap();
    assert_eq!(press_at(url, &others, "cancel").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(stand_in.subscription(&others).unwrap()["status"], "active");
}

#[tokio::test]
async fn what_is_shown_is_escaped() {
    let stand_in = stand_in().await;
    let form = "mode=subscription&success_url=http://localhost/%22%3E%3Cscript%3E\
                &line_items[0][price]=price_%3Cb%3E%22%27%26";
    let session = id(&create(&stand_in, "/v1/checkout/sessions", form).await);
    let html = open(&page_of(&stand_in, &session)).await.text().await.unwrap();
    assert!(html.contains("price_&lt;b&gt;&quot;&#39;&amp;"), "{html}");
    assert!(!html.contains("<b>") && !html.contains("<script"));

    let customer = customer(&stand_in).await;
    let bad = format!("customer={customer}&return_url=javascript:alert(1)");
    let refused = call(&stand_in, Method::POST, "/v1/billing_portal/sessions", &bad).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let odd = format!("customer={customer}&return_url=http://a.example/%22onclick=%22x");
    let visit = create(&stand_in, "/v1/billing_portal/sessions", &odd).await;
    let html = open(visit["url"].as_str().unwrap()).await.text().await.unwrap();
    assert!(!html.contains("\"onclick"), "{html}");
}
