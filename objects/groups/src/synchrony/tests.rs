use crate::fault::{self, Fault};
use crate::world::faults;
use crate::world::judge::Declared;
use crate::world::stack::{first_wrong, short_schedule};

#[test]
fn whoever_passes_to_the_next_view_has_received_what_the_others_have() {
    assert_eq!(first_wrong::<false>(faults::seeds()), None);
}

#[test]
fn what_the_type_declares_is_kept() {
    for seed in 0..10 {
        let (history, _) = short_schedule::<false>(seed);
        let declared = Declared::by("SynchronousChannelService");
        assert_eq!(declared.judge_all(&history), Ok(()), "seed {seed}");
    }
}

#[test]
fn broken_variants_are_found_out() {
    let faults = [
        (Fault::OpensEarly, 0),
        (Fault::NeverCloses, 0),
        (Fault::NeverAlone, 0),
        (Fault::NeverBound, 400),
        (Fault::ShowsEarly, 400),
    ];
    for (broken, from) in faults {
        let wrong = fault::with(broken, || first_wrong::<false>(from..from + 100));
        assert!(wrong.is_some(), "{broken:?}");
    }
}
