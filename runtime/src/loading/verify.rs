//! A library's tables against its manifest, and its layouts against this runtime's.

use std::collections::BTreeMap;
use std::mem::{MaybeUninit, offset_of};

use liveobj_abi as abi;
use liveobj_manifest::crossing::{endpoints, members, offsets, payloads, signatures, state};
use liveobj_manifest::{FormalismEntry, Manifest};
use liveobj_references::LibraryTypes;
use liveobj_types::layout::Layouts;
use liveobj_types::resolve::TemplateSignature;
use liveobj_types::syntax::Direction;
use liveobj_types::types::{Endpoint, EndpointId};
use liveobj_types::{TypeId, Types, ValueId};

use super::LoadError;

/// What a library's tables hold, verified: both in the order of the manifest.
pub(super) struct Tables {
    pub(super) objects: Vec<&'static abi::Object>,
    pub(super) formalisms: Vec<abi::Formalism>,
}

/// Steps 7 to 9: magic and sizes, layouts, contents.
///
/// # Safety
///
/// `table` is NULL, or points to memory that stays as long as the process; where what is checked
/// first is right, the rest is what the ABI says.
pub(super) unsafe fn library(
    table: *const abi::Library,
    manifest: &Manifest,
    types: &LibraryTypes,
) -> Result<Tables, LoadError> {
    let name = types.name.as_str();
    // SAFETY: says the caller.
    let table = &unsafe { header(table, manifest) }.map_err(|reason| LoadError::Table {
        name: name.to_owned(),
        reason,
    })?;
    let mut arena = Types::new();
    let contents = |reason| LoadError::Contents {
        name: name.to_owned(),
        reason,
    };
    let templates = signatures(&mut arena, &types.module, &types.templates).map_err(contents)?;
    let payloads = payloads(&mut arena, &templates);
    // SAFETY: the header is right; the rest says the caller.
    unsafe { layouts(table, &arena, &payloads, name) }?;
    // SAFETY: as above.
    let objects = unsafe { objects(table, &arena, &templates) }.map_err(contents)?;
    // SAFETY: as above.
    let formalisms = unsafe { formalisms(table, &manifest.formalisms) }.map_err(contents)?;
    Ok(Tables {
        objects,
        formalisms,
    })
}

/// # Safety
///
/// As [`library`].
unsafe fn header(table: *const abi::Library, manifest: &Manifest) -> Result<abi::Library, String> {
    if table.is_null() {
        return Err(format!("`{}` answers NULL", abi::LIBRARY_SYMBOL));
    }
    if !table.is_aligned() {
        return Err(format!(
            "`{}` answers a pointer that is not aligned",
            abi::LIBRARY_SYMBOL
        ));
    }
    // SAFETY: magic and size come first in every table, and are read before the rest.
    let (magic, size) = unsafe { ((*table).magic, (*table).size) };
    if magic != abi::MAGIC {
        return Err("it does not start with the magic bytes".to_owned());
    }
    // What was added later is absent from shorter tables.
    let expected = offset_of!(abi::Library, formalism_count);
    if (size as usize) < expected {
        return Err(format!("it has {size} bytes, not {expected}"));
    }
    let whole = size_of::<abi::Library>();
    let there = if (size as usize) < whole {
        expected
    } else {
        whole
    };
    let mut known = MaybeUninit::<abi::Library>::zeroed();
    // SAFETY: as many bytes are there. All of them are numbers, pointers and an optional function,
    // which may be zero.
    let table = unsafe {
        let to = known.as_mut_ptr().cast::<u8>();
        table.cast::<u8>().copy_to_nonoverlapping(to, there);
        known.assume_init()
    };
    if [table.major, table.minor] != manifest.abi {
        let [major, minor] = manifest.abi;
        return Err(format!(
            "it is of ABI {}.{}, and its manifest says {major}.{minor}",
            table.major, table.minor
        ));
    }
    Ok(table)
}

/// Whether a template has functions to save and load exactly where its objects have a state.
fn saves(arena: &Types, template: &TemplateSignature, object: &abi::Object) -> Result<(), String> {
    let functions = [
        ("load", object.load.is_some()),
        ("save", object.save.is_some()),
        ("digest", object.digest.is_some()),
    ];
    let name = &template.name;
    if state(arena, template).is_none() {
        return match functions.iter().find(|(_, there)| *there) {
            None => Ok(()),
            Some((function, _)) => Err(format!(
                "template `{name}` has a function `{function}`, and its objects have no state"
            )),
        };
    }
    // A digest may be left out.
    match functions[..2].iter().find(|(_, there)| !there) {
        None => Ok(()),
        Some((function, _)) => Err(format!(
            "template `{name}` has no function `{function}` for the state of its objects"
        )),
    }
}

/// Compares what the library's compiler laid out with what this runtime computes, for every
/// struct, variant and option that can cross.
///
/// # Safety
///
/// As [`library`]; `table` is at least as large as this runtime's.
unsafe fn layouts(
    table: &abi::Library,
    arena: &Types,
    payloads: &[(String, ValueId)],
    name: &str,
) -> Result<(), LoadError> {
    let wrong = |ty: &str, reason: String| LoadError::Layout {
        name: name.to_owned(),
        ty: ty.to_owned(),
        reason,
    };
    // SAFETY: says the caller.
    let exported = unsafe { exported(table) }.map_err(|reason| LoadError::Table {
        name: name.to_owned(),
        reason,
    })?;
    let mut layouts = Layouts::new(arena);
    let mut seen: BTreeMap<ValueId, ()> = BTreeMap::new();
    let mut waiting: Vec<(String, ValueId)> = payloads.to_vec();
    while let Some((words, id)) = waiting.pop() {
        if seen.insert(id, ()).is_some() {
            continue;
        }
        let layout = layouts.of(id).clone();
        if !layout.fits() {
            return Err(wrong(&words, "it is too large to be laid out".to_owned()));
        }
        for member in members(&layout) {
            let described = arena.origin(TypeId::Value(member)).name.clone();
            let inside = if described.is_empty() {
                words.clone()
            } else {
                described
            };
            waiting.push((inside, member));
        }
        let Some(offsets) = offsets(&layout) else {
            continue;
        };
        let Some(found) = exported.get(&arena.identity(TypeId::Value(id))) else {
            return Err(wrong(
                &words,
                "its table of layouts does not have it".to_owned(),
            ));
        };
        if (found.size, found.align) != (layout.size, layout.align) {
            return Err(wrong(
                &words,
                format!(
                    "size {} and alignment {}, where layout 1 has {} and {}",
                    found.size, found.align, layout.size, layout.align
                ),
            ));
        }
        if found.offsets != offsets {
            return Err(wrong(
                &words,
                format!(
                    "offsets {:?}, where layout 1 has {offsets:?}",
                    found.offsets
                ),
            ));
        }
    }
    Ok(())
}

struct Exported {
    size: u32,
    align: u32,
    offsets: Vec<u32>,
}

/// More entries, or more offsets of one, than any library has.
const MANY: u64 = 1 << 20;

/// # Safety
///
/// As [`layouts`].
unsafe fn exported(table: &abi::Library) -> Result<BTreeMap<[u8; 32], Exported>, String> {
    let layouts = table.layouts;
    if layouts.is_null() || !layouts.is_aligned() {
        return Err("it has no table of layouts".to_owned());
    }
    // SAFETY: the sizes come first in every table, and are read before the rest.
    let (size, entry_size) = unsafe { ((*layouts).size, (*layouts).entry_size) };
    if (size as usize) < size_of::<abi::Layouts>()
        || (entry_size as usize) < size_of::<abi::LayoutEntry>()
        || !(entry_size as usize).is_multiple_of(align_of::<abi::LayoutEntry>())
    {
        return Err("its table of layouts is too short".to_owned());
    }
    // SAFETY: it is as large as it has to be.
    let layouts = unsafe { &*layouts };
    if layouts.count > MANY || (layouts.count > 0 && layouts.entries.is_null()) {
        return Err("its table of layouts has no entries where it says it does".to_owned());
    }
    let mut exported = BTreeMap::new();
    for index in 0..layouts.count as usize {
        // SAFETY: an entry of `count`, each of `entry_size` bytes, says the caller.
        let entry = unsafe { &*layouts.entries.byte_add(index * entry_size as usize) };
        if entry.offset_count > MANY || (entry.offset_count > 0 && entry.offsets.is_null()) {
            return Err("an entry of its table of layouts has no offsets".to_owned());
        }
        let offsets = (0..entry.offset_count as usize)
            // SAFETY: an offset of `offset_count`, says the caller.
            .map(|at| unsafe { entry.offsets.add(at).read() })
            .collect();
        let found = Exported {
            size: entry.size,
            align: entry.align,
            offsets,
        };
        if exported.insert(entry.id, found).is_some() {
            return Err("its table of layouts has a type twice".to_owned());
        }
    }
    Ok(exported)
}

/// # Safety
///
/// As [`layouts`].
unsafe fn objects(
    table: &abi::Library,
    arena: &Types,
    templates: &[TemplateSignature],
) -> Result<Vec<&'static abi::Object>, String> {
    if table.count as usize != templates.len() {
        return Err(format!(
            "{} templates, not {}",
            table.count,
            templates.len()
        ));
    }
    if table.objects.is_null() && !templates.is_empty() {
        return Err("it has no tables of templates".to_owned());
    }
    let mut objects = Vec::with_capacity(templates.len());
    for (index, template) in templates.iter().enumerate() {
        let name = &template.name;
        // SAFETY: one of `count`, says the caller.
        let object = unsafe { table.objects.add(index).read() };
        if object.is_null() || !object.is_aligned() {
            return Err(format!("it has no table of template `{name}`"));
        }
        // SAFETY: the size comes first in every table, and is read before the rest.
        let size = unsafe { (*object).size } as usize;
        let expected = offset_of!(abi::Object, handler_counts) + size_of::<*const u32>();
        if size < expected {
            return Err(format!(
                "the table of template `{name}` has {size} bytes, not {expected}"
            ));
        }
        // SAFETY: it is as large as it has to be, and stays.
        let object: &'static abi::Object = unsafe { &*object };
        let endpoints = endpoints(arena, template);
        if object.endpoints as usize != endpoints.len() {
            return Err(format!(
                "template `{name}` has {} endpoints, not {}",
                object.endpoints,
                endpoints.len()
            ));
        }
        let none = object.handlers.is_null() || object.handler_counts.is_null();
        if none && !endpoints.is_empty() {
            return Err(format!("template `{name}` has no handlers"));
        }
        saves(arena, template, object)?;
        for (index, (endpoint, ty)) in endpoints.iter().enumerate() {
            let handled = handled(arena, *ty);
            // SAFETY: one for each endpoint, says the caller.
            let count = unsafe { object.handler_counts.add(index).read() } as usize;
            if count != handled.len() {
                return Err(format!(
                    "template `{name}` has {count} handlers for endpoint `{endpoint}`, not {}",
                    handled.len()
                ));
            }
            // SAFETY: one for each endpoint, says the caller. A handler that is missing is NULL,
            // which an optional function pointer can be.
            let handlers =
                unsafe { object.handlers.add(index).read() }.cast::<Option<abi::Handler>>();
            for (number, events) in handled.iter().enumerate() {
                // SAFETY: one for each event that comes in, or one for all, says the caller.
                if handlers.is_null() || unsafe { handlers.add(number).read() }.is_none() {
                    return Err(format!(
                        "template `{name}` has no handler for {events} of endpoint `{endpoint}`"
                    ));
                }
            }
        }
        objects.push(object);
    }
    Ok(objects)
}

/// # Safety
///
/// As [`layouts`].
unsafe fn formalisms(
    table: &abi::Library,
    listed: &[FormalismEntry],
) -> Result<Vec<abi::Formalism>, String> {
    if table.formalism_count as usize != listed.len() {
        return Err(format!(
            "{} formalisms, not {}",
            table.formalism_count,
            listed.len()
        ));
    }
    if table.formalisms.is_null() && !listed.is_empty() {
        return Err("it has no tables of formalisms".to_owned());
    }
    let tables = listed.iter().enumerate().map(|(index, entry)| {
        // SAFETY: one of `formalism_count`, says the caller.
        let formalism = unsafe { table.formalisms.add(index).read() };
        // SAFETY: NULL, or a table as the ABI says, says the caller.
        unsafe { self::formalism(formalism, entry) }
    });
    tables.collect()
}

/// The functions that every formalism has, by name, and where they lie.
const REQUIRED: [(&str, usize); 6] = [
    ("parse", offset_of!(abi::Formalism, parse)),
    ("print", offset_of!(abi::Formalism, print)),
    ("release", offset_of!(abi::Formalism, release)),
    ("satisfiable", offset_of!(abi::Formalism, satisfiable)),
    ("implies", offset_of!(abi::Formalism, implies)),
    ("replay", offset_of!(abi::Formalism, replay)),
];

/// A copy of the table of a formalism, in which what is absent is NULL.
///
/// # Safety
///
/// `table` is NULL, or a table as the ABI says.
unsafe fn formalism(
    table: *const abi::Formalism,
    entry: &FormalismEntry,
) -> Result<abi::Formalism, String> {
    let name = &entry.name;
    if table.is_null() || !table.is_aligned() {
        return Err(format!("it has no table of formalism `{name}`"));
    }
    // SAFETY: the size comes first in every table, and is read before the rest.
    let size = unsafe { (*table).size } as usize;
    let expected = offset_of!(abi::Formalism, dual);
    if size < expected {
        return Err(format!(
            "the table of formalism `{name}` has {size} bytes, not {expected}"
        ));
    }
    // Whole functions only.
    let there = size.min(size_of::<abi::Formalism>()) / 8 * 8;
    let mut known = MaybeUninit::<abi::Formalism>::zeroed();
    // SAFETY: as many bytes are there.
    unsafe {
        let to = known.as_mut_ptr().cast::<u8>();
        table.cast::<u8>().copy_to_nonoverlapping(to, there);
    }
    for (function, offset) in REQUIRED {
        let at = known.as_ptr().cast::<u8>().wrapping_add(offset);
        // SAFETY: a pointer lies there, copied or zero.
        if unsafe { at.cast::<*const u8>().read() }.is_null() {
            return Err(format!("formalism `{name}` has no function `{function}`"));
        }
    }
    // SAFETY: all that may not be zero is not.
    let known = unsafe { known.assume_init() };
    if known.id != entry.id.to_be_bytes() {
        return Err(format!(
            "the table of formalism `{name}` has the id {:032x}, not {:032x}",
            u128::from_be_bytes(known.id),
            entry.id
        ));
    }
    Ok(known)
}

/// What each handler of an endpoint takes, in their order: for a type parameter, all events.
fn handled(arena: &Types, endpoint: EndpointId) -> Vec<String> {
    match arena.endpoint(endpoint) {
        Endpoint::Events { events, .. } => events
            .iter()
            .filter(|(_, event)| event.direction == Direction::In)
            .map(|(name, _)| format!("event `{name}`"))
            .collect(),
        Endpoint::Parameter { .. } => {
            let ty = arena.describe(TypeId::Endpoint(endpoint));
            vec![format!("the events of type `{ty}`")]
        }
    }
}
