//! The commands `export` and `import`: webhooks as JSON, one a line, or as one array. They may run beside
//! a server, which uses what was taken in from its next event on. What a webhook must be is judged by the
//! domain, how it is written by the wire. Secrets are in the file, and never in what is told.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use webhook_domain::{
    AppId, Apps as _, Context, ImportOptions, Imported, SaveError, SystemClock, SystemIds,
    Webhooks, views_of,
};
use webhook_http::wire::transfer::{read_webhook, write_webhook};
use webhook_store::SqlStore;

use crate::accounts::{context_of, with_store};
use crate::agent;
use crate::cli::{DatabaseArgs, ExportArgs, ImportArgs};
use crate::failure::Failure;
use crate::settings::{Profile, Settings};
use crate::terminal::Plain;

/// Webhooks that were read and wait to be taken in.
const READ_AHEAD: usize = 64;
/// How many reasons against one webhook are told.
const REASONS: usize = 10;

/// Writes every webhook of a tenant, by rising id. Each page of them is as it is at one moment.
pub(crate) fn export(args: ExportArgs) -> Result<(), Failure> {
    with_store(args.place.database, async |store| {
        let context = context_of(store, args.place.tenant).await?;
        if args.file == Path::new("-") {
            return write_all(store, &context, &mut io::stdout().lock()).await;
        }
        let failed = |error: io::Error| {
            Failure::of(&format!("{} cannot be written", args.file.display()), error)
        };
        let part = part_of(&args.file);
        let done = async {
            let mut file = BufWriter::new(create_private(&part).map_err(failed)?);
            write_all(store, &context, &mut file).await?;
            let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
            file.sync_all().map_err(failed)?;
            fs::rename(&part, &args.file).map_err(failed)
        };
        let done = done.await;
        if done.is_err() {
            // It may not even have been made.
            let _ = fs::remove_file(&part);
        }
        done
    })
}

async fn write_all(
    store: &SqlStore,
    context: &Context,
    to: &mut impl Write,
) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::of("the export cannot be written", error);
    let mut after = None;
    loop {
        let page = store.webhooks_after(context, after).await;
        let page = page.map_err(|error| Failure::Failed(error.to_string()))?;
        let Some(last) = page.last() else {
            return to.flush().map_err(failed);
        };
        after = Some(last.webhook.id);
        let views = views_of(store, context, page).await;
        for view in views.map_err(|error| Failure::Failed(error.to_string()))? {
            let mut line = write_webhook(&view);
            line.push(b'\n');
            to.write_all(&line).map_err(failed)?;
        }
    }
}

/// Takes in every webhook of a file, each by itself, and tells what became of them.
pub(crate) fn import(args: ImportArgs) -> Result<(), Failure> {
    let options = args.options.clone().with_file()?;
    let profile = if args.dev {
        Profile::Dev
    } else {
        Profile::Strict
    };
    let mut settings = Settings::resolve(options, profile)?;
    settings.rules.test_targets = args.test;
    with_store(DatabaseArgs(args.options), async |store| {
        let context = context_of(store, args.tenant).await?;
        let options = ImportOptions {
            renumber: args.renumber,
            owner: owner(store, args.app).await?,
        };
        let shared = Arc::new(store.clone());
        let plugins = agent::plugins(&settings, &shared, settings.listen)?;
        let webhooks = Webhooks::new(
            shared.clone(),
            shared,
            Arc::new(plugins),
            Arc::new(SystemClock),
            Arc::new(SystemIds),
            settings.rules.clone(),
        );
        take_in(&webhooks, &context, options, args.file).await
    })
}

/// The app with this number, which must be registered.
async fn owner(store: &SqlStore, app: Option<i32>) -> Result<Option<AppId>, Failure> {
    let Some(id) = app else { return Ok(None) };
    let apps = store.apps().await;
    let apps = apps.map_err(|error| Failure::Failed(error.to_string()))?;
    let found = apps.iter().find(|app| app.id == AppId(id));
    let found = found.ok_or_else(|| Failure::Failed(format!("there is no app {id}")))?;
    Ok(Some(found.id))
}

async fn take_in(
    webhooks: &Webhooks,
    context: &Context,
    options: ImportOptions,
    file: PathBuf,
) -> Result<(), Failure> {
    let (send, mut read) = mpsc::channel(READ_AHEAD);
    // A thread of its own: nobody waits for it when the import stops before the file ends.
    let (done, all_read) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = done.send(read_file(&file, &send));
    });
    let mut told = Told::default();
    while let Some(item) = read.recv().await {
        let foreign = match read_webhook(&item.text) {
            Ok(Some(foreign)) => foreign,
            Ok(None) => continue,
            Err(error) => {
                told.refused(&item.place, [error.to_string()].iter())?;
                continue;
            }
        };
        match webhooks.import(context, foreign, options).await {
            Ok(imported) => told.imported(&item.place, &imported)?,
            Err(SaveError::Invalid(violations)) => {
                let reasons: Vec<String> = violations.into_iter().map(|v| v.message).collect();
                told.refused(&item.place, reasons.iter())?;
            }
            // What was taken in before stays, and is unchanged when the file is taken in again.
            Err(error) => {
                let what = format!("the import stopped at {} ({})", item.place, told.summary());
                return Err(Failure::of(&what, error));
            }
        }
    }
    all_read
        .await
        .map_err(|error| Failure::of("the file cannot be read", error))?
        .map_err(|error| Failure::of(&format!("the import stopped ({})", told.summary()), error))?;
    if told.refused > 0 {
        return Err(Failure::Failed(told.summary()));
    }
    tell(&format!("{}\n", told.summary()))
}

/// What became of the webhooks so far.
#[derive(Default)]
struct Told {
    added: usize,
    unchanged: usize,
    refused: usize,
}

impl Told {
    fn imported(&mut self, place: &str, imported: &Imported) -> Result<(), Failure> {
        if imported.unchanged {
            self.unchanged += 1;
        } else {
            self.added += 1;
        }
        for named in &imported.left_out {
            tell(&format!(
                "{place}: the associate {} '{}' is nobody here, and will not be told about failures\n",
                named.id.0,
                Plain(&named.name)
            ))?;
        }
        Ok(())
    }

    fn refused<'r>(
        &mut self,
        place: &str,
        reasons: impl Iterator<Item = &'r String>,
    ) -> Result<(), Failure> {
        self.refused += 1;
        for reason in reasons.take(REASONS) {
            tell(&format!("{place}: refused: {}\n", Plain(reason)))?;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        format!(
            "{} imported, {} unchanged, {} refused",
            self.added, self.unchanged, self.refused
        )
    }
}

/// Tells the person who runs the command something.
fn tell(text: &str) -> Result<(), Failure> {
    let told = io::stderr().lock().write_all(text.as_bytes());
    told.map_err(|error| Failure::of("stderr cannot be written", error))
}

/// A webhook in the file, and where it stands.
struct Item {
    place: String,
    text: Vec<u8>,
}

fn read_file(file: &Path, to: &mpsc::Sender<Item>) -> io::Result<()> {
    if file == Path::new("-") {
        return read(BufReader::new(io::stdin()), to);
    }
    let open = File::open(file)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
    read(BufReader::new(open), to)
}

/// Hands over webhooks one by one: the elements of an array, or else one a line.
fn read(mut from: impl BufRead, to: &mpsc::Sender<Item>) -> io::Result<()> {
    let mark = b"\xef\xbb\xbf";
    if from.fill_buf()?.starts_with(mark) {
        from.consume(mark.len());
    }
    let mut number = 1;
    loop {
        match from.fill_buf()?.first() {
            None => return Ok(()),
            Some(b'[') => return read_array(from, to),
            Some(b'\n') => number += 1,
            Some(b' ' | b'\t' | b'\r') => {}
            Some(_) => break,
        }
        from.consume(1);
    }
    loop {
        let mut text = Vec::new();
        if from.read_until(b'\n', &mut text)? == 0 {
            return Ok(());
        }
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        let place = format!("line {number}");
        if to.blocking_send(Item { place, text }).is_err() {
            return Ok(()); // nobody wants more
        }
        number += 1;
    }
}

fn read_array(from: impl Read, to: &mpsc::Sender<Item>) -> io::Result<()> {
    let mut reader = serde_json::Deserializer::from_reader(from);
    reader.deserialize_seq(Elements(to))?;
    Ok(reader.end()?)
}

struct Elements<'s>(&'s mpsc::Sender<Item>);

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of webhooks")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut number = 1;
        while let Some(element) = elements.next_element::<Box<RawValue>>()? {
            let item = Item {
                place: format!("element {number}"),
                text: element.get().as_bytes().to_vec(),
            };
            // Who takes them in may have given up; the rest is read and dropped.
            let _ = self.0.blocking_send(item);
            number += 1;
        }
        Ok(())
    }
}

/// The file that is written before it gets its name.
fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    PathBuf::from(name)
}

/// Makes a file that only its owner may read: secrets are written to it.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::read;

    /// The places and texts of what is read, and whether it was read to the end.
    fn items(text: &str) -> (Vec<(String, String)>, bool) {
        let (send, mut items) = mpsc::channel(100);
        let whole = read(text.as_bytes(), &send).is_ok();
        let mut read = Vec::new();
        while let Ok(item) = items.try_recv() {
            read.push((item.place, String::from_utf8(item.text).unwrap()));
        }
        (read, whole)
    }

    fn pairs(items: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(place, text): &(&str, &str)| ((*place).to_owned(), (*text).to_owned());
        items.iter().map(owned).collect()
    }

    #[test]
    fn lines_are_numbered_as_they_stand_in_the_file() {
        let (read, whole) = items("\u{feff}\n\n{\"a\":1}\nnonsense\n\n{\"b\":[]}");
        assert!(whole);
        let expected = [
            ("line 3", "{\"a\":1}"),
            ("line 4", "nonsense"),
            ("line 5", ""),
            ("line 6", "{\"b\":[]}"),
        ];
        assert_eq!(read, pairs(&expected));
        assert_eq!(items(""), (Vec::new(), true));
        assert_eq!(items(" \n "), (Vec::new(), true));
    }

    #[test]
    fn an_array_is_read_element_by_element_up_to_where_it_breaks() {
        let expected = pairs(&[("element 1", "{\"a\" : [1]}"), ("element 2", "null")]);
        assert_eq!(
            items(" [ {\"a\" : [1]},\n null ] \n"),
            (expected.clone(), true)
        );
        for broken in [
            "[{\"a\" : [1]},null,{]",
            "[{\"a\" : [1]},null",
            "[{\"a\" : [1]},null] more",
        ] {
            assert_eq!(items(broken), (expected.clone(), false), "{broken}");
        }
        assert_eq!(items("[]"), (Vec::new(), true));
    }
}
