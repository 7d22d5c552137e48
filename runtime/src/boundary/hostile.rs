//! What must be true of any bytes that are taken for a value.

use liveobj_abi::{Opaque, Slice};
use liveobj_types::layout::Layouts;
use liveobj_types::types::{Basic, Parameter, Types, Value};
use liveobj_types::{Data, ValueId};

use super::generate::{Entropy, add, supertype, value_type, veil};
use super::{Conversion, Payload, Scratch, Viewed, convert_data};

/// Deepest nesting of the types.
const DEPTH: usize = 4;

/// Bytes that first choose a type, and then are taken for a value of it: how many choose, those,
/// and the wire form. The type system and the runtime take the same bytes for the same value, and
/// laid out, copied, read and converted it stays that value.
///
/// # Panics
///
/// They do not.
pub fn payload(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else {
        return;
    };
    let (shape, wire) = rest.split_at(rest.len().min(usize::from(*count)));
    let mut types = Types::new();
    let mut entropy = Entropy::new(shape);
    let actual = value_type(&mut types, &mut entropy, DEPTH);
    let above = supertype(&mut types, actual, &mut entropy);
    let source = veil(&mut types, actual, &mut entropy);
    let target = veil(&mut types, above, &mut entropy);
    let decoded = types.decode(actual, wire).ok();
    assert_eq!(
        same(&types, actual, decoded.as_ref()),
        same(
            &types,
            actual,
            opaque(&mut types.clone(), actual, wire).as_ref()
        )
    );
    let Some(data) = decoded else { return };
    // There is one wire form for each value.
    assert_eq!(types.encode(actual, &data).as_deref(), Some(wire));
    let mut layouts = Layouts::new(&types);
    let [from, to] = [source, target]
        .map(|viewed| Payload::new(&mut layouts, viewed).expect("because these types are small"));
    let conversion = Conversion::build(&mut layouts, source, target).expect("a supertype");
    let memory = from.write(&data).expect("what was decoded is a value");
    // SAFETY: the memory was written for the source type, and what the conversion gives is read
    // before the next one.
    let (read, checked, copy, converted) = unsafe {
        let mut scratch = Scratch::new();
        let converted = conversion.apply(&mut scratch, memory.as_ptr());
        (
            from.read(memory.as_ptr()),
            from.check(memory.as_ptr(), wire.len() % 2 == 0),
            from.copy(memory.as_ptr()).expect("a value can be copied"),
            to.read(converted.expect("a value can be converted")),
        )
    };
    assert_eq!(
        same(&types, actual, read.ok().as_ref()).as_deref(),
        Some(wire)
    );
    assert_eq!(checked, Ok(()));
    drop(memory);
    // SAFETY: the copy was made for the source type, and refers to nothing else.
    let read = unsafe { from.read(copy.as_ptr()) };
    assert_eq!(
        same(&types, actual, read.ok().as_ref()).as_deref(),
        Some(wire)
    );
    let expected = convert_data(&types, actual, above, &data);
    assert_eq!(
        same(&types, above, expected.as_ref()),
        same(&types, above, converted.ok().as_ref())
    );
}

/// A value as what it is compared by: NaNs are equal in wire form only.
fn same(types: &Types, ty: ValueId, data: Option<&Data>) -> Option<Vec<u8>> {
    data.map(|data| types.encode(ty, data).expect("a value of its type"))
}

/// The bytes as the value of a type parameter, read by the runtime.
fn opaque(types: &mut Types, actual: ValueId, wire: &[u8]) -> Option<Data> {
    let parameter = Parameter {
        name: "Message".to_owned(),
        bound: None,
    };
    let viewed = Viewed {
        declared: add(types, Value::Parameter(parameter)),
        actual,
    };
    let carrier = Viewed::plain(add(types, Value::Basic(Basic::Bytes)));
    let mut layouts = Layouts::new(types);
    let memory = Payload::new(&mut layouts, carrier)?.write(&Data::Bytes(wire.to_vec()))?;
    let opaque = Opaque {
        // SAFETY: a payload of bytes is a slice.
        wire: unsafe { memory.as_ptr().cast::<Slice>().read() },
        ty: std::ptr::null(),
    };
    let payload = Payload::new(&mut layouts, viewed)?;
    // SAFETY: this is an opaque value, whose slice is readable.
    unsafe { payload.read((&raw const opaque).cast()) }.ok()
}
