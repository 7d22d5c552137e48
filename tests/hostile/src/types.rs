//! The type language.

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_references::{EndpointText, type_text};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::{Ident, TypeExpr, parse_file, parse_type, print_file};
use liveobj_types::{Formalisms, Module, Relations, Source, TypeId, Types};

use crate::{refused, source};

/// Declarations.
pub fn lot(bytes: &[u8]) {
    let Some(source) = source("hostile.lot", bytes) else {
        return;
    };
    match parse_file(&source) {
        Err(findings) => assert!(refused(&findings)),
        Ok(file) => {
            let printed = print_file(&file);
            let again = parse_file(&Source::new("printed", printed.as_str()));
            assert_eq!(again.as_ref(), Ok(&file), "{printed}");
            assert_eq!(print_file(&again.expect("just seen")), printed);
        }
    }
    let standard = |name: &str| (name == "liveobj:standard").then(Module::standard);
    let (module, mut findings) = Module::parse("hostile", &source, &mut |name| standard(name));
    let formalisms = liveobj_formalisms::builtin();
    let mut types = Types::new();
    types.set_formalisms(&formalisms);
    findings.extend(types.check_module(&module, &formalisms));
    let broken = refused(&findings);
    let mut resolved = Vec::new();
    for item in &module.file.items {
        let Some(name) = item.name().filter(|_| item.parameters().is_empty()) else {
            continue;
        };
        match types.resolve(&module, &source, &named(name), &Environment::new()) {
            Ok(id) => resolved.push(id),
            // That a declaration cannot be read is told once.
            Err(findings) => assert!(refused(&findings) || broken),
        }
    }
    if broken {
        return;
    }
    for id in &resolved {
        related_to_itself(&mut types, &formalisms, *id);
        means_the_same_in_words(&types, &formalisms, *id);
    }
    closes(&module, &types, &resolved);
}

fn named(name: &Ident) -> TypeExpr {
    TypeExpr::Named {
        name: name.clone(),
        arguments: Vec::new(),
        span: name.span,
    }
}

/// Every type is its own subtype, and an endpoint type matches its mirror.
fn related_to_itself(types: &mut Types, formalisms: &Formalisms, id: TypeId) {
    let mirrored = match id {
        TypeId::Endpoint(endpoint) => Some((endpoint, types.mirror(endpoint))),
        _ => None,
    };
    let mut relations = Relations::new(types, formalisms);
    let subtype = relations.subtype(id, id);
    assert!(subtype.verdict.holds(), "{subtype:?}");
    if let Some((endpoint, mirror)) = mirrored {
        let matched = relations.endpoints_match(endpoint, mirror);
        assert!(matched.verdict.holds(), "{matched:?}");
    }
}

/// A type put into words, as it travels, is that type wherever it is read.
fn means_the_same_in_words(types: &Types, formalisms: &Formalisms, id: TypeId) {
    let text = type_text(types, id);
    let source = Source::new("declarations", text.declarations.as_str());
    let (module, findings) = Module::parse("words", &source, &mut |_| None);
    assert_eq!(findings, [], "{text:?}");
    let expression = Source::new("expression", text.expression.as_str());
    let mut there = Types::new();
    there.set_formalisms(formalisms);
    let read = parse_type(&expression)
        .and_then(|ty| there.resolve(&module, &expression, &ty, &Environment::new()));
    let read = read.unwrap_or_else(|findings| panic!("{text:?}: {findings:?}"));
    assert_eq!(there.identity(read), types.identity(id), "{text:?}");
    if let TypeId::Endpoint(endpoint) = id {
        let mut there = Types::new();
        if let Ok(read) = EndpointText::of(types, endpoint).resolve(&mut there, formalisms) {
            assert_eq!(there.identity(TypeId::Endpoint(read)), types.identity(id));
        }
    }
}

/// The text of a module with all that it uses declares the same types.
fn closes(module: &Arc<Module>, types: &Types, resolved: &[TypeId]) {
    let source = Source::new("closed", module.closed_text());
    let (closed, findings) = Module::parse("closed", &source, &mut |_| None);
    assert_eq!(findings, [], "{}", source.text);
    let mut there = Types::new();
    let mut known = BTreeMap::new();
    for item in &closed.file.items {
        let Some(name) = item.name().filter(|_| item.parameters().is_empty()) else {
            continue;
        };
        if let Ok(id) = there.resolve(&closed, &source, &named(name), &Environment::new()) {
            known.insert(name.name.as_str(), there.identity(id));
        }
    }
    for id in resolved {
        if let Some(identity) = known.get(types.origin(*id).name.as_str()) {
            assert_eq!(*identity, types.identity(*id), "{}", source.text);
        }
    }
}
