//! An event through a direct connection beside other ways to call something that is not known until
//! it runs, with the same payload, in one run.

use std::ffi::c_void;

use divan::{Bencher, black_box, counter::ItemsCount};
use liveobj::measure::{Called, Circuit};

fn main() {
    divan::main();
}

/// Events per sample: one would be lost in the noise of the clock.
const EVENTS: u64 = 10_000;

#[divan::bench]
fn dyn_call(bencher: Bencher<'_, '_>) {
    let mut called = Called::new();
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| called.add_all(EVENTS));
}

/// What a plugin interface in C has: a function and what it is called on.
type Function = extern "C" fn(*mut c_void, u64) -> i32;

extern "C" fn add(this: *mut c_void, n: u64) -> i32 {
    // Only moved about: nobody has to follow the pointer for it to cost what it costs.
    black_box(this.addr() as u64 + n);
    0
}

#[divan::bench]
fn c_function_pointer(bencher: Bencher<'_, '_>) {
    let mut sum = 0_u64;
    let this = std::ptr::from_mut(&mut sum).cast::<c_void>();
    let function: Function = black_box(add);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for n in 0..EVENTS {
            let function = black_box(function);
            black_box(function(black_box(this), black_box(n)));
        }
    });
}

#[divan::bench]
fn connection(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::pair(false));
}

#[divan::bench]
fn connection_with_conversion(bencher: Bencher<'_, '_>) {
    events(bencher, &Circuit::pair(true));
}

fn events(bencher: Bencher<'_, '_>, circuit: &Circuit) {
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| circuit.emit_all(EVENTS));
}

/// A function of a component, with a number as its parameter.
#[cfg(feature = "wasm")]
#[divan::bench]
fn wasm_component_call(bencher: Bencher<'_, '_>) {
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Engine, Store};

    const COMPONENT: &str = r#"(component
        (core module $sum
            (global $total (mut i64) (i64.const 0))
            (func (export "add") (param i64) (result i32)
                (global.set $total (i64.add (global.get $total) (local.get 0)))
                (i32.const 0)))
        (core instance $sum (instantiate $sum))
        (func (export "add") (param "n" u64) (result s32)
            (canon lift (core func $sum "add"))))"#;

    let mut config = Config::new();
    config.wasm_component_model(true);
    let engine = Engine::new(&config).expect("an engine");
    let component = Component::new(&engine, COMPONENT).expect("a component");
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &component);
    let instance = instance.expect("it needs nothing");
    let add = instance.get_typed_func::<(u64,), (i32,)>(&mut store, "add");
    let add = add.expect("it has this function");
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for n in 0..EVENTS {
            black_box(add.call(&mut store, (black_box(n),)).expect("no trap"));
            // The instance may be entered again only after this.
            add.post_return(&mut store).expect("no trap");
        }
    });
}
