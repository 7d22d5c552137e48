//! Where lines break: text with places where it may go on in the next line, and groups of such
//! places that are taken together. A group stays on one line if it fits and nothing forces it
//! apart. Takes time in proportion to the text.

/// Columns of one level of indentation.
const STEP: usize = 4;

/// A comment, which ends its line.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub text: String,
    /// Whether it must stay before the next token, whatever that is: doc comments belong to what
    /// follows them.
    pub doc: bool,
    /// Whether it stands on a line of its own, not behind something.
    pub own_line: bool,
    /// Whether an empty line stands before it.
    pub spaced: bool,
}

enum Piece {
    /// May itself hold line ends, which are kept.
    Text(String),
    /// A blank between two texts on a line.
    Space,
    /// In a group on one line this text, else a line end.
    Break {
        flat: &'static str,
        group: usize,
        /// Whether it is better to break elsewhere, so that texts before it do not count on it.
        weak: bool,
    },
    LineEnd,
    Begin {
        end: usize,
        broken: bool,
    },
    End,
    Indent,
    Dedent,
    /// Only in a group that is not on one line.
    IfBroken(&'static str),
    Comment(Comment),
    EmptyLine,
}

/// A text in the making.
#[derive(Default)]
pub(super) struct Layout {
    pieces: Vec<Piece>,
    /// Where the groups begin that have not ended.
    groups: Vec<usize>,
}

impl Layout {
    pub fn text(&mut self, text: impl Into<String>) {
        self.pieces.push(Piece::Text(text.into()));
    }

    pub fn space(&mut self) {
        self.pieces.push(Piece::Space);
    }

    /// A place in the innermost group where the line may end; `flat` stands there if it does not.
    pub fn line_break(&mut self, flat: &'static str, weak: bool) {
        let group = *self.groups.last().expect("breaks stand in groups");
        self.pieces.push(Piece::Break { flat, group, weak });
    }

    /// A line end; every group around it is broken.
    pub fn line_end(&mut self) {
        self.force();
        self.pieces.push(Piece::LineEnd);
    }

    pub fn begin(&mut self) {
        self.groups.push(self.pieces.len());
        let (end, broken) = (0, false);
        self.pieces.push(Piece::Begin { end, broken });
    }

    pub fn end(&mut self) {
        let start = self.groups.pop().expect("what ends has begun");
        let here = self.pieces.len();
        if let Piece::Begin { end, .. } = &mut self.pieces[start] {
            *end = here;
        }
        self.pieces.push(Piece::End);
    }

    /// Breaks the groups that have not ended.
    pub fn force(&mut self) {
        for group in self.groups.iter().rev() {
            match &mut self.pieces[*group] {
                // Then those around it are broken too.
                Piece::Begin { broken: true, .. } => return,
                Piece::Begin { broken, .. } => *broken = true,
                _ => unreachable!("groups begin with `Begin`"),
            }
        }
    }

    pub fn indent(&mut self) {
        self.pieces.push(Piece::Indent);
    }

    pub fn dedent(&mut self) {
        self.pieces.push(Piece::Dedent);
    }

    pub fn if_broken(&mut self, text: &'static str) {
        self.pieces.push(Piece::IfBroken(text));
    }

    pub fn comment(&mut self, comment: Comment) {
        self.force();
        self.pieces.push(Piece::Comment(comment));
    }

    /// An empty line after the next line end.
    pub fn empty_line(&mut self) {
        self.pieces.push(Piece::EmptyLine);
    }

    /// The text, every line of it `indent` columns further right, at most `width` columns wide where
    /// there is a choice.
    pub fn finish(self, indent: usize, width: usize) -> String {
        let widths = Widths::new(&self.pieces);
        let mut writer = Writer {
            indent,
            ..Writer::default()
        };
        let mut broken = Vec::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => writer.text(text),
                Piece::Space => writer.space = true,
                Piece::Break { flat, .. } => match broken.last() {
                    Some(true) => writer.line_end(),
                    _ => {
                        writer.text(flat);
                        writer.empty_line = false;
                    }
                },
                Piece::LineEnd => writer.line_end(),
                Piece::Begin { end, broken: apart } => {
                    broken.push(*apart || writer.column() + widths.group(index, *end) > width);
                }
                Piece::End => drop(broken.pop()),
                Piece::Indent => writer.indent += STEP,
                Piece::Dedent => writer.indent -= STEP,
                Piece::IfBroken(text) if broken.last() == Some(&true) => writer.text(text),
                Piece::IfBroken(_) => {}
                Piece::Comment(comment) => writer.pending.push((writer.indent, comment.clone())),
                Piece::EmptyLine => writer.empty_line = true,
            }
        }
        writer.out
    }
}

/// How wide pieces are.
struct Widths {
    /// Of all pieces before one, on one line.
    before: Vec<usize>,
    /// From a piece up to where the line can end.
    tail: Vec<usize>,
    /// The first text at or after a piece that holds a line end.
    ends: Vec<usize>,
    /// Up to its line end.
    first: Vec<usize>,
}

impl Widths {
    fn new(pieces: &[Piece]) -> Widths {
        let count = pieces.len();
        let mut widths = Widths {
            before: vec![0; count + 1],
            tail: vec![0; count + 1],
            ends: vec![count; count + 1],
            first: vec![0; count + 1],
        };
        for (index, piece) in pieces.iter().enumerate() {
            widths.before[index + 1] = widths.before[index] + flat(piece);
        }
        for (index, piece) in pieces.iter().enumerate().rev() {
            widths.ends[index] = widths.ends[index + 1];
            let on = flat(piece) + widths.tail[index + 1];
            widths.tail[index] = match piece {
                Piece::Text(text) if text.contains('\n') => {
                    widths.ends[index] = index;
                    let line = text.lines().next().unwrap_or_default();
                    widths.first[index] = line.chars().count();
                    widths.first[index]
                }
                Piece::Break { group, weak, .. } => match pieces[*group] {
                    Piece::Begin { broken: false, .. } if *weak => on,
                    _ => 0,
                },
                Piece::LineEnd => 0,
                _ => on,
            };
        }
        widths
    }

    /// Of a group on one line, with what then follows on it.
    fn group(&self, start: usize, end: usize) -> usize {
        match self.ends[start] {
            text if text < end => self.before[text] - self.before[start] + self.first[text],
            _ => self.before[end] - self.before[start] + self.tail[end],
        }
    }
}

fn flat(piece: &Piece) -> usize {
    match piece {
        Piece::Text(text) => text.chars().count(),
        Piece::Space => 1,
        Piece::Break { flat, .. } => flat.len(),
        _ => 0,
    }
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Columns before a line.
    indent: usize,
    column: usize,
    /// Whether the line that is being written holds anything.
    begun: bool,
    /// Whether a blank is due, unless the line ends.
    space: bool,
    /// Comments that wait for the end of the line, with the columns before a line of their own.
    pending: Vec<(usize, Comment)>,
    /// Whether an empty line is due after the next line end.
    empty_line: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if !self.pending.is_empty() {
            // A comment about an element goes behind the comma.
            let closes = matches!(text, "," | ";") && self.begun;
            if closes && self.pending.iter().all(|(_, comment)| !comment.doc) {
                self.space = false;
                self.pending
                    .iter_mut()
                    .for_each(|(before, _)| *before = self.indent);
                return self.put(text);
            }
            // Inside an element, it and the comments go on further right.
            let (indent, begun) = (self.indent, self.begun);
            self.indent += if begun { STEP } else { 0 };
            for (before, _) in &mut self.pending {
                *before = self.indent;
            }
            self.comments(!begun);
            self.end();
            if std::mem::take(&mut self.empty_line) && !begun {
                self.out.push('\n');
            }
            self.put(text);
            self.indent = indent;
            return;
        }
        if self.space && self.begun {
            self.put(" ");
        }
        self.space = false;
        self.put(text);
    }

    fn line_end(&mut self) {
        self.comments(true);
        self.end();
        if std::mem::take(&mut self.empty_line) {
            self.out.push('\n');
        }
    }

    /// The comments that wait, the last one's line not ended.
    fn comments(&mut self, spaced: bool) {
        let indent = self.indent;
        for (index, (before, comment)) in std::mem::take(&mut self.pending).iter().enumerate() {
            if self.begun && (comment.own_line || index > 0) {
                self.end();
            }
            if comment.spaced && spaced && !self.begun && !self.out.is_empty() {
                self.out.push('\n');
            }
            if self.begun {
                self.put(" ");
            }
            self.indent = *before;
            self.put(&comment.text);
        }
        self.indent = indent;
    }

    /// Where the next text will stand.
    fn column(&self) -> usize {
        match self.begun {
            true => self.column + usize::from(self.space),
            false => self.indent,
        }
    }

    fn put(&mut self, text: &str) {
        if !self.begun {
            self.out.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
            self.begun = true;
        }
        self.out.push_str(text);
        self.column = match text.rfind('\n') {
            Some(at) => text[at + 1..].chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn end(&mut self) {
        self.out.push('\n');
        self.begun = false;
        self.space = false;
    }
}
