//! Canonical form of types: the minimized graph numbered breadth-first, and its SHA-256
//! (formats, "Identity"; semantics, "Identity").
//!
//! What counts: structure, names of fields, cases, events and endpoints, directions, `many`,
//! `mandatory`, openness of records, type parameters (by name and bound), and constraints by
//! formalism, collapsed text, assumption and renaming, each list sorted and without repetition.
//! The order of an event's parameters counts exactly where a constraint of the endpoint type, or
//! of the object type around it, could bind them by position. Names of types, docs, places,
//! `refusable` and `state` never count.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};

use crate::graph::Graph;
use crate::types::{TypeId, Types};

impl Types {
    /// Canonical bytes of a type: equal exactly for structurally equal types. Names of types,
    /// docs, `refusable` and `state` do not count; constraints count by formalism and collapsed
    /// text, sorted and without repetition.
    pub fn canonical(&self, id: TypeId) -> Vec<u8> {
        let graph = Graph::reachable(self, [id]);
        let classes = graph.classes();
        let count = classes.iter().max().map_or(0, |max| *max as usize + 1);
        let mut numbers: Vec<Option<u32>> = vec![None; count];
        let mut waiting = VecDeque::from([0_u32]);
        let mut next = 1;
        numbers[classes[0] as usize] = Some(0);
        let mut bytes = Vec::new();
        while let Some(node) = waiting.pop_front() {
            let label = &graph.labels[node as usize];
            bytes.extend((label.len() as u64).to_le_bytes());
            bytes.extend(label);
            for successor in &graph.successors[node as usize] {
                let number = &mut numbers[classes[*successor as usize] as usize];
                let number = *number.get_or_insert_with(|| {
                    waiting.push_back(*successor);
                    next += 1;
                    next - 1
                });
                bytes.extend(number.to_le_bytes());
            }
        }
        bytes
    }

    /// SHA-256 of [`Types::canonical`].
    pub fn identity(&self, id: TypeId) -> [u8; 32] {
        Sha256::digest(self.canonical(id)).into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::types::{
        Basic, Constraint, Direction, Endpoint, EndpointId, Event, Origin, Value, ValueId,
    };

    fn value(types: &mut Types, value: Value) -> ValueId {
        types.add_value(value, Origin::default())
    }

    fn same(types: &Types, left: ValueId, right: ValueId) -> bool {
        types.canonical(TypeId::Value(left)) == types.canonical(TypeId::Value(right))
    }

    #[test]
    fn a_recursive_list_equals_its_unrolled_form() {
        let mut types = Types::new();
        // type A = list<A>
        let a = value(&mut types, Value::List(ValueId(0)));
        // type B = list<list<B>>
        let b = value(&mut types, Value::List(ValueId(2)));
        value(&mut types, Value::List(b));
        // list<A>
        let c = value(&mut types, Value::List(a));
        assert!(same(&types, a, b));
        assert!(same(&types, a, c));
        let unit = value(&mut types, Value::Tuple(Vec::new()));
        let d = value(&mut types, Value::List(unit));
        assert!(!same(&types, a, d));
    }

    #[test]
    fn unrolled_mutual_recursion_is_the_same_type() {
        let mut types = Types::new();
        let text = value(&mut types, Value::Basic(Basic::String));
        let record = |next| Value::Record {
            fields: BTreeMap::from([("next".to_owned(), next), ("text".to_owned(), text)]),
            open: false,
        };
        // 1: option<2>, 2: record → 1
        let one = value(&mut types, Value::Option(ValueId(2)));
        let two = value(&mut types, record(one));
        // 3 → 4 → 5 → 6 → 3, the same twice over
        let three = value(&mut types, Value::Option(ValueId(4)));
        value(&mut types, record(ValueId(5)));
        value(&mut types, Value::Option(ValueId(6)));
        let six = value(&mut types, record(three));
        assert!(same(&types, one, three));
        assert!(same(&types, two, six));
        assert!(!same(&types, one, two));
    }

    #[test]
    fn names_and_sharing_do_not_count() {
        let mut types = Types::new();
        let byte = value(&mut types, Value::Basic(Basic::U8));
        let other = value(&mut types, Value::Basic(Basic::U8));
        let named = Origin {
            name: "Byte".to_owned(),
            place: None,
        };
        let third = types.add_value(Value::Basic(Basic::U8), named);
        let shared = value(&mut types, Value::Tuple(vec![byte, byte]));
        let apart = value(&mut types, Value::Tuple(vec![other, third]));
        let three = value(&mut types, Value::Tuple(vec![byte, byte, byte]));
        assert!(same(&types, shared, apart));
        assert!(!same(&types, shared, three));
    }

    #[test]
    fn field_names_openness_and_payloads_count() {
        let mut types = Types::new();
        let byte = value(&mut types, Value::Basic(Basic::U8));
        let record = |name: &str, open| Value::Record {
            fields: BTreeMap::from([(name.to_owned(), byte)]),
            open,
        };
        let a = value(&mut types, record("a", false));
        let b = value(&mut types, record("b", false));
        let open = value(&mut types, record("a", true));
        let bare = value(
            &mut types,
            Value::Variant(BTreeMap::from([("a".to_owned(), None)])),
        );
        let full = value(
            &mut types,
            Value::Variant(BTreeMap::from([("a".to_owned(), Some(byte))])),
        );
        let all = [a, b, open, bare, full];
        for (i, left) in all.iter().enumerate() {
            for (j, right) in all.iter().enumerate() {
                assert_eq!(same(&types, *left, *right), i == j, "{i} {j}");
            }
        }
    }

    fn constraint(text: &str) -> Constraint {
        Constraint {
            formalism: Arc::from("temporal"),
            text: Arc::from(text),
            dual: false,
            given: None,
            renamed: BTreeMap::new(),
            lossy: false,
            place: None,
        }
    }

    fn endpoint(types: &mut Types, order: [&str; 2], provides: Vec<Constraint>) -> EndpointId {
        let byte = value(types, Value::Basic(Basic::U8));
        let fields = BTreeMap::from([("a".to_owned(), byte), ("b".to_owned(), byte)]);
        let payload = value(
            types,
            Value::Record {
                fields,
                open: false,
            },
        );
        let event = Event {
            direction: Direction::In,
            payload,
            order: order.map(str::to_owned).to_vec(),
            refusable: false,
        };
        let events = BTreeMap::from([("edit".to_owned(), event)]);
        types.add_endpoint(
            Endpoint::Events {
                events,
                provides,
                requires: Vec::new(),
            },
            Origin::default(),
        )
    }

    #[test]
    fn parameter_order_counts_only_where_a_text_may_bind_by_position() {
        let mut types = Types::new();
        let mut hash = |order, provides| {
            let id = endpoint(&mut types, order, provides);
            types.identity(TypeId::Endpoint(id))
        };
        assert_eq!(hash(["a", "b"], vec![]), hash(["b", "a"], vec![]));
        let text = || vec![constraint("G !edit(x, _)")];
        assert_eq!(hash(["a", "b"], text()), hash(["a", "b"], text()));
        assert_ne!(hash(["a", "b"], text()), hash(["b", "a"], text()));
    }

    #[test]
    fn constraints_are_a_set() {
        let mut types = Types::new();
        let mut hash = |provides| {
            let id = endpoint(&mut types, ["a", "b"], provides);
            types.identity(TypeId::Endpoint(id))
        };
        let (p, q) = (constraint("p"), constraint("q"));
        assert_eq!(
            hash(vec![p.clone(), q.clone()]),
            hash(vec![q.clone(), p.clone(), q.clone()])
        );
        assert_ne!(hash(vec![p.clone()]), hash(vec![p.clone(), q]));
        assert_ne!(
            hash(vec![p.clone()]),
            hash(vec![Constraint {
                dual: true,
                ..p.clone()
            }])
        );
        let mut renamed = p.clone();
        renamed.renamed.insert("x".to_owned(), "x".to_owned());
        assert_eq!(hash(vec![p.clone()]), hash(vec![renamed.clone()]));
        renamed.renamed.insert("x".to_owned(), "y".to_owned());
        assert_ne!(hash(vec![p]), hash(vec![renamed]));
    }

    #[test]
    fn ten_thousand_nested_types_are_hashed_at_once() {
        let mut types = Types::new();
        let mut id = value(&mut types, Value::Basic(Basic::Bool));
        for _ in 0..10_000 {
            id = value(&mut types, Value::List(id));
        }
        let shorter = ValueId(id.0 - 1);
        assert!(!same(&types, id, shorter));
    }
}
