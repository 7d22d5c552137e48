//! Verdicts on what arrives late, remembered by the hash of what was compared.
//!
//! A folder that is asked again mostly answers with the same types, and objects that connect their
//! children do so with the same endpoints. A verdict is a pure function of the two types and the
//! formalisms, and those of a runtime never change; so the second comparison is looked up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use liveobj_types::formalism::Word;
use liveobj_types::verdict::Verdict;
use liveobj_types::{EndpointId, Formalisms, ObjectId, Relations, TypeId, Types};

use crate::report::{Level, Message, Report, Silent};

/// Most verdicts that are remembered; the oldest is forgotten first.
const CAPACITY: usize = 1_024;

/// Most words that are told; they are there to be read.
const MAX_WORDS: usize = 1_024;

/// What is asked of two types of one arena.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    /// Whether two endpoints may be connected.
    Match(EndpointId, EndpointId),
    /// Whether they may be connected across domains, where events wait in queues.
    QueuedMatch(EndpointId, EndpointId),
    /// Whether the first object may stand for the second.
    Subtype(ObjectId, ObjectId),
}

/// The question's relation and the identities of the two types.
type Key = (&'static str, [u8; 32], [u8; 32]);

/// The verdicts of one runtime. Only used with that runtime's formalisms.
pub(crate) struct Verdicts {
    known: Mutex<Known>,
    report: Arc<dyn Report>,
}

#[derive(Debug, Default)]
struct Known {
    /// What was said to be taken on somebody's word.
    words: BTreeSet<Word>,
    verdicts: BTreeMap<Key, Verdict>,
    /// The keys, oldest first.
    order: VecDeque<Key>,
}

impl Default for Verdicts {
    fn default() -> Verdicts {
        Verdicts::reporting_to(Arc::new(Silent))
    }
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verdicts").field(&self.known).finish()
    }
}

impl Verdicts {
    /// None yet. What verdicts take on somebody's word is told there.
    pub(crate) fn reporting_to(report: Arc<dyn Report>) -> Verdicts {
        Verdicts {
            known: Mutex::default(),
            report,
        }
    }

    /// Tells once what was taken on somebody's word about something that arrived late. The check of
    /// a document that is opened has findings for that.
    pub(crate) fn tell<'w>(&self, words: impl IntoIterator<Item = &'w Word>) {
        let news: Vec<Message> = self.lock(|known| {
            let words = words.into_iter();
            let news = words.filter(|word| {
                known.words.len() < MAX_WORDS && known.words.insert((*word).clone())
            });
            news.map(|word| Message {
                level: Level::Info,
                object: String::new(),
                text: format!("what came in rests on this: {}", word.to_sentence()),
            })
            .collect()
        });
        news.iter().for_each(|message| self.report.report(message));
    }

    /// The verdict on a question: remembered, or found now. What it takes on somebody's word is told.
    pub(crate) fn on(
        &self,
        question: Question,
        types: &mut Types,
        formalisms: &Formalisms,
    ) -> Verdict {
        let key = key(types, question);
        if let Some(known) = self.lock(|known| known.verdicts.get(&key).cloned()) {
            return known;
        }
        let before: BTreeSet<Word> = types.words().cloned().collect();
        let mut relations = Relations::new(types, formalisms);
        let verdict = match question {
            Question::Match(left, right) => relations.matches(left, right),
            Question::QueuedMatch(left, right) => {
                relations.queued = true;
                relations.matches(left, right)
            }
            Question::Subtype(left, right) => {
                relations.is_subtype(TypeId::Object(left), TypeId::Object(right))
            }
        };
        drop(relations);
        self.lock(|known| known.add(key, verdict.clone()));
        self.tell(types.words().filter(|word| !before.contains(word)));
        verdict
    }

    fn lock<R>(&self, call: impl FnOnce(&mut Known) -> R) -> R {
        call(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Known {
    fn add(&mut self, key: Key, verdict: Verdict) {
        if self.verdicts.insert(key, verdict).is_some() {
            // Another thread asked the same.
            return;
        }
        self.order.push_back(key);
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.verdicts.remove(&oldest);
        }
    }
}

/// Identities count everything that a relation looks at.
fn key(types: &Types, question: Question) -> Key {
    let endpoints = |left, right| (TypeId::Endpoint(left), TypeId::Endpoint(right));
    let (relation, (left, right)) = match question {
        Question::Match(left, right) => ("match", endpoints(left, right)),
        Question::QueuedMatch(left, right) => ("queued match", endpoints(left, right)),
        Question::Subtype(left, right) => {
            ("subtype", (TypeId::Object(left), TypeId::Object(right)))
        }
    };
    (relation, types.identity(left), types.identity(right))
}

#[cfg(test)]
impl Verdicts {
    /// Makes every verdict that is remembered another one, which shows who looks here.
    pub(crate) fn overwrite(&self, verdict: &Verdict) {
        self.lock(|known| {
            for remembered in known.verdicts.values_mut() {
                remembered.clone_from(verdict);
            }
        });
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.lock(|known| known.order.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use liveobj_types::formalism::{Events, Formalism, Formula, ParseError, Structure};
    use liveobj_types::resolve::Environment;
    use liveobj_types::syntax::parse_type;
    use liveobj_types::verdict::{Reason, Witness};
    use liveobj_types::{Module, Source};

    use super::*;

    const TYPES: &str = "
        endpoint Plain { out say(n: u64); }
        endpoint Sure { out say(n: u64); provides counting \"base\"; }
        endpoint Choosy { in say(n: u64); requires counting \"yes\"; }
        endpoint Vague { in say(n: u64); requires counting \"maybe\"; }
        endpoint Hopeless { in say(n: u64); requires counting \"no\"; }
        object One { endpoint a: Sure; }
        object Two { endpoint a: Sure; endpoint b: Plain; }
    ";

    /// Counts how often it is asked; its conclusions say themselves whether they follow.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Formalism for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn id(&self) -> u128 {
            1
        }
        fn parse(&self, text: &str, _: &Structure) -> Result<Formula, ParseError> {
            Ok(Formula::new(text.to_owned()))
        }
        fn print(&self, formula: &Formula) -> String {
            formula.get::<String>().cloned().unwrap_or_default()
        }
        fn satisfiable(&self, _: &[&Formula], _: u64) -> Verdict {
            Verdict::Holds
        }
        fn implies(&self, _: &[&Formula], _: &Events, asked: &Formula, _: u64) -> Verdict {
            self.0.fetch_add(1, Ordering::Relaxed);
            match self.print(asked).as_str() {
                "yes" => Verdict::Holds,
                "no" => Verdict::Fails(Witness::Assignment(Vec::new())),
                _ => Verdict::Unknown(Reason::Undecided("it is vague".to_owned())),
            }
        }
        fn replay(&self, _: &[&Formula], _: &Events, _: &Formula, _: &Witness) -> bool {
            true
        }
    }

    fn resolve(types: &mut Types, text: &str) -> TypeId {
        let source = Source::new("test", TYPES);
        let (module, faults) = Module::parse("test", &source, &mut |_| None);
        assert_eq!(faults, []);
        let expression = Source::new("type", text);
        let expr = parse_type(&expression).expect("a type");
        let resolved = types.resolve(&module, &expression, &expr, &Environment::new());
        resolved.expect("resolved")
    }

    fn matching(types: &mut Types, right: &str) -> Question {
        match (resolve(types, "Sure"), resolve(types, right)) {
            (TypeId::Endpoint(left), TypeId::Endpoint(right)) => Question::Match(left, right),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_second_comparison_is_answered_from_memory_as_the_first_one_was() {
        let counting = Arc::new(Counting::default());
        let mut formalisms = Formalisms::none();
        formalisms.add(counting.clone());
        let verdicts = Verdicts::default();
        for (asked, right) in ["Choosy", "Vague", "Hopeless"].into_iter().enumerate() {
            let mut fresh = Types::new();
            let question = matching(&mut fresh, right);
            let uncached = Verdicts::default().on(question, &mut fresh, &formalisms);
            let before = counting.0.load(Ordering::Relaxed);
            let mut types = Types::new();
            let question = matching(&mut types, right);
            let first = verdicts.on(question, &mut types, &formalisms);
            assert_eq!(counting.0.load(Ordering::Relaxed), before + 1);
            // In another arena, so that only the structure is the same.
            let mut types = Types::new();
            resolve(&mut types, "Plain");
            let question = matching(&mut types, right);
            let second = verdicts.on(question, &mut types, &formalisms);
            assert_eq!(counting.0.load(Ordering::Relaxed), before + 1, "not asked");
            assert_eq!(second, first);
            assert_eq!(second, uncached);
            let expected = [
                Verdict::Holds,
                Verdict::Unknown(Reason::Undecided("it is vague".to_owned())),
                Verdict::Fails(Witness::Assignment(Vec::new())),
            ];
            assert_eq!(second, expected[asked]);
        }
        assert_eq!(verdicts.len(), 3);
    }

    #[test]
    fn the_relation_and_its_direction_are_part_of_the_question() {
        let formalisms = Formalisms::none();
        let verdicts = Verdicts::default();
        let mut types = Types::new();
        let [one, two] = ["One", "Two"].map(|name| match resolve(&mut types, name) {
            TypeId::Object(id) => id,
            other => panic!("{other:?}"),
        });
        for _ in 0..2 {
            let mut ask =
                |left, right| verdicts.on(Question::Subtype(left, right), &mut types, &formalisms);
            assert!(ask(two, one).holds());
            assert!(ask(one, two).fails());
        }
        assert_eq!(verdicts.len(), 2);
        let Question::Match(left, right) = matching(&mut types, "Choosy") else {
            unreachable!("it is one")
        };
        for question in [
            Question::Match(left, right),
            Question::QueuedMatch(left, right),
        ] {
            let before = verdicts.len();
            verdicts.on(question, &mut types, &formalisms);
            assert_eq!(verdicts.len(), before + 1);
        }
    }

    #[test]
    fn no_more_than_so_many_are_remembered_and_the_oldest_goes_first() {
        let mut known = Known::default();
        let key = |n: usize| {
            let mut left = [0; 32];
            left[..8].copy_from_slice(&n.to_le_bytes());
            ("match", left, [0; 32])
        };
        for n in 0..=CAPACITY {
            known.add(key(n), Verdict::Holds);
        }
        assert_eq!(known.verdicts.len(), CAPACITY);
        assert_eq!(known.order.len(), CAPACITY);
        assert!(!known.verdicts.contains_key(&key(0)));
        assert!(known.verdicts.contains_key(&key(CAPACITY)));
    }
}
