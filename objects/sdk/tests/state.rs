//! Objects with a state: saved, loaded, and what is in between.

use liveobj_sdk::testing::{Harness, Outcome};
use liveobj_sdk::{
    Boxed, BoxedOpt, CreateError, Document, Entry, List, Map, Opaque, Opt, Saved, Template, Tuple3,
    Uuid, live_object,
};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::{Item, parse_type};
use liveobj_types::types::Object;
use liveobj_types::{Data, Source, Types, ValueId};

liveobj_sdk::library!("tests/state.lot", name = "test:state", linked);

struct Keeper;

#[live_object(template::keeper)]
impl template::keeper for Keeper {
    fn create(_: &mut keeper::Context<'_>, _: keeper::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Keeper)
    }

    fn load(
        _: &mut keeper::Context<'_>,
        _: keeper::Parameters<'_>,
        state: keeper::State<'_>,
    ) -> Result<Self, CreateError> {
        with_everything(|everything| {
            if state == everything {
                Ok(Keeper)
            } else {
                Err(CreateError::new(format!("{state:?}")))
            }
        })
    }

    fn save(&self, save: keeper::Save<'_>) -> Saved {
        // What is lent lives for this call only.
        with_everything(|everything| save.state(everything))
    }
}

fn with_everything<R>(call: impl FnOnce(types::Everything<'_>) -> R) -> R {
    let leaf = types::Tree {
        value: 7,
        left: BoxedOpt::default(),
        right: BoxedOpt::default(),
    };
    let inside = [types::Shape::circle(1.5), types::Shape::nothing];
    let group = types::Shape::group(List::new(&inside));
    let named = types::Named {
        name: "shape".into(),
        r#type: 3,
        self_: true,
    };
    let shapes = [
        group,
        types::Shape::twice(Boxed::new(&group)),
        types::Shape::named(named),
    ];
    let colors = [
        Entry {
            key: "a".into(),
            value: types::Color::green,
        },
        Entry {
            key: "b".into(),
            value: types::Color::red,
        },
    ];
    call(types::Everything {
        small: 1,
        text: "grüße".into(),
        data: b"data".into(),
        number: -2,
        letter: 'ä',
        single: -0.0,
        double: f64::MAX,
        color: types::Color::green,
        shapes: List::new(&shapes),
        tree: types::Tree {
            left: BoxedOpt::new(Some(&leaf)),
            ..leaf
        },
        nothing: Opt::NONE,
        nested: Opt::some(Opt::NONE),
        colors: Map::from_sorted(&colors).unwrap(),
        pair: Tuple3(1, Uuid([9; 16]), 2),
        reference: Document::new(b"<liveobject/>"),
        empty: types::Empty,
    })
}

struct Counter {
    count: u64,
}

#[live_object(template::counter)]
impl template::counter for Counter {
    fn create(
        _: &mut counter::Context<'_>,
        parameters: counter::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        Ok(Counter {
            count: parameters.start,
        })
    }

    fn load(
        _: &mut counter::Context<'_>,
        parameters: counter::Parameters<'_>,
        state: counter::State<'_>,
    ) -> Result<Self, CreateError> {
        if state < parameters.start {
            return Err(CreateError::new("counted less than it started from"));
        }
        Ok(Counter { count: state })
    }

    fn save(&self, save: counter::Save<'_>) -> Saved {
        assert_ne!(self.count, 13, "unlucky");
        save.state(self.count)
    }

    const DIGEST: Option<fn(&Self) -> [u8; 32]> = Some(|counter| [counter.count as u8; 32]);

    fn events_more(&mut self, _: &mut counter::Context<'_>, event: counter::events::More) {
        self.count += event.by;
    }
}

struct Holder {
    messages: Vec<Vec<u8>>,
}

#[live_object(template::holder)]
impl template::holder for Holder {
    fn create(_: &mut holder::Context<'_>, _: holder::Parameters<'_>) -> Result<Self, CreateError> {
        let messages = vec![vec![1, 0], vec![2, 0]];
        Ok(Holder { messages })
    }

    fn load(
        _: &mut holder::Context<'_>,
        _: holder::Parameters<'_>,
        state: holder::State<'_>,
    ) -> Result<Self, CreateError> {
        let messages = state.iter().map(|message| message.to_vec()).collect();
        Ok(Holder { messages })
    }

    fn save(&self, save: holder::Save<'_>) -> Saved {
        let messages: Vec<Opaque<'_>> = self.messages.iter().map(Opaque::from).collect();
        save.state(List::new(&messages))
    }
}

struct Stateless;

#[live_object(template::stateless)]
impl template::stateless for Stateless {
    fn create(
        _: &mut stateless::Context<'_>,
        _: stateless::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        Ok(Stateless)
    }
}

/// The type of a template's state, resolved as a host does.
fn state_type(types: &mut Types, template: &str, arguments: &Environment) -> ValueId {
    let (module, findings) = liveobj_manifest::read_section(MANIFEST).unwrap().module();
    assert!(findings.is_empty(), "{findings:?}");
    let Some((declaring, Item::Template(item))) = module.lookup(template) else {
        panic!("no template `{template}`");
    };
    let signature = types.template(declaring, item, arguments).unwrap();
    match types.object(signature.result) {
        Object::Endpoints(body) => body.state.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_state_is_saved_in_the_wire_form_of_its_type() {
    let mut harness = Harness::<keeper::Template>::create(keeper::Parameters {}).unwrap();
    let bytes = harness.save_bytes();
    let mut types = Types::new();
    let ty = state_type(&mut types, "keeper", &Environment::new());
    let data = types.decode(ty, &bytes).unwrap();
    assert_eq!(types.encode(ty, &data), Some(bytes));
    let Data::Record(fields) = data else {
        panic!("{data:?}");
    };
    assert_eq!(fields["number"], Data::S64(-2));
    assert_eq!(fields["letter"], Data::Char('ä'));
    assert_eq!(
        fields["nested"],
        Data::Option(Some(Box::new(Data::Option(None))))
    );
    assert_eq!(fields["color"], Data::Variant("green".to_owned(), None));
}

#[test]
fn a_state_comes_back_as_it_was_saved() {
    let mut harness = Harness::<keeper::Template>::create(keeper::Parameters {}).unwrap();
    let state = harness.save();
    with_everything(|everything| assert_eq!(state, everything));
    let mut again = Harness::<keeper::Template>::load(keeper::Parameters {}, state).unwrap();
    assert_eq!(again.save_bytes(), harness.save_bytes());
    // Nothing in it says how the NaN came about.
    let nan = types::Everything {
        double: f64::from_bits(0xFFF8_0000_0000_0001),
        ..state
    };
    let error = Harness::<keeper::Template>::load(keeper::Parameters {}, nan).unwrap_err();
    assert!(error.contains("double: NaN"), "{error}");
}

#[test]
fn an_object_goes_on_where_the_saved_one_was() {
    let parameters = counter::Parameters { start: 5 };
    let mut harness = Harness::<counter::Template>::create(parameters).unwrap();
    let connection = harness.connect(counter::Endpoint::events);
    harness.send(connection, counter::events::More { by: 3 });
    let state = harness.save();
    assert_eq!(state, 8);
    let mut again = Harness::<counter::Template>::load(parameters, state).unwrap();
    let connection = again.connect(counter::Endpoint::events);
    assert_eq!(
        again.send(connection, counter::events::More { by: 1 }),
        Outcome::Done
    );
    assert_eq!(again.save(), 9);
    assert_eq!(again.digest(), Some([9; 32]));
}

#[test]
fn a_state_that_is_refused_makes_no_object() {
    let parameters = counter::Parameters { start: 5 };
    let error = Harness::<counter::Template>::load(parameters, 4).unwrap_err();
    assert_eq!(error, "counted less than it started from");
}

#[test]
#[should_panic(expected = "unlucky")]
fn a_panic_while_saving_is_reported() {
    let parameters = counter::Parameters { start: 13 };
    let mut harness = Harness::<counter::Template>::create(parameters).unwrap();
    harness.save_bytes();
}

#[test]
fn values_of_a_type_parameter_are_saved_as_those_of_its_argument() {
    let mut harness = Harness::<holder::Template>::create(holder::Parameters {}).unwrap();
    let bytes = harness.save_bytes();
    let mut types = Types::new();
    let source = Source::new("the test", "u16");
    let expr = parse_type(&source).unwrap();
    let module = liveobj_types::Module::standard();
    let message = types
        .resolve(&module, &source, &expr, &Environment::new())
        .unwrap();
    let arguments = Environment::from([("Message".to_owned(), message)]);
    let ty = state_type(&mut types, "holder", &arguments);
    assert_eq!(
        types.decode(ty, &bytes),
        Ok(Data::List(vec![Data::U16(1), Data::U16(2)]))
    );
    let messages = [Opaque::new(&[7, 0])];
    let state = List::new(&messages);
    let mut again = Harness::<holder::Template>::load(holder::Parameters {}, state).unwrap();
    assert_eq!(again.save_bytes(), [1, 0, 0, 0, 7, 0]);
}

#[test]
fn only_objects_with_a_state_have_functions_for_it() {
    let keeper = keeper::Template::OBJECT;
    assert!(keeper.load.is_some() && keeper.save.is_some() && keeper.digest.is_none());
    let counter = counter::Template::OBJECT;
    assert!(counter.digest.is_some());
    let stateless = stateless::Template::OBJECT;
    assert!(stateless.load.is_none() && stateless.save.is_none() && stateless.digest.is_none());
}
