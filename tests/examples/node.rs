//! A node of its own, for tests that need several: `node OBJECT ENDPOINT LEASE` opens an object of
//! `test:dynamic` and connects with one of its endpoints. Each line of its input is an event to
//! send, `EVENT`, or `EVENT FIELD VALUE` with tabs between; a value that begins with `{` is a
//! document. Each event that comes is a line of its output, `EVENT` and perhaps a tab and a text.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::Duration;

use liveobj::{Data, Runtime, Source};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [object, endpoint, lease] = arguments.as_slice() else {
        return Err("node OBJECT ENDPOINT LEASE".into());
    };
    let runtime = Runtime::builder()
        .library_path(libraries()?)
        .link_lease(Duration::from_millis(lease.parse()?))
        .build()?;
    let document = format!(
        "<liveobject xmlns=\"urn:liveobj:reference:1\">\
         <external name=\"{object}\" library=\"test:dynamic\"/></liveobject>"
    );
    let checked = runtime.check(&Source::new("node.liveobject", document));
    let object = runtime.open_blocking(&checked.reference.ok_or("refused")?)?;
    let connection = object.endpoint(endpoint)?.connect(|name, payload| {
        let text = text_of(payload);
        let line = if text.is_empty() {
            name.to_owned()
        } else {
            format!("{name}\t{text}")
        };
        // The test may be over.
        let _ = writeln!(io::stdout(), "{line}");
    })?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut parts = line.splitn(3, '\t');
        let event = parts.next().unwrap_or_default();
        let mut fields = BTreeMap::new();
        if let (Some(field), Some(value)) = (parts.next(), parts.next()) {
            let value = if value.starts_with('{') {
                Data::Document(value.as_bytes().to_vec())
            } else {
                Data::String(value.to_owned())
            };
            fields.insert(field.to_owned(), value);
        }
        connection.send(event, Data::Record(fields))?;
    }
    Ok(())
}

/// Where the built libraries are: beside the folder of this program.
fn libraries() -> io::Result<PathBuf> {
    let mut path = env::current_exe()?;
    path.pop();
    path.pop();
    Ok(path)
}

/// The first text of an event.
fn text_of(payload: &Data) -> String {
    let Data::Record(fields) = payload else {
        return String::new();
    };
    let text = fields.values().find_map(|value| match value {
        Data::String(text) => Some(text.clone()),
        Data::Document(document) => Some(String::from_utf8_lossy(document).into_owned()),
        _ => None,
    });
    text.unwrap_or_default()
}
