//! DynamoDB's capacity units: asked for with every request, and taken out of every answer.

use hyper::body::Bytes;
use serde_json::Value;

use crate::round_trips::calls::Said;

/// The kinds of indexes that an answer may tell of.
const INDEXES: [&str; 2] = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];

/// A request that asks what it consumes.
pub(super) fn asked_for(request: &[u8]) -> Bytes {
    let mut request: Value = serde_json::from_slice(request).unwrap();
    request["ReturnConsumedCapacity"] = "INDEXES".into();
    request.to_string().into()
}

/// The answer as it would be had nothing of the kind been asked for. The units are noted in `said`.
pub(super) fn taken_from(answer: &[u8], said: &mut Said) -> Bytes {
    let mut answer: Value = serde_json::from_slice(answer).unwrap();
    said.refused = answer.get("__type").is_some();
    let consumed = answer.as_object_mut().and_then(|answer| answer.remove("ConsumedCapacity"));
    let units = consumed.as_ref().map_or(0.0, units);
    if ["GetItem", "BatchGetItem", "Query"].contains(&said.operation.as_str()) {
        said.read_units = units;
    } else {
        said.write_units = units;
    }
    answer.to_string().into()
}

/// Of one table or of several, with their indexes.
fn units(consumed: &Value) -> f64 {
    let all = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
    let of_table = |consumed: &Value| {
        let indexes = INDEXES.iter().filter_map(|kind| consumed[kind].as_object());
        let parts = indexes.flat_map(|indexes| indexes.values()).chain([&consumed["Table"]]);
        parts.filter_map(|part| part["CapacityUnits"].as_f64()).sum::<f64>()
    };
    all.iter().map(of_table).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(operation: &str, answer: &Value) -> (Value, Said) {
        let mut said = Said { operation: operation.to_owned(), ..Said::default() };
        let body = taken_from(answer.to_string().as_bytes(), &mut said);
        (serde_json::from_slice(&body).unwrap(), said)
    }

    #[test]
    fn units_of_all_tables_and_indexes_are_summed_up() {
        let (answer, said) = said(
            "TransactWriteItems",
            &json!({ "ConsumedCapacity": [
                { "TableName": "users", "Table": { "CapacityUnits": 2.0 } },
                { "TableName": "messages", "CapacityUnits": 3.0, "Table": { "CapacityUnits": 2.0 },
                  "GlobalSecondaryIndexes": { "pending": { "CapacityUnits": 1.0 } } },
            ]}),
        );
        assert_eq!(answer, json!({}));
        assert!((said.write_units, said.read_units, said.refused) == (5.0, 0.0, false));
    }

    #[test]
    fn a_read_is_no_write_and_keeps_its_answer() {
        let consumed = json!({ "TableName": "users", "Table": { "CapacityUnits": 0.5 } });
        let (answer, said) = said("Query", &json!({ "Count": 0, "ConsumedCapacity": consumed }));
        assert_eq!(answer, json!({ "Count": 0 }));
        assert!((said.write_units, said.read_units) == (0.0, 0.5));
    }

    #[test]
    fn a_refusal_tells_no_units() {
        let (_, said) = said("PutItem", &json!({ "__type": "ConditionalCheckFailedException" }));
        assert!(said.refused && said.write_units == 0.0);
    }
}
