use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(event: &Value) -> Result<Event, EventError> {
    Event::parse(event.to_string().as_bytes())
}

/// What an event with this object in it is about: customer, subscription, session.
fn about(object: &Value) -> [Option<String>; 3] {
    let event = json!({"id": "evt_1", "object": "event", "type": "t", "data": {"object": object}});
    let About { customer, subscription, checkout_session } = parse(&event).unwrap().about;
    [
        customer.map(|id| id.to_string()),
        subscription.map(|id| id.to_string()),
        checkout_session.map(|id| id.to_string()),
    ]
}

fn ids(ids: [&str; 3]) -> [Option<String>; 3] {
    ids.map(|id| (!id.is_empty()).then(|| id.to_owned()))
}

#[test]
fn a_session_names_itself_its_customer_and_its_subscription() {
    let session = json!({
        "object": "checkout.session", "id": "cs_1",
        "customer": "cus_1", "subscription": "sub_1",
    });
    assert_eq!(about(&session), ids(["cus_1", "sub_1", "cs_1"]));
}

#[test]
fn a_subscription_and_a_customer_name_themselves() {
    let subscription = json!({
        "object": "subscription", "id": "sub_1",
        "customer": "cus_1", "subscription": "sub_2",
    });
    assert_eq!(about(&subscription), ids(["cus_1", "sub_1", ""]));
    let customer = json!({"object": "customer", "id": "cus_1", "subscription": null});
    assert_eq!(about(&customer), ids(["cus_1", "", ""]));
}

#[test]
fn an_invoice_names_its_subscription_in_one_of_five_places() {
    let in_line = |parent: Value| json!({"lines": {"data": [{}, {"parent": parent}]}});
    for place in [
        json!({"subscription": "sub_1"}),
        json!({"parent": {"subscription_details": {"subscription": "sub_1"}}}),
        json!({"lines": {"data": [{}, {"subscription": "sub_1"}]}}),
        in_line(json!({"subscription_item_details": {"subscription": "sub_1"}})),
        in_line(json!({"invoice_item_details": {"subscription": "sub_1"}})),
    ] {
        let mut invoice = place;
        invoice["object"] = "invoice".into();
        invoice["id"] = "in_1".into();
        assert_eq!(about(&invoice), ids(["", "sub_1", ""]), "{invoice}");
    }
}

#[test]
fn what_an_invoice_says_of_itself_counts_before_what_its_lines_say() {
    let invoice = json!({
        "object": "invoice",
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "lines": {"data": [{"subscription": "sub_2"}]},
    });
    assert_eq!(about(&invoice), ids(["", "sub_1", ""]));
}

#[test]
fn an_invoice_of_no_subscription_is_about_its_customer_only() {
    let invoice = json!({
        "object": "invoice", "customer": "cus_1",
        "subscription": null, "parent": null, "lines": {"data": []},
    });
    assert_eq!(about(&invoice), ids(["cus_1", "", ""]));
}

#[test]
fn any_other_object_may_have_a_customer_and_a_subscription() {
    let charge = json!({"object": "charge", "id": "ch_1", "customer": "cus_1"});
    assert_eq!(about(&charge), ids(["cus_1", "", ""]));
    let schedule =
        json!({"object": "subscription_schedule", "customer": "cus_1", "subscription": "sub_1"});
    assert_eq!(about(&schedule), ids(["cus_1", "sub_1", ""]));
}

#[test]
fn an_expanded_object_stands_for_its_id() {
    let session = json!({
        "object": "checkout.session", "id": "cs_1",
        "customer": {"id": "cus_1", "object": "customer", "deleted": true},
        "subscription": {"id": "sub_1", "object": "subscription"},
    });
    assert_eq!(about(&session), ids(["cus_1", "sub_1", "cs_1"]));
}

#[test]
fn what_is_no_id_is_as_if_it_were_not_there() {
    let long = "c".repeat(256);
    for nonsense in [
        json!(null),
        json!(7),
        json!(true),
        json!([]),
        json!({}),
        json!(["cus_1"]),
        json!({"id": 7}),
        json!(""),
        json!("cus_1#profile"),
        json!(long),
    ] {
        let session = json!({
            "object": "checkout.session", "id": nonsense,
            "customer": nonsense, "subscription": nonsense,
        });
        assert_eq!(about(&session), ids(["", "", ""]), "{nonsense}");
    }
    let lines = json!({"data": {"0": "sub_1"}});
    let invoice = json!({"object": "invoice", "subscription": 7, "parent": [], "lines": lines});
    assert_eq!(about(&invoice), ids(["", "", ""]));
    assert_eq!(about(&json!("cus_1")), ids(["", "", ""]));
}

#[test]
fn an_event_without_data_is_about_nothing() {
    for event in [
        json!({"id": "evt_1", "type": "t"}),
        json!({"id": "evt_1", "type": "t", "data": [1], "object": 1}),
    ] {
        assert_eq!(parse(&event).unwrap().about, About::default());
    }
}

#[test]
fn a_thin_event_is_about_nothing_whatever_it_holds() {
    let object = json!({"object": "customer", "id": "cus_1"});
    let event = json!({
        "id": "evt_1", "object": "v2.core.event", "type": "v1.customer.created",
        "related_object": {"id": "cus_1"}, "data": {"object": object},
    });
    let event = parse(&event).unwrap();
    assert_eq!((event.id.as_str(), event.kind.as_str()), ("evt_1", "v1.customer.created"));
    assert_eq!(event.about, About::default());
}

#[test]
fn an_event_has_an_id_and_a_type() {
    let long = "x".repeat(256);
    for bad in [
        json!(null),
        json!(7),
        json!(""),
        json!("a b"),
        json!("ü"),
        json!(["x"]),
        json!({"id": "x"}),
        json!(long),
    ] {
        assert_eq!(parse(&json!({"id": bad, "type": "t"})), Err(EventError::BadId), "{bad}");
        assert_eq!(parse(&json!({"id": "evt_1", "type": bad})), Err(EventError::BadKind), "{bad}");
    }
    assert_eq!(parse(&json!({"type": "t"})), Err(EventError::BadId));
    assert_eq!(parse(&json!({"id": "evt_1"})), Err(EventError::BadKind));
}

#[test]
fn arrays_and_scalars_are_no_events() {
    for body in ["[]", "null", "7", "\"evt_1\"", "[{\"id\":\"evt_1\",\"type\":\"t\"}]"] {
        assert_eq!(Event::parse(body.as_bytes()), Err(EventError::BadId), "{body}");
    }
}

#[test]
fn what_is_not_json_is_no_event() {
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 6] =
        [b"", b"{", b"{\"id\":\"evt_\xff\"}", b"{} {}", b"\xef\xbb\xbf{}", deep.as_bytes()];
    for body in bodies {
        assert_eq!(Event::parse(body), Err(EventError::NotJson));
    }
}

#[test]
fn of_two_fields_of_one_name_the_last_counts() {
    let object = r#"{"customer":"cus_1","customer":"cus_2"}"#;
    let body = format!(r#"{{"id":"evt_1","id":"evt_2","type":"t","data":{{"object":{object}}}}}"#);
    let event = Event::parse(body.as_bytes()).unwrap();
    assert_eq!(event.id.as_str(), "evt_2");
    assert_eq!(event.about.customer.unwrap().as_str(), "cus_2");
}

#[test]
fn twenty_types_matter_and_their_neighbours_do_not() {
    let matters = |kind: &str| parse(&json!({"id": "evt_1", "type": kind})).unwrap().matters();
    for (object, kinds) in [
        ("checkout.session", "completed async_payment_succeeded async_payment_failed expired"),
        ("customer.subscription", "created updated deleted paused resumed trial_will_end"),
        ("customer.subscription", "pending_update_applied pending_update_expired"),
        ("invoice", "paid payment_succeeded payment_failed payment_action_required"),
        ("invoice", "finalization_failed voided marked_uncollectible"),
        ("customer", "deleted"),
    ] {
        for kind in kinds.split(' ').map(|kind| format!("{object}.{kind}")) {
            assert!(matters(&kind), "{kind}");
        }
    }
    for kind in [
        "customer.created",
        "customer.updated",
        "invoice.created",
        "invoice.upcoming",
        "charge.succeeded",
        "INVOICE.PAID",
        "invoice.paid2",
    ] {
        assert!(!matters(kind), "{kind}");
    }
}

/// JSON of any shape, with the names that are looked at among its names.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z]{2,3}_[A-Za-z0-9]{1,14}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "invoice|customer|subscription|checkout\\.session|event".prop_map(Value::from),
    ];
    let name =
        "id|type|object|data|customer|subscription|parent|lines|subscription_details|[a-z]{1,4}";
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Event::parse(&body);
    }

    #[test]
    fn whatever_else_it_holds_an_event_with_id_and_type_is_one(
        object in any_json(),
        extra in any_json(),
    ) {
        let event = json!({
            "id": "evt_1", "type": "invoice.paid",
            "object": extra, "extra": extra, "data": {"object": object},
        });
        let event = parse(&event).unwrap();
        prop_assert_eq!(event.id.as_str(), "evt_1");
        prop_assert!(event.matters());
    }

    #[test]
    fn json_of_any_shape_is_an_event_or_an_error(event in any_json()) {
        let _ = parse(&event);
    }
}

#[test]
fn huge_numbers_do_no_harm() {
    let body = |number: &str| format!(r#"{{"id":"evt_1","type":"t","created":{number}}}"#);
    assert!(Event::parse(body(&"9".repeat(300)).as_bytes()).is_ok());
    assert_eq!(Event::parse(body("1e999").as_bytes()), Err(EventError::NotJson));
    assert_eq!(Event::parse(body(&"9".repeat(400)).as_bytes()), Err(EventError::NotJson));
}
