//! The commands around scripts of webhooks of type `crmscript` (contract 10.7). They write short
//! transactions beside a running server, which uses a new script from its next run on.

use std::io::Read as _;
use std::path::Path;

use webhook_domain::script::{MAX_SCRIPT_BYTES, MAX_SCRIPT_NAME_LEN};
use webhook_domain::{Clock as _, Script, Scripts as _, StoreError, SystemClock};

use crate::accounts::{context_of, with_store};
use crate::cli::ScriptTask;
use crate::failure::Failure;
use crate::terminal::{print, table};

pub(crate) fn script(task: ScriptTask) -> Result<(), Failure> {
    match task {
        ScriptTask::Add {
            name,
            source,
            place,
        } => {
            check_name(&name)?;
            let source = read(&source)?;
            with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                let script = Script {
                    name,
                    source,
                    updated_at: SystemClock.now(),
                };
                store.put_script(&context, script).await.map_err(failed)
            })
        }
        ScriptTask::List(place) => {
            let scripts = with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                store.scripts(&context).await.map_err(failed)
            })?;
            print(&table(
                ["NAME", "BYTES", "UPDATED"],
                scripts.iter().map(|script| {
                    [
                        script.name.clone(),
                        script.source.len().to_string(),
                        script.updated_at.to_string(),
                    ]
                }),
            ))
        }
        ScriptTask::Show { name, place } => {
            let found = with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                store.script(&context, &name).await.map_err(failed)
            })?;
            let script = found.ok_or_else(|| missing(&name))?;
            print(&script.source)
        }
        ScriptTask::Remove { name, place } => {
            let removed = with_store(place.database, async |store| {
                let context = context_of(store, place.tenant).await?;
                store.remove_script(&context, &name).await.map_err(failed)
            })?;
            if removed { Ok(()) } else { Err(missing(&name)) }
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands where map_err wants a function"
)]
fn failed(error: StoreError) -> Failure {
    Failure::Failed(error.to_string())
}

fn missing(name: &str) -> Failure {
    Failure::Failed(format!("there is no script '{name}'"))
}

/// The name is what a webhook has as its target.
fn check_name(name: &str) -> Result<(), Failure> {
    webhook_domain::rules::check_script_target(name)
        .map_err(|reasons| {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            Failure::Failed(format!("the name {}", reasons.join(", ")))
        })
        .and_then(|()| {
            if name.chars().count() <= MAX_SCRIPT_NAME_LEN {
                Ok(())
            } else {
                Err(Failure::Failed(format!(
                    "the name may have {MAX_SCRIPT_NAME_LEN} characters"
                )))
            }
        })
}

/// The text of a script, never more of it than is allowed.
fn read(source: &Path) -> Result<String, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::of(&format!("{} cannot be read", source.display()), error);
    let limit = MAX_SCRIPT_BYTES as u64 + 1;
    let mut text = String::new();
    if source == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_string(&mut text)
    } else {
        std::fs::File::open(source).and_then(|file| file.take(limit).read_to_string(&mut text))
    }
    .map_err(unreadable)?;
    if text.len() > MAX_SCRIPT_BYTES {
        return Err(Failure::Failed(format!(
            "a script may take {MAX_SCRIPT_BYTES} bytes"
        )));
    }
    if text.contains('\0') {
        // None can be run, and not every database stores one.
        return Err(Failure::Failed(
            "a script holds no NUL character".to_owned(),
        ));
    }
    Ok(text)
}
