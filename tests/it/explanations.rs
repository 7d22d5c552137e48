//! Verdicts are the same whether somebody wants to be told why or not, in every document that is
//! here and with every budget.

use std::fs;
use std::path::PathBuf;

use liveobj::Runtime;
use liveobj_tests::support::{built, root};
use liveobj_types::{Formalisms, Relations, Source, TypeId, Verdict};

/// Questions about one document, so that large ones do not take long.
const MOST: usize = 1_500;

/// Every document under `tests/cases` and `examples`, sorted.
pub fn documents() -> Vec<PathBuf> {
    let mut documents = Vec::new();
    let mut folders = vec![root().join("tests/cases"), root().join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is readable") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "liveobject") {
                documents.push(path);
            }
        }
    }
    documents.sort();
    documents
}

#[test]
fn documents_get_the_same_verdicts_with_and_without_explanations() {
    let runtime = Runtime::builder()
        .library_path(built())
        .build()
        .expect("it builds");
    let none = Formalisms::none();
    let all = runtime.formalisms();
    let (mut questions, mut refuted, mut open) = (0, 0, 0);
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a document");
        let name = document.display().to_string();
        let checked = runtime.check(&Source::new(name.as_str(), text));
        let ids: Vec<TypeId> = checked.types.ids().collect();
        let pairs = ids
            .iter()
            .flat_map(|left| ids.iter().map(|right| (*left, *right)));
        let pairs = pairs.filter(|(left, right)| left.kind() == right.kind());
        let step = (ids.len() * ids.len() / MOST).max(1);
        for (formalisms, budget) in [(all, 1_000_000), (all, 3), (&none, 0)] {
            let mut alone = (*checked.types).clone();
            let mut alone = Relations::new(&mut alone, formalisms);
            let mut told = (*checked.types).clone();
            let mut told = Relations::new(&mut told, formalisms);
            (alone.budget, told.budget) = (budget, budget);
            for (left, right) in pairs.clone().step_by(step) {
                questions += 1;
                let verdict = alone.is_subtype(left, right);
                assert_eq!(
                    told.subtype(left, right).verdict,
                    verdict,
                    "{name}: {left:?} {right:?}"
                );
                refuted += usize::from(verdict.fails());
                open += usize::from(matches!(verdict, Verdict::Unknown(_)));
                let (TypeId::Endpoint(left), TypeId::Endpoint(right)) = (left, right) else {
                    continue;
                };
                let verdict = alone.matches(left, right);
                assert_eq!(told.endpoints_match(left, right).verdict, verdict, "{name}");
                open += usize::from(matches!(verdict, Verdict::Unknown(_)));
            }
        }
    }
    // There is something to explain.
    assert!(
        questions > 10_000 && refuted > 1_000 && open > 10,
        "{questions} {refuted} {open}"
    );
}
