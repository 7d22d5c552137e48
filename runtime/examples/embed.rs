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
    let connection = object.endpoint("timer")?.connect(move |event, _| {
        elapsed.send(event.to_owned()).expect("somebody waits");
    })?;
    let (token, nanoseconds) = (Data::U64(1), Data::U64(5_000_000));
    let start = [("token", token), ("nanoseconds", nanoseconds)];
    connection.send("start", Data::record(start))?;
    println!("{}", wait.recv_timeout(Duration::from_secs(5))?);
    Ok(())
}

#[test]
fn the_example_runs() {
    main().expect("an event within five seconds");
}
