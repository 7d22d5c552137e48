//! Types out of texts, and tables of relations between them.

use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{
    EndpointId, Formalisms, Module, ObjectId, Reason, Relations, Source, TypeId, Types, ValueId,
    Verdict,
};

/// The types that some declarations give.
pub struct Scope {
    pub types: Types,
    pub formalisms: Formalisms,
    expressions: std::sync::Arc<Module>,
}

impl Scope {
    /// Well-formed declarations only.
    pub fn new(declarations: &str) -> Scope {
        let source = Source::new("test.lot", declarations);
        let (module, faults) = Module::parse("test", &source, &mut |_| None);
        assert_eq!(faults, [], "{declarations}");
        let formalisms = liveobj_formalisms::builtin();
        let mut types = Types::new();
        let faults = types.check_module(&module, &formalisms);
        let faults: Vec<&str> = faults.iter().map(|fault| &*fault.message).collect();
        assert!(faults.is_empty(), "{faults:?}\n{declarations}");
        Scope {
            types,
            formalisms,
            expressions: module,
        }
    }

    pub fn resolve(&mut self, expression: &str) -> TypeId {
        let source = Source::new("as", expression);
        let parsed = parse_type(&source).expect("tests write types that parse");
        let resolved = self
            .types
            .resolve(&self.expressions, &source, &parsed, &Environment::new());
        resolved.unwrap_or_else(|faults| panic!("{expression}: {faults:?}"))
    }

    pub fn value(&mut self, expression: &str) -> ValueId {
        match self.resolve(expression) {
            TypeId::Value(id) => id,
            other => panic!("{expression} is {other:?}"),
        }
    }

    pub fn endpoint(&mut self, expression: &str) -> EndpointId {
        match self.resolve(expression) {
            TypeId::Endpoint(id) => id,
            other => panic!("{expression} is {other:?}"),
        }
    }

    pub fn object(&mut self, expression: &str) -> ObjectId {
        match self.resolve(expression) {
            TypeId::Object(id) => id,
            other => panic!("{expression} is {other:?}"),
        }
    }

    pub fn relations(&mut self) -> Relations<'_> {
        Relations::new(&mut self.types, &self.formalisms)
    }
}

/// A relation over the types of a list, by position.
pub struct Table(Vec<Vec<Verdict>>);

impl Table {
    pub fn new<T: Copy>(all: &[T], mut relation: impl FnMut(T, T) -> Verdict) -> Table {
        let row = |left: &T| all.iter().map(|right| relation(*left, *right)).collect();
        Table(all.iter().map(row).collect())
    }

    pub fn holds(&self, left: usize, right: usize) -> bool {
        self.0[left][right].holds()
    }

    pub fn verdict(&self, left: usize, right: usize) -> &Verdict {
        &self.0[left][right]
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many pairs hold.
    pub fn count(&self) -> usize {
        self.0
            .iter()
            .flatten()
            .filter(|verdict| verdict.holds())
            .count()
    }

    pub fn assert_reflexive(&self, names: &[String]) {
        for (i, name) in names.iter().enumerate() {
            assert!(self.holds(i, i), "{name}: {}", self.verdict(i, i));
        }
    }

    pub fn assert_symmetric(&self, names: &[String]) {
        for i in 0..self.len() {
            for j in 0..i {
                let (there, back) = (self.verdict(i, j), self.verdict(j, i));
                assert_eq!(
                    there.to_string(),
                    back.to_string(),
                    "{} {}",
                    names[i],
                    names[j]
                );
            }
        }
    }

    pub fn assert_transitive(&self, names: &[String]) {
        self.assert_composes(self, self, names);
    }

    /// `self` ; `second` ⊆ `both`. Only a text that nobody reads may leave that open: by way of a type
    /// without events it is repeated between two that have different ones, for which it may mean
    /// different things.
    pub fn assert_composes(&self, second: &Table, both: &Table, names: &[String]) {
        for i in 0..self.len() {
            for j in (0..self.len()).filter(|j| self.holds(i, *j)) {
                for k in (0..self.len()).filter(|k| second.holds(j, *k)) {
                    let verdict = both.verdict(i, k);
                    let unread = matches!(verdict, Verdict::Unknown(Reason::FormalismMissing(_)));
                    let composes = verdict.holds() || unread;
                    assert!(
                        composes,
                        "{}, {}, {}: {verdict}",
                        names[i], names[j], names[k]
                    );
                }
            }
        }
    }
}
