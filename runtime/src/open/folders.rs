//! Folders that are asked for names: opened for the first question, kept for a while for the next
//! ones, since joining the protocol of a folder and leaving it again may be costly.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use liveobj_abi as abi;
use liveobj_types::Data;
use liveobj_types::types::Direction;
use tokio::sync::oneshot;

use super::instantiate::{Opened, folder_service, host_endpoint, host_proxy, on_end};
use crate::boundary::calls::{ProxyCell, Wake};
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native};
use crate::edge::Request;
use crate::engine::connect::End;
use crate::engine::create::EndpointPlan;
use crate::engine::domain::Domain;
use crate::error::OpenError;
use crate::object::Ended;
use crate::report::Level;

/// Name of the endpoint of every folder.
const FOLDER: &str = "folder";
/// Number of the event `item` among those that a folder sends, by name.
const ITEM: u32 = 0;
/// Token of the timer that runs while nothing is asked. Those of questions follow.
const IDLE: u64 = 0;

/// The folders that a domain keeps open, by the identity of their references.
#[derive(Default)]
pub(crate) struct Folders(RefCell<BTreeMap<[u8; 32], Rc<Kept>>>);

/// Which folder is asked.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// Identity of its reference.
    pub(crate) identity: [u8; 32],
    /// What people would call it.
    pub(crate) label: String,
    /// How long it is kept when it was asked nothing more.
    pub(crate) keep: Duration,
}

/// What a folder is asked.
pub(crate) struct Question {
    /// The name of the document.
    pub(crate) name: String,
    /// How long the answer is waited for.
    pub(crate) deadline: Duration,
    /// Where the answer goes.
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// What became of a question.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The document.
    Item(Vec<u8>),
    /// There is nothing of this name.
    Missing,
    /// The deadline has passed.
    Silent,
    /// The folder failed.
    Failed(String),
    /// The folder did not open.
    NotOpened(OpenError),
    /// The folder is not kept, and how to open it was not said.
    NotKept,
}

/// Called once the folder is open, or is not.
pub(crate) type Then = Box<dyn FnOnce(&Domain, Result<Opened, OpenError>)>;

/// Asks a folder; opens it with `open` if it is not kept.
pub(crate) fn ask<O>(domain: &Domain, folder: Folder, question: Question, open: Option<O>)
where
    O: FnOnce(&Domain, Then),
{
    let known = domain.folders.0.borrow().get(&folder.identity).cloned();
    if let Some(kept) = known {
        kept.ask(domain, question);
        return;
    }
    let Some(open) = open else {
        question.answer(Answer::NotKept);
        return;
    };
    let kept = Rc::new(Kept {
        folder,
        state: RefCell::default(),
        retired: Cell::new(false),
    });
    let identity = kept.folder.identity;
    domain.folders.0.borrow_mut().insert(identity, kept.clone());
    kept.ask(domain, question);
    kept.say(domain, format!("opens folder `{}`", kept.folder.label));
    open(
        domain,
        Box::new(move |domain, opened| match opened {
            Ok(opened) => kept.connect(domain, &opened),
            Err(error) => kept.not_opened(domain, error),
        }),
    );
}

/// A folder that is open, or about to be, and the questions to it.
struct Kept {
    folder: Folder,
    state: RefCell<State>,
    /// It failed, stayed silent or was given up: the next question opens it anew.
    retired: Cell<bool>,
}

#[derive(Default)]
struct State {
    /// The runtime's own end, once it is connected.
    client: Option<u64>,
    /// How a question is laid out.
    get: Option<Keeper>,
    /// Questions without an answer, by the token of their timer.
    waiting: BTreeMap<u64, Question>,
    /// Tokens given out.
    last: u64,
    /// Whether people were told that it is kept.
    told: bool,
}

impl Question {
    fn answer(self, answer: Answer) {
        // Who asked may have given up.
        let _ = self.reply.send(answer);
    }
}

impl Kept {
    fn say(&self, domain: &Domain, text: String) {
        domain.say(Level::Debug, String::new(), text);
    }

    fn ask(&self, domain: &Domain, question: Question) {
        let (client, token) = {
            let mut state = self.state.borrow_mut();
            state.last += 1;
            let token = state.last;
            state.waiting.insert(token, question);
            (state.client, token)
        };
        if let Some(client) = client.and_then(|client| domain.proxy(client)) {
            // The first event of its chain of causes.
            client.cell.event.set(0);
            self.put(&client.cell, token);
        }
    }

    /// Puts a question to the folder, which may answer at once.
    fn put(&self, client: &ProxyCell, token: u64) {
        let domain = client.domain();
        domain.close_token(client, IDLE);
        let (name, deadline, asked) = {
            let state = self.state.borrow();
            let Some(question) = state.waiting.get(&token) else {
                return;
            };
            // One answer serves all who wait for the same name.
            let mut before = state.waiting.range(..token);
            let asked = before.any(|(_, other)| other.name == question.name);
            (question.name.clone(), question.deadline, asked)
        };
        domain.request(client, token, Request::Timer(nanoseconds(deadline)));
        if asked {
            return;
        }
        let payload = Data::Record([("name".to_owned(), Data::String(name))].into());
        let keeper = self.state.borrow().get.clone();
        let Some(get) = keeper.and_then(|keeper| keeper.write(&payload)) else {
            return self.fail(client, "it cannot be asked");
        };
        if client.emit(0, 0, get.lent()) != abi::OK {
            self.fail(client, "it does not take the question");
        }
    }

    /// Answers those that wait and are of this kind.
    fn answer(
        &self,
        client: &ProxyCell,
        of: impl Fn(u64, &Question) -> bool,
        answer: impl Fn() -> Answer,
    ) {
        let answered: BTreeMap<u64, Question> = {
            let mut state = self.state.borrow_mut();
            let (answered, left) = std::mem::take(&mut state.waiting)
                .into_iter()
                .partition(|(token, question)| of(*token, question));
            state.waiting = left;
            answered
        };
        for (token, question) in answered {
            client.domain().close_token(client, token);
            question.answer(answer());
        }
        self.rest(client);
    }

    /// If nothing is asked any more: keeps the folder for a while, or closes it.
    fn rest(&self, client: &ProxyCell) {
        let domain = client.domain();
        let told = {
            let mut state = self.state.borrow_mut();
            if !state.waiting.is_empty() {
                return;
            }
            std::mem::replace(&mut state.told, true)
        };
        if self.retired.get() || self.folder.keep.is_zero() {
            self.close(client);
            return;
        }
        let Folder { label, keep, .. } = &self.folder;
        domain.request(client, IDLE, Request::Timer(nanoseconds(*keep)));
        if !told {
            let seconds = keep.as_secs_f64();
            self.say(
                domain,
                format!("keeps folder `{label}` open for {seconds} s"),
            );
        }
    }

    /// From now on the folder is opened anew for further questions.
    fn retire(&self, domain: &Domain) {
        if !self.retired.replace(true) {
            domain.folders.0.borrow_mut().remove(&self.folder.identity);
        }
    }

    fn close(&self, client: &ProxyCell) {
        self.retire(client.domain());
        let number = client.number;
        client.domain().later(move |domain| {
            if let Some(client) = domain.proxy(number) {
                domain.end(client.instance, Ended::Closed);
            }
        });
    }

    /// The folder is of no use any more.
    fn fail(&self, client: &ProxyCell, reason: &str) {
        self.retire(client.domain());
        self.answer(client, |_, _| true, || Answer::Failed(reason.to_owned()));
    }

    fn not_opened(&self, domain: &Domain, error: OpenError) {
        let text = error.to_string();
        self.give_up(domain, &text, Some(error));
    }

    /// Answers all questions to a folder towards which there is no client.
    fn give_up(&self, domain: &Domain, reason: &str, mut error: Option<OpenError>) {
        self.retire(domain);
        let waiting = std::mem::take(&mut self.state.borrow_mut().waiting);
        for question in waiting.into_values() {
            // The error itself has more to say, but cannot be given twice.
            let answer = match error.take() {
                Some(error) => Answer::NotOpened(error),
                None => Answer::Failed(reason.to_owned()),
            };
            question.answer(answer);
        }
    }

    /// Creates the client and connects it with the folder, which ends with it.
    fn connect(self: &Rc<Self>, domain: &Domain, opened: &Opened) {
        let folder = opened.instance;
        let Some(end) = opened.endpoints.get(FOLDER).copied() else {
            self.give_up(domain, "it has no endpoint `folder`", None);
            domain.end(folder, Ended::Closed);
            return;
        };
        let kept = self.clone();
        match connect_client(domain, end, kept) {
            Ok(instance) => {
                let kept = self.clone();
                on_end(domain, instance, move |domain, _| {
                    kept.say(domain, format!("closes folder `{}`", kept.folder.label));
                    domain.end(folder, Ended::Closed);
                });
            }
            Err(reason) => {
                self.give_up(domain, &reason, None);
                domain.end(folder, Ended::Closed);
            }
        }
    }
}

fn connect_client(domain: &Domain, folder: End, kept: Rc<Kept>) -> Result<u64, String> {
    let service = folder_service(domain).ok_or("the standard library has no folders")?;
    let endpoint = host_endpoint(domain, FOLDER, service);
    let events = endpoint
        .as_ref()
        .and_then(|endpoint| Events::new(domain, endpoint));
    let (Some(endpoint), Some(events)) = (endpoint, events) else {
        return Err("its events cannot be laid out".to_owned());
    };
    kept.state.borrow_mut().get = Some(events.get);
    let instance = domain.begin();
    let client = Client {
        kept,
        item: events.item,
        missing: events.missing,
        folder: folder.proxy,
    };
    let connected = host_proxy(domain, instance, "the runtime", endpoint, Box::new(client))
        .and_then(|end| domain.connect(folder, end));
    match connected {
        Ok(connection) => {
            domain.start_ready();
            domain.notify_connected(connection);
            Ok(instance)
        }
        Err(_) => {
            domain.end(instance, Ended::Closed);
            Err("it could not be connected".to_owned())
        }
    }
}

struct Events {
    get: Keeper,
    item: Keeper,
    missing: Keeper,
}

impl Events {
    fn new(domain: &Domain, endpoint: &EndpointPlan) -> Option<Events> {
        let find = |direction, name| domain.keeper(endpoint.event(direction, name)?);
        Some(Events {
            get: find(Direction::Out, "get")?,
            item: find(Direction::In, "item")?,
            missing: find(Direction::In, "missing")?,
        })
    }
}

/// The runtime's end towards a folder.
struct Client {
    kept: Rc<Kept>,
    item: Keeper,
    missing: Keeper,
    /// The folder's proxy.
    folder: u64,
}

impl Native for Client {
    fn connected(&mut self, proxy: &ProxyCell, _: u32, _: u64) -> abi::Status {
        let waiting: Vec<u64> = {
            let mut state = self.kept.state.borrow_mut();
            state.client = Some(proxy.number);
            state.waiting.keys().copied().collect()
        };
        for token in waiting {
            self.kept.put(proxy, token);
        }
        abi::OK
    }

    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let keeper = if event.event == ITEM {
            &self.item
        } else {
            &self.missing
        };
        let Ok(Data::Record(mut payload)) = keeper.read(event.payload) else {
            self.kept.fail(proxy, "its answer is damaged");
            return abi::OK;
        };
        let Some(Data::String(name)) = payload.remove("name") else {
            return abi::OK;
        };
        let object = payload.remove("object");
        // The answers to questions of others, and those that come too late, are for nobody.
        self.kept.answer(
            proxy,
            |_, question| question.name == name,
            || match &object {
                Some(Data::Document(document)) => Answer::Item(document.clone()),
                _ => Answer::Missing,
            },
        );
        abi::OK
    }

    fn disconnected(&mut self, proxy: &ProxyCell, _: u32, _: u64, reason: u32) -> abi::Status {
        let folder = proxy.domain().proxy(self.folder);
        let text = match folder.filter(|_| reason == abi::REASON_PEER_FAILED) {
            Some(folder) => folder.reason("it failed without saying why"),
            None => "it went away".to_owned(),
        };
        self.kept.fail(proxy, &text);
        abi::OK
    }

    fn wake(&mut self, proxy: &ProxyCell, token: u64, _: Wake) -> abi::Status {
        if token == IDLE {
            self.kept.close(proxy);
        } else {
            // Others that it was asked may still be answered.
            self.kept.retire(proxy.domain());
            self.kept
                .answer(proxy, |asked, _| asked == token, || Answer::Silent);
        }
        abi::OK
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
