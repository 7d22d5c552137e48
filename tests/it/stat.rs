//! `liveobj stat`: real processes are asked over real sockets.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use liveobj_tests::support::{self, faulty};
use serde_json::Value;

/// A metronome and its worker.
const DOCUMENT: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="metronome"><parameterized>
        <template><external name="metronome" library="test:faulty"/></template>
        <parameter name="every"><value>5</value></parameter>
    </parameterized></component>
    <component name="worker"><parameterized>
        <template><external name="worker" library="test:faulty"/></template>
        <parameter name="fault"><value>FAULT</value></parameter>
    </parameterized></component>
    <connection><endpoint of="metronome" name="worker"/><endpoint of="worker" name="task"/></connection>
</composite></liveobject>"#;

/// The same in two domains.
const APART: &str = r#"{"deployment": 1, "domains": {"one": ["metronome"], "two": ["worker"]}}"#;

/// `liveobj` with a directory for sockets that it shares with nothing else.
fn liveobj(home: &Path) -> Command {
    let runtime = home.join("run");
    fs::create_dir_all(&runtime).expect("it is writable");
    let mut command = support::liveobj(home);
    command.env("XDG_RUNTIME_DIR", runtime);
    command
}

/// A process that has something open; it is killed in the end.
struct Open(Child);

impl Open {
    /// Opens `work.liveobject` in `home`.
    fn start(home: &Path, fault: &str, options: &[&str]) -> Open {
        let document = home.join("work.liveobject");
        fs::write(document, DOCUMENT.replace("FAULT", fault)).expect("it is written");
        fs::write(home.join("apart.json"), APART).expect("it is written");
        let mut command = liveobj(home);
        command.current_dir(home).args(["open", "work.liveobject"]);
        command.arg("--library-path").arg(faulty()).args(options);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        Open(command.spawn().expect("liveobj runs"))
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, &self.pid()]).status();
        assert!(kill.expect("there is kill").success());
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn stat(home: &Path, options: &[&str]) -> Output {
    let mut command = liveobj(home);
    command.arg("stat").args(options);
    command.output().expect("liveobj runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it prints UTF-8")
}

fn json(output: &Output) -> Value {
    assert_eq!(text(&output.stderr), "");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// What is told once something is open there.
fn listed(home: &Path) -> Value {
    let begun = Instant::now();
    loop {
        let list = json(&stat(home, &["--format", "json"]));
        let open = list["processes"][0]["objects"][0]["opening"] == false;
        if open {
            return list;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{list}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a process did in a tenth of a second.
fn rates(home: &Path, what: &str) -> Value {
    let options = [what, "--interval", "100ms", "--format", "json"];
    json(&stat(home, &options))
}

fn sockets(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("run/liveobj")).expect("it is there");
    entries
        .map(|entry| entry.expect("it is read").path())
        .collect()
}

#[test]
fn nothing_is_open_and_nothing_is_found() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let nothing = stat(home, &[]);
    assert_eq!(nothing.status.code(), Some(0));
    assert_eq!(text(&nothing.stdout), "nothing is open\n");
    for (what, told) in [
        ("note", "nothing that is open is called `note`"),
        ("1", "process 1 has nothing open, or is not yours"),
    ] {
        let refused = stat(home, &[what]);
        assert_eq!(refused.status.code(), Some(1));
        let complaint = text(&refused.stderr);
        assert!(complaint.contains(told), "{complaint}");
        assert!(complaint.contains("`liveobj stat` lists"), "{complaint}");
    }
    assert_eq!(stat(home, &["--watch"]).status.code(), Some(2));
    assert_eq!(
        stat(home, &["1", "--interval", "1us"]).status.code(),
        Some(2)
    );
}

#[test]
fn what_is_open_is_listed_and_counted_in_both_directions() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let open = Open::start(home, "", &[]);
    let list = listed(home);
    assert_eq!(list["processes"].as_array().map(Vec::len), Some(1));
    let process = &list["processes"][0];
    assert_eq!(process["pid"].to_string(), open.pid());
    assert_eq!(process["objects"][0]["name"], "work.liveobject");
    assert_eq!(process["objects"][0]["domains"], 1);

    let seen = rates(home, "work");
    let object = &seen["objects"][0];
    let connection = &object["connections"][0];
    assert_eq!(connection["ends"][0], "metronome.worker");
    assert_eq!(connection["ends"][1], "worker.task");
    assert!(connection["queues"].is_null());
    for side in [0, 1] {
        let each_second = connection["events"][side].as_f64().expect("a number");
        assert!(each_second > 0.0 && each_second <= 220.0, "{seen}");
    }
    for (number, name) in [(0, "metronome"), (1, "worker")] {
        let part = &object["parts"][number];
        assert_eq!(part["object"], name);
        let busy = part["busy"].as_f64().expect("a number");
        assert!(busy > 0.0 && busy < 1.0, "{seen}");
        assert!(part["calls"].as_f64() > Some(0.0), "{seen}");
        let bytes = part["bytes"].as_u64().expect("a number");
        assert!((200..5_000).contains(&bytes), "{seen}");
    }
    assert!(
        seen["memory"]["resident"].as_u64() > Some(1 << 20),
        "{seen}"
    );

    let human = stat(home, &[&open.pid(), "--interval", "50ms"]);
    let shown = text(&human.stdout);
    assert!(
        shown.starts_with(&format!("process {}: ", open.pid())),
        "{shown}"
    );
    assert!(shown.contains("  metronome.worker  worker.task"), "{shown}");
}

#[test]
fn whoever_watches_for_longer_gets_a_line_each_time() {
    use std::io::{BufRead, BufReader};
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let open = Open::start(home, "", &[]);
    listed(home);
    let mut watch = liveobj(home);
    watch.args([
        "stat",
        "work",
        "--watch",
        "--interval",
        "20ms",
        "--format",
        "json",
    ]);
    watch.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watch = watch.spawn().expect("liveobj runs");
    let mut lines = BufReader::new(watch.stdout.take().expect("it is piped")).lines();
    for _ in 0..3 {
        let line = lines.next().expect("a line").expect("it is read");
        let seen: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(seen["objects"][0]["object"]["name"], "work.liveobject");
    }
    // In the middle of it.
    open.signal("-KILL");
    lines.for_each(drop);
    let output = watch.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    let told = format!("error: process {} has ended\n", open.pid());
    assert_eq!(text(&output.stderr), told);
}

#[test]
fn queues_between_domains_are_told_with_what_passes() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let _open = Open::start(home, "", &["--deployment", "apart.json"]);
    listed(home);
    let seen = rates(home, "work.liveobject");
    let connection = &seen["objects"][0]["connections"][0];
    assert_eq!(connection["ends"][0], "metronome.worker");
    for side in [0, 1] {
        assert!(connection["events"][side].as_f64() > Some(0.0), "{seen}");
        let queue = &connection["queues"][side];
        assert_eq!(
            (&queue["refused"], &queue["overflowed"]),
            (&0.into(), &false.into())
        );
        assert!(queue["most"].as_u64() > Some(0), "{seen}");
    }
    let parts = seen["objects"][0]["parts"].as_array().expect("a list");
    let domains: Vec<_> = parts.iter().map(|part| &part["domain"]).collect();
    assert_eq!(domains, [1, 2]);
}

/// How often each thread that runs a domain has gone to sleep for want of work.
fn rests(process: &str) -> Vec<u64> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    let status = |task: std::io::Result<fs::DirEntry>| {
        let status = fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        (line("Name:")?.trim() == "liveobj-domain")
            .then(|| line("voluntary_ctxt_switches:")?.trim().parse().ok())?
    };
    tasks.filter_map(status).collect()
}

#[test]
fn two_domains_are_two_threads_and_objects_run_on_both() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let open = Open::start(home, "", &["--domains", "2"]);
    assert_eq!(listed(home)["processes"][0]["objects"][0]["domains"], 2);
    let begun = Instant::now();
    let before = rests(&open.pid());
    assert_eq!(before.len(), 2, "one thread for each domain");
    let seen = rates(home, "work");
    for domain in [1, 2] {
        let parts = seen["objects"][0]["parts"].as_array().expect("a list");
        let there: Vec<_> = parts.iter().filter(|it| it["domain"] == domain).collect();
        assert_eq!(there.len(), 1, "{seen}");
        assert!(there[0]["calls"].as_f64() > Some(0.0), "{seen}");
    }
    // Both wake and sleep again and again, since each tick crosses from one to the other and back.
    while !rests(&open.pid())
        .iter()
        .zip(&before)
        .all(|(now, then)| now > then)
    {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "one of them does nothing"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_domain_that_hangs_is_named_and_all_else_is_told() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let fault = format!("blocks until {}", home.join("free").display());
    let _open = Open::start(home, &fault, &["--deployment", "apart.json"]);
    listed(home);
    // What comes meanwhile waits for it.
    let seen = rates(home, "work");
    let object = &seen["objects"][0];
    assert!(object["domains"][0]["silent"].is_null(), "{seen}");
    let silent = &object["domains"][1]["silent"];
    assert_eq!(silent["object"], "worker", "{seen}");
    assert!(silent["waited"].as_u64() > Some(100_000_000), "{seen}");
    let connection = &object["connections"][0];
    assert!(connection["events"][0].as_f64() > Some(0.0), "{seen}");
    assert!(
        connection["queues"][0]["events"].as_u64() > Some(0),
        "{seen}"
    );
    assert_eq!(object["parts"].as_array().map(Vec::len), Some(1));

    let human = text(&stat(home, &["work", "--interval", "50ms"]).stdout);
    let told = ": `worker` blocks; what follows is without it";
    assert!(human.contains("  domain 2 does not answer for "), "{human}");
    assert!(human.contains(told), "{human}");
    fs::write(home.join("free"), "").expect("it is written");
    let seen = rates(home, "work");
    assert!(
        seen["objects"][0]["domains"][1]["silent"].is_null(),
        "{seen}"
    );
}

#[test]
fn a_process_that_is_stopped_is_told_as_such() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let open = Open::start(home, "", &[]);
    listed(home);
    open.signal("-STOP");
    let refused = stat(home, &[&open.pid()]);
    let told = format!("process {} does not answer within 3 s", open.pid());
    let complaint = text(&refused.stderr);
    assert!(complaint.contains(&told), "{complaint}");
    assert_eq!(refused.status.code(), Some(1));
    let list = stat(home, &[]);
    assert_eq!(list.status.code(), Some(0));
    assert!(text(&list.stderr).contains(&told));
}

#[test]
fn what_a_killed_process_left_behind_is_removed_and_a_signal_leaves_nothing() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let mut open = Open::start(home, "", &[]);
    listed(home);
    open.signal("-KILL");
    let _ = open.0.wait();
    assert_eq!(sockets(home).len(), 1);
    assert_eq!(text(&stat(home, &[]).stdout), "nothing is open\n");
    assert_eq!(sockets(home), Vec::<PathBuf>::new());

    let mut open = Open::start(home, "", &[]);
    listed(home);
    open.signal("-INT");
    let _ = open.0.wait();
    assert_eq!(sockets(home), Vec::<PathBuf>::new());
}

#[test]
fn a_directory_that_is_not_only_the_users_is_refused_and_nothing_else_is() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let document = r#"<liveobject xmlns="urn:liveobj:reference:1">
        <external name="timer" library="liveobj:standard"/></liveobject>"#;
    fs::write(home.join("timer.liveobject"), document).expect("it is written");
    let open = || {
        let mut open = liveobj(home);
        open.current_dir(home);
        open.args(["open", "timer.liveobject", "--for", "10ms"]);
        open.output().expect("liveobj runs")
    };
    let place = home.join("run/liveobj");
    let hostile = |told: &str| {
        let opened = open();
        assert_eq!(opened.status.code(), Some(0), "it opens all the same");
        let complaint = text(&opened.stderr);
        let sees = "warning: `liveobj stat` does not see this process: ";
        assert!(complaint.starts_with(sees), "{complaint}");
        assert!(complaint.contains(told), "{complaint}");
        let refused = stat(home, &[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains(told));
    };
    assert_eq!(text(&open().stderr), "");
    let mode = |mode| fs::set_permissions(&place, fs::Permissions::from_mode(mode));
    mode(0o777).expect("it is ours");
    hostile("others may write into");
    mode(0o700).expect("it is ours");
    fs::remove_dir(&place).expect("it is empty");
    symlink(home, &place).expect("it is made");
    hostile("is no directory");
    fs::remove_file(&place).expect("it is ours");
    fs::create_dir(&place).expect("it is made");
    if std::os::unix::fs::chown(&place, Some(12_345), None).is_ok() {
        // Only an administrator can give it away.
        hostile("belongs to somebody else (user 12345)");
    }
}

#[test]
fn what_does_not_speak_as_we_do_is_told_as_another_version() {
    use std::io::{BufRead, BufReader, Write};
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    // Makes the directory.
    assert_eq!(stat(home, &[]).status.code(), Some(0));
    let place = home.join("run/liveobj");
    fs::create_dir(&place).expect("nobody made it");
    let own = std::process::id();
    let socket = place.join(format!("{own}-1.socket"));
    let listener = UnixListener::bind(socket).expect("a socket");
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        let mut question = String::new();
        let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
        reader.read_line(&mut question).expect("a question");
        stream
            .write_all(b"{\"liveobj_stat\":99,\"pid\":1}\n")
            .expect("it is taken");
        question
    });
    let told = stat(home, &[]);
    assert_eq!(thread.join().expect("it ends"), "list\n");
    assert_eq!(text(&told.stdout), "nothing is open\n");
    let complaint = text(&told.stderr);
    assert!(
        complaint.contains(&format!("process {own} runs another version")),
        "{complaint}"
    );
}
