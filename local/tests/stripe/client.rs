//! Stripe's Rust client, with all its types, against the stand-in.

use std::collections::HashMap;
use std::time::Duration;

use local::stripe::{Behaviour, DEFAULT_PRICE, Respond, StandIn};
use stripe::{
    ApiErrorsCode, ApiErrorsType, Client, ClientBuilder, IdempotencyKey, RequestStrategy,
    StripeError, StripeRequest as _,
};
use stripe_billing::{
    SubscriptionStatus,
    billing_portal_session::CreateBillingPortalSession,
    subscription::{
        CancelSubscription, ListSubscription, ListSubscriptionStatus, RetrieveSubscription,
        UpdateSubscription, UpdateSubscriptionItems,
    },
};
use stripe_checkout::{
    CheckoutSession, CheckoutSessionMode, CheckoutSessionPaymentStatus, CheckoutSessionStatus,
    checkout_session::{
        CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionLineItems,
        CreateCheckoutSessionSubscriptionData, ExpireCheckoutSession, RetrieveCheckoutSession,
    },
};
use stripe_core::customer::{
    CreateCustomer, DeleteCustomer, ListCustomer, RetrieveCustomer, RetrieveCustomerReturned,
};

use crate::support::stand_in;

fn client(stand_in: &StandIn) -> Client {
    client_with(stand_in, "sk_test_1")
}

fn client_with(stand_in: &StandIn, key: &str) -> Client {
    ClientBuilder::new(key)
        .url(stand_in.url())
        .timeout(Duration::from_secs(10))
        .request_strategy(RequestStrategy::Once)
        .build()
        .unwrap()
}

fn metadata(value: &str) -> HashMap<String, String> {
    HashMap::from([("user".to_owned(), value.to_owned())])
}

async fn customer(client: &Client) -> String {
    let created = CreateCustomer::new()
        .email("ada@example.com")
        .metadata(metadata("7"))
        .send(client)
        .await
        .unwrap();
    created.id.to_string()
}

fn checkout(customer: &str) -> CreateCheckoutSession {
    let mut item = CreateCheckoutSessionLineItems::new();
    item.price = Some(DEFAULT_PRICE.to_owned());
    item.quantity = Some(1);
    let mut data = CreateCheckoutSessionSubscriptionData::new();
    data.metadata = Some(metadata("7"));
    CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Subscription)
        .customer(customer)
        .line_items(vec![item])
        .success_url("http://localhost:3000/success?session_id={CHECKOUT_SESSION_ID}")
        .cancel_url("http://localhost:3000/cancel")
        .client_reference_id("user-7")
        .metadata(metadata("7"))
        .subscription_data(data)
        .allow_promotion_codes(true)
        .automatic_tax(CreateCheckoutSessionAutomaticTax::new(false))
}

async fn open(client: &Client, customer: &str) -> CheckoutSession {
    checkout(customer).send(client).await.unwrap()
}

/// What Stripe's error says.
fn refusal<T: std::fmt::Debug>(
    outcome: Result<T, StripeError>,
) -> (u16, ApiErrorsType, Option<ApiErrorsCode>, Option<String>) {
    match outcome.unwrap_err() {
        StripeError::Stripe(error, status) => (status, error.type_, error.code, error.param),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn customers_are_created_read_listed_and_deleted() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let id = customer(&client).await;
    let RetrieveCustomerReturned::Customer(read) =
        RetrieveCustomer::new(id.as_str()).send(&client).await.unwrap()
    else {
        panic!("deleted");
    };
    assert_eq!(read.email.as_deref(), Some("ada@example.com"));
    assert_eq!(read.metadata.unwrap(), metadata("7"));

    let other = CreateCustomer::new().email("bob@example.com").send(&client).await.unwrap();
    let found = ListCustomer::new().email("ada@example.com").limit(5).send(&client).await.unwrap();
    assert_eq!(found.data.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    let all = ListCustomer::new().send(&client).await.unwrap();
    assert_eq!(all.data[0].id, other.id, "the newest comes first");

    let deleted = DeleteCustomer::new(id.as_str()).send(&client).await.unwrap();
    assert_eq!(deleted.id.as_str(), id);
    let read = RetrieveCustomer::new(id.as_str()).send(&client).await.unwrap();
    assert!(matches!(read, RetrieveCustomerReturned::DeletedCustomer(_)));
    assert_eq!(ListCustomer::new().send(&client).await.unwrap().data.len(), 1);
    assert_eq!(refusal(DeleteCustomer::new(id.as_str()).send(&client).await).0, 404);
}

#[tokio::test]
async fn a_customer_subscribes_at_checkout() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let customer = customer(&client).await;
    let session = open(&client, &customer).await;
    assert!(session.id.as_str().starts_with("cs_test_"));
    assert_eq!(session.url.unwrap(), format!("{}/c/pay/{}", stand_in.url(), session.id));
    assert_eq!(session.status, Some(CheckoutSessionStatus::Open));
    assert_eq!(session.payment_status, CheckoutSessionPaymentStatus::Unpaid);
    assert_eq!(session.expires_at - session.created, 24 * 3_600);
    assert_eq!(session.amount_total, Some(999));

    stand_in.pay(session.id.as_str()).unwrap();
    let session = RetrieveCheckoutSession::new(&session.id).send(&client).await.unwrap();
    assert_eq!(session.status, Some(CheckoutSessionStatus::Complete));
    assert_eq!(session.payment_status, CheckoutSessionPaymentStatus::Paid);
    assert_eq!(session.client_reference_id.as_deref(), Some("user-7"));
    assert_eq!(session.url, None);
    let id = session.subscription.unwrap().into_id();

    let subscription = RetrieveSubscription::new(&id).send(&client).await.unwrap();
    assert_eq!(subscription.status, SubscriptionStatus::Active);
    assert_eq!(subscription.customer.id().as_str(), customer);
    assert_eq!(subscription.metadata, metadata("7"));
    let item = &subscription.items.data[0];
    assert_eq!(item.price.id.as_str(), DEFAULT_PRICE);
    assert_eq!(item.price.unit_amount, Some(999));
    assert_eq!(item.current_period_start, subscription.created);
    let days = (item.current_period_end - item.current_period_start) / 86_400;
    assert!((28..=31).contains(&days), "{days}");
}

#[tokio::test]
async fn ids_are_expanded_on_demand() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let session = open(&client, &customer(&client).await).await;
    stand_in.pay(session.id.as_str()).unwrap();
    let expand = ["subscription", "customer", "line_items"].map(str::to_owned).to_vec();
    let session =
        RetrieveCheckoutSession::new(&session.id).expand(expand).send(&client).await.unwrap();
    let subscription = session.subscription.unwrap();
    assert_eq!(subscription.as_object().unwrap().status, SubscriptionStatus::Active);
    assert!(session.customer.unwrap().is_object());
    assert_eq!(session.line_items.unwrap().data[0].quantity, Some(1));

    let listed = ListSubscription::new()
        .expand(vec!["data.latest_invoice".to_owned()])
        .send(&client)
        .await
        .unwrap();
    let invoice = listed.data[0].latest_invoice.as_ref().unwrap().as_object().unwrap();
    assert_eq!(invoice.amount_paid, 999);

    let unknown = ListSubscription::new().expand(vec!["data.moon".to_owned()]).send(&client).await;
    assert_eq!(refusal(unknown).0, 400);
}

#[tokio::test]
async fn only_an_open_session_can_be_expired() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let session = open(&client, &customer(&client).await).await;
    let expired = ExpireCheckoutSession::new(&session.id).send(&client).await.unwrap();
    assert_eq!(expired.status, Some(CheckoutSessionStatus::Expired));
    let again = ExpireCheckoutSession::new(&session.id).send(&client).await;
    assert_eq!(refusal(again), (400, ApiErrorsType::InvalidRequestError, None, None));
}

#[tokio::test]
async fn subscriptions_are_listed_by_customer_and_status() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let (ada, bob) = (customer(&client).await, customer(&client).await);
    for customer in [&ada, &ada, &bob] {
        let session = open(&client, customer).await;
        stand_in.pay(session.id.as_str()).unwrap();
    }
    let hers = ListSubscription::new().customer(&ada).send(&client).await.unwrap();
    assert_eq!(hers.data.len(), 2);
    let first = &hers.data[1].id;
    CancelSubscription::new(first).send(&client).await.unwrap();

    let ids = |status: Option<ListSubscriptionStatus>| {
        let list = ListSubscription::new().customer(&ada);
        let list = match status {
            Some(status) => list.status(status),
            None => list,
        };
        let client = client.clone();
        async move {
            let page = list.send(&client).await.unwrap();
            page.data.into_iter().map(|one| one.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(ids(None).await, [hers.data[0].id.clone()]);
    assert_eq!(ids(Some(ListSubscriptionStatus::Canceled)).await, std::slice::from_ref(first));
    assert_eq!(ids(Some(ListSubscriptionStatus::All)).await.len(), 2);

    let page = ListSubscription::new().limit(1).send(&client).await.unwrap();
    assert!(page.has_more);
    let rest = ListSubscription::new().limit(2).starting_after(page.data[0].id.as_str());
    let rest = rest.send(&client).await.unwrap();
    assert_eq!((rest.data.len(), rest.has_more), (1, false));
}

#[tokio::test]
async fn a_subscription_is_changed_and_canceled() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let session = open(&client, &customer(&client).await).await;
    let paid = stand_in.pay(session.id.as_str()).unwrap();
    let id = paid.object["subscription"].as_str().unwrap();

    let ends = UpdateSubscription::new(id).cancel_at_period_end(true).send(&client).await.unwrap();
    assert!(ends.cancel_at_period_end);
    assert_eq!(ends.cancel_at, Some(ends.items.data[0].current_period_end));
    let goes_on = UpdateSubscription::new(id).cancel_at_period_end(false).send(&client).await;
    assert_eq!(goes_on.unwrap().cancel_at, None);

    let mut item = UpdateSubscriptionItems::new();
    item.id = Some(ends.items.data[0].id.to_string());
    item.price = Some("price_other".to_owned());
    let changed = UpdateSubscription::new(id).items(vec![item]).send(&client).await.unwrap();
    assert_eq!(changed.items.data[0].price.id.as_str(), "price_other");

    let canceled = CancelSubscription::new(id).send(&client).await.unwrap();
    assert_eq!(canceled.status, SubscriptionStatus::Canceled);
    assert!(canceled.ended_at.is_some());
    let again = refusal(CancelSubscription::new(id).send(&client).await);
    assert_eq!((again.0, again.2), (404, Some(ApiErrorsCode::ResourceMissing)));
    let update = UpdateSubscription::new(id).cancel_at_period_end(true).send(&client).await;
    assert_eq!(refusal(update).0, 400);
}

#[tokio::test]
async fn a_visit_to_the_portal_has_a_page() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let customer = customer(&client).await;
    let session = CreateBillingPortalSession::new()
        .customer(&customer)
        .return_url("http://localhost:3000/account")
        .send(&client)
        .await
        .unwrap();
    assert_eq!(session.url, format!("{}/p/session/{}", stand_in.url(), session.id));
    assert_eq!(session.customer, customer);
}

#[tokio::test]
async fn what_a_parameter_names_has_to_exist() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let missing = |param: &str| {
        let kind = ApiErrorsType::InvalidRequestError;
        (400, kind, Some(ApiErrorsCode::ResourceMissing), Some(param.to_owned()))
    };
    assert_eq!(refusal(checkout("cus_nobody").send(&client).await), missing("customer"));
    let customer = customer(&client).await;
    let mut item = CreateCheckoutSessionLineItems::new();
    item.price = Some("price_missing".to_owned());
    let session = checkout(&customer).line_items(vec![item]).send(&client).await;
    assert_eq!(refusal(session), missing("line_items[0][price]"));
    stand_in.delete_customer(&customer).unwrap();
    assert_eq!(refusal(checkout(&customer).send(&client).await), missing("customer"));
}

#[tokio::test]
async fn a_bad_key_is_refused() {
    let stand_in = stand_in().await;
    let client = client_with(&stand_in, "sk_invalid");
    let outcome = refusal(CreateCustomer::new().send(&client).await);
    assert_eq!(outcome, (401, ApiErrorsType::InvalidRequestError, None, None));
}

#[tokio::test]
async fn the_same_idempotency_key_makes_one_customer() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    let create = |email: &str| {
        let strategy = RequestStrategy::Idempotent(IdempotencyKey::new("key-1").unwrap());
        CreateCustomer::new().email(email).customize().request_strategy(strategy)
    };
    let first = create("a@example.com").send(&client).await.unwrap();
    let second = create("a@example.com").send(&client).await.unwrap();
    assert_eq!(first.id, second.id);
    assert_eq!(stand_in.customers().len(), 1);
    let other = refusal(create("b@example.com").send(&client).await);
    assert_eq!((other.0, other.1), (400, ApiErrorsType::IdempotencyError));
}

#[tokio::test]
async fn broken_answers_are_errors_of_the_client() {
    let stand_in = stand_in().await;
    let client = client(&stand_in);
    for respond in [Respond::Cut, Respond::Swallow] {
        stand_in.on(Behaviour::new(respond).times(1));
        let outcome = CreateCustomer::new().send(&client).await;
        assert!(matches!(outcome, Err(StripeError::ClientError(_))), "{outcome:?}");
    }
    assert_eq!(stand_in.customers().len(), 2, "both happened");
    stand_in.on(Behaviour::new(Respond::status(503)).times(1));
    let outcome = refusal(CreateCustomer::new().send(&client).await);
    assert_eq!((outcome.0, outcome.1), (503, ApiErrorsType::ApiError));
    stand_in.on(Behaviour::new(Respond::Hang));
    let hanging = CreateCustomer::new().customize().timeout(Duration::from_millis(100));
    assert!(matches!(hanging.send(&client).await, Err(StripeError::Timeout)));
    assert_eq!(stand_in.customers().len(), 2);
}
