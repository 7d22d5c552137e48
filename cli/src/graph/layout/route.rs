//! From the board to a picture: how wide columns and the channels between them are, and the ways of
//! lines. A line to a later column is a row of curves. Any other goes around: up or down a lane in
//! the channel beside its port, along a lane between two bands, and to the other port likewise. No
//! line crosses a shape.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::shape::End;
use super::place::{Board, What};
use super::sides::Side;
use super::{
    LANE, Laid, PADDING, Path, Point, Spot, Step, header_height, header_width, label_width,
};

/// Radius of corners.
const RADIUS: f64 = 6.0;
/// How far the points are to which a line from a port to itself is drawn.
const BOW: f64 = 30.0;
/// Between bands, lanes not counted.
const BAND_GAP: f64 = 34.0;
/// Channels without and with lines.
const CHANNEL: f64 = 30.0;
const CHANNEL_WITH_LINES: f64 = 46.0;
/// Most that is added to a channel for steep lines.
const MOST_SLOPE: f64 = 110.0;

/// A line that goes around.
struct Detour {
    edge: usize,
    /// The channels of its ends.
    channels: [usize; 2],
    /// Heights of its ends.
    heights: [f64; 2],
    /// The gap between bands, unless both ends are in one channel.
    gap: Option<usize>,
    /// Its lane in the gap, and in each channel.
    gap_lane: usize,
    lanes: [usize; 2],
}

/// Lanes of a channel: those of ports to the left of it are at its left.
#[derive(Clone, Default)]
struct Channel {
    lanes: [usize; 2],
    lines: usize,
    steepest: f64,
    start: f64,
    width: f64,
}

/// Finishes the layout of a frame.
pub fn route(mut board: Board<'_>) -> Laid {
    let mut router = Router::new(&board);
    let gap_lanes = router.gap_lanes();
    router.set_bands(&gap_lanes);
    router.set_lanes();
    router.set_channels();
    let ports = router.ports();
    let paths = (0..board.shape.edges.len()).map(|edge| router.path(edge));
    let paths = paths.collect();
    let places: Vec<Point> = board
        .shapes
        .iter()
        .map(|item| router.corner(*item))
        .collect();
    let (width, height) = (router.width, router.height);
    for (part, place) in board.inside.iter_mut().zip(places) {
        (part.x, part.y) = (place.x, place.y);
    }
    Laid {
        x: 0.0,
        y: 0.0,
        width,
        height,
        ports,
        inside: board.inside,
        paths,
    }
}

struct Router<'b, 's> {
    board: &'b Board<'s>,
    detours: Vec<Detour>,
    /// The detour of each edge that has one.
    detour_of: Vec<Option<usize>>,
    channels: Vec<Channel>,
    /// The strips beside the borders, for the names of ports.
    strips: [f64; 2],
    /// Left border of each column, and its width.
    columns: Vec<(f64, f64)>,
    /// Top of each band, and of the lanes in the gap above it; of the latter one more.
    bands: Vec<f64>,
    gaps: Vec<f64>,
    width: f64,
    height: f64,
}

impl<'b, 's> Router<'b, 's> {
    fn new(board: &'b Board<'s>) -> Router<'b, 's> {
        let strip = |side: Side| {
            let ports = board.shape.ports.iter().zip(&board.sides.own);
            let names = ports.filter(|(_, on)| **on == side);
            let widest = names.map(|(port, _)| label_width(port)).fold(0.0, f64::max);
            widest + PADDING
        };
        let mut router = Router {
            board,
            detours: Vec::new(),
            detour_of: Vec::new(),
            channels: vec![Channel::default(); board.grid.columns + 1],
            strips: [strip(Side::Left), strip(Side::Right)],
            columns: Vec::new(),
            bands: Vec::new(),
            gaps: Vec::new(),
            width: 0.0,
            height: 0.0,
        };
        for (edge, way) in board.ways.iter().enumerate() {
            let detour = way.is_empty().then(|| router.detour(edge));
            router
                .detour_of
                .push(detour.as_ref().map(|_| router.detours.len()));
            router.detours.extend(detour);
        }
        router
    }

    fn detour(&self, edge: usize) -> Detour {
        let ends = self.board.shape.edges[edge].ends;
        let channels = ends.map(|end| {
            let layer = self.board.items[self.board.item(end)].layer;
            match self.board.facing(end) {
                Side::Right => layer,
                Side::Left => layer - 1,
            }
        });
        let [left, right] = ends.map(|end| self.board.items[self.board.item(end)].band);
        let gap = if left == right {
            // Above or below, where it is nearer.
            let items = self.board.bands[left].iter().flatten();
            let bottom = items.map(|item| {
                let item = &self.board.items[*item];
                item.top + item.height
            });
            let bottom = bottom.fold(0.0, f64::max);
            let heights = ends.map(|end| self.height_in_band(end));
            let below = heights[0] + heights[1] > bottom;
            left + usize::from(below)
        } else {
            left.max(right)
        };
        Detour {
            edge,
            channels,
            heights: [0.0; 2],
            gap: (channels[0] != channels[1]).then_some(gap),
            gap_lane: 0,
            lanes: [0; 2],
        }
    }

    fn height_in_band(&self, end: End) -> f64 {
        let item = self.board.item(end);
        let port = end.shape.map(|_| end.port);
        self.board.items[item].top + self.board.offset(item, port)
    }

    /// Gives each detour a lane in its gap. How many lanes each gap has.
    fn gap_lanes(&mut self) -> Vec<usize> {
        let gaps = self.board.grid.bands + 1;
        let mut stretches: Vec<Vec<Stretch>> = vec![Vec::new(); gaps];
        for (index, detour) in self.detours.iter().enumerate() {
            if let Some(gap) = detour.gap {
                let [left, right] = detour.channels.map(|channel| channel as f64);
                stretches[gap].push(Stretch::new(left, right, (index, 0)));
            }
        }
        let mut counts = Vec::new();
        for stretches in stretches {
            counts.push(lanes(stretches, |(detour, _), lane| {
                self.detours[detour].gap_lane = lane;
            }));
        }
        counts
    }

    /// How high everything is.
    fn set_bands(&mut self, gap_lanes: &[usize]) {
        let last = self.board.grid.bands;
        let mut y = header_height(self.board.shape) + PADDING;
        for (gap, lanes) in gap_lanes.iter().enumerate() {
            let outer = gap == 0 || gap == last;
            let room = LANE * *lanes as f64;
            let margin = match (outer, *lanes) {
                (true, 0) => 0.0,
                (true, _) => PADDING,
                (false, _) => BAND_GAP,
            };
            self.gaps.push(
                y + if gap == 0 {
                    0.0
                } else {
                    0.5 * margin.max(PADDING)
                },
            );
            y += room + margin;
            if gap < last {
                self.bands.push(y);
                let items = self.board.bands[gap].iter().flatten();
                let bottoms = items.map(|item| {
                    let item = &self.board.items[*item];
                    item.top + item.height
                });
                y += bottoms.fold(0.0, f64::max);
            }
        }
        self.height = y + PADDING;
        for detour in 0..self.detours.len() {
            let ends = self.board.shape.edges[self.detours[detour].edge].ends;
            self.detours[detour].heights = ends.map(|end| self.height_of(end));
        }
    }

    fn height_of(&self, end: End) -> f64 {
        let band = self.board.items[self.board.item(end)].band;
        self.bands[band] + self.height_in_band(end)
    }

    fn gap_height(&self, detour: &Detour) -> Option<f64> {
        let gap = detour.gap?;
        Some(self.gaps[gap] + LANE * detour.gap_lane as f64)
    }

    /// Gives each detour its lanes in channels.
    fn set_lanes(&mut self) {
        let mut stretches: Vec<[Vec<Stretch>; 2]> =
            vec![[Vec::new(), Vec::new()]; self.channels.len()];
        for (index, detour) in self.detours.iter().enumerate() {
            let ends = self.board.shape.edges[detour.edge].ends;
            let sides = ends.map(|end| usize::from(self.board.facing(end) == Side::Left));
            match self.gap_height(detour) {
                None => {
                    let [from, to] = detour.heights;
                    let stretch = Stretch::new(from, to, (index, 2));
                    stretches[detour.channels[0]][sides[0]].push(stretch);
                }
                Some(between) => {
                    for end in 0..2 {
                        let stretch = Stretch::new(detour.heights[end], between, (index, end));
                        stretches[detour.channels[end]][sides[end]].push(stretch);
                    }
                }
            }
        }
        for (channel, both) in stretches.into_iter().enumerate() {
            for (side, stretches) in both.into_iter().enumerate() {
                let count = lanes(stretches, |(detour, end), lane| {
                    let found = &mut self.detours[detour].lanes;
                    match end {
                        2 => *found = [lane; 2],
                        end => found[end] = lane,
                    }
                });
                self.channels[channel].lanes[side] = count;
            }
        }
    }

    /// How wide everything is.
    fn set_channels(&mut self) {
        for way in &self.board.ways {
            for pair in way.windows(2) {
                let [from, to] = [pair[0], pair[1]].map(|item| &self.board.items[item]);
                let channel = &mut self.channels[from.layer];
                let middle = |item: &super::place::Item| item.top + item.height / 2.0;
                channel.lines += 1;
                channel.steepest = channel.steepest.max((middle(from) - middle(to)).abs());
            }
        }
        let mut widths = vec![0f64; self.board.grid.columns];
        for (part, (_, column)) in self.board.grid.cells.iter().enumerate() {
            widths[*column] = widths[*column].max(self.board.inside[part].width);
        }
        let mut x = self.strips[0];
        let last = self.channels.len() - 1;
        for index in 0..self.channels.len() {
            let channel = &mut self.channels[index];
            let lanes = channel.lanes[0] + channel.lanes[1];
            channel.start = x;
            channel.width = match (channel.lines, lanes) {
                (0, 0) if index == 0 || index == last => 0.0,
                (0, 0) => CHANNEL,
                (0, _) => PADDING,
                (lines, _) => {
                    let slope = 0.12 * channel.steepest + 1.5 * lines as f64;
                    CHANNEL_WITH_LINES + slope.min(MOST_SLOPE)
                }
            };
            channel.width += match lanes {
                0 => 0.0,
                lanes => LANE * (lanes + 1) as f64,
            };
            x += channel.width;
            if let Some(width) = widths.get(index) {
                self.columns.push((x, *width));
                x += width;
            }
        }
        self.width = (x + self.strips[1]).max(header_width(self.board.shape));
    }

    /// Left and right border of a layer.
    fn layer(&self, layer: usize) -> (f64, f64) {
        let last = &self.channels[self.channels.len() - 1];
        match layer.checked_sub(1) {
            None => (0.0, self.strips[0]),
            Some(column) => match self.columns.get(column) {
                Some((x, width)) => (*x, x + width),
                None => (last.start + last.width, self.width),
            },
        }
    }

    /// The upper left corner of a shape: it stands in the middle of its column.
    fn corner(&self, item: usize) -> Point {
        let item = &self.board.items[item];
        let (left, right) = self.layer(item.layer);
        let width = match item.what {
            What::Shape(part) => self.board.inside[part].width,
            _ => right - left,
        };
        Point {
            x: left + (right - left - width) / 2.0,
            y: self.bands[item.band] + item.top,
        }
    }

    fn port(&self, end: End) -> Point {
        let y = self.height_of(end);
        let x = match end.shape {
            Some(part) => {
                let spot = &self.board.inside[part].ports[end.port];
                self.corner(self.board.shapes[part]).x + spot.x
            }
            None if self.board.sides.own[end.port] == Side::Left => 0.0,
            None => self.width,
        };
        Point { x, y }
    }

    /// The ports of the frame.
    fn ports(&self) -> Vec<Spot> {
        let own = 0..self.board.shape.ports.len();
        own.map(|port| {
            let Point { x, y } = self.port(End { shape: None, port });
            let right = self.board.sides.own[port] == Side::Right;
            Spot { x, y, right }
        })
        .collect()
    }

    fn path(&self, edge: usize) -> Path {
        match self.detour_of[edge] {
            Some(detour) => self.around(&self.detours[detour]),
            None => self.forward(edge),
        }
    }

    fn forward(&self, edge: usize) -> Path {
        let [mut from, mut to] = self.board.shape.edges[edge].ends;
        if self.board.facing(from) == Side::Left {
            std::mem::swap(&mut from, &mut to);
        }
        let (start, end) = (self.port(from), self.port(to));
        let mut steps = Vec::new();
        let mut at = start;
        let mut middle = start;
        let way = &self.board.ways[edge];
        for (index, item) in way.iter().enumerate() {
            let item = &self.board.items[*item];
            let (left, right) = self.layer(item.layer);
            if index > 0 {
                let y = match index + 1 == way.len() {
                    true => end.y,
                    false => self.bands[item.band] + item.top + item.height / 2.0,
                };
                let next = Point { x: left, y };
                middle = between(at, next, 0.5);
                let level = |point| Point {
                    x: middle.x,
                    ..point
                };
                steps.push(Step::Curve(level(at), level(next), next));
                at = next;
            }
            at.x = match index + 1 == way.len() {
                true => end.x,
                false => right,
            };
            steps.push(Step::Straight(at));
        }
        Path {
            start,
            steps,
            middle,
        }
    }

    fn around(&self, detour: &Detour) -> Path {
        let ends = self.board.shape.edges[detour.edge].ends;
        let [start, end] = ends.map(|end| self.port(end));
        if start == end {
            let right = self.board.facing(ends[0]) == Side::Right;
            return bow(start, if right { BOW } else { -BOW });
        }
        let lanes = [0, 1].map(|index| {
            let channel = &self.channels[detour.channels[index]];
            let lane = LANE * (detour.lanes[index] + 1) as f64;
            match self.board.facing(ends[index]) {
                Side::Right => channel.start + lane,
                Side::Left => channel.start + channel.width - lane,
            }
        });
        let corners = match self.gap_height(detour) {
            None => vec![
                Point {
                    x: lanes[0],
                    ..start
                },
                Point { x: lanes[0], ..end },
            ],
            Some(y) => vec![
                Point {
                    x: lanes[0],
                    ..start
                },
                Point { x: lanes[0], y },
                Point { x: lanes[1], y },
                Point { x: lanes[1], ..end },
            ],
        };
        rounded(start, &corners, end)
    }
}

/// A line from a port to itself.
fn bow(start: Point, aside: f64) -> Path {
    let [above, below] = [-0.7, 0.7].map(|part| Point {
        x: start.x + aside,
        y: start.y + aside * part,
    });
    Path {
        start,
        steps: vec![Step::Curve(above, below, start)],
        middle: Point {
            x: start.x + 0.75 * aside,
            ..start
        },
    }
}

/// A line that turns at corners.
fn rounded(start: Point, corners: &[Point], end: Point) -> Path {
    let mut steps = Vec::new();
    let mut longest = (0.0, start);
    let mut at = start;
    for (index, corner) in corners.iter().enumerate() {
        let next = corners.get(index + 1).copied().unwrap_or(end);
        let (before, after) = (distance(at, *corner), distance(*corner, next));
        let radius = RADIUS.min(before / 2.0).min(after / 2.0);
        if before > longest.0 {
            longest = (before, between(at, *corner, 0.5));
        }
        if radius > 0.0 {
            steps.push(Step::Straight(between(*corner, at, radius / before)));
            steps.push(Step::Corner(
                *corner,
                between(*corner, next, radius / after),
            ));
        }
        at = *corner;
    }
    steps.push(Step::Straight(end));
    Path {
        start,
        steps,
        middle: longest.1,
    }
}

fn distance(from: Point, to: Point) -> f64 {
    (from.x - to.x).hypot(from.y - to.y)
}

fn between(from: Point, to: Point, part: f64) -> Point {
    Point {
        x: from.x + (to.x - from.x) * part,
        y: from.y + (to.y - from.y) * part,
    }
}

/// A stretch of a line that takes a lane; with which detour it belongs to, and to which end of it.
#[derive(Clone, Copy)]
struct Stretch {
    from: f64,
    to: f64,
    of: (usize, usize),
}

impl Stretch {
    fn new(one: f64, other: f64, of: (usize, usize)) -> Stretch {
        Stretch {
            from: one.min(other),
            to: one.max(other),
            of,
        }
    }
}

/// Gives stretches lanes in which they do not touch, as few as possible, and tells how many.
fn lanes(mut stretches: Vec<Stretch>, mut give: impl FnMut((usize, usize), usize)) -> usize {
    stretches.sort_by(|left, right| {
        let by_start = left.from.total_cmp(&right.from);
        by_start.then(left.of.cmp(&right.of))
    });
    // Lanes in use by where they end, in tenths, and those that are free.
    let mut used: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
    let mut free: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
    let mut count = 0;
    for stretch in stretches {
        let [from, to] = [stretch.from, stretch.to].map(|at| (at * 10.0).round() as i64);
        while let Some(Reverse((end, lane))) = used.peek().copied()
            && end < from
        {
            used.pop();
            free.push(Reverse(lane));
        }
        let lane = match free.pop() {
            Some(Reverse(lane)) => lane,
            None => {
                count += 1;
                count - 1
            }
        };
        used.push(Reverse((to, lane)));
        give(stretch.of, lane);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_overlap_have_lanes_of_their_own() {
        let pairs = [(0.0, 4.0), (1.0, 2.0), (3.0, 6.0), (5.0, 7.0)];
        let stretches = pairs.iter().enumerate();
        let stretches = stretches.map(|(index, (from, to))| Stretch::new(*from, *to, (index, 0)));
        let mut given = vec![0; pairs.len()];
        let count = lanes(stretches.collect(), |(index, _), lane| given[index] = lane);
        assert_eq!((count, given), (2, vec![0, 1, 1, 0]));
    }
}
