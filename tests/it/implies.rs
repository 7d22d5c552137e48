//! `liveobj implies`: one question, or a file of them.

use std::io::Write;
use std::process::{Output, Stdio};

use liveobj_tests::support::liveobj;
use serde_json::{Value, json};

fn implies(arguments: &[&str], input: &str) -> Output {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = liveobj(home.path());
    command.arg("implies").args(arguments);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("liveobj runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_refutation_is_shown_with_what_goes_wrong() {
    let texts = ["rec X . !a; X", "rec X . ?b; !a; X"];
    let output = implies(&["--formalism", "async_session", texts[0], texts[1]], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "fails: A does not imply B\n  (?b), !a, then for ever !a\n  \
         `b`, which the peer has sent, is never handled\n"
    );
}

#[test]
fn two_sides_that_deadlock_do_not_fit() {
    let both = ["?a; !b; end", "?b; !a; end"];
    let output = implies(&["--formalism", "session", "--dual", both[0], both[1]], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "fails: A and B do not fit each other\n  then each side waits for the other\n"
    );
}

#[test]
fn each_line_of_a_batch_is_answered_in_order() {
    let lines = [
        json!({"id": 1, "formalism": "session", "premise": "!a; end", "conclusion": "!a; end"}),
        json!({"id": "two", "formalism": "session", "events": "out a, in b",
               "premise": "!a; end", "conclusion": "?a; end"}),
        json!({"formalism": "properties", "premise": "fifo", "conclusion": "total_order"}),
    ];
    let input = lines.map(|line| line.to_string()).join("\n");
    let output = implies(&["--batch", "-"], &input);
    assert_eq!(output.status.code(), Some(1), "one line has no event `?a`");
    let answers: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each answer is JSON"))
        .collect();
    let told = answers
        .iter()
        .map(|answer| json!([answer["id"], answer["verdict"]]));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            json!([1, "holds"]),
            json!(["two", "error"]),
            json!([null, "fails"])
        ]
    );
    assert!(answers.iter().all(|answer| answer["micros"].is_u64()));
}

#[test]
fn a_misspelt_formalism_is_corrected() {
    let output = implies(&["--formalism", "sesion", "end", "end"], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: there is no formalism `sesion`\nhelp: did you mean `session`?\n"
    );
}

#[test]
fn a_history_that_refutes_is_told_event_by_event() {
    let output = implies(
        &[
            "--formalism",
            "temporal",
            "--events",
            "in send(m), out receive(m)",
            "G (receive(m) -> O send(m))",
            "at most once receive(m)",
        ],
        "",
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "fails: A does not imply B\n  there are\n    i1: an instance\n    m1: a value of m\n  \
         in order, a position each\n    connect at i1\n    handles send(m1) at i1\n    \
         emits receive(m1) at i1\n    emits receive(m1) at i1\n  then for ever\n    -\n  \
         this history is allowed by what is promised, and it is not as asked for\n"
    );
}

#[test]
fn ordinary_temporal_logic_has_any_set_of_atoms_at_a_position() {
    let ask = |atoms: &str| {
        let texts = ["G p & F q", "F (p & q)"];
        let arguments = [
            "--formalism",
            "temporal",
            "--atoms",
            atoms,
            texts[0],
            texts[1],
        ];
        implies(&arguments, "").status.code()
    };
    assert_eq!(ask("independent"), Some(0));
    assert_eq!(
        ask("events"),
        Some(0),
        "from what cannot be anything follows"
    );
    let output = implies(
        &[
            "--formalism",
            "temporal",
            "--atoms",
            "independent",
            "F p & F q",
            "F (p & q)",
        ],
        "",
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "fails: A does not imply B\n  in order, a position each\n    {q}\n    {p}\n  \
         then for ever\n    {}\n  \
         this history is allowed by what is promised, and it is not as asked for\n"
    );
}
