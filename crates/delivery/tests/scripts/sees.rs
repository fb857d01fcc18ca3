//! What scripts see, and what becomes of what they say.

use webhook_domain::delivery::{MAX_KEPT_ANSWER_BYTES, MAX_MESSAGE_LEN};
use webhook_domain::{CustomHeaders, DeliveryPlugin as _, Outcome, Secret};

use crate::{World, message, message_of, run};

#[tokio::test]
async fn get_variable_answers_texts() {
    let source = r#"
        for (const name of ["Event", "EventId", "Entity", "PrimaryKey", "ChangedByAssociateId",
            "ContextIdentifier", "Timestamp", "Changes.amount", "Changes.title", "Changes.done",
            "Changes.note", "Deep", "Big", "nothing of this name"])
            printLine(typeof getVariable(name), "|", getVariable(name));
    "#;
    let expected = "\
        string|sale.sold\n\
        string|00000000-0000-0000-0000-000000000007\n\
        string|sale\n\
        string|41\n\
        string|12\n\
        string|Default\n\
        string|2025-03-04T05:06:07Z\n\
        string|12.50\n\
        string|Café \"x\"\n\
        string|true\n\
        string|\n\
        string|{\"List\":[1,\"a\"]}\n\
        string|12345678901234567890\n\
        string|\n";
    assert_eq!(message(source).await, expected);
}

#[tokio::test]
async fn the_variables_of_the_context_are_values() {
    let source = r#"
        const v = context.variables;
        print(JSON.stringify([v.PrimaryKey + 1, v["Changes.amount"], v["Changes.done"],
            v["Changes.note"], v.Deep.List[1], v.Unknown === undefined, Object.keys(v).length]));
    "#;
    assert_eq!(message(source).await, r#"[42,12.5,true,null,"a",true,14]"#);
}

#[tokio::test]
async fn j11_no_template_language_touches_properties() {
    assert_eq!(message("print(getVariable('Template'))").await, "{{7*7}}");
}

#[tokio::test]
async fn a_body_becomes_the_message_and_what_was_printed_is_kept_beside_it() {
    let report = run("print(1, 'a', null); context.result.body = 'done: ø';").await;
    assert_eq!(report.outcome, Outcome::Ok);
    assert_eq!(
        (report.message.as_str(), report.answer.as_str()),
        ("done: ø", "1anull")
    );
    assert_eq!((report.status, report.sent), (None, None));
}

#[tokio::test]
async fn without_a_body_what_was_printed_is_the_message() {
    for none in [
        "",
        "context.result.body = null;",
        "context.result = null;",
        "context = 1;",
    ] {
        assert_eq!(
            message(&format!("printLine('a');{none}")).await,
            "a\n",
            "{none}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_text_becomes_json() {
    for (body, text) in [
        ("{ok: true, n: [1]}", r#"{"ok":true,"n":[1]}"#),
        ("7", "7"),
        ("''", ""),
        ("'\\ud800x'", "\\ud800x"),
        ("{toJSON() { return 'mine' }}", "\"mine\""),
    ] {
        let source = format!("print('log'); context.result.body = {body};");
        assert_eq!(message(&source).await, text, "{body}");
    }
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let report = run("print('é'.repeat(5000)); context.result.body = 'x'.repeat(5000);").await;
    assert_eq!(report.message, "x".repeat(MAX_MESSAGE_LEN));
    assert_eq!(report.answer, "é".repeat(MAX_KEPT_ANSWER_BYTES / 2));
}

#[tokio::test]
async fn an_exception_fails_the_attempt_with_its_text_and_line() {
    for (source, told) in [
        (
            "let a = 1;\n\nmissing.member;",
            "ReferenceError: missing is not defined (line 3)",
        ),
        (
            "function f() {\n throw new TypeError('no')\n}\nf();",
            "TypeError: no (line 2)",
        ),
        (
            "let a = ;",
            "SyntaxError: unexpected token in expression: ';' (line 1)",
        ),
        ("throw 'just a text'", "just a text"),
        ("throw {toString() { return 'an object' }}", "an object"),
        ("throw {toString() { throw 1 }}", "a value that has no text"),
        ("null.x\0", "it holds a NUL character"),
    ] {
        let message = message_of(Outcome::ScriptError, source).await;
        assert_eq!(message, format!("The script failed: {told}"), "{source}");
    }
}

#[tokio::test]
async fn what_was_printed_before_an_exception_is_kept() {
    let report = run("print('so far'); null.x").await;
    assert_eq!(report.outcome, Outcome::ScriptError);
    assert_eq!(report.answer, "so far");
}

#[tokio::test]
async fn promises_are_carried_out_to_their_end() {
    let source = "
        const later = async (text) => { await null; await null; printLine(text); return 'made' };
        later('beside');
        Promise.resolve().then(() => printLine('then'));
        context.result.body = await later('awaited');
    ";
    let report = run(source).await;
    assert_eq!(
        (report.outcome, report.message.as_str()),
        (Outcome::Ok, "made")
    );
    assert_eq!(report.answer, "then\nbeside\nawaited\n");
}

#[tokio::test]
async fn a_rejected_promise_that_nobody_handles_fails_the_attempt() {
    for source in [
        "Promise.reject(new Error('lost'))",
        "(async () => { await null; throw new Error('lost') })()",
        "await (async () => { await null; throw new Error('lost') })()",
    ] {
        let message = message_of(Outcome::ScriptError, source).await;
        assert_eq!(
            message, "The script failed: Error: lost (line 1)",
            "{source}"
        );
    }
    let handled = "
        const late = Promise.reject(1);
        await null;
        await late.catch(() => print('handled'));
        try { await Promise.reject(2) } catch { print(' too') }
    ";
    assert_eq!(message(handled).await, "handled too");
}

#[tokio::test]
async fn an_exception_in_a_task_that_was_queued_fails_the_attempt() {
    let source = "\nqueueMicrotask(() => { throw new Error('lost') })";
    let message = message_of(Outcome::ScriptError, source).await;
    assert_eq!(message, "The script failed: Error: lost (line 2)");
}

#[tokio::test]
async fn a_promise_that_nothing_settles_fails_the_attempt() {
    let message = message_of(Outcome::ScriptError, "await new Promise(() => {})").await;
    assert_eq!(
        message,
        "The script failed: it waits for a promise that nothing settles"
    );
}

#[tokio::test]
async fn a_script_that_is_not_there_fails_the_attempt_and_is_named() {
    let mut world = World::new("").await;
    world.webhook.target_url = "Invoices".to_owned();
    let report = world.deliver().await;
    assert_eq!(report.outcome, Outcome::ScriptError);
    assert_eq!(report.message, "There is no script named 'Invoices'.");
}

#[tokio::test]
async fn headers_of_the_webhook_do_not_reach_a_script() {
    let mut world = World::new("print(Object.keys(context), JSON.stringify(context))").await;
    let headers = vec![("X-Api-Key".to_owned(), "wh-5521".to_owned())];
    world.webhook.headers = CustomHeaders::new(headers).unwrap();
    world.webhook.secret = Secret::new("s3cret".to_owned());
    let message = world.deliver().await.message;
    assert!(message.starts_with("variables,result"), "{message}");
    assert!(
        !message.contains("Key,") || !message.contains("Api"),
        "{message}"
    );
    assert!(!message.contains("ecret"), "{message}");
}

#[tokio::test]
async fn targets_are_include_names() {
    let world = World::new("").await;
    assert_eq!(world.plugin.check_target("Orders"), Ok(()));
    assert!(world.plugin.check_target(" Orders").is_err());
    assert!(!world.plugin.is_tested_on_save());
    assert_eq!(world.plugin.name().as_str(), "crmscript");
}
