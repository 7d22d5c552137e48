//! Objects that another one opens and closes while it runs.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use liveobj_abi as abi;

use crate::boundary::calls::{ProxyCell, Wake};
use crate::boundary::native::{Incoming, Native};
use crate::domain_thread::DomainThread;
use crate::edge::Request;
use crate::engine::inbox::Poster;
use crate::open::{folder_service, host_endpoint, host_proxy};
use crate::runtime::Runtime;

/// How long one child may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What owns a child.
const CHILD: u64 = 1;

/// An object in a domain of its own that dereferences what it is told to.
pub struct Parent {
    // Before the runtime, whose thread it uses.
    domain: DomainThread,
    _runtime: Runtime,
    parent: Poster,
    opened: Receiver<Result<(), String>>,
}

impl Parent {
    /// A parent without children.
    ///
    /// # Panics
    ///
    /// There are no threads.
    pub fn new(runtime: &Runtime) -> Parent {
        let domain = DomainThread::start(runtime.core().clone(), None).expect("a thread");
        let (told, opened) = mpsc::channel();
        let (reply, created) = mpsc::sync_channel(1);
        domain.inbox().task(move |domain| {
            let service = folder_service(domain).expect("the standard library has folders");
            let endpoint = host_endpoint(domain, "folder", service).expect("it is small");
            let parent = Box::new(Opening(told));
            let end = host_proxy(domain, domain.begin(), "parent", endpoint, parent);
            let proxy = end.ok().and_then(|end| domain.proxy(end.proxy));
            let proxy = proxy.expect("it was created now");
            domain.start_ready();
            let _ = reply.send(domain.poster(&proxy.cell));
        });
        let parent = created.recv().expect("a parent");
        Parent {
            domain,
            _runtime: runtime.clone(),
            parent,
            opened,
        }
    }

    /// Dereferences a document and closes what it opened, so many times.
    ///
    /// # Panics
    ///
    /// It does not open.
    pub fn opens(&self, document: &str, count: usize) {
        for _ in 0..count {
            self.parent.post(0, document.as_bytes().to_vec());
            let opened = self.opened.recv_timeout(PATIENCE).expect("an answer");
            opened.expect("it opens");
        }
    }

    /// How many types its domain holds.
    ///
    /// # Panics
    ///
    /// The domain has ended.
    pub fn types(&self) -> usize {
        let (reply, count) = mpsc::sync_channel(1);
        self.domain.inbox().task(move |domain| {
            let _ = reply.send(domain.types.borrow().len());
        });
        count.recv_timeout(PATIENCE).expect("it runs")
    }
}

/// Tells whether what it dereferenced has opened.
struct Opening(Sender<Result<(), String>>);

impl Native for Opening {
    fn event(&mut self, _: &ProxyCell, _: Incoming) -> abi::Status {
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, _: u64, wake: Wake) -> abi::Status {
        let opened = match wake {
            Wake::Posted(document) => {
                let document = String::from_utf8_lossy(&document).into_owned();
                let request = Request::Dereference(document);
                return proxy.domain().request(proxy, CHILD, request);
            }
            Wake::Opened => {
                proxy.domain().close_token(proxy, CHILD);
                Ok(())
            }
            Wake::Failed(reason) => Err(reason),
            _ => return abi::OK,
        };
        // Whoever asked may have given up.
        let _ = self.0.send(opened);
        abi::OK
    }
}
