//! Where everything stands. Inside each frame the shapes are in columns (Sugiyama, Tagawa and Toda
//! 1981): which side a port is on gives each connection a direction (`sides`), the directions give
//! each shape a column and, where these would become too many, a band (`grid`), shapes are put in an
//! order with few crossings (`order`), and where their connections are straight (`place`). What does
//! not go from one column to a later one goes around, in lanes of its own (`route`).

mod grid;
mod order;
mod place;
mod route;
mod sides;

use super::shape::{Port, Shape};
use super::text;
use place::Board;
pub use sides::{Side, Sides};

/// Size of names, and of everything else that is written.
pub const NAME_SIZE: f64 = 13.0;
pub const TEXT_SIZE: f64 = 11.0;
/// Most characters of a name, and of a line below.
pub const NAME_LENGTH: usize = 32;
pub const LINE_LENGTH: usize = 40;

const NAME_HEIGHT: f64 = 20.0;
const LINE_HEIGHT: f64 = 14.0;
/// From one port to the next.
const ROW: f64 = 20.0;
/// Between a border and what is written inside.
pub const PADDING: f64 = 10.0;
/// From one lane to the next.
const LANE: f64 = 8.0;

/// A shape in its place.
#[derive(Debug)]
pub struct Laid {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    pub ports: Vec<Spot>,
    pub inside: Vec<Laid>,
    /// One for each edge.
    pub paths: Vec<Path>,
}

/// A port in its place.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    pub x: f64,
    pub y: f64,
    pub right: bool,
}

/// The way of a line.
#[derive(Clone, Debug)]
pub struct Path {
    pub start: Point,
    pub steps: Vec<Step>,
    /// A point on it that says most of which line it is.
    pub middle: Point,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Straight(Point),
    /// Around a corner to a point.
    Corner(Point, Point),
    /// With two points that it is drawn to, to a third one.
    Curve(Point, Point, Point),
}

/// On which sides ports are.
pub fn sides(shape: &Shape) -> Sides {
    sides::assign(shape, &vec![None; shape.ports.len()])
}

/// Lays out a drawing; its corner is at the origin, and all else is where it is from there.
pub fn layout(shape: &Shape) -> Laid {
    let mut laid = lay(shape, &sides(shape));
    laid.settle_at(0.0, 0.0);
    laid
}

/// Lays out a shape; what is in it is where it is from the shape's corner.
fn lay(shape: &Shape, sides: &Sides) -> Laid {
    if shape.inside.is_empty() {
        return alone(shape, &sides.own);
    }
    let inside = shape.inside.iter().zip(&sides.inside);
    let inside = inside.map(|(part, sides)| lay(part, sides)).collect();
    let mut board = Board::new(shape, sides, inside);
    order::order(&mut board);
    place::place(&mut board);
    route::route(board)
}

/// A box with nothing inside, its ports in rows in the order of their names.
fn alone(shape: &Shape, sides: &[Side]) -> Laid {
    let widest = |side: Side| {
        let ports = shape.ports.iter().zip(sides).filter(|(_, on)| **on == side);
        ports.map(|(port, _)| label_width(port)).fold(0.0, f64::max)
    };
    let labels = widest(Side::Left) + widest(Side::Right) + 3.0 * PADDING;
    let mut laid = Laid {
        x: 0.0,
        y: 0.0,
        width: labels.max(header_width(shape)),
        height: 0.0,
        ports: vec![
            Spot {
                x: 0.0,
                y: 0.0,
                right: false,
            };
            shape.ports.len()
        ],
        inside: Vec::new(),
        paths: Vec::new(),
    };
    let order: Vec<usize> = (0..shape.ports.len()).collect();
    rows(shape, sides, &mut laid, &order);
    laid
}

/// Puts the ports of a box into rows, on each side in this order.
fn rows(shape: &Shape, sides: &[Side], laid: &mut Laid, order: &[usize]) {
    let top = header_height(shape);
    let mut used = [0.0; 2];
    for port in order {
        let right = sides[*port] == Side::Right;
        let row = &mut used[usize::from(right)];
        laid.ports[*port] = Spot {
            x: if right { laid.width } else { 0.0 },
            y: top + (*row + 0.5) * ROW,
            right,
        };
        *row += 1.0;
    }
    laid.height = top + used[0].max(used[1]) * ROW + 0.5 * PADDING;
}

/// Room for the name and the lines below.
pub fn header_height(shape: &Shape) -> f64 {
    0.5 * PADDING + NAME_HEIGHT + LINE_HEIGHT * shape.lines.len() as f64
}

fn header_width(shape: &Shape) -> f64 {
    let name = text::width(&text::short(&shape.name, NAME_LENGTH), NAME_SIZE * 1.08);
    let line = |line: &String| text::width(&text::short(line, LINE_LENGTH), TEXT_SIZE);
    let lines = shape.lines.iter().map(line);
    lines.fold(name, f64::max) + 2.0 * PADDING
}

fn label_width(port: &Port) -> f64 {
    text::width(&text::short(&port.name, NAME_LENGTH), TEXT_SIZE)
}

impl Laid {
    /// Moves all that is relative to the corner to where that is.
    fn settle_at(&mut self, x: f64, y: f64) {
        self.x += x;
        self.y += y;
        let (x, y) = (self.x, self.y);
        let moved = |point: &mut Point| {
            point.x += x;
            point.y += y;
        };
        for spot in &mut self.ports {
            spot.x += x;
            spot.y += y;
        }
        for path in &mut self.paths {
            moved(&mut path.start);
            moved(&mut path.middle);
            for step in &mut path.steps {
                match step {
                    Step::Straight(to) => moved(to),
                    Step::Corner(at, to) => [at, to].into_iter().for_each(moved),
                    Step::Curve(at, past, to) => [at, past, to].into_iter().for_each(moved),
                }
            }
        }
        for part in &mut self.inside {
            part.settle_at(x, y);
        }
    }
}
