//! A column for each shape, from the directions of connections; and a band, since a long chain in
//! one row could not be read. Bands are one below the other and share their columns.

/// Columns and bands.
#[derive(Debug)]
pub struct Grid {
    pub columns: usize,
    pub bands: usize,
    /// Band and column of each shape.
    pub cells: Vec<(usize, usize)>,
}

/// Width by height that a picture should have.
const PROPORTION: f64 = 1.6;
/// How much worse a picture is if all arrows lead to other bands, and for each part into which
/// columns are divided.
const BROKEN: f64 = 3.0;
const DIVIDED: f64 = 0.04;
/// Numbers of columns that are tried, and heights of columns, as parts of the greatest.
const TRIALS: usize = 24;
const SPLITS: usize = 8;
/// Room between columns, and between shapes of one, as far as it can be told here.
const BETWEEN: (f64, f64) = (90.0, 30.0);
/// What a line takes that passes a column.
const PASS: f64 = 14.0;

/// Shapes that hang together, by rank.
type Cluster = Vec<Vec<usize>>;

/// What stands in a column of a band.
struct Column {
    shapes: Vec<usize>,
    /// Lines that lead past them to others of the same rank.
    passing: usize,
}

/// Puts shapes of these sizes into columns, so that `arrows` lead from one to a later one where
/// they can.
pub fn grid(sizes: &[(f64, f64)], arrows: &[(usize, usize)]) -> Grid {
    let clusters = clusters(sizes.len(), arrows);
    let ranks = || clusters.iter().flatten();
    let tallest = ranks().map(|rank| height(sizes, rank)).fold(0.0, f64::max);
    let mut best: Option<(f64, Grid)> = None;
    for part in 1..=SPLITS {
        let most = tallest / part as f64;
        let split: Vec<Vec<Column>> = clusters
            .iter()
            .map(|cluster| split(sizes, cluster, most))
            .collect();
        let all = split.iter().map(Vec::len).sum::<usize>();
        let mut tried = 0;
        for trial in 1..=TRIALS {
            let columns = all.div_ceil(trial).max(1);
            if columns == tried {
                continue;
            }
            tried = columns;
            let (grid, width, height) = packed(sizes, &split, columns);
            let broken = |(from, to): &&(usize, usize)| grid.cells[*from].0 != grid.cells[*to].0;
            let broken = arrows.iter().filter(broken).count();
            let broken = broken as f64 / arrows.len().max(1) as f64;
            let divided = DIVIDED * (part - 1) as f64;
            let score = (width / PROPORTION).max(height) * (1.0 + divided + BROKEN * broken);
            if best.as_ref().is_none_or(|(least, _)| score < *least) {
                best = Some((score, grid));
            }
        }
        if clusters.iter().flatten().all(|rank| rank.len() == 1) {
            break;
        }
    }
    best.map_or_else(
        || Grid {
            columns: 1,
            bands: 1,
            cells: Vec::new(),
        },
        |(_, grid)| grid,
    )
}

fn height(sizes: &[(f64, f64)], rank: &[usize]) -> f64 {
    rank.iter().map(|shape| sizes[*shape].1 + BETWEEN.1).sum()
}

/// The cluster with ranks that are higher than `most` divided among several columns: no arrow leads
/// from one shape of a rank to another.
fn split(sizes: &[(f64, f64)], cluster: &Cluster, most: f64) -> Vec<Column> {
    let mut columns = Vec::new();
    for rank in cluster {
        let each = height(sizes, rank) / (height(sizes, rank) / most).ceil();
        let mut shapes = Vec::new();
        // Where the column at hand ends, and what there is up to here.
        let (mut end, mut all) = (each, 0.0);
        for (index, shape) in rank.iter().enumerate() {
            let needed = sizes[*shape].1 + BETWEEN.1;
            if all + needed / 2.0 > end && !shapes.is_empty() {
                columns.push(Column {
                    shapes: std::mem::take(&mut shapes),
                    passing: rank.len() - index,
                });
                end += each;
            }
            shapes.push(*shape);
            all += needed;
        }
        columns.push(Column { shapes, passing: 0 });
    }
    columns
}

/// Clusters one after the other, like words in lines of so many columns.
fn packed(sizes: &[(f64, f64)], clusters: &[Vec<Column>], columns: usize) -> (Grid, f64, f64) {
    let mut cells = vec![(0, 0); sizes.len()];
    let mut widths = vec![0f64; columns];
    let mut heights = Vec::new();
    let (mut band, mut column) = (0, 0);
    for cluster in clusters {
        let fits = column + cluster.len() <= columns;
        if column > 0 && !fits {
            (band, column) = (band + 1, 0);
        }
        for found in cluster {
            if column == columns {
                (band, column) = (band + 1, 0);
            }
            for shape in &found.shapes {
                cells[*shape] = (band, column);
                widths[column] = widths[column].max(sizes[*shape].0);
            }
            heights.resize(band + 1, 0f64);
            let needed = height(sizes, &found.shapes) + PASS * found.passing as f64;
            heights[band] = heights[band].max(needed);
            column += 1;
        }
    }
    let used = widths.iter().filter(|width| **width > 0.0).count();
    let width = widths.iter().sum::<f64>() + BETWEEN.0 * used as f64;
    let height = heights.iter().sum();
    let grid = Grid {
        columns: used.max(1),
        bands: heights.len().max(1),
        cells,
    };
    (grid, width, height)
}

/// Shapes that hang together, the largest first, with a rank for each shape.
fn clusters(count: usize, arrows: &[(usize, usize)]) -> Vec<Cluster> {
    let ranks = ranks(count, arrows);
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in arrows {
        next[*from].push(*to);
        next[*to].push(*from);
    }
    let mut seen = vec![false; count];
    let mut clusters = Vec::new();
    for start in 0..count {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut members = vec![start];
        let mut index = 0;
        while let Some(at) = members.get(index).copied() {
            index += 1;
            for other in &next[at] {
                if !std::mem::replace(&mut seen[*other], true) {
                    members.push(*other);
                }
            }
        }
        members.sort_unstable();
        let least = members.iter().map(|member| ranks[*member]).min();
        let least = least.unwrap_or(0);
        let mut by_rank: Vec<Vec<usize>> = Vec::new();
        for member in members {
            let rank = ranks[member] - least;
            if by_rank.len() <= rank {
                by_rank.resize(rank + 1, Vec::new());
            }
            by_rank[rank].push(member);
        }
        by_rank.retain(|rank| !rank.is_empty());
        clusters.push(by_rank);
    }
    let size = |cluster: &Cluster| cluster.iter().map(Vec::len).sum::<usize>();
    clusters.sort_by_key(|cluster| std::cmp::Reverse(size(cluster)));
    clusters
}

/// The length of the longest way to each shape, arrows that close a circle left out; then as late as
/// it can be where that shortens arrows.
fn ranks(count: usize, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut into = vec![0usize; count];
    for (from, to) in arrows.iter().filter(|(from, to)| from != to) {
        after[*from].push(*to);
        into[*to] += 1;
    }
    // Depth first, from where nothing leads first; `order` is the reverse of the order of leaving.
    let mut state = vec![0u8; count];
    let mut order = Vec::new();
    let sources = (0..count).filter(|shape| into[*shape] == 0);
    for start in sources.chain(0..count) {
        let mut path = vec![(start, 0)];
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        while let Some((at, index)) = path.last_mut() {
            let at = *at;
            match after[at].get(*index).copied() {
                Some(to) if state[to] == 0 => {
                    *index += 1;
                    state[to] = 1;
                    path.push((to, 0));
                }
                // It leads back to where the way came from.
                Some(to) if state[to] == 1 => _ = after[at].remove(*index),
                Some(_) => *index += 1,
                None => {
                    state[at] = 2;
                    order.push(at);
                    path.pop();
                }
            }
        }
    }
    order.reverse();
    let mut ranks = vec![0usize; count];
    let mut before = vec![0usize; count];
    for at in &order {
        for to in &after[*at] {
            ranks[*to] = ranks[*to].max(ranks[*at] + 1);
            before[*to] += 1;
        }
    }
    for at in order.iter().rev() {
        let least = after[*at].iter().map(|to| ranks[*to]).min();
        if let Some(least) = least
            && after[*at].len() > before[*at]
        {
            ranks[*at] = least - 1;
        }
    }
    ranks
}
