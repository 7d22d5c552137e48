//! What it costs to save a shared text: the domain encodes, another thread writes. The baseline
//! writes as many bytes to a file that it renames, once as a save does, which waits for the disk,
//! and once without. Says first how many bytes a saved state takes.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use divan::Bencher;
use divan::counter::BytesCount;
use liveobj::{Connection, Data, Object, OpenOptions, Runtime, Source};
use liveobj_tests::support::built;

/// A text of one person.
const NOTE: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="network"><parameterized>
        <template><external name="local_channel" library="liveobj:channels"/></template>
        <parameter name="Message"><type>bytes</type></parameter>
        <parameter name="name"><value>alone</value></parameter>
    </parameterized></component>
    <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
    <connection>
      <endpoint of="note" name="channel"/><endpoint of="network" name="channel"/>
    </connection>
    <export of="note" name="text"/>
</composite></liveobject>"#;

/// Bytes of text.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// An open text with its state directory.
struct Note {
    object: Object,
    connection: Connection,
    folder: tempfile::TempDir,
}

fn open(folder: &Path) -> Object {
    let runtime = Runtime::builder()
        .library_path(built())
        .build()
        .expect("a runtime");
    let checked = runtime.check(&Source::new("note", NOTE));
    let reference = checked.reference.expect("the note is well typed");
    // Saved only where the benchmark says so.
    let hour = Duration::from_secs(3600);
    let options = OpenOptions::new().state(folder).save_every(hour);
    runtime
        .open_blocking_with(&reference, options)
        .expect("it opens")
}

impl Note {
    /// A text of lines of 50 bytes, entered one after the other, and saved.
    fn new(size: usize) -> Note {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let object = open(folder.path());
        let endpoint = object.endpoint("text").expect("it is exported");
        let connection = endpoint.connect(|_, _| {}).expect("it is connected");
        for number in 0..size / 50 {
            let line = format!("{number:09} {}", "x".repeat(39));
            let line = Data::record([("line", Data::String(line))]);
            while let Err(liveobj::SendError::Full) = connection.send("append", line.clone()) {
                object.digests().expect("it is open");
            }
        }
        object.save().expect("it is saved");
        Note {
            object,
            connection,
            folder,
        }
    }

    /// Changes the text, so that there is something to save.
    fn edit(&self) {
        let edit = [
            ("at", Data::U32(0)),
            ("delete", Data::U32(0)),
            ("insert", Data::String("y".to_owned())),
        ];
        self.connection
            .send("edit", Data::record(edit))
            .expect("it is open");
    }

    fn file(&self) -> PathBuf {
        let entries = fs::read_dir(self.folder.path()).expect("it is there");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        let file = paths.find(|path| path.extension().is_some_and(|end| end == "state"));
        file.expect("it was saved")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.file()).expect("it is there")
    }
}

fn main() {
    for size in SIZES {
        let saved = Note::new(size).bytes().len();
        println!("a text of {size} bytes, entered by the line, takes {saved} bytes as a state");
    }
    divan::main();
}

#[divan::bench(args = SIZES, sample_count = 50, sample_size = 1)]
fn save_to_the_disk(bencher: Bencher, size: usize) {
    let note = Note::new(size);
    bencher
        .with_inputs(|| note.edit())
        .input_counter(move |()| BytesCount::new(size))
        .bench_local_values(|()| note.object.save().expect("it is saved"));
}

/// What the domain has to do, and the digest.
#[divan::bench(args = SIZES, sample_count = 50, sample_size = 1)]
fn digest(bencher: Bencher, size: usize) {
    let note = Note::new(size);
    bencher
        .with_inputs(|| note.edit())
        .bench_local_values(|()| note.object.digests().expect("it is open"));
}

#[divan::bench(args = SIZES, sample_count = 50, sample_size = 1)]
fn baseline_write_sync_rename(bencher: Bencher, size: usize) {
    let note = Note::new(size);
    let (bytes, file) = (note.bytes(), note.file());
    bencher
        .counter(BytesCount::new(size))
        .bench_local(|| write(&file, &bytes, true).expect("it is writable"));
}

#[divan::bench(args = SIZES, sample_count = 50, sample_size = 1)]
fn baseline_write_rename(bencher: Bencher, size: usize) {
    let note = Note::new(size);
    let (bytes, file) = (note.bytes(), note.file());
    bencher
        .counter(BytesCount::new(size))
        .bench_local(|| write(&file, &bytes, false).expect("it is writable"));
}

fn write(path: &Path, bytes: &[u8], sync: bool) -> std::io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    if sync {
        file.sync_all()?;
    }
    fs::rename(&temporary, path)?;
    if sync {
        File::open(path.parent().expect("it is in a directory"))?.sync_all()?;
    }
    Ok(())
}

#[divan::bench(args = SIZES, sample_count = 20, sample_size = 1)]
fn open_and_resume(bencher: Bencher, size: usize) {
    let Note {
        object,
        connection,
        folder,
    } = Note::new(size);
    drop((connection, object));
    bencher.bench_local(|| open(folder.path()));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn baseline_open_anew(bencher: Bencher) {
    built();
    bencher
        .with_inputs(|| tempfile::tempdir().expect("a temporary directory"))
        .bench_local_refs(|folder| open(folder.path()));
}
