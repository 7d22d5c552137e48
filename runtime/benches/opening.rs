//! How long it takes to check a document, to open what it says and to close that, for each component: up
//! to a million objects in pairs, as an embedder does it. The aim: a time that does not grow.

use std::time::{Duration, Instant};

use liveobj::{Runtime, Source};

/// A relay with a type argument, beside one that it is connected with.
fn document(pairs: usize) -> String {
    let relay = r#"<parameterized><template><external name="relay" library="liveobj:standard"/></template><parameter name="Message"><type>string</type></parameter></parameterized>"#;
    let mut text = String::from(r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>"#);
    for at in 0..pairs {
        for side in ["l", "r"] {
            text += &format!(r#"<component name="{side}{at}">{relay}</component>"#);
        }
    }
    for at in 0..pairs {
        text += &format!(
            r#"<connection><endpoint of="l{at}" name="output"/><endpoint of="r{at}" name="input"/></connection>"#
        );
    }
    text + "</composite></liveobject>"
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let made = run();
    (made, begun.elapsed())
}

fn main() {
    // Cargo runs every benchmark as a test too, which is not the time for a million objects.
    let largest = match std::env::args().any(|argument| argument == "--bench") {
        true => 500_000,
        false => 1,
    };
    println!(
        "{:>9} {:>9} {:>9} {:>9}",
        "objects", "check µs", "open µs", "close µs"
    );
    for pairs in [1, 500, 50_000, 500_000] {
        if pairs > largest {
            break;
        }
        // Enough of them for the clock.
        let rounds = (1_000 / pairs).max(1);
        let mut spent = [Duration::ZERO; 3];
        let limits = liveobj::Limits::for_size(1 << 30);
        let runtime = Runtime::builder().limits(limits).build();
        let runtime = runtime.expect("a runtime");
        let source = Source::new("pairs", document(pairs));
        for _ in 0..rounds {
            let (checked, check) = timed(|| runtime.check(&source));
            let reference = checked.reference.expect("well typed");
            let (object, open) = timed(|| runtime.open_blocking(&reference));
            let object = object.expect("it opens");
            let ((), close) = timed(|| drop(object));
            for (spent, more) in spent.iter_mut().zip([check, open, close]) {
                *spent += more;
            }
        }
        let objects = pairs * 2;
        let each = spent.map(|it| it.as_secs_f64() * 1e6 / (objects * rounds) as f64);
        println!(
            "{objects:>9} {:>9.2} {:>9.2} {:>9.2}",
            each[0], each[1], each[2]
        );
    }
}
