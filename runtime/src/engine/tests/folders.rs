//! Folders that are asked for references: kept for a while, then closed. Time is the test's.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use liveobj_abi as abi;
use liveobj_types::Data;
use tokio::sync::oneshot;

use super::{Log, Wake, World};
use crate::boundary::calls::{Code, ProxyCell};
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native, NativeProxy};
use crate::edge::{Request, Ticket};
use crate::engine::connect::End;
use crate::engine::create::{EndpointPlan, ProxyPlan};
use crate::engine::domain::Domain;
use crate::object::Ended;
use crate::open::Opened;
use crate::open::folders::{Answer, Folder, Question, Then, ask};

const DEADLINE: Duration = Duration::from_secs(10);
const KEPT: Duration = Duration::from_secs(30);

/// What the folder of a test does with a name.
#[derive(Clone, Copy)]
enum Mood {
    Answers,
    HasNothing,
    StaysSilent,
    Fails,
}

/// A folder that logs what it is asked.
struct Shelf {
    mood: Rc<Cell<Mood>>,
    log: Log,
    get: Keeper,
    item: Keeper,
    missing: Keeper,
}

impl Native for Shelf {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let Ok(Data::Record(mut payload)) = self.get.read(event.payload) else {
            return abi::INVALID;
        };
        let name = payload.remove("name").expect("a name");
        self.log.borrow_mut().push(format!("asked for {name:?}"));
        let mut answer = BTreeMap::from([("name".to_owned(), name)]);
        let (keeper, number) = match self.mood.get() {
            Mood::StaysSilent => return abi::OK,
            Mood::Fails => return abi::FAILED,
            Mood::HasNothing => (&self.missing, 1),
            Mood::Answers => {
                answer.insert("object".to_owned(), Data::Document(b"document".to_vec()));
                (&self.item, 0)
            }
        };
        let payload = keeper.write(&Data::Record(answer)).expect("an answer");
        proxy.emit(event.endpoint, number, payload.lent())
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.log.borrow_mut().push("destroyed".to_owned());
    }
}

/// Creates it, as `instantiate` creates a folder.
fn shelf(domain: &Domain, log: &Log, mood: &Rc<Cell<Mood>>) -> Opened {
    let service = crate::open::folder_service(domain).expect("folders");
    let (endpoint, shelf) = {
        let mut types = domain.types.borrow_mut();
        let endpoint = EndpointPlan::new(&mut types, "folder", service, service, true, false);
        let endpoint = endpoint.expect("events");
        let keeper = |events: &[crate::engine::create::EventPlan], name: &str| {
            let event = events.iter().find(|event| &*event.name == name);
            Keeper::new(&types, event.expect("an event").payload).expect("a layout")
        };
        let shelf = Shelf {
            mood: mood.clone(),
            log: log.clone(),
            get: keeper(&endpoint.receives, "get"),
            item: keeper(&endpoint.emits, "item"),
            missing: keeper(&endpoint.emits, "missing"),
        };
        (endpoint, shelf)
    };
    let instance = domain.begin();
    let plan = ProxyPlan {
        ty: crate::engine::create::ProxyType::Native,
        label: "shelf".into(),
        identity: [1; 32],
        words: None,
        code: Code::Native(NativeProxy::new(Box::new(shelf), &[1])),
        endpoints: [endpoint].into(),
        parameters: None,
    };
    let proxy = domain.create(instance, plan).expect("created");
    domain.start_ready();
    let end = End {
        proxy: proxy.cell.number,
        endpoint: 0,
    };
    log.borrow_mut().push("opened".to_owned());
    Opened {
        instance,
        endpoints: [("folder".to_owned(), end)].into(),
    }
}

/// A world in which the folder `shelf` is asked.
struct Library {
    world: World,
    mood: Rc<Cell<Mood>>,
    keep: Duration,
}

impl Library {
    fn new(mood: Mood) -> Library {
        let world = World::new();
        world.domain.end(world.instance, Ended::Closed);
        world.domain.turn(None);
        Library {
            world,
            mood: Rc::new(Cell::new(mood)),
            keep: KEPT,
        }
    }

    /// Asks, opening the folder if need be.
    fn ask(&self, name: &str) -> oneshot::Receiver<Answer> {
        let (reply, answer) = oneshot::channel();
        let question = Question {
            name: name.to_owned(),
            deadline: DEADLINE,
            reply,
        };
        let folder = Folder {
            identity: [7; 32],
            label: "shelf".into(),
            keep: self.keep,
        };
        let (log, mood) = (self.world.log.clone(), self.mood.clone());
        self.world.domain.later(move |domain| {
            let open = move |domain: &Domain, then: Then| {
                let opened = shelf(domain, &log, &mood);
                then(domain, Ok(opened));
            };
            ask(domain, folder, question, Some(open));
        });
        self.world.domain.turn(None);
        answer
    }

    /// Lets the youngest timer of this length that was not given up go off.
    fn passes(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).expect("short");
        let outside = &self.world.outside;
        let ticket = {
            let (requests, closed) = (outside.requests.borrow(), outside.closed.borrow());
            let running = |ticket: &Ticket| !closed.contains(ticket);
            let mut timers = requests.iter().rev();
            let timer = timers.find(|(ticket, request)| {
                *request == Request::Timer(nanoseconds) && running(ticket)
            });
            timer.expect("a timer").0
        };
        outside.answer(ticket, Wake::Timer);
        self.world.run();
    }

    /// Whether no timer of this length runs.
    fn waits_for_none(&self, time: Duration) -> bool {
        let nanoseconds = u64::try_from(time.as_nanos()).expect("short");
        let outside = &self.world.outside;
        let (requests, closed) = (outside.requests.borrow(), outside.closed.borrow());
        requests.iter().all(|(ticket, request)| {
            *request != Request::Timer(nanoseconds) || closed.contains(ticket)
        })
    }
}

fn answered(answer: &mut oneshot::Receiver<Answer>) -> String {
    match answer.try_recv() {
        Ok(Answer::Item(document)) => String::from_utf8(document).expect("text"),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("{error}"),
    }
}

#[test]
fn a_folder_is_opened_once_for_several_questions_and_closed_after_a_while() {
    let library = Library::new(Mood::Answers);
    assert_eq!(answered(&mut library.ask("a")), "document");
    library.mood.set(Mood::HasNothing);
    assert_eq!(answered(&mut library.ask("b")), "Missing");
    assert_eq!(
        library.world.happened(),
        [
            "opened",
            "asked for String(\"a\")",
            "asked for String(\"b\")"
        ]
    );
    assert!(library.waits_for_none(DEADLINE), "all were answered");
    library.passes(KEPT);
    assert_eq!(library.world.happened(), ["destroyed"]);
    assert!(library.world.domain.is_empty());
    assert_eq!(
        library.world.messages(),
        [
            "debug: opens folder `shelf`",
            "debug: keeps folder `shelf` open for 30 s",
            "debug: closes folder `shelf`"
        ]
    );
    library.ask("a");
    assert_eq!(library.world.happened()[0], "opened", "it is opened anew");
}

#[test]
fn questions_at_the_same_time_share_a_folder_and_what_they_ask_the_same() {
    let library = Library::new(Mood::StaysSilent);
    let mut answers = ["a", "b", "a"].map(|name| library.ask(name));
    assert_eq!(
        library.world.happened(),
        [
            "opened",
            "asked for String(\"a\")",
            "asked for String(\"b\")"
        ]
    );
    library.mood.set(Mood::Answers);
    // The third question about `a` is one too many to be asked, but the answer to it is everybody's.
    let proxies: Vec<_> = library
        .world
        .domain
        .proxies
        .borrow()
        .in_order()
        .into_iter()
        .cloned()
        .collect();
    let client = proxies
        .iter()
        .find(|proxy| &*proxy.cell.label == "the runtime");
    let client = client.expect("the client");
    let service = crate::open::folder_service(&library.world.domain).expect("folders");
    let mut types = library.world.domain.types.borrow_mut();
    let plan = EndpointPlan::new(&mut types, "folder", service, service, true, false);
    let plan = plan.expect("events");
    let get = Keeper::new(&types, plan.receives[0].payload).expect("a layout");
    drop(types);
    let payload = Data::record([("name", Data::String("a".to_owned()))]);
    client
        .cell
        .emit(0, 0, get.write(&payload).expect("a question").lent());
    let answers = answers.each_mut().map(answered);
    assert_eq!(answers, ["document", "channel empty", "document"]);
}

#[test]
fn a_question_while_a_folder_is_kept_keeps_it_for_longer() {
    let library = Library::new(Mood::Answers);
    library.ask("a");
    let first = library.world.outside.requests.borrow().last().cloned();
    let (first, _) = first.expect("a timer");
    library.ask("b");
    library.world.outside.answer(first, Wake::Timer);
    library.world.run();
    assert!(!library.world.happened().contains(&"destroyed".to_owned()));
}

#[test]
fn a_folder_that_failed_is_opened_anew_for_the_next_question() {
    let library = Library::new(Mood::Answers);
    library.ask("a");
    library.mood.set(Mood::Fails);
    assert_eq!(
        answered(&mut library.ask("b")),
        "Failed(\"it failed without saying why\")"
    );
    assert!(library.world.domain.is_empty(), "nothing of it is left");
    library.mood.set(Mood::Answers);
    assert_eq!(answered(&mut library.ask("b")), "document");
    let opened = library.world.happened();
    assert_eq!(opened.iter().filter(|it| *it == "opened").count(), 2);
}

#[test]
fn a_folder_that_stays_silent_is_not_asked_again() {
    let library = Library::new(Mood::StaysSilent);
    let mut late = library.ask("a");
    let mut later = library.ask("b");
    // The deadline of `b`, then that of `a`.
    library.passes(DEADLINE);
    assert_eq!(answered(&mut later), "Silent");
    assert_eq!(answered(&mut late), "channel empty", "it may still come");
    library.mood.set(Mood::Answers);
    assert_eq!(answered(&mut library.ask("b")), "document");
    library.world.happened();
    let closed: Vec<u64> = {
        let closed = library.world.outside.closed.borrow();
        closed.iter().map(|ticket| ticket.ticket).collect()
    };
    let overdue = {
        let requests = library.world.outside.requests.borrow();
        let timer = Request::Timer(u64::try_from(DEADLINE.as_nanos()).expect("short"));
        let mut timers = requests.iter().filter(|(_, request)| *request == timer);
        let first = timers.find(|(ticket, _)| !closed.contains(&ticket.ticket));
        first.expect("the deadline of `a`").0
    };
    library.world.outside.answer(overdue, Wake::Timer);
    library.world.run();
    assert_eq!(answered(&mut late), "Silent");
    assert_eq!(library.world.happened(), ["destroyed"], "the first one");
    library.passes(KEPT);
    assert!(library.world.domain.is_empty());
}

#[test]
fn folders_end_with_their_domain() {
    let library = Library::new(Mood::StaysSilent);
    let mut answer = library.ask("a");
    library.world.domain.stop();
    library.world.run();
    assert!(library.world.domain.has_stopped());
    assert_eq!(answered(&mut answer), "Failed(\"it went away\")");
    assert_eq!(library.world.happened().last().unwrap(), "destroyed");
}

#[test]
fn without_a_time_a_folder_is_closed_at_once() {
    let library = Library {
        keep: Duration::ZERO,
        ..Library::new(Mood::Answers)
    };
    assert_eq!(answered(&mut library.ask("a")), "document");
    assert!(library.world.domain.is_empty());
}

#[test]
fn a_folder_that_does_not_open_says_why() {
    let library = Library::new(Mood::Answers);
    let (reply, mut answer) = oneshot::channel();
    let question = Question {
        name: "a".to_owned(),
        deadline: DEADLINE,
        reply,
    };
    let folder = Folder {
        identity: [7; 32],
        label: "shelf".into(),
        keep: KEPT,
    };
    let open = |domain: &Domain, then: Then| {
        let error = crate::error::OpenError::Unmet {
            unmet: vec!["a roof".to_owned()],
        };
        then(domain, Err(error));
    };
    ask(&library.world.domain, folder, question, Some(open));
    assert!(answered(&mut answer).contains("a roof"));
    assert_eq!(answered(&mut library.ask("a")), "document", "opened anew");
}
