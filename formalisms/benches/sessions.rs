//! Asynchronous subtyping of sessions in which outputs are anticipated over inputs. The baseline
//! reads the two texts.

use divan::{Bencher, black_box};
use liveobj_formalisms::Session;
use liveobj_types::formalism::{Events, Formalism, Formula, Structure};

fn main() {
    divan::main();
}

/// Two-way choices, nested: the peer chooses, then the provider.
fn later(depth: usize) -> String {
    match depth {
        0 => "end".to_owned(),
        depth => {
            let then = later(depth - 1);
            let choice = format!("+{{!x{depth}; {then}, !y{depth}; {then}}}");
            format!("&[?a{depth}; {choice}, ?b{depth}; {choice}]")
        }
    }
}

/// The same, but the provider makes all its choices first.
fn earlier(depth: usize) -> String {
    fn inputs(depth: usize) -> String {
        match depth {
            0 => "end".to_owned(),
            depth => {
                let then = inputs(depth - 1);
                format!("&[?a{depth}; {then}, ?b{depth}; {then}]")
            }
        }
    }
    fn outputs(depth: usize, all: usize) -> String {
        match depth {
            0 => inputs(all),
            depth => {
                let then = outputs(depth - 1, all);
                format!("+{{!x{depth}; {then}, !y{depth}; {then}}}")
            }
        }
    }
    outputs(depth, depth)
}

const DEPTHS: [usize; 5] = [1, 2, 3, 4, 5];

fn read(text: &str) -> Formula {
    Session::Asynchronous
        .parse(text, &Structure::Undeclared)
        .expect("the text is a session")
}

#[divan::bench(args = DEPTHS)]
fn nested_choice_read(bencher: Bencher, depth: usize) {
    let texts = [earlier(depth), later(depth)];
    bencher.bench(|| texts.each_ref().map(|text| read(black_box(text))));
}

#[divan::bench(args = DEPTHS)]
fn nested_choice_decided(bencher: Bencher, depth: usize) {
    let (left, right) = (read(&earlier(depth)), read(&later(depth)));
    bencher.bench(|| decide(&left, &right));
}

/// Rests grow without bound: two messages are emitted for each one that is handled.
#[divan::bench]
fn growing_queue_decided(bencher: Bencher) {
    let left = read("rec X . !a; !a; &[?b; X, ?c; X]");
    let right = read("rec X . ?b; ?c; !a; X");
    bencher.bench(|| decide(&left, &right));
}

fn decide(left: &Formula, right: &Formula) {
    let session = Session::Asynchronous;
    let verdict = session.implies(
        &[black_box(left)],
        &Events::All,
        black_box(right),
        10_000_000,
    );
    assert!(verdict.holds());
}
