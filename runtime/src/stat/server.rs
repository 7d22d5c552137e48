//! The side that answers: a socket, and what is open in this process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::place::{Place, own_user, socket_name};
use super::sample::{
    DomainSample, Memory, ObjectSample, OpenObject, Process, QueueSample, Sample, Silence,
};
use super::{LIST, SAMPLE, VERSION};
use crate::edge::clock;
use crate::engine::inbox::Inbox;
use crate::open::QueuedConnection;
use crate::trace::hexadecimal;
use crate::watchdog::Pulse;
use liveobj_references::CheckedReference;

/// How long domains have to answer before it is told what the others say.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long somebody who asked may take to read the answer.
const READ_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of the longest question.
const LONGEST: u64 = 64;

/// A socket that answers whoever is the same user. Dropping it removes it.
pub(crate) struct Listening {
    known: Arc<Known>,
    place: Arc<Place>,
    name: String,
    task: AbortHandle,
}

/// What there is to tell of.
#[derive(Default)]
struct Known {
    objects: Mutex<BTreeMap<u64, Weak<Running>>>,
    /// How many watch. While none does, nothing is counted.
    watchers: Mutex<usize>,
}

/// An object that is open, or being opened, for as long as this exists.
pub(crate) struct Running {
    id: u64,
    name: String,
    identity: [u8; 32],
    since: SystemTime,
    opened: Mutex<Option<Opened>>,
    known: Weak<Known>,
}

#[derive(Clone)]
struct Opened {
    domains: Vec<(Arc<Inbox>, Arc<Pulse>)>,
    queues: Arc<[QueuedConnection]>,
}

/// One that a question was put to, and when.
struct Asked {
    since: Instant,
    answer: oneshot::Receiver<DomainSample>,
}

/// An answer.
#[derive(Serialize)]
struct Answer<T> {
    liveobj_stat: u32,
    #[serde(flatten)]
    answer: T,
}

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
}

impl Listening {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// There is no place for a socket: why, for people.
    pub(crate) fn start(tokio: &Handle) -> Result<Listening, String> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let _inside = tokio.enter();
        let user = own_user().map_err(|error| error.to_string())?;
        let place = Place::make(user).map_err(|error| error.to_string())?;
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let name = socket_name(std::process::id(), number);
        let socket = place.entry(&name);
        // One of an earlier process of this number.
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket)
            .map_err(|error| format!("cannot listen in `{}`: {error}", place.path().display()))?;
        let known: Arc<Known> = Arc::default();
        let task = tokio.spawn(listen(listener, user, known.clone()));
        Ok(Listening {
            known,
            place: Arc::new(place),
            name,
            task: task.abort_handle(),
        })
    }

    /// Tells of an object from now on, which is being opened.
    pub(crate) fn begin(&self, reference: &CheckedReference) -> Arc<Running> {
        let mut objects = lock(&self.known.objects);
        let id = objects.last_key_value().map_or(1, |(last, _)| last + 1);
        let running = Arc::new(Running {
            id,
            name: reference.source().name.clone(),
            identity: reference.identity(),
            since: SystemTime::now(),
            opened: Mutex::default(),
            known: Arc::downgrade(&self.known),
        });
        objects.insert(id, Arc::downgrade(&running));
        running
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        let _ = fs::remove_file(self.place.entry(&self.name));
    }
}

impl Running {
    /// It is open, in these domains and with these queues between them.
    pub(crate) fn opened(
        &self,
        domains: Vec<(Arc<Inbox>, Arc<Pulse>)>,
        queues: Arc<[QueuedConnection]>,
    ) {
        *lock(&self.opened) = Some(Opened { domains, queues });
    }

    fn tell(&self) -> OpenObject {
        let since = self.since.duration_since(UNIX_EPOCH).unwrap_or_default();
        let opened = lock(&self.opened);
        let domains = opened.as_ref().map_or(0, |opened| opened.domains.len());
        OpenObject {
            id: self.id,
            name: self.name.clone(),
            identity: hexadecimal(&self.identity),
            since: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            opening: opened.is_none(),
            domains: domains as u64,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(known) = self.known.upgrade() {
            lock(&known.objects).remove(&self.id);
        }
    }
}

impl Known {
    fn objects(&self) -> Vec<Arc<Running>> {
        let objects = lock(&self.objects);
        objects.values().filter_map(Weak::upgrade).collect()
    }

    fn process(&self, objects: &[Arc<Running>]) -> Process {
        Process {
            pid: std::process::id(),
            liveobj: env!("CARGO_PKG_VERSION").to_owned(),
            objects: objects.iter().map(|object| object.tell()).collect(),
        }
    }
}

/// That somebody watches: while there is one, domains count.
struct Watching(Arc<Known>);

impl Watching {
    fn begin(known: &Arc<Known>) -> Watching {
        *lock(&known.watchers) += 1;
        tracing::debug!("somebody watches");
        Watching(known.clone())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // Whoever begins meanwhile waits until the domains were told to stop: they count again then.
        let mut watchers = lock(&self.0.watchers);
        *watchers -= 1;
        if *watchers > 0 {
            return;
        }
        tracing::debug!("nobody watches any more");
        for object in self.0.objects() {
            let opened = lock(&object.opened).clone();
            for (inbox, _) in opened.into_iter().flat_map(|opened| opened.domains) {
                inbox.task(|domain| domain.count(false));
            }
        }
    }
}

async fn listen(listener: UnixListener, user: u32, known: Arc<Known>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let same = stream.peer_cred().is_ok_and(|peer| peer.uid() == user);
                if same {
                    tokio::spawn(answer(stream, known.clone()));
                }
            }
            // Such as too many open files: nobody is helped by trying at once.
            Err(_) => tokio::time::sleep(PATIENCE).await,
        }
    }
}

/// Answers one who asks, as long as he does.
async fn answer(stream: UnixStream, known: Arc<Known>) {
    let (input, mut output) = stream.into_split();
    let mut input = BufReader::new(input);
    let mut watching = None;
    let mut asked = BTreeMap::new();
    let mut question = String::new();
    loop {
        question.clear();
        let read = (&mut input).take(LONGEST).read_line(&mut question).await;
        if !read.is_ok_and(|bytes| bytes > 0) {
            return;
        }
        let objects = known.objects();
        let text = match question.trim_end() {
            LIST => line(known.process(&objects)),
            SAMPLE => {
                watching.get_or_insert_with(|| Watching::begin(&known));
                line(sample(&known, &objects, &mut asked).await)
            }
            _ => line(Refusal {
                error: "no such question",
            }),
        };
        drop(objects);
        let written = timeout(READ_WITHIN, output.write_all(text.as_bytes())).await;
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

fn line(answer: impl Serialize) -> String {
    let answer = Answer {
        liveobj_stat: VERSION,
        answer,
    };
    let text = serde_json::to_string(&answer);
    text.expect("because answers have string keys and no failing parts") + "\n"
}

/// What all objects tell now. `asked` are the domains that did not answer before, by object and number:
/// they are not asked again until they do.
async fn sample(
    known: &Known,
    objects: &[Arc<Running>],
    asked: &mut BTreeMap<(u64, usize), Asked>,
) -> Sample {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let opened: Vec<Option<Opened>> = objects.iter().map(|it| lock(&it.opened).clone()).collect();
    for (object, opened) in objects.iter().zip(&opened) {
        let domains = opened.iter().flat_map(|opened| &opened.domains);
        for (number, (inbox, _)) in domains.enumerate() {
            asked.entry((object.id, number)).or_insert_with(|| {
                let (reply, answer) = oneshot::channel();
                inbox.task(move |domain| {
                    domain.count(true);
                    let _ = reply.send(domain.sample());
                });
                let since = Instant::now();
                Asked { since, answer }
            });
        }
    }
    let mut samples = Vec::new();
    for (object, opened) in objects.iter().zip(opened) {
        let mut domains = Vec::new();
        let (pulses, queues) = match opened {
            None => (Vec::new(), Arc::default()),
            Some(opened) => (opened.domains, opened.queues),
        };
        for (number, (_, pulse)) in pulses.iter().enumerate() {
            let key = (object.id, number);
            let Some(waiting) = asked.get_mut(&key) else {
                continue;
            };
            let answered = tokio::time::timeout_at(deadline, &mut waiting.answer).await;
            let mut sample = match answered {
                Ok(answered) => {
                    asked.remove(&key);
                    // Else it has ended meanwhile.
                    let Ok(answered) = answered else { continue };
                    answered
                }
                Err(_) => DomainSample {
                    silent: Some(Silence {
                        waited: nanoseconds(waiting.since.elapsed()),
                        object: pulse.who(),
                    }),
                    ..DomainSample::default()
                },
            };
            sample.domain = number as u64 + 1;
            domains.push(sample);
        }
        samples.push(ObjectSample {
            object: object.tell(),
            at: clock(false),
            domains,
            queues: queues.iter().map(queued).collect(),
        });
    }
    Sample {
        process: known.process(objects),
        memory: memory().unwrap_or_default(),
        objects: samples,
    }
}

fn queued(connection: &QueuedConnection) -> [QueueSample; 2] {
    let [left, right] = &connection.names;
    let [forth, back] = &connection.fullness;
    [(left, right, forth), (right, left, back)].map(|(from, to, fullness)| {
        let depth = fullness.depth();
        QueueSample {
            from: from.clone(),
            to: to.clone(),
            sent: fullness.sent(),
            events: depth.events,
            bytes: depth.bytes,
            most: depth.most,
            refused: depth.refused,
            overflowed: depth.overflowed,
        }
    })
}

/// What the system says of this process's memory.
fn memory() -> io::Result<Memory> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kibibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse::<u64>().ok())
    };
    let bytes = |name| kibibytes(name).unwrap_or_default() << 10;
    Ok(Memory {
        resident: bytes("VmRSS:"),
        peak: bytes("VmHWM:"),
    })
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::place::own_user;
    use super::*;

    /// What somebody is answered who asks in these words, where only this user is answered.
    async fn ask(user: u32, question: &str) -> String {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).expect("a socket");
        let task = tokio::spawn(listen(listener, user, Arc::default()));
        let mut stream = UnixStream::connect(&path).await.expect("somebody listens");
        // Where nobody wants to hear it, it may fail.
        let _ = stream.write_all(question.as_bytes()).await;
        let mut answer = String::new();
        let _ = BufReader::new(&mut stream).read_line(&mut answer).await;
        task.abort();
        answer
    }

    #[tokio::test]
    async fn only_the_same_user_is_answered() {
        let user = own_user().expect("the kernel tells");
        let answer = ask(user, "list\n").await;
        assert!(
            answer.starts_with("{\"liveobj_stat\":1,\"pid\":"),
            "{answer}"
        );
        assert_eq!(ask(user + 1, "list\n").await, "");
    }

    #[tokio::test]
    async fn whatever_is_asked_is_read_no_further_than_a_question_is_long() {
        let user = own_user().expect("the kernel tells");
        let refused = "{\"liveobj_stat\":1,\"error\":\"no such question\"}\n";
        for question in ["what\n", &"x".repeat(1 << 16)] {
            assert_eq!(ask(user, question).await, refused);
        }
    }
}
