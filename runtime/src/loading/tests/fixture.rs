//! Compiles `library.c`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use liveobj_abi::Host;
use liveobj_manifest::Manifest;
use liveobj_types::TypeId;
use liveobj_types::types::{Basic, Origin, Types, Value};

use crate::loading::map::target;
use crate::loading::{LibraryCatalog, LoadError, Loaded};

pub(super) const NAME: &str = "example:one";

/// A directory with a library and the place where its initializer leaves a trace.
pub(super) struct Fixture {
    pub(super) directory: tempfile::TempDir,
    pub(super) manifest: Manifest,
    /// Further options of the compiler.
    pub(super) options: Vec<&'static str>,
    defines: BTreeMap<&'static str, String>,
}

impl Fixture {
    pub(super) fn new() -> Fixture {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let manifest = Manifest {
            name: NAME.to_owned(),
            version: "1.0.0".to_owned(),
            abi: [liveobj_abi::MAJOR, liveobj_abi::MINOR],
            panic: "unwind".to_owned(),
            target: target(),
            threads: false,
            sdk: String::new(),
            templates: vec!["one".to_owned()],
            formalisms: Vec::new(),
            types: "endpoint Input { in send(text: string); out full(); }\n\
                    object One { endpoint input: Input; }\n\
                    template one(): One;\n"
                .to_owned(),
        };
        let mut fixture = Fixture {
            directory,
            manifest,
            options: Vec::new(),
            defines: BTreeMap::new(),
        };
        let (send, empty) = identities();
        fixture
            .define("SEND_ID", bytes(&send))
            .define("PARAMETERS_ID", bytes(&empty))
            .define("SEND_SIZE", "sizeof(struct send)")
            .define("LAYOUTS", "2")
            .define("MAGIC", r#""liveobj""#)
            .define("SIZE", "sizeof(struct library)")
            .define("MINOR", liveobj_abi::MINOR.to_string())
            .define("COUNT", "1")
            .define("ENDPOINTS", "1")
            .define("HANDLER", "send")
            .define("HANDLERS", "1")
            .define("LOAD", "NULL")
            .define("SAVE", "NULL")
            .define("DIGEST", "NULL")
            .define("ATTACH", "0")
            .define("SYMBOL", "liveobj_library")
            .define("SECOND", "");
        let trace = format!("\"{}\"", fixture.trace().display());
        fixture.define("TRACE", trace);
        fixture
    }

    pub(super) fn define(&mut self, name: &'static str, text: impl Into<String>) -> &mut Fixture {
        self.defines.insert(name, text.into());
        self
    }

    /// A file that is there once the library's initializer has run.
    pub(super) fn trace(&self) -> PathBuf {
        self.directory.path().join("trace")
    }

    /// Where the library is.
    pub(super) fn file(&self) -> PathBuf {
        self.directory.path().join("libone.so")
    }

    pub(super) fn compile(&self) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/loading/tests/library.c");
        let mut text = format!(
            "#define MANIFEST {}\n",
            bytes(&liveobj_manifest::emit(&self.manifest))
        );
        for (name, value) in &self.defines {
            text += &format!("#define {name} {value}\n");
        }
        text += &fs::read_to_string(source).expect("the source is there");
        let file = self.directory.path().join("one.c");
        fs::write(&file, text).expect("the directory is writable");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-w", "-o"])
            .args([&self.file(), &file])
            .args(&self.options)
            .output()
            .expect("a C compiler, which rustc needs, too");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        self.file()
    }

    /// Compiles and loads it out of its directory.
    pub(super) fn load(&self) -> Result<Arc<Loaded>, LoadError> {
        self.load_changed(|_| {})
    }

    /// The same, with its file changed before it is looked at.
    pub(super) fn load_changed(
        &self,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Arc<Loaded>, LoadError> {
        let file = self.compile();
        let mut bytes = fs::read(&file).expect("it was compiled");
        change(&mut bytes);
        fs::write(&file, bytes).expect("the directory is writable");
        self.catalog().load(NAME, None, host())
    }

    pub(super) fn catalog(&self) -> LibraryCatalog {
        let mut catalog = LibraryCatalog::new();
        catalog
            .add_directory(self.directory.path())
            .expect("nobody else can write to it");
        catalog
    }
}

pub(super) fn host() -> &'static Host {
    crate::boundary::host::table()
}

fn bytes(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte},")).collect()
}

/// Of the payload of `send`, and of no fields at all.
fn identities() -> ([u8; 32], [u8; 32]) {
    let mut types = Types::new();
    let text = types.add_value(Value::Basic(Basic::String), Origin::default());
    let mut identity = |fields: BTreeMap<String, _>| {
        let record = Value::Record {
            fields,
            open: false,
        };
        let record = types.add_value(record, Origin::default());
        types.identity(TypeId::Value(record))
    };
    (
        identity(BTreeMap::from([("text".to_owned(), text)])),
        identity(BTreeMap::new()),
    )
}
