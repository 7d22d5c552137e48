//! Memory that is not a value of its type.

use liveobj_abi::{Opaque, Slice};
use liveobj_types::layout::Layouts;
use liveobj_types::types::{Basic, Parameter, Types, Value};
use liveobj_types::{Data, ValueId};

use crate::boundary::generate::add;
use crate::boundary::{Conversion, Payload, PayloadFault, Scratch, Viewed};

/// What reading a `T` as a value of some type answers; checking it says the same.
fn read<T>(types: &Types, ty: ValueId, memory: &T) -> Result<Data, PayloadFault> {
    let payload = Payload::new(&mut Layouts::new(types), Viewed::plain(ty)).expect("small");
    let memory = (&raw const *memory).cast();
    // SAFETY: the tests below give memory of the type's size, with slices that are readable
    // where a check lets them through.
    let (read, checked) = unsafe { (payload.read(memory), payload.check(memory, false)) };
    let fault = read.as_ref().err();
    assert_eq!(fault, checked.as_ref().err().map(|misfit| &misfit.fault));
    read
}

fn slice(data: *const u8, len: u64) -> Slice {
    Slice {
        data: data.cast(),
        len,
        owner: std::ptr::null_mut(),
    }
}

#[test]
fn scalars_have_only_their_values() {
    let mut types = Types::new();
    let flag = add(&mut types, Value::Basic(Basic::Bool));
    assert_eq!(read(&types, flag, &1_u8), Ok(Data::Bool(true)));
    assert_eq!(
        read(&types, flag, &2_u8),
        Err(PayloadFault::Invalid("a bool"))
    );
    let letter = add(&mut types, Value::Basic(Basic::Char));
    assert_eq!(
        read(&types, letter, &0xD800_u32),
        Err(PayloadFault::Invalid("a character"))
    );
    let cases = [("a".to_owned(), None)].into();
    let variant = add(&mut types, Value::Variant(cases));
    assert_eq!(
        read(&types, variant, &1_u32),
        Err(PayloadFault::Invalid("a case of its variant"))
    );
    let option = add(&mut types, Value::Option(flag));
    assert_eq!(
        read(&types, option, &[2_u8, 0]),
        Err(PayloadFault::Invalid("an option"))
    );
}

#[test]
fn slices_are_checked_before_they_are_followed() {
    let mut types = Types::new();
    let text = add(&mut types, Value::Basic(Basic::String));
    let null = std::ptr::null();
    assert_eq!(
        read(&types, text, &slice(null, 0)),
        Ok(Data::String(String::new()))
    );
    assert_eq!(read(&types, text, &slice(null, 1)), Err(PayloadFault::Null));
    let bytes = [0xFF_u8; 16];
    let some = bytes.as_ptr();
    assert_eq!(
        read(&types, text, &slice(some, u64::MAX)),
        Err(PayloadFault::Length)
    );
    assert_eq!(
        read(&types, text, &slice(some, 1)),
        Err(PayloadFault::Invalid("UTF-8"))
    );
    let word = add(&mut types, Value::Basic(Basic::U16));
    let list = add(&mut types, Value::List(word));
    let odd = some.wrapping_add(1 - some.addr() % 2);
    assert_eq!(
        read(&types, list, &slice(odd, 1)),
        Err(PayloadFault::Misaligned)
    );
    assert_eq!(
        read(&types, list, &slice(some, 1 << 63)),
        Err(PayloadFault::Length)
    );
}

#[test]
fn the_payload_itself_is_checked() {
    let mut types = Types::new();
    let word = add(&mut types, Value::Basic(Basic::U16));
    let payload = Payload::new(&mut Layouts::new(&types), Viewed::plain(word)).expect("small");
    let memory = [0_u16; 2];
    // SAFETY: NULL, and two pointers into memory that is large enough for a `u16` there.
    unsafe {
        assert_eq!(payload.read(std::ptr::null()), Err(PayloadFault::Null));
        let odd = memory.as_ptr().cast::<u8>().add(1).cast();
        assert_eq!(payload.read(odd), Err(PayloadFault::Misaligned));
        assert!(payload.copy(odd).is_err());
    }
}

#[test]
fn empty_payloads_are_null() {
    let mut types = Types::new();
    let fields = std::collections::BTreeMap::new();
    let empty = add(
        &mut types,
        Value::Record {
            fields: fields.clone(),
            open: false,
        },
    );
    let payload = Payload::new(&mut Layouts::new(&types), Viewed::plain(empty)).expect("small");
    let memory = payload
        .write(&Data::Record(fields_of_nothing()))
        .expect("empty");
    assert!(memory.as_ptr().is_null());
    // SAFETY: NULL is allowed.
    let back = unsafe { payload.read(std::ptr::null()) };
    assert_eq!(back, Ok(Data::Record(fields_of_nothing())));
}

fn fields_of_nothing() -> std::collections::BTreeMap<String, Data> {
    std::collections::BTreeMap::new()
}

#[test]
fn values_that_contain_themselves_end() {
    let mut types = Types::new();
    let empty = add(&mut types, Value::Tuple(Vec::new()));
    let list = add(&mut types, Value::List(empty));
    let unit = [0_u64];
    let endless = slice(unit.as_ptr().cast(), 1 << 40);
    assert_eq!(read(&types, list, &endless), Err(PayloadFault::TooLarge));
}

#[test]
fn opaque_values_are_of_their_argument() {
    let mut types = Types::new();
    let byte = add(&mut types, Value::Basic(Basic::U8));
    let parameter = Parameter {
        name: "Message".to_owned(),
        bound: None,
    };
    let declared = add(&mut types, Value::Parameter(parameter));
    let mut layouts = Layouts::new(&types);
    let source = Viewed {
        declared,
        actual: byte,
    };
    let conversion = Conversion::build(&mut layouts, source, Viewed::plain(byte));
    let conversion = conversion.expect("decoding");
    let wire = [7_u8, 8];
    let mut scratch = Scratch::new();
    let mut decode = |len, ty: *const liveobj_abi::Type| {
        let opaque = Opaque {
            wire: slice(wire.as_ptr(), len),
            ty,
        };
        // SAFETY: an opaque value, whose slice is readable; a byte comes out.
        unsafe {
            let memory = conversion.apply(&mut scratch, (&raw const opaque).cast());
            memory.map(|memory| memory.cast::<u8>().read())
        }
    };
    assert_eq!(decode(1, std::ptr::null()), Ok(7));
    assert!(matches!(
        decode(2, std::ptr::null()),
        Err(PayloadFault::Wire(_))
    ));
    assert!(matches!(
        decode(0, std::ptr::null()),
        Err(PayloadFault::Wire(_))
    ));
    assert_eq!(
        decode(1, std::ptr::dangling()),
        Err(PayloadFault::ForeignType)
    );
}

#[test]
fn a_fault_is_said_with_its_place() {
    let mut types = Types::new();
    let text = add(&mut types, Value::Basic(Basic::String));
    let flag = add(&mut types, Value::Basic(Basic::Bool));
    let map = add(&mut types, Value::Map(text, flag));
    let line = add(
        &mut types,
        Value::Record {
            fields: [("flags".to_owned(), map)].into(),
            open: false,
        },
    );
    let lines = add(&mut types, Value::List(line));
    let cases = [("none".to_owned(), None), ("some".to_owned(), Some(lines))];
    let variant = add(&mut types, Value::Variant(cases.into()));
    let payload = Payload::new(&mut Layouts::new(&types), Viewed::plain(variant)).expect("small");

    #[repr(C)]
    struct Entry(Slice, u8);
    #[repr(C)]
    struct Variant(u32, Slice);
    let check = |keys: [&str; 2], flag: u8| {
        let entries = keys.map(|key| Entry(slice(key.as_ptr(), key.len() as u64), flag));
        let line = |count| slice((&raw const entries).cast(), count);
        let lines = [line(0), line(2)];
        let memory = Variant(1, slice((&raw const lines).cast(), 2));
        // SAFETY: memory of the variant's layout, all of whose slices are readable.
        let checked = unsafe { payload.check((&raw const memory).cast(), true) };
        checked.map_err(|misfit| misfit.to_string())
    };
    assert_eq!(check(["a", "b"], 1), Ok(()));
    assert_eq!(
        check(["a", "b"], 2),
        Err("at `some[1].flags[0]`: memory is not a bool".to_owned())
    );
    assert_eq!(
        check(["b", "a"], 0),
        Err("at `some[1].flags[key 1]`: map keys are out of order or repeated".to_owned())
    );
}

#[test]
fn what_a_slice_points_to_is_probed_only_where_that_is_asked_for() {
    let mut types = Types::new();
    let byte = add(&mut types, Value::Basic(Basic::Bytes));
    let payload = Payload::new(&mut Layouts::new(&types), Viewed::plain(byte)).expect("small");
    let nowhere = slice(std::ptr::without_provenance(64), 4);
    let memory = (&raw const nowhere).cast();
    // SAFETY: a slice; nothing reads where it points to.
    let (checked, probed) = unsafe { (payload.check(memory, false), payload.check(memory, true)) };
    assert_eq!(checked, Ok(()));
    assert_eq!(probed.unwrap_err().fault, PayloadFault::Unmapped);
}
