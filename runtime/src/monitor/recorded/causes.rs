//! What several traces tell of the order between their nodes: where what arrives was sent.
//!
//! A datagram is known by its bytes. Those that one node alone has sent cannot come from elsewhere; their
//! arrival comes after they were first sent. Where a trace breaks off or lacks lines, that node may have
//! sent the same bytes unrecorded, and nothing is known of what others have sent.
//!
//! A stream is known by the addresses of its two ends, and what arrives by its position: the last byte of a
//! piece was sent by the request that it was part of. Both traces need to have all lines up to there. Two
//! networks may use the same addresses. So the two ends of a stream are taken for such only if there is one
//! of each; if a piece that came is one that was sent, by its position and its bytes; and if there is none of
//! the same position and other bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::MonitorError;
use super::lines::{Line, LineReader};
use super::merged::Source;

/// A line of a trace, by its position among the traces and its number.
pub(super) type At = (usize, u64);

/// Where what arrives was sent.
#[derive(Default)]
pub(super) struct Causes {
    /// The first line in which the bytes of a datagram were sent, by their hash.
    datagrams: HashMap<String, At>,
    /// The line in which the last byte was sent of what a line tells to have come through a stream.
    streams: HashMap<At, At>,
    /// All lines in which something was sent that is known to arrive.
    senders: HashSet<At>,
}

impl Causes {
    /// Reads all traces.
    pub(super) fn of(sources: &[Source]) -> Result<Causes, MonitorError> {
        let mut datagrams: HashMap<String, Option<At>> = HashMap::new();
        let (mut whole, mut gaps) = (Vec::new(), Vec::new());
        let mut streams: Vec<Stream> = Vec::new();
        for (position, source) in sources.iter().enumerate() {
            let mut lines = LineReader::open(&source.path)?;
            let (mut ended, mut gap) = (false, false);
            let mut open = BTreeMap::new();
            let before = streams.len();
            while lines.advance()? {
                let text = lines.text();
                ended = text.has(r#""kind":"end""#) && matches!(text.parse(), Ok(Some(_)));
                gap |= text.has(r#""kind":"skipped""#);
                let told = [
                    r#""request":"udp send""#,
                    r#""request":"tcp send""#,
                    r#""wake":"ready""#,
                    r#""wake":"data""#,
                ];
                if !told.iter().any(|words| text.has(words)) {
                    continue;
                }
                // What is damaged is told when it is read to be judged.
                let Ok(Some(line)) = text.parse() else {
                    continue;
                };
                let at = (position, line.line);
                if line.request == "udp send" {
                    let first = Some(at);
                    let known = datagrams.entry(line.sha256.to_string()).or_insert(first);
                    if known.is_some_and(|known| known.0 != position) {
                        *known = None;
                    }
                } else {
                    stream(&line, at, &mut open, &mut streams);
                }
            }
            if gap {
                streams.truncate(before);
            }
            whole.push(ended && !gap);
            gaps.push(gap);
        }
        let certain = |sender: usize| {
            let mut others = whole.iter().enumerate();
            !gaps[sender] && others.all(|(other, whole)| other == sender || *whole)
        };
        let datagrams = datagrams.into_iter();
        let datagrams = datagrams.filter_map(|(bytes, first)| Some((bytes, first?)));
        let mut causes = Causes {
            datagrams: datagrams.filter(|(_, first)| certain(first.0)).collect(),
            ..Causes::default()
        };
        causes.pair(&streams);
        causes.senders = causes.datagrams.values().copied().collect();
        causes.senders.extend(causes.streams.values());
        Ok(causes)
    }

    /// Finds the two ends of each stream.
    fn pair(&mut self, streams: &[Stream]) {
        let mut ends: BTreeMap<[&str; 2], Vec<&Stream>> = BTreeMap::new();
        for stream in streams {
            let [own, other] = &stream.addresses;
            ends.entry([own, other]).or_default().push(stream);
        }
        for ([own, other], here) in &ends {
            let (&[to], Some(&[from])) = (&**here, ends.get(&[*other, *own]).map(|it| &**it))
            else {
                continue;
            };
            if to.trace == from.trace || !to.is_of(from) {
                continue;
            }
            for piece in &to.received {
                let sent = from.sent.partition_point(|it| it.end < piece.end);
                if let Some(sent) = from.sent.get(sent) {
                    let [to, from] = [(to.trace, piece.line), (from.trace, sent.line)];
                    self.streams.insert(to, from);
                }
            }
        }
    }

    /// The line in which what a line of a trace receives was sent, if that is known.
    pub(super) fn of_line(&self, trace: usize, line: &Line<'_>) -> Option<At> {
        match &*line.wake {
            "datagram" => self.datagrams.get(&*line.sha256).copied(),
            "data" => self.streams.get(&(trace, line.line)).copied(),
            _ => None,
        }
    }

    /// Whether something is known to arrive that was sent in this line.
    pub(super) fn sends(&self, at: At) -> bool {
        self.senders.contains(&at)
    }
}

/// One end of a stream.
struct Stream {
    trace: usize,
    /// Its own address, and that of the other end.
    addresses: [String; 2],
    sent: Vec<Piece>,
    received: Vec<Piece>,
}

/// Bytes that were sent or received at once.
struct Piece {
    line: u64,
    /// How many bytes went before it, and with it.
    start: u64,
    end: u64,
    sha256: String,
}

/// What one line tells of the streams of its trace: `open` are those that its objects have by now.
fn stream(
    line: &Line<'_>,
    (trace, number): At,
    open: &mut BTreeMap<(u64, u64, u64), usize>,
    streams: &mut Vec<Stream>,
) {
    let (Some(id), Some(token)) = (line.id, line.token) else {
        return;
    };
    let own = (line.domain, id, token);
    if line.wake == "ready" {
        open.remove(&own);
        if !line.local.is_empty() {
            open.insert(own, streams.len());
            streams.push(Stream {
                trace,
                addresses: [line.local.to_string(), line.address.to_string()],
                sent: Vec::new(),
                received: Vec::new(),
            });
        }
        return;
    }
    let Some(stream) = open.get(&own) else {
        return;
    };
    let pieces = match line.wake.is_empty() {
        true => &mut streams[*stream].sent,
        false => &mut streams[*stream].received,
    };
    let start = pieces.last().map_or(0, |it| it.end);
    pieces.push(Piece {
        line: number,
        start,
        end: start.saturating_add(line.bytes),
        sha256: line.sha256.to_string(),
    });
}

impl Stream {
    /// Whether what came here is what was sent there, as far as the pieces are the same ones.
    fn is_of(&self, from: &Stream) -> bool {
        let sent: BTreeMap<(u64, u64), &str> = from
            .sent
            .iter()
            .map(|it| ((it.start, it.end), &*it.sha256))
            .collect();
        let here = self.received.iter();
        let same: BTreeSet<bool> = here
            .filter_map(|it| Some(*sent.get(&(it.start, it.end))? == it.sha256))
            .collect();
        same.into_iter().eq([true])
    }
}
