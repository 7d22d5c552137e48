//! The board: shapes, ports of the border and lines that pass, in the columns of their bands; and
//! how high each stands.

use super::super::shape::{End, Shape};
use super::grid::{self, Grid};
use super::sides::{Side, Sides};
use super::{Laid, ROW};

/// Rounds in which heights are evened out.
const ROUNDS: usize = 6;
/// Height of a line that passes a column.
const PASS: f64 = 6.0;

/// What is laid out inside one frame.
pub struct Board<'s> {
    pub shape: &'s Shape,
    pub sides: &'s Sides,
    pub inside: Vec<Laid>,
    pub grid: Grid,
    pub items: Vec<Item>,
    /// Items by band, by layer, from top to bottom. The layers are the left border, the columns and
    /// the right border.
    pub bands: Vec<Vec<Vec<usize>>>,
    /// The item of each shape inside, and of each port of the frame.
    pub shapes: Vec<usize>,
    pub borders: Vec<usize>,
    /// For each edge that goes from layer to later layer the items on its way; none for others.
    pub ways: Vec<Vec<usize>>,
}

/// Something in a layer.
pub struct Item {
    pub what: What,
    pub band: usize,
    pub layer: usize,
    /// Place in the layer.
    pub index: usize,
    pub top: f64,
    pub height: f64,
    /// To the layer before, and to the next.
    pub links: [Vec<Link>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Shape(usize),
    /// A port of the frame.
    Border,
    /// An edge on its way.
    Pass,
}

/// A piece of an edge between neighbouring layers.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The port at which it begins, if that is a shape's.
    pub port: Option<usize>,
    pub other: usize,
    pub other_port: Option<usize>,
}

impl<'s> Board<'s> {
    pub fn new(shape: &'s Shape, sides: &'s Sides, inside: Vec<Laid>) -> Board<'s> {
        let sizes: Vec<(f64, f64)> = inside
            .iter()
            .map(|part| (part.width, part.height))
            .collect();
        let mut arrows = Vec::new();
        for edge in &shape.edges {
            let [Some(left), Some(right)] = edge.ends.map(|end| end.shape) else {
                continue;
            };
            match edge.ends.map(|end| facing(sides, end)) {
                [Side::Right, Side::Left] => arrows.push((left, right)),
                [Side::Left, Side::Right] => arrows.push((right, left)),
                _ => {}
            }
        }
        let grid = grid::grid(&sizes, &arrows);
        let mut board = Board {
            shape,
            sides,
            inside,
            items: Vec::new(),
            bands: vec![vec![Vec::new(); grid.columns + 2]; grid.bands],
            shapes: Vec::new(),
            borders: Vec::new(),
            ways: Vec::new(),
            grid,
        };
        for part in 0..board.inside.len() {
            let (band, column) = board.grid.cells[part];
            let height = board.inside[part].height;
            let item = board.add(What::Shape(part), band, column + 1, height);
            board.shapes.push(item);
        }
        // A port of the frame stands in the band of the first shape whose port it is.
        let mut bands: Vec<Option<usize>> = vec![None; shape.ports.len()];
        for edge in &shape.edges {
            if let [Some(part), None] = edge.ends.map(|end| end.shape) {
                let band = board.grid.cells[part].0;
                bands[edge.ends[1].port].get_or_insert(band);
            }
        }
        for (port, band) in bands.into_iter().enumerate() {
            let layer = match sides.own[port] {
                Side::Left => 0,
                Side::Right => board.grid.columns + 1,
            };
            let item = board.add(What::Border, band.unwrap_or(0), layer, ROW);
            board.borders.push(item);
        }
        board.ways = shape
            .edges
            .iter()
            .map(|edge| board.way(edge.ends))
            .collect();
        board
    }

    fn add(&mut self, what: What, band: usize, layer: usize, height: f64) -> usize {
        let id = self.items.len();
        let items = &mut self.bands[band][layer];
        let index = items.len();
        items.push(id);
        self.items.push(Item {
            what,
            band,
            layer,
            index,
            top: 0.0,
            height,
            links: [Vec::new(), Vec::new()],
        });
        id
    }

    /// The item at an end.
    pub fn item(&self, end: End) -> usize {
        match end.shape {
            Some(part) => self.shapes[part],
            None => self.borders[end.port],
        }
    }

    /// To which side a line leaves an end.
    pub fn facing(&self, end: End) -> Side {
        facing(self.sides, end)
    }

    /// The items on the way of an edge that leads to a later layer of the same band.
    fn way(&mut self, ends: [End; 2]) -> Vec<usize> {
        let [mut from, mut to] = ends;
        if self.facing(from) == Side::Left {
            std::mem::swap(&mut from, &mut to);
        }
        let (first, last) = (self.item(from), self.item(to));
        let apart = self.facing(from) == Side::Right && self.facing(to) == Side::Left;
        let (band, layer) = (self.items[first].band, self.items[first].layer);
        let (last_band, last_layer) = (self.items[last].band, self.items[last].layer);
        if !apart || band != last_band || layer >= last_layer {
            return Vec::new();
        }
        let mut way = vec![first];
        for layer in layer + 1..last_layer {
            way.push(self.add(What::Pass, band, layer, PASS));
        }
        way.push(last);
        let port = |end: End| end.shape.map(|_| end.port);
        for (index, pair) in way.windows(2).enumerate() {
            let start = port(from).filter(|_| index == 0);
            let end = port(to).filter(|_| index + 2 == way.len());
            let link = |port, other, other_port| Link {
                port,
                other,
                other_port,
            };
            self.items[pair[0]].links[1].push(link(start, pair[1], end));
            self.items[pair[1]].links[0].push(link(end, pair[0], start));
        }
        way
    }

    /// How far below its top a link leaves an item.
    pub fn offset(&self, item: usize, port: Option<usize>) -> f64 {
        match (self.items[item].what, port) {
            (What::Shape(part), Some(port)) => self.inside[part].ports[port].y,
            _ => self.items[item].height / 2.0,
        }
    }
}

/// To which side a line leaves an end: a port of the frame is seen from inside.
fn facing(sides: &Sides, end: End) -> Side {
    match end.shape {
        Some(part) => sides.inside[part].own[end.port],
        None => match sides.own[end.port] {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        },
    }
}

/// Room above and below an item.
fn room(what: What) -> f64 {
    match what {
        What::Shape(_) => 26.0,
        What::Border => 4.0,
        What::Pass => 8.0,
    }
}

/// Lets each item stand so that what is connected with it is level, as far as the order allows.
pub fn place(board: &mut Board<'_>) {
    for band in 0..board.bands.len() {
        let layers = board.bands[band].len();
        for layer in 0..layers {
            let mut top = 0.0;
            for item in board.bands[band][layer].clone() {
                top += room(board.items[item].what) / 2.0;
                board.items[item].top = top;
                top += board.items[item].height + room(board.items[item].what) / 2.0;
            }
        }
        for _ in 0..ROUNDS {
            for layer in 1..layers {
                even(board, band, layer, &[0]);
            }
            for layer in (0..layers - 1).rev() {
                even(board, band, layer, &[1]);
            }
        }
        // The borders last: they have nothing else to be level with.
        for layer in [0, layers - 1] {
            even(board, band, layer, &[0, 1]);
        }
        let items = || board.bands[band].iter().flatten();
        let least = items().map(|item| board.items[*item].top);
        let least = least.fold(f64::INFINITY, f64::min);
        for item in items().copied().collect::<Vec<usize>>() {
            board.items[item].top -= least;
        }
    }
}

/// A run of items that stand as close as they may.
struct Block {
    /// What it wants to be at, times its weight.
    wanted: f64,
    weight: f64,
    count: usize,
}

/// Moves the items of a layer to the mean of what is connected with them on these sides: least
/// squares under the order, by pooling neighbours that would overlap.
fn even(board: &mut Board<'_>, band: usize, layer: usize, sides: &[usize]) {
    let ids = &board.bands[band][layer];
    let mut blocks: Vec<Block> = Vec::new();
    // How far below the first item each stands where all are as close as they may be.
    let mut closest = Vec::with_capacity(ids.len());
    let mut below = 0.0;
    for (index, id) in ids.iter().enumerate() {
        let item = &board.items[*id];
        if index > 0 {
            let before = &board.items[ids[index - 1]];
            below += before.height + (room(before.what) + room(item.what)) / 2.0;
        }
        closest.push(below);
        let mut sum = 0.0;
        let mut count = 0.0;
        for link in sides.iter().flat_map(|side| &item.links[*side]) {
            let other = board.items[link.other].top + board.offset(link.other, link.other_port);
            sum += other - board.offset(*id, link.port);
            count += 1.0;
        }
        let (wanted, weight) = match (count > 0.0, item.what) {
            (false, _) => (item.top, 0.05),
            (true, What::Pass) => (sum / count, 2.0),
            (true, _) => (sum / count, count),
        };
        let mut block = Block {
            wanted: (wanted - below) * weight,
            weight,
            count: 1,
        };
        while let Some(last) = blocks.last() {
            if last.wanted / last.weight <= block.wanted / block.weight {
                break;
            }
            block.wanted += last.wanted;
            block.weight += last.weight;
            block.count += last.count;
            blocks.pop();
        }
        blocks.push(block);
    }
    let starts = blocks.iter().flat_map(|block| {
        let start = block.wanted / block.weight;
        std::iter::repeat_n(start, block.count)
    });
    let tops: Vec<f64> = starts
        .zip(&closest)
        .map(|(start, below)| start + below)
        .collect();
    for (id, top) in board.bands[band][layer].clone().into_iter().zip(tops) {
        board.items[id].top = top;
    }
}
