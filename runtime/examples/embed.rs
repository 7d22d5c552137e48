//! Opens the standard `timer`, asks it for one event, and waits for that.

use std::sync::mpsc;
use std::time::Duration;

use liveobj::{Data, Runtime, Source};

const TIMER: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
    <external name="timer" library="liveobj:standard"/>
</liveobject>"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::builder().build()?;
    let checked = runtime.check(&Source::new("timer.liveobject", TIMER));
    let reference = checked.reference.ok_or("the reference is refused")?;
    let object = runtime.open_blocking(&reference)?;

    let (elapsed, wait) = mpsc::channel();
    let connection = object.endpoint("timer")?.connect(move |event, payload| {
        elapsed
            .send(format!("{event} {payload:?}"))
            .expect("somebody waits");
    })?;
    let start = [
        ("token", Data::U64(1)),
        ("nanoseconds", Data::U64(5_000_000)),
    ];
    connection.send("start", Data::record(start))?;
    println!("{}", wait.recv_timeout(Duration::from_secs(5))?);
    Ok(())
}

#[test]
fn the_example_runs() {
    main().expect("an event within five seconds");
}
