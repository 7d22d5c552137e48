//! English sentences and the formulas that they mean.

use super::super::Atoms;
use super::{at_channel, at_object, channel, check, undeclared};
use liveobj_types::formalism::Structure;

/// Thesis, Code 2.6, lines 08 to 11.
#[test]
fn the_sentences_of_code_2_6_are_read_as_written() {
    at_channel("event Send never precedes event Connect", "!send W connect");
    at_channel("event Send never precedes event Receive", "!send W receive");
    // Without declarations names are taken as they are, but for the two that are always there.
    undeclared("event Send never precedes event Connect", "!Send W connect");
}

const TOTAL_ORDER: &str = "if event receive(m) is delivered by r through some of the instances of \
    the endpoint sooner than receive(m0), then for any other instance of the endpoint, if both \
    events are delivered, they are delivered in the same sequence";

const VIRTUAL_SYNCHRONY: &str = "if an event send(m) occurs after event view(k, s), but not after \
    view(k + 1, s0) at any endpoint instance, then event receive(m) cannot occur at any endpoint \
    instance before view(k, s), or after view(k + 1, s0)";

#[test]
fn example_b_is_read_as_written() {
    at_channel(
        TOTAL_ORDER,
        "forall m0, m: message. forall i, j: instance. \
         F receive@i(message: m0) & !receive@i(message: m0) W receive@i(message: m) \
         -> j != i -> F receive@j(message: m) & F receive@j(message: m0) \
         -> !receive@j(message: m0) W receive@j(message: m)",
    );
    // In an object with other endpoints the names tell which is meant.
    at_object(
        TOTAL_ORDER,
        "forall m0, m: message. forall i, j: instance. \
         F 'channel'.receive@i(message: m0) \
         & !'channel'.receive@i(message: m0) W 'channel'.receive@i(message: m) \
         -> j != i -> F 'channel'.receive@j(message: m) & F 'channel'.receive@j(message: m0) \
         -> !'channel'.receive@j(message: m0) W 'channel'.receive@j(message: m)",
    );
}

#[test]
fn its_virtual_synchrony_variant_is_read_as_written() {
    at_channel(
        VIRTUAL_SYNCHRONY,
        "forall m, k, k_plus_1, s, s0: message. forall i, j: instance. k != k_plus_1 \
         -> F (send@i(message: m) & Y O view@i(members: s, number: k) \
         & !Y O view@i(members: s0, number: k_plus_1)) \
         -> !receive@j(message: m) W view@j(members: s, number: k) \
         & G (view@j(members: s0, number: k_plus_1) -> X G !receive@j(message: m))",
    );
    // Views come from another endpoint: what is at one instance of both is at one proxy.
    at_object(
        VIRTUAL_SYNCHRONY,
        "forall m, k, k_plus_1, s, s0: message. forall i, j: proxy. k != k_plus_1 \
         -> F ('channel'.send@i(message: m) & Y O 'members'.view@i(members: s, number: k) \
         & !Y O 'members'.view@i(members: s0, number: k_plus_1)) \
         -> !'channel'.receive@j(message: m) W 'members'.view@j(members: s, number: k) \
         & G ('members'.view@j(members: s0, number: k_plus_1) -> X G !'channel'.receive@j(message: m))",
    );
}

#[test]
fn short_forms_mean_the_formulas_beside_them() {
    at_channel(
        "forall i. event receive@i(m) never precedes event send@*(m)",
        "forall m: message. forall i: instance. !receive@i(message: m) W send@*(message: m)",
    );
    at_channel("at most once tick", "G (tick -> X G !tick)");
    at_channel("event tick occurs at most once", "G (tick -> X G !tick)");
    at_channel(
        "every send(m) is followed by receive(m)",
        "forall m: message. G (send(message: m) -> F receive(message: m))",
    );
    at_channel(
        "every receive(m) is preceded by send(m)",
        "forall m: message. G (receive(message: m) -> O send(message: m))",
    );
    at_channel(
        "event tick never follows event send",
        "G (send -> X G !tick)",
    );
    at_channel("event tick precedes event send", "F send & !send W tick");
    at_channel("event tick follows event send", "F (tick & Y O send)");
    at_channel("event tick occurs", "F tick");
    at_channel("event tick never occurs", "G !tick");
    at_channel("event tick cannot occur before send", "!tick W send");
    at_channel(
        "event tick does not occur after send, or before receive",
        "G (send -> X G !tick) & !tick W receive",
    );
    at_channel(
        "event tick occurs after send, but not after receive",
        "F (tick & Y O send & !Y O receive)",
    );
    at_channel(
        "event tick occurs before send or after receive",
        "F (tick & (!O send | Y O receive))",
    );
    at_channel(
        "if event tick occurs and event send occurs, then event receive occurs",
        "F tick & F send -> F receive",
    );
}

#[test]
fn places_quantify_over_instances() {
    at_channel("event tick occurs at some instance", "F tick@*");
    at_channel(
        "event tick occurs at any instance",
        "forall i: instance. F tick@i",
    );
    at_channel(
        "event tick occurs at all of the instances of the endpoint",
        "forall i: instance. F tick@i",
    );
    at_channel(
        "event tick never occurs at any endpoint instance",
        "forall i: instance. G !tick@i",
    );
    at_channel(
        "event tick occurs before send at some instance",
        "exists i: instance. F send@i & !send@i W tick@i",
    );
    at_channel(
        "event receive(m) at any instance never precedes event send(m) at some instance",
        "forall m: message. forall i: instance. !receive@i(message: m) W send@*(message: m)",
    );
    at_channel(
        "every send(m) at any instance is followed by receive(m) at every instance",
        "forall m: message. forall i, j: instance. G (send@i(message: m) -> F receive@j(message: m))",
    );
    at_channel(
        "every send(m) at some instance is followed by receive(m) at the same instance",
        "forall m: message. forall i: instance. G (send@i(message: m) -> F receive@i(message: m))",
    );
    at_channel(
        "every send(m) at any instance is followed by receive(m) at some instance",
        "forall m: message. forall i: instance. G (send@i(message: m) -> F receive@*(message: m))",
    );
    at_channel(
        "event receive(m) and event receive(n) occur in the same order at all instances",
        "forall n, m: message. forall i, j: instance. \
         F receive@i(message: n) & !receive@i(message: n) W receive@i(message: m) \
         & F receive@j(message: m) & F receive@j(message: n) \
         -> !receive@j(message: n) W receive@j(message: m)",
    );
    at_channel(
        "for any instance, event tick never precedes event send",
        "forall i: instance. !tick@i W send@i",
    );
    at_object(
        "event view occurs at some instance of endpoint membership",
        "F 'members'.view@*",
    );
    at_object(
        "event connect never follows event disconnect at any instance of channel",
        "forall i: instance. G ('channel'.disconnect@i -> X G !'channel'.connect@i)",
    );
    at_object(
        "event send at any proxy never precedes event view at the same proxy",
        "forall p: proxy. !'channel'.send@p W 'members'.view@p",
    );
}

/// In a condition `any` is `some`, unless something is denied; what is said of all there is an
/// existential quantifier in front.
#[test]
fn conditions_turn_quantifiers_round() {
    at_channel(
        "if event tick occurs at any instance, then event send never occurs at any instance",
        "forall i, j: instance. F tick@i -> G !send@j",
    );
    at_channel(
        "if event tick occurs at all instances, event send occurs at some instance",
        "exists i: instance. F tick@i -> F send@*",
    );
    at_channel(
        "if event tick never occurs at any instance, event send occurs at some instance",
        "exists i: instance. G !tick@i -> F send@*",
    );
    at_channel(
        "if event tick occurs at some instance, then event send occurs at another instance",
        "forall i, j: instance. F tick@i -> j != i -> F send@j",
    );
}

#[test]
fn sentences_combine_in_brackets() {
    at_channel(
        "(event tick never precedes event send) & G !(event tick occurs) & !(at most once send)",
        "!tick W send & G !F tick & !G (send -> X G !send)",
    );
    at_channel("EVENT tick NEVER Precedes Event send", "!tick W send");
    // Words that are only names elsewhere.
    let words = Structure::Undeclared;
    check(
        "event U every & if | at -> for",
        &words,
        Atoms::Events,
        "event U every & if | at -> for",
    );
    check("tick", &channel(), Atoms::Events, "tick");
}
