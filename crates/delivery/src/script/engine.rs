//! One run of one script, in a runtime of its own, on the thread that calls.
//!
//! The engine asks every few thousand steps whether to go on, also inside regular expressions. A few
//! built-in functions do not ask until they are done, such as `[].reverse.call({length: 2 ** 53})`; the
//! plugin gives up waiting for those, and their thread keeps its place among the scripts that run.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rquickjs::context::EvalOptions;
use rquickjs::context::intrinsic::{
    Date, Eval, Json, MapSet, Promise as Promises, Proxy, RegExp, RegExpCompiler, TypedArrays,
};
use rquickjs::prelude::Rest;
use rquickjs::promise::PromiseState;
use rquickjs::runtime::RejectionTracker;
use rquickjs::{
    Coerced, Context, Ctx, Error, FromJs as _, Function, Object, Persistent, Promise, Runtime,
    String as Text, Value,
};

use crate::kept::Kept;
use crate::payload::Variable;

/// How much of the thread's stack scripts may take; the rest is for the engine's own functions.
const JS_STACK_BYTES: usize = 512 * 1024;
/// The stack of a thread that runs a script.
pub(super) const THREAD_STACK_BYTES: usize = 4 * 1024 * 1024;
/// The name under which a script stands in its own stack traces.
const FILE: &str = "script";

/// What is run.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) source: String,
    pub(super) variables: Vec<Variable>,
}

/// When a run must end.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// At this instant.
    pub(super) until: Instant,
    /// Or as soon as nobody waits for it any more.
    pub(super) unwanted: Arc<AtomicBool>,
    /// Or when it wants more memory, in bytes.
    pub(super) memory_bytes: usize,
}

impl Limits {
    fn are_reached(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed) || Instant::now() >= self.until
    }
}

/// Why a run failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The script threw this.
    Threw(String),
    /// It took too long, or was stopped.
    Time,
    /// It wanted too much memory.
    Memory,
    /// It called itself too deeply.
    Stack,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ran {
    /// `context.result.body`, if the script set it.
    pub(super) result: Result<Option<String>, Failure>,
    /// What was printed until then.
    pub(super) printed: String,
}

/// Promises that were rejected while nobody listened, with why.
type Rejected = Rc<RefCell<Vec<(Persistent<Value<'static>>, Persistent<Value<'static>>)>>>;

/// Runs a script to its end or to a limit.
pub(super) fn run(task: Task, limits: &Limits) -> Ran {
    let printed = Rc::new(RefCell::new(Kept::default()));
    let result = in_new_runtime(task, limits, &printed);
    let printed = printed.take().into_text();
    Ran { result, printed }
}

fn in_new_runtime(
    task: Task,
    limits: &Limits,
    printed: &Rc<RefCell<Kept>>,
) -> Result<Option<String>, Failure> {
    let runtime = Runtime::new().map_err(|_| Failure::Memory)?;
    runtime.set_memory_limit(limits.memory_bytes);
    runtime.set_max_stack_size(JS_STACK_BYTES);
    let asked = limits.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || asked.are_reached())));
    let rejected = Rejected::default();
    runtime.set_host_promise_rejection_tracker(Some(tracker(Rc::clone(&rejected))));
    // Nothing that tells the time more finely than `Date`, and nothing that runs when memory is freed.
    let context = Context::builder()
        .with::<(Date, Eval, RegExpCompiler, RegExp, Json, Proxy)>()
        .with::<(MapSet, TypedArrays, Promises)>()
        .build(&runtime)
        .map_err(|_| Failure::Memory)?;
    let result = carried_out(&runtime, &context, task, limits, printed, &rejected);
    // Before the runtime goes, to which these values belong.
    rejected.borrow_mut().clear();
    if limits.are_reached() {
        // Whatever the script made of being stopped.
        return Err(Failure::Time);
    }
    result
}

fn carried_out(
    runtime: &Runtime,
    context: &Context,
    task: Task,
    limits: &Limits,
    printed: &Rc<RefCell<Kept>>,
    rejected: &Rejected,
) -> Result<Option<String>, Failure> {
    let (visible, end) = context.with(|ctx| begun(&ctx, task, printed))?;
    while !limits.are_reached() {
        match runtime.execute_pending_job() {
            Ok(true) => {}
            Ok(false) => break,
            Err(job) => return Err(job.0.with(|ctx| thrown(&ctx, &ctx.catch()))),
        }
    }
    context.with(|ctx| ended(&ctx, visible, end, rejected))
}

fn tracker(rejected: Rejected) -> RejectionTracker {
    Box::new(move |ctx, promise, reason, handled| {
        let mut rejected = rejected.borrow_mut();
        if handled {
            rejected.retain(|(other, _)| {
                let other = other.clone().restore(&ctx);
                other.is_ok_and(|other| other != promise)
            });
        } else {
            rejected.push((
                Persistent::save(&ctx, promise),
                Persistent::save(&ctx, reason),
            ));
        }
    })
}

/// What outlives a look into the runtime: the script's `context`, and the promise of its end.
type Begun = (Persistent<Object<'static>>, Persistent<Promise<'static>>);

/// Runs the script itself, up to the first `await`.
fn begun(ctx: &Ctx<'_>, task: Task, printed: &Rc<RefCell<Kept>>) -> Result<Begun, Failure> {
    let begin = || {
        let visible = provide(ctx, task.variables, printed)?;
        let mut options = EvalOptions::default();
        options.strict = false;
        options.promise = true;
        options.filename = Some(FILE.to_owned());
        let end: Promise<'_> = ctx.eval_with_options(task.source, options)?;
        Ok((Persistent::save(ctx, visible), Persistent::save(ctx, end)))
    };
    begin().map_err(|error| failure(ctx, error))
}

/// What the script leaves behind when nothing is left to do.
fn ended<'js>(
    ctx: &Ctx<'js>,
    visible: Persistent<Object<'static>>,
    end: Persistent<Promise<'static>>,
    rejected: &Rejected,
) -> Result<Option<String>, Failure> {
    let failed = |error: Error| failure(ctx, error);
    let (visible, end) = (visible.restore(ctx), end.restore(ctx));
    let end = end.map_err(failed)?;
    match end.state() {
        PromiseState::Resolved => {}
        PromiseState::Rejected => {
            let error = end.result::<Value<'js>>().and_then(Result::err);
            return Err(failed(error.unwrap_or(Error::Unknown)));
        }
        PromiseState::Pending => {
            let told = "it waits for a promise that nothing settles";
            return Err(Failure::Threw(told.to_owned()));
        }
    }
    let unheard = rejected.borrow_mut().drain(..).next();
    if let Some((_, reason)) = unheard {
        let reason = reason.restore(ctx).map_err(failed)?;
        return Err(thrown(ctx, &reason));
    }
    visible.and_then(|visible| body(&visible)).map_err(failed)
}

/// Gives the script what it may see, and returns its `context`.
fn provide<'js>(
    ctx: &Ctx<'js>,
    variables: Vec<Variable>,
    printed: &Rc<RefCell<Kept>>,
) -> Result<Object<'js>, Error> {
    let visible = Object::new(ctx.clone())?;
    visible.set("variables", ctx.json_parse(as_object(&variables))?)?;
    visible.set("result", Object::new(ctx.clone())?)?;
    let globals = ctx.globals();
    globals.set("context", visible.clone())?;

    let texts: HashMap<String, String> = variables
        .into_iter()
        .map(|variable| (variable.name, as_text(variable.value)))
        .collect();
    let get_variable = move |name: Coerced<Text<'js>>| -> Result<String, Error> {
        Ok(texts.get(&text_of(&name.0)?).cloned().unwrap_or_default())
    };
    globals.set("getVariable", Function::new(ctx.clone(), get_variable)?)?;
    for (name, end) in [("print", ""), ("printLine", "\n")] {
        let printed = Rc::clone(printed);
        let print = move |values: Rest<Coerced<Text<'js>>>| -> Result<(), Error> {
            let mut printed = printed.borrow_mut();
            for value in values.0 {
                printed.push(&text_of(&value.0)?);
            }
            printed.push(end);
            Ok(())
        };
        globals.set(name, Function::new(ctx.clone(), print)?)?;
    }
    Ok(visible)
}

/// The variables as the text of one JSON object.
fn as_object(variables: &[Variable]) -> String {
    let members: Vec<_> = variables
        .iter()
        .map(|Variable { name, value }| {
            let name = serde_json::Value::from(name.as_str());
            format!("{name}:{value}")
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A variable as `getVariable` answers it.
fn as_text(json: String) -> String {
    if json == "null" {
        return String::new();
    }
    serde_json::from_str::<String>(&json).unwrap_or(json)
}

/// A text of the engine; half a pair of surrogates, which no text of ours can hold, as an escape.
fn text_of(text: &Text<'_>) -> Result<String, Error> {
    match text.to_string() {
        Err(Error::Utf8(_)) => {
            let escaped = text.ctx().json_stringify(text.as_value().clone())?;
            let escaped = escaped.map_or(Ok(String::new()), |json| json.to_string())?;
            Ok(escaped.trim_matches('"').to_owned())
        }
        Err(Error::Unknown) => Err(Error::Exception),
        other => other,
    }
}

/// What the script left in `context.result.body`.
fn body(visible: &Object<'_>) -> Result<Option<String>, Error> {
    let result: Value<'_> = visible.get("result")?;
    let Some(result) = result.as_object() else {
        return Ok(None);
    };
    let body: Value<'_> = result.get("body")?;
    if body.is_undefined() || body.is_null() {
        return Ok(None);
    }
    let text = match body.as_string() {
        Some(text) => Some(text.clone()),
        None => body.ctx().json_stringify(body.clone())?,
    };
    text.as_ref().map(text_of).transpose()
}

fn failure(ctx: &Ctx<'_>, error: Error) -> Failure {
    match error {
        Error::Exception => thrown(ctx, &ctx.catch()),
        Error::Allocation => Failure::Memory,
        Error::InvalidString(_) => Failure::Threw("it holds a NUL character".to_owned()),
        other => Failure::Threw(other.to_string()),
    }
}

/// What a thrown value says, and where it came from.
fn thrown<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Failure {
    // The engine throws null when there is no room even for the error that would say so.
    if value.is_null() {
        return Failure::Memory;
    }
    let Some(error) = value.as_exception() else {
        let said = Coerced::from_js(ctx, value.clone());
        let said = said.and_then(|said: Coerced<Text<'js>>| text_of(&said.0));
        return Failure::Threw(said.unwrap_or_else(|_| {
            ctx.catch();
            "a value that has no text".to_owned()
        }));
    };
    let name = error
        .get::<_, Coerced<Text<'js>>>("name")
        .and_then(|name| text_of(&name.0))
        .unwrap_or_default();
    let message = error.message().unwrap_or_default();
    match (name.as_str(), message.as_str()) {
        // Texts that are added to each other take their room only when they are read.
        ("InternalError", "out of memory" | "string too long") => return Failure::Memory,
        ("RangeError" | "InternalError", "Maximum call stack size exceeded" | "stack overflow") => {
            return Failure::Stack;
        }
        _ => {}
    }
    let line = error.stack().and_then(|stack| line_in(&stack));
    let at = line.map_or(String::new(), |line| format!(" (line {line})"));
    Failure::Threw(format!("{name}: {message}{at}"))
}

/// The line of the script in the topmost frame that is the script's own. A frame ends with
/// `script:line:column`, in brackets after the name of a function.
fn line_in(stack: &str) -> Option<u32> {
    stack.lines().find_map(|frame| {
        let mut parts = frame.trim_end().trim_end_matches(')').rsplitn(3, ':');
        let (_column, line, place) = (parts.next()?, parts.next()?, parts.next()?);
        if place.ends_with(FILE) {
            line.parse().ok()
        } else {
            None
        }
    })
}
