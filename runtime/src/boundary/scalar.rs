//! Basic types of fixed size in memory.

use std::cmp::Ordering;

use liveobj_types::Data;
use liveobj_types::types::Basic;

use super::payload::NOT_OF_TYPE;
use super::shape::PayloadFault;

/// Whether memory of a node needs no further look: checks scalars of which not every bit pattern
/// is a value.
///
/// # Safety
///
/// `memory` is a scalar of this kind, readable and aligned.
pub(super) unsafe fn check_scalar(basic: Basic, memory: *const u8) -> Result<(), PayloadFault> {
    match basic {
        // SAFETY: one byte, says the caller.
        Basic::Bool if unsafe { *memory } > 1 => Err(PayloadFault::Invalid("a bool")),
        // SAFETY: four bytes, says the caller.
        Basic::Char if char::from_u32(unsafe { memory.cast::<u32>().read() }).is_none() => {
            Err(PayloadFault::Invalid("a character"))
        }
        _ => Ok(()),
    }
}
/// # Safety
///
/// `from` is readable and `to` writable, each aligned for its scalar; the first widens to the
/// second.
pub(super) unsafe fn widen(basic: Basic, wider: Basic, from: *const u8, to: *mut u8) {
    enum Number {
        Unsigned(u64),
        Signed(i64),
        Float(f64),
    }
    // SAFETY: each read and write is of the scalar's own type.
    unsafe {
        let number = match basic {
            Basic::U8 => Number::Unsigned((*from).into()),
            Basic::U16 => Number::Unsigned(get::<u16>(from).into()),
            Basic::U32 => Number::Unsigned(get::<u32>(from).into()),
            Basic::S8 => Number::Signed(get::<i8>(from).into()),
            Basic::S16 => Number::Signed(get::<i16>(from).into()),
            Basic::S32 => Number::Signed(get::<i32>(from).into()),
            Basic::F32 => Number::Float(get::<f32>(from).into()),
            _ => unreachable!("nothing is wider"),
        };
        // No cast loses anything: the target has every value of the source.
        match (wider, number) {
            (Basic::U16, Number::Unsigned(value)) => put(to, value as u16),
            (Basic::U32, Number::Unsigned(value)) => put(to, value as u32),
            (Basic::U64, Number::Unsigned(value)) => put(to, value),
            (Basic::S16, Number::Unsigned(value)) => put(to, value as i16),
            (Basic::S16, Number::Signed(value)) => put(to, value as i16),
            (Basic::S32, Number::Unsigned(value)) => put(to, value as i32),
            (Basic::S32, Number::Signed(value)) => put(to, value as i32),
            (Basic::S64, Number::Unsigned(value)) => put(to, value as i64),
            (Basic::S64, Number::Signed(value)) => put(to, value),
            (Basic::F32, Number::Unsigned(value)) => put(to, value as f32),
            (Basic::F32, Number::Signed(value)) => put(to, value as f32),
            (Basic::F64, Number::Unsigned(value)) => put(to, value as f64),
            (Basic::F64, Number::Signed(value)) => put(to, value as f64),
            (Basic::F64, Number::Float(value)) => put(to, value),
            _ => unreachable!("not wider"),
        }
    }
}
/// # Safety
///
/// `memory` is writable and aligned for the scalar.
pub(super) unsafe fn write_scalar(
    basic: Basic,
    memory: *mut u8,
    data: &Data,
) -> Result<(), PayloadFault> {
    // SAFETY: each write is of the scalar's own type.
    unsafe {
        match (basic, data) {
            (Basic::Bool, Data::Bool(value)) => memory.write(u8::from(*value)),
            (Basic::U8, Data::U8(value)) => memory.write(*value),
            (Basic::U16, Data::U16(value)) => put(memory, *value),
            (Basic::U32, Data::U32(value)) => put(memory, *value),
            (Basic::U64, Data::U64(value)) => put(memory, *value),
            (Basic::S8, Data::S8(value)) => put(memory, *value),
            (Basic::S16, Data::S16(value)) => put(memory, *value),
            (Basic::S32, Data::S32(value)) => put(memory, *value),
            (Basic::S64, Data::S64(value)) => put(memory, *value),
            (Basic::F32, Data::F32(value)) => put(memory, *value),
            (Basic::F64, Data::F64(value)) => put(memory, *value),
            (Basic::Char, Data::Char(value)) => put(memory, u32::from(*value)),
            (Basic::Uuid, Data::Uuid(value)) => put(memory, *value),
            _ => return Err(NOT_OF_TYPE),
        }
    }
    Ok(())
}

/// # Safety
///
/// `memory` is a scalar of this kind that was checked.
pub(super) unsafe fn read_scalar(basic: Basic, memory: *const u8) -> Data {
    // SAFETY: each read is of the scalar's own type.
    unsafe {
        match basic {
            Basic::Bool => Data::Bool(*memory == 1),
            Basic::U8 => Data::U8(*memory),
            Basic::U16 => Data::U16(get(memory)),
            Basic::U32 => Data::U32(get(memory)),
            Basic::U64 => Data::U64(get(memory)),
            Basic::S8 => Data::S8(get(memory)),
            Basic::S16 => Data::S16(get(memory)),
            Basic::S32 => Data::S32(get(memory)),
            Basic::S64 => Data::S64(get(memory)),
            Basic::F32 => Data::F32(get(memory)),
            Basic::F64 => Data::F64(get(memory)),
            Basic::Char => Data::Char(char::from_u32(get(memory)).unwrap_or_default()),
            Basic::Uuid => Data::Uuid(get(memory)),
            Basic::String | Basic::Bytes => unreachable!("not scalars"),
        }
    }
}

/// # Safety
///
/// Both are readable and aligned scalars of this kind.
pub(super) unsafe fn compare_scalar(basic: Basic, left: *const u8, right: *const u8) -> Ordering {
    /// # Safety
    ///
    /// Both are readable and aligned values.
    unsafe fn by<T: Ord>(left: *const u8, right: *const u8) -> Ordering {
        // SAFETY: says the caller.
        unsafe { left.cast::<T>().read().cmp(&right.cast::<T>().read()) }
    }
    // SAFETY: each comparison is of the scalar's own type; bool and char as numbers.
    unsafe {
        match basic {
            Basic::Bool | Basic::U8 => by::<u8>(left, right),
            Basic::U16 => by::<u16>(left, right),
            Basic::U32 | Basic::Char => by::<u32>(left, right),
            Basic::U64 => by::<u64>(left, right),
            Basic::S8 => by::<i8>(left, right),
            Basic::S16 => by::<i16>(left, right),
            Basic::S32 => by::<i32>(left, right),
            Basic::S64 => by::<i64>(left, right),
            Basic::Uuid => by::<[u8; 16]>(left, right),
            Basic::F32 => left.cast::<f32>().read().total_cmp(&get(right)),
            Basic::F64 => left.cast::<f64>().read().total_cmp(&get(right)),
            Basic::String | Basic::Bytes => unreachable!("not scalars"),
        }
    }
}

/// # Safety
///
/// `memory` is a readable and aligned `T`.
unsafe fn get<T: Copy>(memory: *const u8) -> T {
    // SAFETY: says the caller.
    unsafe { memory.cast::<T>().read() }
}

/// # Safety
///
/// `memory` is writable and aligned for a `T`.
unsafe fn put<T: Copy>(memory: *mut u8, value: T) {
    // SAFETY: says the caller.
    unsafe { memory.cast::<T>().write(value) }
}
