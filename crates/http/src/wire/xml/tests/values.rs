//! Values that may be anything: of dictionaries such as Properties and Data.

use super::{json, refusal};

/// The JSON of the value of one property.
#[track_caller]
fn value(element: &str) -> String {
    let json = json(&document(element));
    let value = json
        .strip_prefix(r#"{"Properties":{"k":"#)
        .and_then(|rest| rest.strip_suffix("}}"));
    value.unwrap_or_else(|| panic!("{json}")).to_owned()
}

fn document(element: &str) -> String {
    format!(
        "<Webhook><Properties><StringObjectKeyValuePair><Key>k</Key>{element}</StringObjectKeyValuePair></Properties></Webhook>"
    )
}

#[test]
fn a_typed_value_becomes_json_of_its_type_and_numbers_keep_their_spelling() {
    for (of_type, text, expected) in [
        ("string", "5", "\"5\""),
        ("string", " a ", "\" a \""),
        (
            "dateTime",
            "2025-01-02T03:04:05Z",
            "\"2025-01-02T03:04:05Z\"",
        ),
        ("anyURI", "https://a", "\"https://a\""),
        ("guid", "x", "\"x\""),
        ("int", "5", "5"),
        ("int", " -5\n", "-5"),
        ("int", "+05", "5"),
        ("long", "9223372036854775808", "9223372036854775808"),
        ("short", "1", "1"),
        ("byte", "255", "255"),
        ("unsignedInt", "1", "1"),
        (
            "integer",
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        ("double", "1.50", "1.50"),
        ("double", "1E400", "1E400"),
        ("double", "-0", "-0"),
        ("float", ".5", "0.5"),
        ("decimal", "5.", "5"),
        ("boolean", "true", "true"),
        ("boolean", "0", "false"),
        ("boolean", " 1 ", "true"),
        ("Unknown", "5", "\"5\""),
    ] {
        for attribute in [
            format!("xsi:type='xsd:{of_type}'"),
            format!("i:type=\"b:{of_type}\" xmlns:b='http://www.w3.org/2001/XMLSchema'"),
            format!("type='{}'", of_type.to_uppercase()),
        ] {
            assert_eq!(
                value(&format!("<Value {attribute}>{text}</Value>")),
                expected,
                "{attribute}: {text}"
            );
        }
    }
}

#[test]
fn a_value_that_is_not_of_its_type_is_refused() {
    for (of_type, inside) in [
        ("int", ""),
        ("int", "five"),
        ("double", "NaN"),
        ("double", "INF"),
        ("int", "<b/>"),
        ("boolean", ""),
        ("boolean", "True"),
        ("boolean", "yes"),
        ("string", "<b/>"),
        ("StringObjectDictionary", "x"),
        ("ArrayOfAnyType", "x"),
    ] {
        let error = refusal(document(&format!(
            "<Value xsi:type='{of_type}'>{inside}</Value>"
        )));
        assert_eq!(error.error.path, "Properties.k", "{of_type}: {inside}");
    }
}

#[test]
fn a_value_without_a_type_is_a_text_unless_there_are_elements_in_it() {
    for (element, expected) in [
        ("<Value>a</Value>", "\"a\""),
        ("<Value/>", "\"\""),
        ("<Value> </Value>", "\" \""),
        ("<Value xsi:nil='true'/>", "null"),
        ("<Value xsi:nil='true' xsi:type='xsd:int'/>", "null"),
        ("", "null"),
        (
            "<Value>\n <StringObjectKeyValuePair><Key>a</Key><Value>b</Value></StringObjectKeyValuePair>\n</Value>",
            r#"{"a":"b"}"#,
        ),
        (
            "<Value><anyType xsi:type='xsd:int'>1</anyType><anyType>b</anyType><anyType xsi:nil='true'/></Value>",
            r#"[1,"b",null]"#,
        ),
        (
            "<Value><string>5</string><int>5</int><boolean>true</boolean></Value>",
            r#"["5",5,true]"#,
        ),
        ("<Value><anyType><anyType/></anyType></Value>", r#"[[""]]"#),
        (
            "<Value><StringObjectDictionary/><ArrayOfanyType/></Value>",
            "[{},[]]",
        ),
    ] {
        assert_eq!(value(element), expected, "{element}");
    }
    for element in ["<Value>a<b/></Value>", "<Value><anyType/>a</Value>"] {
        assert_eq!(
            refusal(document(element)).error.path,
            "Properties.k",
            "{element}"
        );
    }
}

#[test]
fn empty_lists_and_dictionaries_are_told_apart_by_their_type() {
    for (of_type, expected) in [
        ("StringObjectDictionary", "{}"),
        ("a:ArrayOfKeyValueOfstringanyType", "{}"),
        ("StringDictionary", "{}"),
        ("ArrayOfAnyType", "[]"),
        ("a:ArrayOfanyType", "[]"),
        ("a:ArrayOfstring", "[]"),
        ("xsd:string", "\"\""),
    ] {
        assert_eq!(
            value(&format!("<Value xsi:type='{of_type}'/>")),
            expected,
            "{of_type}"
        );
    }
}

#[test]
fn key_and_value_come_in_any_order_beside_anything_else() {
    for pair in [
        "<p><Key>k</Key><Value xsi:type='xsd:int'>1</Value></p>",
        "<a:KeyValueOfstringanyType><a:Value xsi:type='xsd:int'>1</a:Value><a:Key>k</a:Key></a:KeyValueOfstringanyType>",
        "<entry><x/><value xsi:type='xsd:int'>1</value><y>z</y><KEY>k</KEY></entry>",
    ] {
        let twice = pair.replace(">k<", ">m<");
        let xml = format!("<Webhook><Data>{pair}{twice}</Data></Webhook>");
        assert_eq!(json(&xml), r#"{"Data":{"k":1,"m":1}}"#, "{pair}");
    }
}

#[test]
fn paths_lead_into_nested_values() {
    let inner = "<StringObjectKeyValuePair><Key>deep</Key><Value><anyType/><anyType xsi:type='xsd:int'>x</anyType></Value></StringObjectKeyValuePair>";
    let error = refusal(document(&format!("<Value>{inner}</Value>")));
    assert_eq!(error.error.path, "Properties.k.deep[1]");
    assert!(
        error
            .error
            .message
            .starts_with("must be a number that JSON has, not 'x'"),
        "{error}"
    );
}
