//! Type arguments that make a type with parameters look like another type.

use std::collections::BTreeSet;

use crate::resolve::Environment;
use crate::types::{Endpoint, EndpointId, Object, ObjectId, TypeId, Types, Value, ValueId};

impl Types {
    /// What the type parameters in `pattern` stand for if an endpoint of this type is to match one
    /// of type `given`. Both are walked side by side, by event, field, case and endpoint names, as
    /// far as they have the same structure; where they differ, nothing is learned, and whether they
    /// match in the end is left to [`crate::Relations`]. Parameters that are not met are absent.
    ///
    /// `None` where one parameter would stand for two different types.
    pub fn infer(&mut self, pattern: EndpointId, given: EndpointId) -> Option<Environment> {
        let mut inference = Inference {
            types: self,
            found: Environment::new(),
            seen: BTreeSet::new(),
        };
        // An endpoint matches the mirror of its type.
        let given = inference.types.mirror(given);
        let consistent = inference.endpoints(pattern, given);
        let found = inference.found;
        consistent.then_some(found)
    }
}

struct Inference<'a> {
    types: &'a mut Types,
    found: Environment,
    /// Pairs that were walked: types are cyclic.
    seen: BTreeSet<(TypeId, TypeId)>,
}

impl Inference<'_> {
    /// Notes that `name` stands for `id`; `false` if it stands for something else.
    fn learn(&mut self, name: &str, id: TypeId) -> bool {
        match self.found.get(name) {
            Some(known) => *known == id || self.types.identity(*known) == self.types.identity(id),
            None => {
                self.found.insert(name.to_owned(), id);
                true
            }
        }
    }

    fn again(&mut self, pattern: TypeId, given: TypeId) -> bool {
        !self.seen.insert((pattern, given))
    }

    fn endpoints(&mut self, pattern: EndpointId, given: EndpointId) -> bool {
        if self.again(TypeId::Endpoint(pattern), TypeId::Endpoint(given)) {
            return true;
        }
        match (
            self.types.endpoint(pattern).clone(),
            self.types.endpoint(given),
        ) {
            (
                Endpoint::Parameter {
                    parameter,
                    mirrored,
                },
                _,
            ) => {
                let given = if mirrored {
                    self.types.mirror(given)
                } else {
                    given
                };
                self.learn(&parameter.name, TypeId::Endpoint(given))
            }
            (Endpoint::Events { events, .. }, Endpoint::Events { events: others, .. }) => {
                let pairs: Vec<(ValueId, ValueId)> = events
                    .iter()
                    .filter_map(|(name, event)| Some((event.payload, others.get(name)?.payload)))
                    .collect();
                self.all(pairs)
            }
            (Endpoint::Events { .. }, Endpoint::Parameter { .. }) => true,
        }
    }

    fn all(&mut self, pairs: Vec<(ValueId, ValueId)>) -> bool {
        pairs
            .into_iter()
            .all(|(pattern, given)| self.values(pattern, given))
    }

    fn values(&mut self, pattern: ValueId, given: ValueId) -> bool {
        if self.again(TypeId::Value(pattern), TypeId::Value(given)) {
            return true;
        }
        let pairs = match (self.types.value(pattern).clone(), self.types.value(given)) {
            (Value::Parameter(parameter), _) => {
                return self.learn(&parameter.name, TypeId::Value(given));
            }
            (Value::List(pattern), Value::List(given))
            | (Value::Option(pattern), Value::Option(given)) => vec![(pattern, *given)],
            (Value::Map(key, value), Value::Map(key2, value2)) => {
                vec![(key, *key2), (value, *value2)]
            }
            (Value::Tuple(items), Value::Tuple(others)) if items.len() == others.len() => {
                items.into_iter().zip(others.iter().copied()).collect()
            }
            (Value::Record { fields, .. }, Value::Record { fields: others, .. }) => fields
                .into_iter()
                .filter_map(|(name, pattern)| Some((pattern, *others.get(&name)?)))
                .collect(),
            (Value::Variant(cases), Value::Variant(others)) => cases
                .into_iter()
                .filter_map(|(name, pattern)| Some((pattern?, (*others.get(&name)?)?)))
                .collect(),
            (Value::Reference(pattern), Value::Reference(given)) => {
                return self.objects(pattern, *given);
            }
            (Value::External(pattern), Value::External(given)) => {
                return self.endpoints(pattern, *given);
            }
            _ => return true,
        };
        self.all(pairs)
    }

    fn objects(&mut self, pattern: ObjectId, given: ObjectId) -> bool {
        if self.again(TypeId::Object(pattern), TypeId::Object(given)) {
            return true;
        }
        match (self.types.object(pattern).clone(), self.types.object(given)) {
            (Object::Parameter(parameter), _) => self.learn(&parameter.name, TypeId::Object(given)),
            (Object::Endpoints(body), Object::Endpoints(other)) => {
                let pairs: Vec<(EndpointId, EndpointId)> = body
                    .endpoints
                    .iter()
                    .filter_map(|(name, endpoint)| {
                        Some((endpoint.ty, other.endpoints.get(name)?.ty))
                    })
                    .collect();
                pairs
                    .into_iter()
                    .all(|(pattern, given)| self.endpoints(pattern, given))
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;

    use expect_test::{Expect, expect};

    use crate::resolve::Environment;
    use crate::syntax::{Item, parse_type};
    use crate::types::{Object, TypeId};
    use crate::{Module, Source, Types};

    /// What the parameters of the adapter `a` stand for if its endpoint `e` is to match `given`.
    fn check(text: &str, given: &str, expect: Expect) {
        let source = Source::new("test.lot", text);
        let (module, faults) = Module::parse("test", &source, &mut |_| Some(Module::standard()));
        assert_eq!(faults, []);
        let mut types = Types::new();
        let Some((_, Item::Template(template))) = module.lookup("a") else {
            panic!("`a` is declared");
        };
        let none = Environment::new();
        let signature = types
            .template(&module, template, &none)
            .expect("it resolves");
        let Object::Endpoints(body) = types.object(signature.result) else {
            panic!("it has endpoints");
        };
        let pattern = body.endpoints["e"].ty;
        let given = resolve(&mut types, &module, given);
        let mut out = String::new();
        match types.infer(pattern, given) {
            None => out.push_str("contradiction\n"),
            Some(found) => {
                for (name, id) in found {
                    writeln!(out, "{name} = {}", types.describe(id)).unwrap();
                }
            }
        }
        expect.assert_eq(&out);
    }

    fn resolve(types: &mut Types, module: &Arc<Module>, text: &str) -> crate::EndpointId {
        let source = Source::new("given", text);
        let expr = parse_type(&source).expect("it parses");
        match types.resolve(module, &source, &expr, &Environment::new()) {
            Ok(TypeId::Endpoint(id)) => id,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn parameters_are_found_in_events_and_inside_their_types() {
        check(
            "use \"liveobj:standard\";
             endpoint P<K: value, V: value> { in put(at: K, what: list<option<V>>); out got(what: V); }
             endpoint G { out put(at: u8, what: list<option<string>>, more: bool); }
             object A<K: value, V: value> { endpoint e: P<K, V>; endpoint f: P<K, V>; }
             adapter a<K: value, V: value>(): A<K, V>;",
            "G",
            expect![[r#"
                K = u8
                V = string
            "#]],
        );
    }

    #[test]
    fn a_parameter_cannot_stand_for_two_types() {
        check(
            "endpoint P<V: value> { in put(what: V); out got(what: V); }
             endpoint G { out put(what: u8); in got(what: u16); }
             object A<V: value> { endpoint e: P<V>; endpoint f: P<V>; }
             adapter a<V: value>(): A<V>;",
            "G",
            expect![[r#"
                contradiction
            "#]],
        );
    }

    #[test]
    fn an_endpoint_parameter_is_the_mirror_of_its_peer() {
        let text = "endpoint G { out put(what: u8); }
             object A<E: endpoint> { endpoint e: E; endpoint f: mirror E; }
             adapter a<E: endpoint>(): A<E>;";
        check(
            text,
            "G",
            expect![[r#"
                E = mirror G
            "#]],
        );
        let text = text.replace("endpoint e: E;", "endpoint e: mirror E;");
        check(
            &text,
            "G",
            expect![[r#"
                E = G
            "#]],
        );
    }

    #[test]
    fn a_recursive_type_is_walked_once() {
        check(
            "record Tree<V: value> { value: V, children: list<Tree<V>> }
             endpoint P<V: value> { in put(tree: Tree<V>); }
             record Node { value: bool, children: list<Node> }
             endpoint G { out put(tree: Node); }
             object A<V: value> { endpoint e: P<V>; endpoint f: P<V>; }
             adapter a<V: value>(): A<V>;",
            "G",
            expect![[r#"
                V = bool
            "#]],
        );
    }
}
