//! Generated headers, compiled by the system's compilers as strictly as they can be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use liveobj_manifest::{HeaderError, Manifest, c_header, read};

/// Every kind of type, at every place, with names that C keeps for itself.
const TYPES: &str = "
    record Point { x: f32, y: f32 }
    record Empty {}
    record Node { value: u8, next: option<Node> }
    enum Color { red, green }
    variant Shape { circle(Point), new, none(Empty) }
    variant Nothing { a(Empty), b }
    record All {
        flag: bool, a: u8, b: u16, c: u32, d: u64, e: s8, f: s16, g: s32, h: s64, i: f32, j: f64,
        letter: char, text: string, raw: bytes, id: uuid, points: list<Point>, ids: list<uuid>,
        maybe: option<Point>, maybe_id: option<uuid>, maybe_nothing: option<Empty>,
        names: map<string, Shape>, colors: map<Color, list<Node>>, pair: tuple<u8, string, Empty>,
        color: Color, shape: Shape, nothing: Nothing, node: Node, class: u8, empty: Empty,
        folder: reference<Object>, twice: option<option<u16>>
    }
    endpoint Everything<Message: value> {
        in all(all: All, message: Message);
        in nothing();
        out all_out(all: All, register: list<Message>);
        out nothing_out();
    }
    object Thing<Message: value> {
        endpoint a: Everything<Message> many;
        endpoint b: mirror Everything<Message>;
    }
    object Lonely {}
    object Keeper { endpoint all: Everything<u8>; state All; }
    template thing<Message: value>(all: All, n: u8 = 1): Thing<Message>;
    template lonely(): Lonely;
    template keeper(): Keeper;
";

fn manifest(types: &str, templates: &[&str]) -> Manifest {
    Manifest {
        name: "example:every-kind".to_owned(),
        version: "1.0.0".to_owned(),
        abi: [0, 1],
        panic: "unwind".to_owned(),
        target: "x86_64-linux".to_owned(),
        threads: false,
        sdk: String::new(),
        templates: templates.iter().map(ToString::to_string).collect(),
        formalisms: Vec::new(),
        types: types.to_owned(),
    }
}

/// Compiles an empty library with this header; answers its object file.
fn compile(compiler: &str, options: &[&str], ending: &str, header: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("header-{ending}"));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("types.h"), header).unwrap();
    let source = directory.join(format!("library.{ending}"));
    fs::write(
        &source,
        "#define LIVEOBJ_LIBRARY\n#include \"types.h\"\n#include \"types.h\"\n",
    )
    .unwrap();
    let object = directory.join("library.o");
    let output = Command::new(compiler)
        .args(options)
        .args([
            "-Wall",
            "-Wextra",
            "-pedantic",
            "-Werror",
            "-c",
            "-fPIC",
            "-I",
        ])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../abi/include"))
        .args([&source, Path::new("-o"), &object])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{header}");
    object
}

#[test]
fn every_type_is_declared_as_layout_1_lays_it_out() {
    let manifest = manifest(TYPES, &["keeper", "lonely", "thing"]);
    let header = c_header(&manifest).unwrap();
    for (compiler, standard, ending) in [
        ("cc", "-std=c99", "c"),
        ("cc", "-std=c17", "c"),
        ("c++", "-std=c++11", "cpp"),
    ] {
        // The header itself compares the sizes.
        let object = compile(compiler, &[standard], ending, &header);
        assert_eq!(read(&fs::read(object).unwrap()), Ok(manifest.clone()));
    }
}

#[test]
fn a_header_is_the_same_every_time() {
    let manifest = manifest(TYPES, &["keeper", "lonely", "thing"]);
    assert_eq!(c_header(&manifest), c_header(&manifest));
}

#[test]
fn what_c_cannot_express_is_refused() {
    let types = "object Tap<T: endpoint> { endpoint a: T; }\n\
                 template tap<T: endpoint>(): Tap<T>;\n";
    assert_eq!(
        c_header(&manifest(types, &["tap"])),
        Err(HeaderError::Parameter {
            template: "tap".to_owned(),
            endpoint: "a".to_owned()
        })
    );
    let reason = |types: &str| c_header(&manifest(types, &["a"])).unwrap_err().to_string();
    assert_eq!(
        reason("object A {}"),
        "the types cannot be used: it lists `a`, which its types do not declare as a template"
    );
    assert!(reason("object A {").starts_with("the types cannot be used: "));
}
