//! Placement: which proxy runs in which domain.

use std::collections::BTreeMap;

use super::plan::{Leaf, Wire, Wiring};
use crate::deployment::Deployment;
use crate::error::{DeploymentError, OpenError};
use crate::options::Placing;

/// The number of the domain of each proxy; the first proxy is in domain 0, and there are no numbers
/// without a proxy.
///
/// # Errors
///
/// A deployment is none for these proxies, or an end of a connection is not there.
pub(super) fn place(
    leaves: &[Leaf],
    wiring: &Wiring,
    placing: &Placing,
) -> Result<Vec<usize>, OpenError> {
    let ends = leaves.iter().enumerate().map(|(number, leaf)| {
        let shown = leaf.shown.iter();
        shown.map(|name| (name.clone(), number)).collect()
    });
    let ends: Vec<BTreeMap<String, usize>> = ends.collect();
    let wires = wiring.resolve(&ends)?.wires;
    let places = match placing {
        Placing::Domains(count) => spread(leaves.len(), &wires, *count),
        Placing::Deployment(deployment) => deployed(leaves, &wires, deployment)?,
    };
    Ok(renumber(&places))
}

fn deployed(
    leaves: &[Leaf],
    wires: &[Wire<usize>],
    deployment: &Deployment,
) -> Result<Vec<usize>, DeploymentError> {
    let parts: Vec<String> = leaves.iter().map(|leaf| leaf.label.clone()).collect();
    let places = deployment.places(&parts)?;
    for wire in wires {
        let [left, right] = wire.ends.map(|end| places[end]);
        if wire.direct && left != right {
            let [left, right] = wire.names.clone();
            return Err(DeploymentError::Separates {
                deployment: deployment.name().to_owned(),
                left,
                right,
            });
        }
    }
    Ok(places)
}

/// Numbers in the order in which they come.
fn renumber(places: &[usize]) -> Vec<usize> {
    let mut numbers = BTreeMap::new();
    let renumbered = places.iter().map(|place| {
        let next = numbers.len();
        *numbers.entry(*place).or_insert(next)
    });
    renumbered.collect()
}

/// Proxies that stay together.
struct Clump {
    proxies: Vec<usize>,
    /// Other clumps that it is connected with, once per connection, sorted.
    peers: Vec<usize>,
}

/// Spreads proxies over at most `count` domains, about as many over each, so that few connections
/// lead from one to another: a walk along the connections is cut into equal parts, and whatever is
/// connected more with another part then goes there if that leaves them about equal. Takes a time
/// that grows with the number of proxies and connections.
fn spread(proxies: usize, wires: &[Wire<usize>], count: usize) -> Vec<usize> {
    let (clumps, clump_of) = clumps(proxies, wires);
    let count = count.clamp(1, clumps.len().max(1));
    let mut places = vec![0; clumps.len()];
    let mut loads = vec![0; count];
    let mut walked = 0;
    for clump in walk(&clumps) {
        let weight = clumps[clump].proxies.len();
        // Where its middle falls.
        let place = (2 * walked + weight) * count / (2 * proxies.max(1));
        places[clump] = place.min(count - 1);
        loads[places[clump]] += weight;
        walked += weight;
    }
    refine(&clumps, &mut places, &mut loads);
    clump_of.into_iter().map(|clump| places[clump]).collect()
}

/// The clumps, and that of each proxy.
fn clumps(proxies: usize, wires: &[Wire<usize>]) -> (Vec<Clump>, Vec<usize>) {
    let mut parents: Vec<usize> = (0..proxies).collect();
    for wire in wires.iter().filter(|wire| wire.direct) {
        let [left, right] = wire.ends.map(|end| root(&mut parents, end));
        parents[left.max(right)] = left.min(right);
    }
    let mut clumps: Vec<Clump> = Vec::new();
    let mut clump_of = Vec::new();
    for proxy in 0..proxies {
        let first = root(&mut parents, proxy);
        if first == proxy {
            clump_of.push(clumps.len());
            clumps.push(Clump {
                proxies: Vec::new(),
                peers: Vec::new(),
            });
        } else {
            clump_of.push(clump_of[first]);
        }
        clumps[clump_of[proxy]].proxies.push(proxy);
    }
    for wire in wires {
        let [left, right] = wire.ends.map(|end| clump_of[end]);
        if left != right {
            clumps[left].peers.push(right);
            clumps[right].peers.push(left);
        }
    }
    for clump in &mut clumps {
        clump.peers.sort_unstable();
    }
    (clumps, clump_of)
}

/// The smallest number in the tree of one.
fn root(parents: &mut [usize], mut number: usize) -> usize {
    while parents[number] != number {
        parents[number] = parents[parents[number]];
        number = parents[number];
    }
    number
}

/// All clumps, along connections as far as there are some. Each walk begins at a far end, so that
/// those along a chain come in its order.
fn walk(clumps: &[Clump]) -> Vec<usize> {
    let mut order = Vec::new();
    let (mut reached, mut walked) = (vec![false; clumps.len()], vec![false; clumps.len()]);
    for first in 0..clumps.len() {
        if reached[first] {
            continue;
        }
        // By distance; the last one is as far away as any.
        let mut seen = vec![first];
        reached[first] = true;
        let mut at = 0;
        while at < seen.len() {
            for peer in &clumps[seen[at]].peers {
                if !std::mem::replace(&mut reached[*peer], true) {
                    seen.push(*peer);
                }
            }
            at += 1;
        }
        // In depth.
        let mut waiting = vec![seen[seen.len() - 1]];
        while let Some(next) = waiting.pop() {
            if !std::mem::replace(&mut walked[next], true) {
                order.push(next);
                let peers = clumps[next].peers.iter().rev();
                waiting.extend(peers.filter(|peer| !walked[**peer]));
            }
        }
    }
    order
}

/// Moves each clump to where most of its connections lead, if that leaves the domains about equal
/// and none of them empty.
fn refine(clumps: &[Clump], places: &mut [usize], loads: &mut [usize]) {
    let all: usize = loads.iter().sum();
    let most = all.div_ceil(loads.len()) + all / (10 * loads.len());
    for (number, clump) in clumps.iter().enumerate() {
        let weight = clump.proxies.len();
        let mut connections = BTreeMap::new();
        for peer in &clump.peers {
            *connections.entry(places[*peer]).or_insert(0_usize) += 1;
        }
        let here = places[number];
        let own = connections.get(&here).copied().unwrap_or_default();
        let fits = |place: &usize| loads[*place] + weight <= most;
        let better = connections
            .iter()
            .filter(|(place, count)| **place != here && **count > own && fits(place))
            .max_by_key(|(place, count)| (**count, std::cmp::Reverse(**place)));
        if let Some((place, _)) = better
            && loads[here] > weight
        {
            loads[here] -= weight;
            loads[*place] += weight;
            places[number] = *place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wires(ends: impl IntoIterator<Item = (usize, usize, bool)>) -> Vec<Wire<usize>> {
        let wires = ends.into_iter().map(|(left, right, direct)| Wire {
            ends: [left, right],
            names: [String::new(), String::new()],
            direct,
        });
        wires.collect()
    }

    fn placed(proxies: usize, wires: &[Wire<usize>], count: usize) -> Vec<usize> {
        renumber(&spread(proxies, wires, count))
    }

    #[test]
    fn a_chain_is_cut_into_equal_parts_wherever_its_first_one_stands() {
        // 3 - 1 - 0 - 2 - 5 - 4
        let chain = [(3, 1), (1, 0), (0, 2), (2, 5), (5, 4)];
        let chain = wires(chain.map(|(left, right)| (left, right, false)));
        assert_eq!(placed(6, &chain, 2), [0, 0, 1, 0, 1, 1]);
        assert_eq!(placed(6, &chain, 3), [0, 1, 0, 1, 2, 2]);
        assert_eq!(placed(6, &chain, 1), [0; 6]);
        let mut alone = placed(6, &chain, 100);
        alone.sort_unstable();
        assert_eq!(alone, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_must_not_be_queued_stays_together() {
        let ring = (0..8).map(|at| (at, (at + 1) % 8, at % 4 == 3));
        let ring = wires(ring);
        for count in 1..10 {
            let places = placed(8, &ring, count);
            assert_eq!(places[3], places[4]);
            assert_eq!(places[7], places[0]);
        }
    }

    #[test]
    fn domains_get_about_as_many_whatever_is_connected() {
        let random = crate::edge::Seeded::of(1, &[]);
        let next = |below: usize| random.next() as usize % below;
        for _ in 0..500 {
            let proxies = 1 + next(40);
            let count = 1 + next(6);
            let ends = (0..next(80)).map(|_| (next(proxies), next(proxies), false));
            let ends: Vec<_> = ends.collect();
            let places = placed(proxies, &wires(ends), count);
            let mut loads = vec![0; count.min(proxies)];
            for place in places {
                loads[place] += 1;
            }
            let most = proxies.div_ceil(loads.len()) + proxies / (10 * loads.len());
            assert!(
                loads.iter().all(|load| (1..=most).contains(load)),
                "{loads:?}"
            );
        }
    }

    #[test]
    fn a_part_goes_where_most_of_its_connections_lead() {
        // Two stars whose middles are 0 and 1.
        let stars = wires((2..20).map(|at| (at % 2, at, false)));
        let places = placed(20, &stars, 2);
        for at in 2..20 {
            assert_eq!(places[at], places[at % 2]);
        }
        assert_ne!(places[0], places[1]);
    }
}
