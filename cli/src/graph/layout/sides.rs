//! On which side of its shape each port is. Two ports that are connected face each other, and a port
//! that is exported is on the side of the port of the frame: two colours for the graph of ports, of
//! which each connected part may be turned around.

use std::collections::VecDeque;

use super::super::shape::Shape;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

/// The sides of the ports of a shape, and of those inside.
#[derive(Debug)]
pub struct Sides {
    pub own: Vec<Side>,
    pub inside: Vec<Sides>,
}

/// Chooses sides; those `given` are settled already.
pub fn assign(shape: &Shape, given: &[Option<Side>]) -> Sides {
    // Ports as one row: those inside, shape by shape, then the own ones.
    let mut first = Vec::new();
    let mut count = 0;
    for part in &shape.inside {
        first.push(count);
        count += part.ports.len();
    }
    let own = count;
    count += shape.ports.len();
    let mut next: Vec<Vec<(usize, bool)>> = vec![Vec::new(); count];
    let mut ends = Vec::new();
    for edge in &shape.edges {
        let [left, right] = edge.ends.map(|end| match end.shape {
            Some(part) => first[part] + end.port,
            None => own + end.port,
        });
        let facing = edge.ends.iter().all(|end| end.shape.is_some());
        next[left].push((right, facing));
        next[right].push((left, facing));
        ends.push([left, right]);
    }
    let mut sides: Vec<Option<Side>> = vec![None; count];
    let mut parts: Vec<usize> = vec![usize::MAX; count];
    let mut part_count = 0;
    for start in 0..count {
        if sides[start].is_some() || next[start].is_empty() {
            continue;
        }
        sides[start] = Some(Side::Right);
        parts[start] = part_count;
        let mut queue = VecDeque::from([start]);
        while let Some(port) = queue.pop_front() {
            let side = sides[port].expect("it was queued with one");
            for (other, facing) in &next[port] {
                if sides[*other].is_none() {
                    sides[*other] = Some(if *facing { side.other() } else { side });
                    parts[*other] = part_count;
                    queue.push_back(*other);
                }
            }
        }
        part_count += 1;
    }
    let turned = turned(shape, given, &ends, &sides, &parts, part_count);
    for (side, part) in sides.iter_mut().zip(&parts) {
        if let Some(side) = side
            && turned[*part]
        {
            *side = side.other();
        }
    }
    let mut mine: Vec<Option<Side>> = sides.split_off(own);
    for (side, given) in mine.iter_mut().zip(given) {
        *side = given.or(*side);
    }
    let inside = shape.inside.iter().zip(&first);
    let inside = inside.map(|(part, first)| {
        let given = &sides[*first..first + part.ports.len()];
        assign(part, given)
    });
    Sides {
        inside: inside.collect(),
        own: balanced(mine),
    }
}

/// Which parts of the graph of ports are to be turned around, so that most connections go the same
/// way and exports are near.
fn turned(
    shape: &Shape,
    given: &[Option<Side>],
    ends: &[[usize; 2]],
    sides: &[Option<Side>],
    parts: &[usize],
    part_count: usize,
) -> Vec<bool> {
    let own = sides.len() - shape.ports.len();
    let places = breadth_first(shape);
    let half = shape.inside.len() / 2;
    let mut votes = vec![0isize; part_count];
    for (edge, [left, _]) in shape.edges.iter().zip(ends) {
        let leaves_right = sides[*left] == Some(Side::Right);
        let forward = match (edge.ends[0].shape, edge.ends[1].shape) {
            (Some(left), Some(right)) if left == right => continue,
            (Some(left), Some(right)) => places[left] < places[right],
            (Some(part), None) | (None, Some(part)) => places[part] >= half,
            (None, None) => continue,
        };
        votes[parts[*left]] += if leaves_right == forward { 1 } else { -1 };
    }
    let mut turned: Vec<bool> = votes.into_iter().map(|votes| votes < 0).collect();
    let mut settled = vec![false; part_count];
    for (port, given) in given.iter().enumerate() {
        let port = own + port;
        if let (Some(given), Some(side)) = (given, sides[port])
            && !settled[parts[port]]
        {
            settled[parts[port]] = true;
            turned[parts[port]] = *given != side;
        }
    }
    turned
}

/// The place of each shape inside when these are visited breadth first, from one at the edge.
fn breadth_first(shape: &Shape) -> Vec<usize> {
    let count = shape.inside.len();
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for edge in &shape.edges {
        if let [Some(left), Some(right)] = edge.ends.map(|end| end.shape) {
            next[left].push(right);
            next[right].push(left);
        }
    }
    let visit = |start: usize, seen: &mut [bool]| {
        seen[start] = true;
        let mut visited = vec![start];
        let mut index = 0;
        while let Some(at) = visited.get(index).copied() {
            index += 1;
            for other in &next[at] {
                if !std::mem::replace(&mut seen[*other], true) {
                    visited.push(*other);
                }
            }
        }
        visited
    };
    let mut seen = vec![false; count];
    let mut seen_twice = vec![false; count];
    let mut seen_again = vec![false; count];
    let mut places = vec![0; count];
    let mut place = 0;
    for start in 0..count {
        if seen[start] {
            continue;
        }
        // What is visited last is farthest away, and so at the edge; what is farthest from there is
        // at the other. Begin with the one that was written first.
        let last = |visited: Vec<usize>| visited.last().copied().unwrap_or(start);
        let far = last(visit(start, &mut seen));
        let other = last(visit(far, &mut seen_twice));
        for at in visit(far.min(other), &mut seen_again) {
            places[at] = place;
            place += 1;
        }
    }
    places
}

/// Ports that may be on either side go where there are fewer.
fn balanced(sides: Vec<Option<Side>>) -> Vec<Side> {
    let count = |wanted| sides.iter().filter(|side| **side == Some(wanted)).count();
    let (mut left, mut right) = (count(Side::Left), count(Side::Right));
    sides
        .iter()
        .map(|side| match side {
            Some(side) => *side,
            None if left < right => {
                left += 1;
                Side::Left
            }
            None => {
                right += 1;
                Side::Right
            }
        })
        .collect()
}
