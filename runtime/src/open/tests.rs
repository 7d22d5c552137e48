//! Child references, with a real outside.

use std::sync::mpsc;
use std::time::Duration;

use liveobj_abi as abi;

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
    let domain = DomainThread::start(runtime.core().clone()).expect("a thread");
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
