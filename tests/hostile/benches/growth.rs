//! How the cost of large inputs grows: each at a quarter, at a half and at the whole of the size
//! at which it is tested. What doubles with the size is as it must be.

use divan::{Bencher, Divan};
use liveobj_formalisms::builtin;
use liveobj_hostile::inputs::INPUTS;
use liveobj_references::{Policy, StandardCatalog, check_source};
use liveobj_types::Source;

fn main() {
    Divan::from_args().sample_count(3).sample_size(1).main();
}

#[divan::bench(args = INPUTS.iter().flat_map(|input| [4, 2, 1].map(|part| (input.name, part))))]
fn check(bencher: Bencher<'_, '_>, (name, part): (&str, usize)) {
    let input = INPUTS.iter().find(|input| input.name == name);
    let input = input.expect("the name of an input");
    let text = (input.make)(input.size / part);
    bencher.bench(|| {
        let source = Source::new("hostile.liveobject", text.as_str());
        check_source(&source, &StandardCatalog, &builtin(), &Policy::default())
    });
}
