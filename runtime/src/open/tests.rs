//! Child references, and what is remembered of folders, with a real outside.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use liveobj_abi as abi;
use liveobj_references::{Catalog, CatalogError, LibraryTypes, Policy, check, read};
use liveobj_types::{Reason, Source, Verdict};

use super::{host_endpoint, host_proxy};
use crate::boundary::calls::{ProxyCell, Wake};
use crate::boundary::native::{Incoming, Native};
use crate::domain_thread::DomainThread;
use crate::edge::Request;
use crate::runtime::Runtime;

/// Dereferences a document when it is created, and tells what it is woken with.
struct Parent(mpsc::Sender<Wake>);

impl Native for Parent {
    fn event(&mut self, _: &ProxyCell, _: Incoming) -> abi::Status {
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, token: u64, wake: Wake) -> abi::Status {
        if let Wake::Posted(document) = wake {
            let document = String::from_utf8(document).expect("a document");
            return proxy
                .domain()
                .request(proxy, token + 1, Request::Dereference(document));
        }
        self.0.send(wake).expect("the test waits");
        abi::OK
    }
}

/// What a proxy that dereferences this document is told.
fn dereferenced(document: &str) -> Wake {
    let runtime = Runtime::builder().build().expect("a runtime");
    let domain = DomainThread::start(runtime.core().clone(), None).expect("a thread");
    let (sender, woken) = mpsc::channel();
    let document = document.as_bytes().to_vec();
    domain.inbox().task(move |domain| {
        let service = super::instantiate::folder_service(domain).expect("folders");
        let endpoint = host_endpoint(domain, "folder", service).expect("an endpoint");
        let instance = domain.begin();
        let parent = host_proxy(
            domain,
            instance,
            "parent",
            endpoint,
            Box::new(Parent(sender)),
        );
        let parent = domain.proxy(parent.expect("created").proxy).expect("there");
        domain.start_ready();
        domain.poster(&parent.cell).post(0, document);
    });
    woken
        .recv_timeout(Duration::from_secs(20))
        .expect("an answer")
}

/// Dereferences the same document again and again, giving up what it got before.
struct Reader {
    document: String,
    opened: mpsc::Sender<Wake>,
    left: u64,
}

impl Native for Reader {
    fn event(&mut self, _: &ProxyCell, _: Incoming) -> abi::Status {
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, token: u64, wake: Wake) -> abi::Status {
        if token != 0 {
            self.opened.send(wake).expect("the test waits");
            proxy.domain().close_token(proxy, token);
        }
        if self.left > 0 {
            self.left -= 1;
            let request = Request::Dereference(self.document.clone());
            return proxy.domain().request(proxy, token + 1, request);
        }
        abi::OK
    }
}

#[test]
fn children_share_a_folder_that_is_kept_for_its_time_and_no_longer() {
    let registry = tempfile::tempdir().expect("a directory");
    let document = |inside: &str| {
        format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{inside}</liveobject>")
    };
    let timer = document(r#"<external name="timer" library="liveobj:standard"/>"#);
    std::fs::write(registry.path().join("clock.liveobject"), timer).expect("written");
    let (said, messages) = mpsc::channel();
    let said = std::sync::Mutex::new(said);
    let runtime = Runtime::builder()
        .registry(registry.path())
        .keep_folders(Duration::from_millis(200))
        .report(move |message: &crate::report::Message| {
            let _ = said.lock().unwrap().send(message.to_string());
        })
        .build()
        .expect("a runtime");
    let domain = DomainThread::start(runtime.core().clone(), None).expect("a thread");
    let (sender, opened) = mpsc::channel();
    let reader = Reader {
        document: document(
            r#"<external name="clock" as="Timer"><from><primitive id="registry"/></from></external>"#,
        ),
        opened: sender,
        left: 3,
    };
    domain.inbox().task(move |domain| {
        let service = super::instantiate::folder_service(domain).expect("folders");
        let endpoint = host_endpoint(domain, "folder", service).expect("an endpoint");
        let end = host_proxy(domain, domain.begin(), "reader", endpoint, Box::new(reader));
        let proxy = domain.proxy(end.expect("created").proxy).expect("there");
        domain.start_ready();
        domain.poster(&proxy.cell).post(0, Vec::new());
    });
    let patience = Duration::from_secs(20);
    for _ in 0..3 {
        assert_eq!(opened.recv_timeout(patience).expect("woken"), Wake::Opened);
    }
    let next = || messages.recv_timeout(patience).expect("a message");
    assert_eq!(next(), "debug: opens folder `registry`");
    assert_eq!(next(), "debug: keeps folder `registry` open for 0.2 s");
    // Nothing is asked any more, and the domain goes on.
    assert_eq!(next(), "debug: closes folder `registry`");
    let (reply, left) = mpsc::channel();
    domain.inbox().task(move |domain| {
        let proxies = domain.proxies.borrow();
        let labels: Vec<String> = proxies
            .in_order()
            .into_iter()
            .map(|proxy| proxy.cell.label.to_string())
            .collect();
        reply.send(labels).expect("the test waits");
    });
    assert_eq!(left.recv_timeout(patience).expect("told"), ["reader"]);
}

#[test]
fn a_child_reference_opens() {
    let document = r#"<liveobject xmlns="urn:liveobj:reference:1">
        <external name="timer" library="liveobj:standard"/>
    </liveobject>"#;
    assert_eq!(dereferenced(document), Wake::Opened);
}

#[test]
fn a_child_reference_is_checked_before_it_runs() {
    let document = r#"<liveobject xmlns="urn:liveobj:reference:1">
        <external name="clock" library="liveobj:standard"/>
    </liveobject>"#;
    let Wake::Failed(reason) = dereferenced(document) else {
        panic!("it opened")
    };
    assert!(reason.starts_with("the reference is refused: "), "{reason}");
    assert!(reason.contains("`clock`"), "{reason}");
}

#[test]
fn what_a_folder_answers_again_is_not_compared_again() {
    let registry = tempfile::tempdir().expect("a directory");
    let document = |inside: &str| {
        format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{inside}</liveobject>")
    };
    let timer = document(r#"<external name="timer" library="liveobj:standard"/>"#);
    std::fs::write(registry.path().join("clock.liveobject"), timer).expect("written");
    let runtime = Runtime::builder().registry(registry.path()).build();
    let runtime = runtime.expect("a runtime");
    let asked = document(
        r#"<external name="clock" as="Timer"><from><primitive id="registry"/></from></external>"#,
    );
    let checked = runtime.check(&Source::new("test", asked));
    let reference = checked.reference.expect("well typed");
    let verdicts = &runtime.core().verdicts;
    for _ in 0..2 {
        drop(runtime.open_blocking(&reference).expect("opened"));
        assert_eq!(verdicts.len(), 1);
    }
    // Whoever refuses it now has looked it up.
    verdicts.overwrite(&Verdict::Unknown(Reason::Budget));
    let error = runtime.open_blocking(&reference).unwrap_err();
    let crate::error::OpenError::Refused { diagnostics, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(diagnostics[0].code.as_str(), "subtype-not-shown");
}

#[test]
fn what_a_folder_answers_has_nothing_left_over_behind_a_cast_to_object() {
    let registry = tempfile::tempdir().expect("a directory");
    let document = |inside: &str| {
        format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{inside}</liveobject>")
    };
    let timer = document(r#"<external name="timer" library="liveobj:standard"/>"#);
    let deaf = document(
        r#"<types>use "liveobj:standard";
        endpoint Demanding { requires properties "confidential"; }
        object Needy { mandatory endpoint a: Demanding; }</types>
        <external name="needy" as="Needy"><from><primitive id="registry"/></from></external>"#,
    );
    for (name, text) in [("clock", &timer), ("deaf", &deaf)] {
        let file = registry.path().join(format!("{name}.liveobject"));
        std::fs::write(file, text).expect("written");
    }
    let runtime = Runtime::builder().registry(registry.path()).build();
    let runtime = runtime.expect("a runtime");
    let open = |name: &str| {
        let asked = document(&format!(
            r#"<external name="{name}" as="Object"><from><primitive id="registry"/></from></external>"#,
        ));
        let checked = runtime.check(&Source::new("test", asked));
        let reference = checked.reference.expect("well typed");
        runtime.open_blocking(&reference)
    };
    drop(open("clock").expect("opened"));
    let error = open("deaf").unwrap_err();
    let crate::error::OpenError::Refused { diagnostics, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(diagnostics[0].code.as_str(), "unmet-at-root");
    assert!(
        diagnostics[0].message.contains("mandatory endpoint `a`"),
        "{}",
        diagnostics[0].message
    );
}

#[test]
fn a_library_that_was_missing_when_a_reference_was_checked_is_held_to_its_as() {
    /// Knows no library.
    struct Nothing;
    impl Catalog for Nothing {
        fn library(&self, name: &str, _: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
            let name = name.to_owned();
            Err(CatalogError::Missing { name })
        }
        fn names(&self) -> Vec<String> {
            Vec::new()
        }
    }
    let runtime = Runtime::builder().build().expect("a runtime");
    let open = |types: &str| {
        let source = Source::new(
            "test",
            format!(
                "<liveobject xmlns=\"urn:liveobj:reference:1\"><types>{types}</types>\
                 <external name=\"timer\" library=\"liveobj:standard\" as=\"Clock\"/></liveobject>"
            ),
        );
        let (document, _) = read(&source);
        let document = Arc::new(document.expect("a document"));
        let formalisms = runtime.formalisms();
        let checked = check(&document, &source, &Nothing, formalisms, &Policy::default());
        let reference = checked.reference.expect("the `as` is believed");
        runtime.open_blocking(&reference)
    };
    drop(open("object Clock { }").expect("a timer is one"));
    let sure = "endpoint Sure { provides properties \"total_order\"; } \
                object Clock { endpoint timer: Sure; }";
    let error = open(sure).unwrap_err();
    let crate::error::OpenError::RefusedHere { diagnostics } = error else {
        panic!("{error}")
    };
    assert_eq!(diagnostics[0].code.as_str(), "not-a-subtype");
}

#[test]
fn one_thread_runs_all_proxies_of_a_domain() {
    /// Tells which thread runs it.
    struct Witness(mpsc::Sender<std::thread::ThreadId>);
    impl Native for Witness {
        fn event(&mut self, _: &ProxyCell, _: Incoming) -> abi::Status {
            abi::OK
        }
        fn wake(&mut self, _: &ProxyCell, _: u64, _: Wake) -> abi::Status {
            self.0
                .send(std::thread::current().id())
                .expect("waited for");
            abi::OK
        }
    }
    let runtime = Runtime::builder().build().expect("a runtime");
    let domain = DomainThread::start(runtime.core().clone(), None).expect("a thread");
    let (sender, seen) = mpsc::channel();
    let (reply, posters) = mpsc::channel();
    domain.inbox().task(move |domain| {
        for _ in 0..2 {
            let service = super::instantiate::folder_service(domain).expect("folders");
            let endpoint = host_endpoint(domain, "folder", service).expect("an endpoint");
            let witness = Box::new(Witness(sender.clone()));
            let end = host_proxy(domain, domain.begin(), "witness", endpoint, witness);
            let proxy = domain.proxy(end.expect("created").proxy).expect("there");
            reply.send(domain.poster(&proxy.cell)).expect("waited for");
        }
        domain.start_ready();
    });
    let posters: Vec<_> = posters.iter().collect();
    std::thread::scope(|scope| {
        for poster in &posters {
            scope.spawn(|| (0..100).for_each(|_| assert!(poster.post(0, Vec::new()))));
        }
    });
    let seen: Vec<_> = (0..200)
        .map(|_| seen.recv_timeout(Duration::from_secs(20)).expect("woken"))
        .collect();
    assert!(seen.iter().all(|thread| *thread == domain.id()));
}
