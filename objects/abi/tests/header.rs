//! `include/liveobj.h` says the same as the Rust declarations: a C program that prints what its
//! compiler made of the header agrees with rustc on every size, offset and constant.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::mem::{align_of, offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

use liveobj_abi as abi;

const HEADER: &str = include_str!("../include/liveobj.h");
const RUST: &str = concat!(
    include_str!("../src/lib.rs"),
    include_str!("../src/formalism.rs"),
    include_str!("../src/layouts.rs")
);

/// What both compilers are asked: a C expression, and what Rust answers.
struct Question {
    expression: String,
    answer: i64,
}

fn ask(expression: String, answer: usize) -> Question {
    Question {
        expression,
        answer: i64::try_from(answer).expect("sizes of structs are small"),
    }
}

/// Size of what a projection leads to.
fn size_of_member<S, M>(_projection: fn(&S) -> &M) -> usize {
    size_of::<M>()
}

/// Questions about structs, all of their members; a member that is left out does not compile.
macro_rules! structs {
    ($($name:ident = $c:literal { $($member:ident $(= $c_member:literal)?),* $(,)? })*) => {
        fn about_structs() -> Vec<Question> {
            let mut questions = Vec::new();
            $(
                let _complete = |value: abi::$name| {
                    let abi::$name { $($member: _),* } = value;
                };
                questions.push(ask(format!("sizeof({})", $c), size_of::<abi::$name>()));
                questions.push(ask(
                    format!("offsetof(struct {{ char c; {} s; }}, s)", $c),
                    align_of::<abi::$name>(),
                ));
                $({
                    let member = [$($c_member,)? stringify!($member)][0];
                    questions.push(ask(
                        format!("offsetof({}, {member})", $c),
                        offset_of!(abi::$name, $member),
                    ));
                    questions.push(ask(
                        format!("sizeof((({} *)0)->{member})", $c),
                        size_of_member(|value: &abi::$name| &value.$member),
                    ));
                })*
            )*
            questions
        }
    };
}

structs! {
    Slice = "lo_slice" { data, len, owner }
    Opaque = "lo_opaque" { wire, ty = "type" }
    Dynamic = "lo_dynamic" { payload, event }
    Envelope = "lo_envelope" { connection, path, parent }
    Link = "lo_link" { emit }
    Context = "lo_context" { size, endpoints, links, host }
    Host = "lo_host" {
        size, keep, drop_block, block, link, now, random, identity, request, close, post_handle,
        post_drop, post, report, event_name, inspect, cast,
    }
    Reflection = "lo_reflection" { owner, name, declaration, endpoints }
    ReflectedEndpoint = "lo_reflected_endpoint" { name, ty = "type", many, mandatory }
    TimerArguments = "lo_timer_arguments" { nanoseconds }
    UdpOpenArguments = "lo_udp_open_arguments" { bind, group, interface, ttl }
    UdpSendArguments = "lo_udp_send_arguments" { to, bytes }
    TcpListenArguments = "lo_tcp_listen_arguments" { bind }
    TcpAcceptArguments = "lo_tcp_accept_arguments" { listener }
    TcpConnectArguments = "lo_tcp_connect_arguments" { to }
    TcpSendArguments = "lo_tcp_send_arguments" { bytes }
    TextArguments = "lo_text_arguments" { text }
    FileArguments = "lo_file_arguments" { space, path }
    DereferenceArguments = "lo_dereference_arguments" { reference }
    DereferenceAsArguments = "lo_dereference_as_arguments" { reference, ty = "type" }
    ConnectArguments = "lo_connect_arguments" { proxy, endpoint, own }
    ExportArguments = "lo_export_arguments" { proxy, endpoint }
    ExportOwnArguments = "lo_export_own_arguments" { own }
    ConnectExternalArguments = "lo_connect_external_arguments" { external, own }
    ReadyWake = "lo_ready_wake" { address }
    DatagramWake = "lo_datagram_wake" { from, bytes }
    ConnectedWake = "lo_connected_wake" { connection }
    Object = "lo_object" {
        size, endpoints, create, load, save, digest, connected, disconnected, wake, destroy,
        handlers, handler_counts,
    }
    LayoutEntry = "lo_layout_entry" { id, size, align, offsets, offset_count }
    Layouts = "lo_layouts" { size, entry_size, count, entries }
    Library = "lo_library" {
        magic, size, major, minor, layouts, count, objects, attach, formalism_count, formalisms,
    }
    Answer = "lo_answer" { size, write }
    Structure = "lo_structure" {
        size, kind, endpoint_size, event_size, parameter_size, count, endpoints,
    }
    StructureEndpoint = "lo_structure_endpoint" { written, name, count, events }
    StructureEvent = "lo_structure_event" { name, emitted, count, parameters }
    StructureParameter = "lo_structure_parameter" { name, domain, domain_size }
    Events = "lo_events" { size, kind, endpoint_size, count, endpoints }
    EndpointEvents = "lo_endpoint_events" { name, count, events }
    Fault = "lo_fault" { start, end }
    Formalism = "lo_formalism" {
        size, id, parse, print, release, satisfiable, implies, replay, dual, surviving, at_endpoint,
        explain,
    }
}

/// Questions about numeric constants, which C calls `LO_` and the same.
macro_rules! constants {
    ($($name:ident)*) => {
        fn about_constants() -> Vec<Question> {
            vec![$(Question {
                expression: concat!("LO_", stringify!($name)).to_owned(),
                answer: i64::from(abi::$name),
            }),*]
        }
    };
}

constants! {
    OK NOT_CONNECTED REFUSED STALE INVALID PANIC FAILED
    MAJOR MINOR
    CLOCK_MONOTONIC CLOCK_WALL
    DIRECTION_IN DIRECTION_OUT
    LEVEL_DEBUG LEVEL_INFO LEVEL_WARNING LEVEL_ERROR
    REQUEST_TIMER REQUEST_UDP_OPEN REQUEST_UDP_SEND REQUEST_TERMINAL_OPEN REQUEST_TERMINAL_SHOW
    REQUEST_FILE_READ REQUEST_DEREFERENCE REQUEST_CONNECT REQUEST_DEREFERENCE_AS
    REQUEST_EXPORT REQUEST_EXPORT_OWN REQUEST_CONNECT_EXTERNAL
    REQUEST_TCP_LISTEN REQUEST_TCP_ACCEPT REQUEST_TCP_CONNECT REQUEST_TCP_SEND REQUEST_TCP_RECEIVE
    REQUEST_FAREWELL REQUEST_FAREWELL_LAST REQUEST_STAY WAKE_FAREWELL TCP_ROOM TCP_CHUNK
    WAKE_TIMER WAKE_READY WAKE_DATAGRAM WAKE_LINE WAKE_END WAKE_FILE WAKE_MISSING WAKE_OPENED
    WAKE_FAILED WAKE_POSTED WAKE_CONNECTED WAKE_EXPORTED WAKE_DATA WAKE_WRITABLE
    SPACE_FILES SPACE_REGISTRY
    REASON_DROPPED REASON_PEER_FAILED REASON_OVERFLOW REASON_LINK_LOST
    STRUCTURE_UNDECLARED STRUCTURE_ENDPOINT STRUCTURE_OBJECT
    EVENTS_ALL EVENTS_ENDPOINT EVENTS_OBJECT
    VERDICT_FAILS VERDICT_UNKNOWN VERDICT_HOLDS VERDICT_BUDGET
    WITNESS_NONE WITNESS_ASSIGNMENT WITNESS_TRACE WITNESS_HISTORY
}

/// Constants that are texts.
const TEXTS: [&str; 2] = ["MAGIC", "LIBRARY_SYMBOL"];

#[test]
fn c_and_rust_agree_on_sizes_offsets_and_constants() {
    let mut questions = about_structs();
    questions.extend(about_constants());
    questions.push(ask(
        "sizeof(lo_status)".to_owned(),
        size_of::<abi::Status>(),
    ));
    let mut program = "#include <stddef.h>\n#include <stdio.h>\n#include \"liveobj.h\"\n\
                       int main(void) {\n"
        .to_owned();
    for Question { expression, .. } in &questions {
        writeln!(
            program,
            "    printf(\"%lld\\n\", (long long)({expression}));"
        )
        .unwrap();
    }
    program.push_str("    return 0;\n}\n");

    let output = compile_and_run("values", &program);
    let answers: Vec<i64> = output.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(answers.len(), questions.len());
    for (question, answer) in questions.iter().zip(answers) {
        assert_eq!(answer, question.answer, "{}", question.expression);
    }
}

#[test]
fn c_and_rust_agree_on_texts() {
    let output = compile_and_run("texts", TEXTS_PROGRAM);
    let expected = [&abi::MAGIC, abi::LIBRARY_SYMBOL.as_bytes()].concat();
    assert_eq!(output.as_bytes(), expected);
}

#[test]
fn no_constant_is_forgotten() {
    let asked: BTreeSet<String> = about_constants()
        .into_iter()
        .map(|question| question.expression)
        .chain(TEXTS.map(|name| format!("LO_{name}")))
        .collect();
    assert_eq!(asked, names(RUST, "pub const ", ':', "LO_"));
    let mut header = names(HEADER, "#define LO_", ' ', "LO_");
    for helper in ["LO_EXPORT", "LO_LOCAL", "LO_MANIFEST", "LO_ALIGNOF(type)"] {
        assert!(header.remove(helper), "{helper}");
    }
    assert_eq!(asked, header);
}

#[test]
fn a_library_can_be_written() {
    let (c, cpp) = (source("library.c", LIBRARY), source("library.cpp", LIBRARY));
    run(Command::new("cc").args(C).arg("-fsyntax-only").arg(c));
    run(Command::new("c++").args(CPP).arg("-fsyntax-only").arg(cpp));
}

/// A library as its author writes it: what comes in at endpoint 0 goes out at endpoint 1. The second
/// object does the same with events of any type.
const LIBRARY: &str = r#"
#include "liveobj.h"

static lo_status create(lo_context *context, const void *parameters, void **self) {
    (void)context, (void)parameters;
    *self = 0;
    return LO_OK;
}

static lo_status send(void *self, lo_context *context, const lo_envelope *envelope,
                      const void *payload) {
    (void)self, (void)envelope;
    return context->links[1]->emit(context->links[1], context, 0, payload);
}

static lo_status pass(void *self, lo_context *context, const lo_envelope *envelope,
                      const void *payload) {
    const lo_dynamic *event = (const lo_dynamic *)payload;
    (void)self, (void)envelope;
    return context->links[1]->emit(context->links[1], context, event->event, &event->payload);
}

static lo_status connected(void *self, lo_context *context, uint32_t endpoint, uint64_t number) {
    (void)self, (void)context, (void)endpoint, (void)number;
    return LO_OK;
}

static lo_status disconnected(void *self, lo_context *context, uint32_t endpoint, uint64_t number,
                              uint32_t reason) {
    (void)self, (void)context, (void)endpoint, (void)number, (void)reason;
    return LO_OK;
}

static lo_status wake(void *self, lo_context *context, uint64_t token, uint32_t kind,
                      const void *payload) {
    (void)self, (void)context, (void)token, (void)kind, (void)payload;
    return LO_OK;
}

static lo_status destroy(void *self, lo_context *context) {
    (void)self, (void)context;
    return LO_OK;
}

static lo_handler *const input[] = {send};
static lo_handler *const output[] = {0};
static lo_handler *const *const handlers[] = {input, output};
static const uint32_t counts[] = {1, 0};
static const lo_object object = {sizeof(lo_object), 2,    create,  0,        0,     0, connected,
                                 disconnected,      wake, destroy, handlers, counts};
static lo_handler *const any[] = {pass};
static lo_handler *const *const any_handlers[] = {any, any};
static const uint32_t any_counts[] = {1, 1};
static const lo_object tap = {sizeof(lo_object), 2,    create,  0,            0,         0, connected,
                              disconnected,      wake, destroy, any_handlers, any_counts};
static const lo_object *const objects[] = {&object, &tap};
static const lo_layouts layouts = {sizeof(lo_layouts), sizeof(lo_layout_entry), 0, 0};
static const lo_library library = {LO_MAGIC, sizeof(lo_library), LO_MAJOR, LO_MINOR,
                                   &layouts, 2,                  objects,  0,
                                   0,        0};

const lo_library *liveobj_library(void) { return &library; }
"#;

/// A program that prints texts as they stand.
const TEXTS_PROGRAM: &str = r#"
#include <stdio.h>
#include "liveobj.h"

int main(void) {
    lo_library library = {LO_MAGIC, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    fwrite(library.magic, 1, sizeof(library.magic), stdout);
    fputs(LO_LIBRARY_SYMBOL, stdout);
    return 0;
}
"#;

/// How strict the C compiler is.
const C: [&str; 8] = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-pedantic",
    "-Werror",
    "-I",
    "include",
    "-Wstrict-prototypes",
];
/// How strict the C++ compiler is.
const CPP: [&str; 7] = [
    "-std=c++11",
    "-Wall",
    "-Wextra",
    "-pedantic",
    "-Werror",
    "-I",
    "include",
];

/// The names behind `prefix` at the start of a line, up to `end`, each put behind `add`.
fn names(text: &str, prefix: &str, end: char, add: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix(prefix)?.split(end).next())
        .map(|name| format!("{add}{name}"))
        .collect()
}

fn source(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn compile_and_run(name: &str, program: &str) -> String {
    let source = source(&format!("{name}.c"), program);
    let binary = source.with_extension("");
    run(Command::new("cc")
        .args(C)
        .arg(&source)
        .arg("-o")
        .arg(&binary));
    run(&mut Command::new(binary))
}

/// Runs in the package's directory; answers what was printed.
fn run(command: &mut Command) -> String {
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
