//! The order of items from top to bottom: by the mean place of what they are connected with in the
//! neighbouring layer, there and back, and of all orders seen the one with the fewest crossings.

use super::place::{Board, Link, What};
use super::rows;

/// Times that all layers are put in order, there and back.
const ROUNDS: usize = 8;
/// Pieces of edges up to which so many rounds are affordable.
const MANY_LINKS: usize = 50_000;

/// Orders all layers, then the ports of boxes.
pub fn order(board: &mut Board<'_>) {
    let links: usize = board.items.iter().map(|item| item.links[1].len()).sum();
    let rounds = if links > MANY_LINKS { 2 } else { ROUNDS };
    for band in 0..board.bands.len() {
        let mut best = board.bands[band].clone();
        let mut least = crossings(board, band);
        for _ in 0..rounds {
            let layers = board.bands[band].len();
            for layer in 1..layers {
                sort(board, band, layer, 0);
            }
            for layer in (0..layers - 1).rev() {
                sort(board, band, layer, 1);
            }
            let found = crossings(board, band);
            if found < least {
                least = found;
                best.clone_from(&board.bands[band]);
            }
        }
        board.bands[band] = best;
        number(board, band);
    }
    for part in 0..board.inside.len() {
        if board.inside[part].inside.is_empty() {
            ports(board, part);
        }
    }
}

fn number(board: &mut Board<'_>, band: usize) {
    for layer in &board.bands[band] {
        for (index, item) in layer.iter().enumerate() {
            board.items[*item].index = index;
        }
    }
}

/// Where in its layer a link arrives. The ports of a box are still to be put in order.
fn place(board: &Board<'_>, item: usize, port: Option<usize>) -> f64 {
    let found = &board.items[item];
    let within = match found.what {
        What::Shape(part) if !board.inside[part].inside.is_empty() => {
            board.offset(item, port) / (found.height + 1.0)
        }
        _ => 0.5,
    };
    found.index as f64 + within
}

fn mean(board: &Board<'_>, links: &[Link]) -> Option<f64> {
    let places = links.iter();
    let sum: f64 = places
        .map(|link| place(board, link.other, link.other_port))
        .sum();
    (!links.is_empty()).then(|| sum / links.len() as f64)
}

/// Orders a layer by the one before (0) or after (1). What has no link keeps its place.
fn sort(board: &mut Board<'_>, band: usize, layer: usize, side: usize) {
    let items = &board.bands[band][layer];
    let mut keyed: Vec<(f64, usize)> = items
        .iter()
        .map(|id| {
            let item = &board.items[*id];
            let key = mean(board, &item.links[side]);
            (key.unwrap_or(item.index as f64 + 0.5), *id)
        })
        .collect();
    keyed.sort_by(|left, right| left.0.total_cmp(&right.0));
    for (index, (_, id)) in keyed.iter().enumerate() {
        board.items[*id].index = index;
    }
    board.bands[band][layer] = keyed.into_iter().map(|(_, id)| id).collect();
}

/// Pairs of links between neighbouring layers that cross.
fn crossings(board: &Board<'_>, band: usize) -> usize {
    let mut count = 0;
    for layer in &board.bands[band] {
        let mut links: Vec<(f64, f64)> = Vec::new();
        for id in layer {
            for link in &board.items[*id].links[1] {
                let here = place(board, *id, link.port);
                links.push((here, place(board, link.other, link.other_port)));
            }
        }
        links.sort_by(|left, right| {
            let by_start = left.0.total_cmp(&right.0);
            by_start.then(left.1.total_cmp(&right.1))
        });
        let ends: Vec<f64> = links.iter().map(|link| link.1).collect();
        count += inversions(ends).0;
    }
    count
}

/// Pairs of which the first is greater, and the sorted list.
fn inversions(list: Vec<f64>) -> (usize, Vec<f64>) {
    if list.len() < 2 {
        return (0, list);
    }
    let (left, right) = list.split_at(list.len() / 2);
    let (in_left, left) = inversions(left.to_vec());
    let (in_right, right) = inversions(right.to_vec());
    let mut count = in_left + in_right;
    let mut merged = Vec::with_capacity(list.len());
    let mut rest = left.into_iter().peekable();
    for end in right {
        while let Some(smaller) = rest.next_if(|smaller| *smaller <= end) {
            merged.push(smaller);
        }
        count += rest.len();
        merged.push(end);
    }
    merged.extend(rest);
    (count, merged)
}

/// Orders the ports of a box by where their lines lead. Those without one come last.
fn ports(board: &mut Board<'_>, part: usize) {
    let item = board.shapes[part];
    let found = &board.items[item];
    let ports = board.shape.inside[part].ports.len();
    let mut led: Vec<(f64, f64)> = vec![(0.0, 0.0); ports];
    for link in found.links.iter().flatten() {
        if let Some(port) = link.port {
            led[port].0 += place(board, link.other, link.other_port);
            led[port].1 += 1.0;
        }
    }
    let mut order: Vec<usize> = (0..ports).collect();
    let keys: Vec<f64> = led
        .into_iter()
        .map(|(sum, count)| match count > 0.0 {
            true => sum / count,
            false => f64::INFINITY,
        })
        .collect();
    order.sort_by(|left, right| keys[*left].total_cmp(&keys[*right]));
    let (shape, sides) = (board.shape, board.sides);
    rows(
        &shape.inside[part],
        &sides.inside[part].own,
        &mut board.inside[part],
        &order,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversions_are_counted() {
        assert_eq!(inversions(vec![1.0, 2.0, 3.0]).0, 0);
        assert_eq!(inversions(vec![3.0, 2.0, 1.0]).0, 3);
        assert_eq!(inversions(vec![1.0, 3.0, 2.0, 2.0]).0, 2);
        assert_eq!(inversions(vec![1.0, 1.0]).0, 0);
    }
}
