//! Fetch: opens a folder, asks it for one name, and drops it again.

use std::sync::Arc;
use std::time::Duration;

use liveobj_abi as abi;
use liveobj_types::Data;
use tokio::sync::oneshot;

use super::instantiate::{folder_service, host_endpoint, host_proxy, instantiate, on_end};
use super::plan::Plan;
use crate::boundary::calls::{Lent, ProxyCell, Wake};
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native};
use crate::edge::Request;
use crate::engine::connect::End;
use crate::engine::create::EndpointPlan;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;
use crate::object::Ended;

/// Name of the endpoint of every folder.
const FOLDER: &str = "folder";

enum Answer {
    Item(Vec<u8>),
    Missing,
    Silent,
    Failed(String),
    /// The folder itself did not open.
    NotOpened(OpenError),
}

/// Asks a folder for the document that it keeps under `name`.
pub(super) async fn fetch(
    inbox: &Arc<Inbox>,
    folder: Plan,
    label: &str,
    name: &str,
    deadline: Duration,
) -> Result<String, OpenError> {
    let (reply, answer) = oneshot::channel();
    let question = Question {
        name: name.to_owned(),
        nanoseconds: u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX),
    };
    let handed_in = inbox.task(move |domain| ask(domain, folder, question, reply));
    if !handed_in {
        return Err(super::gone());
    }
    let (folder, name) = (label.to_owned(), name.to_owned());
    match answer.await.map_err(|_| super::gone())? {
        Answer::Item(document) => String::from_utf8(document).map_err(|_| {
            let reason = "its answer is not UTF-8".to_owned();
            OpenError::FolderFailed {
                folder,
                name,
                reason,
            }
        }),
        Answer::Missing => Err(OpenError::Missing { folder, name }),
        Answer::Silent => Err(OpenError::SilentFolder {
            folder,
            name,
            after: deadline,
        }),
        Answer::Failed(reason) => Err(OpenError::FolderFailed {
            folder,
            name,
            reason,
        }),
        Answer::NotOpened(error) => Err(error),
    }
}

struct Question {
    name: String,
    nanoseconds: u64,
}

/// Opens the folder in the domain, connects the client, and sees to it that both end.
fn ask(domain: &Domain, folder: Plan, question: Question, reply: oneshot::Sender<Answer>) {
    let instance = domain.begin();
    instantiate(domain, instance, folder, move |domain, opened| {
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let _ = reply.send(Answer::NotOpened(error));
                return;
            }
        };
        let folder = opened.instance;
        let Some(end) = opened.endpoints.get(FOLDER).copied() else {
            let _ = reply.send(Answer::Failed("it has no endpoint `folder`".to_owned()));
            domain.end(folder, Ended::Closed);
            return;
        };
        let client = Client {
            reply: Some(reply),
            question,
            events: None,
            folder: end.proxy,
        };
        // The client ends when it has the answer, and the folder with it.
        match connect_client(domain, end, client) {
            Ok(instance) => on_end(domain, instance, move |domain, _| {
                domain.end(folder, Ended::Closed);
            }),
            Err(()) => domain.end(folder, Ended::Closed),
        }
    });
}

/// Creates the client and connects it with the folder. If that fails, the client has answered.
fn connect_client(domain: &Domain, folder: End, mut client: Client) -> Result<u64, ()> {
    let Some(service) = folder_service(domain) else {
        client.answer(Answer::Failed(
            "the standard library has no folders".to_owned(),
        ));
        return Err(());
    };
    let endpoint = host_endpoint(domain, FOLDER, service);
    let events = endpoint
        .as_ref()
        .and_then(|endpoint| Events::new(domain, endpoint));
    let (Some(endpoint), Some(events)) = (endpoint, events) else {
        client.answer(Answer::Failed("its events cannot be laid out".to_owned()));
        return Err(());
    };
    client.events = Some(events);
    let instance = domain.begin();
    let connected = host_proxy(domain, instance, "the runtime", endpoint, Box::new(client))
        .and_then(|end| domain.connect(folder, end));
    match connected {
        Ok(connection) => {
            domain.start_ready();
            domain.notify_connected(connection);
            Ok(instance)
        }
        Err(_) => {
            // Dropping the client answers.
            domain.end(instance, Ended::Closed);
            Err(())
        }
    }
}

/// The runtime's end towards a folder.
struct Client {
    reply: Option<oneshot::Sender<Answer>>,
    question: Question,
    events: Option<Events>,
    /// The folder's proxy.
    folder: u64,
}

struct Events {
    get: Keeper,
    item: Keeper,
    missing: Keeper,
}

/// Numbers of the events that a folder sends, by name.
const ITEM: u32 = 0;
const TOKEN: u64 = 1;

impl Events {
    fn new(domain: &Domain, endpoint: &EndpointPlan) -> Option<Events> {
        let types = domain.types.borrow();
        let find = |events: &[crate::engine::create::EventPlan], name: &str| {
            let event = events.iter().find(|event| event.name == name)?;
            Keeper::new(&types, event.payload)
        };
        Some(Events {
            get: find(&endpoint.emits, "get")?,
            item: find(&endpoint.receives, "item")?,
            missing: find(&endpoint.receives, "missing")?,
        })
    }
}

impl Client {
    fn answer(&mut self, answer: Answer) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }

    /// Answers and ends its own instance.
    fn done(&mut self, proxy: &ProxyCell, answer: Answer) -> abi::Status {
        self.answer(answer);
        let number = proxy.number;
        proxy.domain().later(move |domain| {
            if let Some(proxy) = domain.proxy(number) {
                domain.end(proxy.instance, Ended::Closed);
            }
        });
        abi::OK
    }
}

impl Native for Client {
    fn connected(&mut self, proxy: &ProxyCell, endpoint: u32, _: u64) -> abi::Status {
        let timer = Request::Timer(self.question.nanoseconds);
        proxy.domain().request(proxy, TOKEN, timer);
        let name = Data::String(self.question.name.clone());
        let payload = Data::Record([("name".to_owned(), name)].into());
        let Some(get) = self
            .events
            .as_ref()
            .and_then(|events| events.get.write(&payload))
        else {
            return self.done(proxy, Answer::Failed("it cannot be asked".to_owned()));
        };
        let lent: Lent = get.lent();
        match proxy.emit(endpoint, 0, lent) {
            abi::OK => abi::OK,
            _ => self.done(
                proxy,
                Answer::Failed("it does not take the question".to_owned()),
            ),
        }
    }

    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let Some(events) = &self.events else {
            return abi::OK;
        };
        let keeper = if event.event == ITEM {
            &events.item
        } else {
            &events.missing
        };
        let Ok(Data::Record(mut payload)) = keeper.read(event.payload) else {
            return self.done(proxy, Answer::Failed("its answer is damaged".to_owned()));
        };
        if payload.get("name") != Some(&Data::String(self.question.name.clone())) {
            // The answer to somebody else's question.
            return abi::OK;
        }
        match payload.remove("object") {
            Some(Data::Document(document)) => self.done(proxy, Answer::Item(document)),
            _ => self.done(proxy, Answer::Missing),
        }
    }

    fn disconnected(&mut self, proxy: &ProxyCell, _: u32, _: u64, reason: u32) -> abi::Status {
        let folder = proxy.domain().proxy(self.folder);
        let text = match folder.filter(|_| reason == abi::REASON_PEER_FAILED) {
            Some(folder) => folder.reason("it failed without saying why"),
            None => "it went away".to_owned(),
        };
        self.done(proxy, Answer::Failed(text))
    }

    fn wake(&mut self, proxy: &ProxyCell, _: u64, wake: Wake) -> abi::Status {
        if wake == Wake::Timer {
            self.done(proxy, Answer::Silent)
        } else {
            abi::OK
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.answer(Answer::Failed("it could not be connected".to_owned()));
    }
}
