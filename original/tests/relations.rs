//! Subtyping between all classes of the catalogue.

use liveobj_original::Id;
use liveobj_original::catalog::{Catalog, Kind, Status};
use liveobj_original::document::ClassKind;
use liveobj_original::strict::Loader;

/// The numbers of the classes of a kind that the original knew.
fn classes(kind: ClassKind) -> Vec<Id> {
    let entries = Catalog::standard().entries().iter();
    entries
        .filter(|entry| entry.kind == Kind::Class(kind) && entry.status == Status::Active)
        .map(|entry| entry.id)
        .collect()
}

/// Which is a subtype of which.
fn matrix(kind: ClassKind) -> Vec<Vec<bool>> {
    let classes = classes(kind);
    let mut loader = Loader::standard();
    let mut ask = |a, b| {
        let answer = match kind {
            ClassKind::Object => loader.is_object_subtype(a, b),
            _ => loader.is_interface_subtype(a, b),
        };
        answer.expect("both are active")
    };
    classes
        .iter()
        .map(|a| classes.iter().map(|b| ask(*a, *b)).collect())
        .collect()
}

fn is_a_preorder(kind: ClassKind, count: usize) {
    let subtype = matrix(kind);
    assert_eq!(subtype.len(), count);
    for (a, row) in subtype.iter().enumerate() {
        assert!(row[a], "class {a} is a subtype of itself");
        for b in (0..count).filter(|b| row[*b]) {
            for c in (0..count).filter(|c| subtype[b][*c]) {
                assert!(row[c], "{a} ≤ {b} ≤ {c}");
            }
        }
    }
}

#[test]
fn subtyping_of_object_classes_is_a_preorder() {
    is_a_preorder(ClassKind::Object, 111);
}

#[test]
fn subtyping_of_interface_classes_is_a_preorder() {
    is_a_preorder(ClassKind::Interface, 138);
}

#[test]
fn every_object_class_is_a_subtype_of_object() {
    let mut loader = Loader::standard();
    let object = Id(0xF522_5FA2_6F7C_4F6D_93C9_E5A1_A45F_CF45);
    for class in classes(ClassKind::Object) {
        assert_eq!(
            loader.is_object_subtype(class, object),
            Some(true),
            "{class}"
        );
    }
}

#[test]
fn the_order_of_questions_does_not_change_the_answers() {
    let all = classes(ClassKind::Object);
    let (mut forward, mut backward) = (Loader::standard(), Loader::standard());
    let pairs = || all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b)));
    let mut answers: Vec<_> = pairs()
        .map(|(a, b)| forward.is_object_subtype(a, b))
        .collect();
    answers.reverse();
    let mut others: Vec<_> = pairs().collect();
    others.reverse();
    let others: Vec<_> = others
        .into_iter()
        .map(|(a, b)| backward.is_object_subtype(a, b))
        .collect();
    assert_eq!(answers, others);
}
