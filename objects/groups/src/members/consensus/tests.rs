use super::*;
use crate::world::Random;

fn agreed(number: u64, members: &[u64]) -> Agreed {
    Agreed {
        group: 1,
        number,
        previous: number - 1,
        members: members.to_vec(),
    }
}

fn ballot(round: u64, member: u64) -> Ballot {
    Ballot { round, member }
}

#[test]
fn any_two_quorums_of_up_to_nine_have_a_member_in_common() {
    for size in 1..=9u64 {
        let members: Vec<u64> = (1..=size).collect();
        let quorums: Vec<u64> = (0..1 << size)
            .filter(|set| is_quorum(&members, |member| set >> (member - 1) & 1 == 1))
            .collect();
        assert!(!quorums.contains(&0));
        for left in &quorums {
            let apart = |right: &&u64| left & *right == 0;
            assert_eq!(quorums.iter().find(apart), None, "{size}: {left:b}");
        }
    }
}

#[test]
fn half_of_the_members_decide_only_with_the_oldest() {
    let members = [7, 3, 5, 1];
    assert!(is_quorum(&members, |member| [7, 1].contains(&member)));
    assert!(!is_quorum(&members, |member| [3, 5].contains(&member)));
    assert!(is_quorum(&members, |member| [3, 5, 1].contains(&member)));
    assert!(!is_quorum(&[], |_| true));
}

#[test]
fn an_acceptor_refuses_what_is_earlier_than_its_promise() {
    let mut acceptor = Acceptor::default();
    assert_eq!(acceptor.prepare(ballot(2, 5)), Ok(&None));
    assert_eq!(acceptor.prepare(ballot(2, 4)), Err(ballot(2, 5)));
    let next = agreed(2, &[1]);
    assert_eq!(acceptor.accept(ballot(1, 9), &next), Err(ballot(2, 5)));
    assert_eq!(acceptor.accept(ballot(2, 5), &next), Ok(()));
    let told = Some((ballot(2, 5), next));
    assert_eq!(acceptor.prepare(ballot(3, 1)), Ok(&told));
}

#[test]
fn who_proposes_takes_what_was_accepted_under_the_latest_ballot() {
    let members = [1, 2, 3];
    let mut proposer = Proposer::new(ballot(5, 1), agreed(2, &[1]), 0);
    let (old, new) = (agreed(2, &[2]), agreed(2, &[3]));
    assert!(!proposer.promised(&members, 1, Some((ballot(4, 2), new.clone()))));
    assert!(proposer.promised(&members, 2, Some((ballot(3, 9), old))));
    assert_eq!(proposer.accepted(&members, 1), None);
    assert_eq!(
        proposer.accepted(&members, 1),
        None,
        "one member counts once"
    );
    assert_eq!(proposer.accepted(&members, 3), Some(&new));
}

/// What may be on its way between members.
#[derive(Clone)]
enum Message {
    Prepare(Ballot),
    Promise(Ballot, u64, Accepted),
    Accept(Ballot, Agreed),
    Accepted(Ballot, u64),
}

/// Lets members that all want something else propose again and again, while messages are lost,
/// repeated and overtake each other; answers what was decided.
fn decisions(seed: u64) -> BTreeSet<Vec<u64>> {
    let mut dice = Random::new(seed);
    let members: Vec<u64> = (1..=2 + dice.below(5)).collect();
    let mut acceptors: Vec<Acceptor> = members.iter().map(|_| Acceptor::default()).collect();
    let mut proposers: Vec<Option<Proposer>> = members.iter().map(|_| None).collect();
    let mut messages: Vec<Message> = Vec::new();
    let mut decided = BTreeSet::new();
    let mut round = 0;
    for _ in 0..200 {
        if messages.is_empty() || dice.percent(5) {
            let member = dice.below(members.len() as u64);
            round += dice.below(2);
            let ballot = ballot(round.max(1), member + 1);
            let attempt = Proposer::new(ballot, agreed(2, &[member + 1]), 0);
            let before = &proposers[member as usize];
            // A member uses a ballot once.
            if before.as_ref().is_none_or(|it| it.ballot < ballot) {
                proposers[member as usize] = Some(attempt);
                messages.extend(members.iter().map(|_| Message::Prepare(ballot)));
            }
            continue;
        }
        let at = dice.below(messages.len() as u64) as usize;
        let message = match dice.below(10) {
            0 => messages[at].clone(),
            _ => messages.swap_remove(at),
        };
        if dice.percent(10) {
            continue;
        }
        // Those who are asked are drawn, so that some are asked twice and some never.
        let from = 1 + dice.below(members.len() as u64);
        let acceptor = &mut acceptors[from as usize - 1];
        match message {
            Message::Prepare(ballot) => {
                if let Ok(told) = acceptor.prepare(ballot) {
                    messages.push(Message::Promise(ballot, from, told.clone()));
                }
            }
            Message::Accept(ballot, next) => {
                if acceptor.accept(ballot, &next).is_ok() {
                    messages.push(Message::Accepted(ballot, from));
                }
            }
            Message::Promise(ballot, from, told) => {
                let proposer = proposers[ballot.member as usize - 1].as_mut();
                if let Some(proposer) = proposer.filter(|it| it.ballot == ballot)
                    && proposer.promised(&members, from, told)
                    && let Stage::Proposing { next, .. } = &proposer.stage
                {
                    let accept = Message::Accept(ballot, next.clone());
                    messages.extend(members.iter().map(|_| accept.clone()));
                }
            }
            Message::Accepted(ballot, from) => {
                let proposer = proposers[ballot.member as usize - 1].as_mut();
                if let Some(proposer) = proposer.filter(|it| it.ballot == ballot)
                    && let Some(next) = proposer.accepted(&members, from)
                {
                    decided.insert(next.members.clone());
                }
            }
        }
    }
    decided
}

#[test]
fn whoever_proposes_and_whatever_is_lost_one_successor_is_decided_at_most() {
    let mut with_decision = 0;
    for seed in 0..5_000 {
        let decided = decisions(seed);
        assert!(decided.len() <= 1, "seed {seed}: {decided:?}");
        with_decision += decided.len();
    }
    assert!(with_decision > 500, "{with_decision}");
}

#[test]
fn faults_of_acceptors_and_of_quorums_are_noticed() {
    for fault in [
        Fault::HalfIsEnough,
        Fault::SilentPromise,
        Fault::StaleBallot,
    ] {
        let twice = |seed| decisions(seed).len() > 1;
        assert!(fault::with(fault, || (0..5_000).any(twice)), "{fault:?}");
    }
}
