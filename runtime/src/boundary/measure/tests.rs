//! What is measured does what it says.

use std::cell::RefCell;

use super::*;

thread_local! {
    /// Envelopes that receivers of this thread were handed.
    static SEEN: RefCell<Vec<abi::Envelope>> = const { RefCell::new(Vec::new()) };
}

/// Notes its envelope and passes the event on.
unsafe extern "C" fn note(
    this: *mut c_void,
    context: *mut abi::Context,
    envelope: *const abi::Envelope,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: the envelope is valid for the call, and the rest is as `pass` wants it.
    unsafe {
        SEEN.with_borrow_mut(|seen| seen.push(*envelope));
        pass(this, context, envelope, payload)
    };
    abi::OK
}

static NOTE: [abi::Handler; 1] = [note];
static NOTING_HANDLERS: Handlers<2> = Handlers([NOTE.as_ptr(), NOTE.as_ptr()]);
static NOTING: abi::Object = abi::Object {
    endpoints: 2,
    ..table(&NOTING_HANDLERS)
};

/// Objects that receive at `a` and emit at `b`, one after the other.
fn chain(length: usize) -> (Rc<Domain>, Vec<Rc<Proxy>>, Vec<u64>) {
    let (domain, instance) = domain();
    let [from, to] = types(&domain, Basic::U64);
    let proxies: Vec<_> = (0..length)
        .map(|_| {
            let ends = [("a", to), ("b", from)];
            let plans = ends.map(|(name, ty)| plan(&domain, name, ty, false));
            proxy(&domain, instance, Table::new(&NOTING), plans.to_vec())
        })
        .collect();
    let pairs = proxies.windows(2).map(|pair| {
        domain
            .connect(end(&pair[0], 1), end(&pair[1], 0))
            .expect("they match")
    });
    let connections = pairs.collect();
    domain.start_ready();
    (domain, proxies, connections)
}

#[test]
fn an_envelope_holds_the_connection_the_causal_path_and_the_parent() {
    let (domain, proxies, connections) = chain(3);
    let (first, number) = (proxies[0].clone(), Number { n: 1 });
    for _ in 0..2 {
        domain.turn(None);
        first.cell.emit(1, 0, Lent::new((&raw const number).cast()));
    }
    let seen = SEEN.take();
    let through: Vec<u64> = seen.iter().map(|envelope| envelope.connection).collect();
    assert_eq!(through, [&connections[..], &connections[..]].concat());
    assert_eq!(seen[0].path, seen[1].path, "one outside event, one path");
    assert_eq!(
        seen[2].path,
        seen[0].path + 1,
        "the next one, the next path"
    );
    assert_eq!(seen[0].parent, 0, "the first of its path");
    assert_eq!(
        seen[1].parent, 1,
        "emitted while the first event was handled"
    );
    assert_eq!(seen[3].parent, 3, "events are numbered through");
    domain.end_all();
    domain.turn(None);
}

#[test]
fn what_is_not_of_its_type_is_seen_by_nobody_and_ends_who_emitted_it() {
    let number = Number { n: 5 };
    let bytes: *const u8 = (&raw const number).cast();
    let faults: [(u32, *const u8, &str); 3] = [
        (
            0,
            std::ptr::null(),
            "what it emitted as event `add` of endpoint `a` is not of that type: a null \
             pointer stands for a value",
        ),
        (
            0,
            bytes.wrapping_add(1),
            "what it emitted as event `add` of endpoint `a` is not of that type: a pointer \
             is not aligned for its type",
        ),
        (
            7,
            bytes,
            "it emitted event number 7 of endpoint `a`, which sends 1",
        ),
    ];
    for (event, payload, message) in faults {
        let circuit = Circuit::checked();
        let sender = circuit.sender.clone();
        let emit =
            |event, payload: *const u8| sender.cell.emit(0, event, Lent::new(payload.cast()));
        assert_eq!(emit(0, bytes), abi::OK);
        assert_eq!(emit(event, payload), abi::INVALID);
        assert_eq!(sender.reason(""), message);
        assert_eq!(emit(0, bytes), abi::NOT_CONNECTED, "it is disconnected");
        assert_eq!(circuit.sums(), [5]);
        circuit.domain.turn(None);
        assert!(circuit.domain.is_empty(), "its instance has ended");
    }
}

#[test]
fn numbers_arrive_at_every_receiver() {
    for circuit in [Circuit::pair(false), Circuit::fan(3)] {
        assert_eq!(circuit.emit(&Number { n: 5 }), abi::OK);
        assert_eq!(circuit.emit(&Number { n: 2 }), abi::OK);
        assert!(circuit.sums().iter().all(|sum| *sum == 7));
    }
}

#[test]
fn numbers_arrive_through_objects_that_pass_them_on() {
    for knowing in [Knowing::Types, Knowing::Nothing] {
        let circuit = Circuit::through(2, knowing);
        assert_eq!(circuit.emit(&Number { n: 5 }), abi::OK);
        assert_eq!(circuit.emit(&Number { n: 2 }), abi::OK);
        assert_eq!(circuit.sums(), [7]);
    }
}

#[test]
fn a_narrower_number_is_converted_on_the_way() {
    let circuit = Circuit::pair(true);
    circuit.emit(&Number { n: 5 });
    assert_eq!(circuit.sums(), [5]);
}
