//! Each library is refused with its own message, and as early as can be.

use std::fs;
use std::sync::Arc;

use expect_test::{Expect, expect};

use super::fixture::{Fixture, NAME, host};
use crate::loading::map::target;
use crate::loading::{LoadError, TrustedLibrary};

/// Breaks the library and compares the message. `mapped` tells whether its initializer ran.
fn check(change: impl FnOnce(&mut Fixture), mapped: bool, expect: Expect) {
    check_file(change, |_| {}, mapped, expect);
}

/// The same; `bytes` changes the file once it is compiled.
fn check_file(
    change: impl FnOnce(&mut Fixture),
    bytes: impl FnOnce(&mut Vec<u8>),
    mapped: bool,
    expect: Expect,
) {
    let mut fixture = Fixture::new();
    change(&mut fixture);
    let error = fixture
        .load_changed(bytes)
        .expect_err("a broken library is refused")
        .to_string();
    let directory = fixture.directory.path().display().to_string();
    expect.assert_eq(&error.replace(&directory, "DIR").replace(&target(), "HERE"));
    assert_eq!(fixture.trace().exists(), mapped);
}

#[test]
fn a_good_library_loads_once() {
    let fixture = Fixture::new();
    let loaded = fixture.load().expect("nothing is wrong with it");
    assert!(fixture.trace().exists());
    assert_eq!(loaded.types().templates, ["one"]);
    assert_eq!(loaded.object("one").expect("it is listed").endpoints, 1);
    assert!(loaded.object("two").is_none());
    let again = fixture
        .catalog()
        .load(NAME, None, host())
        .expect("as before");
    assert!(Arc::ptr_eq(&loaded, &again));
}

#[test]
fn two_versions_load_at_once() {
    let (first, mut second) = (Fixture::new(), Fixture::new());
    second.manifest.version = "2.0.0".to_owned();
    let (first, second) = (first.load().expect("good"), second.load().expect("good"));
    let tables = [first, second].map(|loaded| std::ptr::from_ref(loaded.object("one").unwrap()));
    assert_ne!(tables[0], tables[1]);
}

#[test]
fn what_was_judged_is_mapped_whatever_becomes_of_its_file() {
    let fixture = Fixture::new();
    let file = fixture.compile();
    let catalog = fixture.catalog();
    let judged = liveobj_references::Catalog::library(&catalog, NAME, None).expect("good");
    fs::write(&file, "no library any more").unwrap();
    let loaded = catalog
        .load(NAME, None, host())
        .expect("what was judged is good");
    assert_eq!(loaded.types().sha256, judged.sha256);
    assert!(fixture.trace().exists());
}

#[test]
fn what_is_mapped_does_not_change_with_its_file() {
    let fixture = Fixture::new();
    let loaded = fixture.load().expect("nothing is wrong with it");
    fs::write(fixture.file(), vec![0; 1 << 16]).unwrap();
    assert_eq!(loaded.object("one").expect("it is listed").endpoints, 1);
}

#[test]
fn a_file_with_another_hash_than_the_one_vouched_for_is_not_mapped() {
    let fixture = Fixture::new();
    // SAFETY: no file has this hash, so that nothing is vouched for.
    let trusted = unsafe { TrustedLibrary::assume(fixture.compile(), "0".repeat(64)) };
    let error = trusted.load(host()).expect_err("the file has another hash");
    assert!(matches!(error, LoadError::Hash { .. }), "{error}");
    assert!(!fixture.trace().exists());
}

#[test]
fn another_abi() {
    check(
        |fixture| fixture.manifest.abi = [7, 3],
        false,
        expect![[r#"`example:one` was built for ABI 7.3; this runtime has 0.1"#]],
    );
    check(
        |fixture| fixture.manifest.abi = [0, 0],
        false,
        expect![[r#"`example:one` was built for ABI 0.0; this runtime has 0.1"#]],
    );
}

#[test]
fn another_machine() {
    check_file(
        |fixture| fixture.manifest.target = "riscv64-linux".to_owned(),
        |file| for_riscv64(file),
        false,
        expect!["`example:one` was built for riscv64-linux; this is HERE"],
    );
    check(
        |fixture| fixture.manifest.target = target().replace("linux", "plan9"),
        false,
        expect!["`example:one` was built for x86_64-plan9; this is HERE"],
    );
}

/// The machine stands at the same place in every file.
fn for_riscv64(file: &mut [u8]) {
    file[18] = 0xF3;
}

#[test]
fn a_file_for_another_machine_that_says_it_is_for_this_one() {
    check_file(
        |_| {},
        |file| for_riscv64(file),
        false,
        expect![
            "the manifest of `example:one` cannot be used: no trusted file has one, and these cannot be used: `DIR/libone.so`: the manifest says `HERE`, and the file is for riscv64"
        ],
    );
}

#[test]
fn a_manifest_that_is_cut_short() {
    check_file(
        |_| {},
        |bytes| {
            let magic = &liveobj_manifest::MAGIC;
            let at = bytes.windows(8).position(|window| window == magic);
            // The length of the types.
            bytes[at.expect("the manifest is there") + 18] = 1;
        },
        false,
        expect![
            "the manifest of `example:one` cannot be used: no trusted file has one, and these cannot be used: `DIR/libone.so`: the manifest is cut short: it announces 65818 bytes, and 282 are there"
        ],
    );
}

#[test]
fn two_manifests() {
    check(
        |fixture| {
            let second = r#"__attribute__((section(".liveobj"), used))
                static const unsigned char second[] = { MANIFEST };"#;
            fixture.define("SECOND", second.replace('\n', " "));
        },
        false,
        expect![
            "the manifest of `example:one` cannot be used: no trusted file has one, and these cannot be used: `DIR/libone.so`: section `.liveobj` holds more than one manifest: link object libraries into another one with `linked`"
        ],
    );
}

#[test]
fn a_manifest_that_lies_about_a_type() {
    check(
        |fixture| {
            let types = &mut fixture.manifest.types;
            *types = types.replace("text: string", "text: u32");
        },
        true,
        expect![
            "`example:one` does not lay out `one: event send of endpoint input` as layout 1 says: its table of layouts does not have it"
        ],
    );
}

/// The payload is one that the library has a layout of.
#[test]
fn a_manifest_that_lies_about_a_handler() {
    check(
        |fixture| {
            let types = &mut fixture.manifest.types;
            *types = types.replace("out full();", "in full();");
        },
        true,
        expect![
            "the tables of `example:one` are not what its manifest says: template `one` has 1 handlers for endpoint `input`, not 2"
        ],
    );
}

#[test]
fn a_panic_strategy_that_ends_the_process() {
    check(
        |fixture| fixture.manifest.panic = "abort".to_owned(),
        false,
        expect![[
            r#"`example:one` was built with `panic = "abort"`; build it with `panic = "unwind"`"#
        ]],
    );
}

#[test]
fn types_that_do_not_hold_together() {
    check(
        |fixture| fixture.manifest.types += "object Two { endpoint input: Nowhere; }\n",
        false,
        expect![[
            r#"the manifest of `example:one` cannot be used: its types do not hold together: no type is called `Nowhere`"#
        ]],
    );
}

#[test]
fn a_missing_symbol() {
    check(
        |fixture| {
            fixture.define("SYMBOL", "another_library");
        },
        true,
        expect![[r#"`example:one` does not export `liveobj_library`"#]],
    );
}

#[test]
fn wrong_magic() {
    check(
        |fixture| {
            fixture.define("MAGIC", r#""lifeobj""#);
        },
        true,
        expect![[
            r#"the tables of `example:one` cannot be used: it does not start with the magic bytes"#
        ]],
    );
}

#[test]
fn a_short_table() {
    check(
        |fixture| {
            fixture.define("SIZE", "16");
        },
        true,
        expect![[r#"the tables of `example:one` cannot be used: it has 16 bytes, not 48"#]],
    );
}

#[test]
fn a_table_of_another_abi_than_its_manifest() {
    check(
        |fixture| {
            fixture.define("MINOR", "9");
        },
        true,
        expect![[
            r#"the tables of `example:one` cannot be used: it is of ABI 0.9, and its manifest says 0.1"#
        ]],
    );
}

#[test]
fn another_layout() {
    check(
        |fixture| {
            fixture.define("SEND_SIZE", "32");
        },
        true,
        expect![[
            r#"`example:one` does not lay out `one: event send of endpoint input` as layout 1 says: size 32 and alignment 8, where layout 1 has 24 and 8"#
        ]],
    );
}

#[test]
fn a_missing_layout() {
    check(
        |fixture| {
            fixture.define("LAYOUTS", "1");
        },
        true,
        expect![[
            r#"`example:one` does not lay out `one: parameters` as layout 1 says: its table of layouts does not have it"#
        ]],
    );
}

#[test]
fn a_missing_template() {
    check(
        |fixture| {
            fixture.define("COUNT", "0");
        },
        true,
        expect![[
            r#"the tables of `example:one` are not what its manifest says: 0 templates, not 1"#
        ]],
    );
}

#[test]
fn a_template_that_its_types_do_not_declare() {
    check(
        |fixture| fixture.manifest.templates = vec!["two".to_owned()],
        false,
        expect![
            "the manifest of `example:one` cannot be used: its types do not declare template `two`"
        ],
    );
}

#[test]
fn another_number_of_endpoints() {
    check(
        |fixture| {
            fixture.define("ENDPOINTS", "2");
        },
        true,
        expect![[
            r#"the tables of `example:one` are not what its manifest says: template `one` has 2 endpoints, not 1"#
        ]],
    );
}

#[test]
fn a_missing_handler() {
    check(
        |fixture| {
            fixture.define("HANDLER", "NULL");
        },
        true,
        expect![[
            r#"the tables of `example:one` are not what its manifest says: template `one` has no handler for event `send` of endpoint `input`"#
        ]],
    );
}

/// Gives the objects a state.
fn stateful(fixture: &mut Fixture) {
    let endpoint = "endpoint input: Input;";
    let types = &mut fixture.manifest.types;
    *types = types.replace(endpoint, &format!("{endpoint} state u64;"));
}

#[test]
fn a_state_with_its_functions_loads() {
    let mut fixture = Fixture::new();
    stateful(&mut fixture);
    fixture.define("LOAD", "load").define("SAVE", "save");
    fixture.load().expect("nothing is wrong with it");
    fixture.define("DIGEST", "digest");
    fixture.load().expect("nothing is wrong with it");
}

#[test]
fn a_state_that_cannot_be_loaded() {
    check(
        |fixture| {
            stateful(fixture);
            fixture.define("SAVE", "save");
        },
        true,
        expect![
            "the tables of `example:one` are not what its manifest says: template `one` has no function `load` for the state of its objects"
        ],
    );
}

#[test]
fn a_state_that_cannot_be_saved() {
    check(
        |fixture| {
            stateful(fixture);
            fixture.define("LOAD", "load").define("DIGEST", "digest");
        },
        true,
        expect![
            "the tables of `example:one` are not what its manifest says: template `one` has no function `save` for the state of its objects"
        ],
    );
}

#[test]
fn a_digest_of_no_state() {
    check(
        |fixture| {
            fixture.define("DIGEST", "digest");
        },
        true,
        expect![
            "the tables of `example:one` are not what its manifest says: template `one` has a function `digest`, and its objects have no state"
        ],
    );
}

#[test]
fn a_state_that_is_laid_out_otherwise() {
    check(
        |fixture| {
            stateful(fixture);
            let types = &mut fixture.manifest.types;
            *types = types.replace("state u64", "state S") + "record S { a: u8, b: u64 }\n";
            fixture.define("LOAD", "load").define("SAVE", "save");
        },
        true,
        expect![
            "`example:one` does not lay out `one: state` as layout 1 says: its table of layouts does not have it"
        ],
    );
}

/// A template whose endpoint is of any type.
fn any(fixture: &mut Fixture) {
    fixture.manifest.types = "object One<E: endpoint> { endpoint input: E; }\n\
                              template one<E: endpoint>(): One<E>;\n"
        .to_owned();
}

#[test]
fn a_missing_handler_of_any_event() {
    check(
        |fixture| {
            any(fixture);
            fixture.define("HANDLER", "NULL");
        },
        true,
        expect![
            "the tables of `example:one` are not what its manifest says: template `one` has no handler for the events of type `E` of endpoint `input`"
        ],
    );
}

#[test]
fn an_endpoint_of_any_type_has_one_handler_and_no_layouts() {
    let mut fixture = Fixture::new();
    any(&mut fixture);
    let loaded = fixture.load().expect("nothing is wrong with it");
    assert_eq!(loaded.object("one").expect("it is listed").endpoints, 1);
}

#[test]
fn a_library_that_refuses() {
    check(
        |fixture| {
            fixture.define("ATTACH", "-2");
        },
        true,
        expect![[r#"`example:one` refused to be attached: status -2"#]],
    );
}
