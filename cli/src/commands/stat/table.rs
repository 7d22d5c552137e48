//! What is open, and what it does, in columns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use liveobj::stat::{ConnectionRate, DomainRate, ObjectRate, OpenObject, PartRate, Process, Rates};

use crate::terminal::visible;

/// What is open.
pub fn list(processes: &[&Process]) -> String {
    let mut rows = vec![["process", "for", "domains", "reference"].map(str::to_owned)];
    for process in processes {
        for object in &process.objects {
            let domains = match object.opening {
                true => "opening".to_owned(),
                false => object.domains.to_string(),
            };
            let (pid, name) = (process.pid.to_string(), visible(&object.name));
            rows.push([pid, age(object), domains, name]);
        }
    }
    if rows.len() == 1 {
        return "nothing is open\n".to_owned();
    }
    columns(&rows, [Side::Right, Side::Right, Side::Right, Side::Left])
}

/// What a process did; of objects and connections the busiest ones.
pub fn rates(rates: &Rates, top: usize) -> String {
    let memory = rates.memory;
    let mut text = format!(
        "process {}: {} in memory, at most {}\n",
        rates.pid,
        bytes(memory.resident),
        bytes(memory.peak)
    );
    for object in &rates.objects {
        text += "\n";
        text += &one(object, top);
    }
    text
}

fn one(rate: &ObjectRate, top: usize) -> String {
    let object = &rate.object;
    let name = visible(&object.name);
    if object.opening {
        return format!("{name}: being opened for {}\n", age(object));
    }
    let plural = if object.domains == 1 { "" } else { "s" };
    let mut text = format!(
        "{name}: open for {}, in {} domain{plural}\n",
        age(object),
        object.domains
    );
    for domain in &rate.domains {
        text += &complaint(domain);
    }
    text += &parts(&rate.parts, top);
    text += &connections(&rate.connections, top);
    text
}

/// What is not as it should be with a domain.
fn complaint(domain: &DomainRate) -> String {
    let number = domain.domain;
    let mut text = String::new();
    if let Some(silent) = &domain.silent {
        let waited = silent.waited as f64 / 1e9;
        let who = match silent.object.as_str() {
            "" => "something in it".to_owned(),
            object => format!("`{}`", visible(object)),
        };
        text += &format!(
            "  domain {number} does not answer for {waited:.1} s: {who} blocks; what follows is \
             without it\n"
        );
    }
    if domain.waiting > 0 {
        text += &format!("  {} things wait in domain {number}\n", domain.waiting);
    }
    if domain.lost > 0.0 {
        text += &format!(
            "  {} events/s of domain {number} are lost: nobody is connected there\n",
            number_of(domain.lost)
        );
    }
    text
}

fn parts(parts: &[PartRate], top: usize) -> String {
    let mut order: Vec<&PartRate> = parts.iter().collect();
    order.sort_by(|a, b| b.busy.total_cmp(&a.busy));
    let titles = ["object", "domain", "busy", "calls/s", "waiting", "memory"];
    let mut rows = vec![titles.map(str::to_owned)];
    rows.extend(order.iter().take(top).map(|part| {
        [
            visible(&part.object),
            part.domain.to_string(),
            format!("{:.1} %", part.busy * 100.0),
            number_of(part.calls),
            part.waiting.to_string(),
            bytes(part.bytes),
        ]
    }));
    let right = Side::Right;
    let sides = [Side::Left, right, right, right, right, right];
    section(rows.len() > 1, columns(&rows, sides), parts.len(), top)
}

fn connections(connections: &[ConnectionRate], top: usize) -> String {
    let sum = |it: &ConnectionRate| it.events[0] + it.events[1];
    let mut order: Vec<&ConnectionRate> = connections.iter().collect();
    order.sort_by(|a, b| sum(b).total_cmp(&sum(a)));
    let titles = [
        "connection",
        "with",
        "out/s",
        "in/s",
        "waiting",
        "most",
        "refused",
    ];
    let mut rows = vec![titles.map(str::to_owned)];
    rows.extend(order.iter().take(top).map(|connection| {
        let [left, right] = &connection.ends;
        let [forth, back] = connection.events.map(number_of);
        // Both queues: what goes to the second end, and what comes from it.
        let both = |it: fn(&liveobj::stat::QueueRate) -> u64| {
            let queues = connection.queues.as_ref();
            queues.map_or_else(String::new, |[to, from]| format!("{}/{}", it(to), it(from)))
        };
        let ended = connection.queues.as_ref();
        let ended = ended.is_some_and(|queues| queues.iter().any(|it| it.overflowed));
        let refused = both(|it| it.refused);
        [
            visible(left),
            visible(right),
            forth,
            back,
            both(|it| it.events),
            both(|it| it.most),
            if ended {
                format!("{refused}, ended")
            } else {
                refused
            },
        ]
    }));
    let right = Side::Right;
    let sides = [Side::Left, Side::Left, right, right, right, right, right];
    section(
        rows.len() > 1,
        columns(&rows, sides),
        connections.len(),
        top,
    )
}

fn section(any: bool, table: String, count: usize, top: usize) -> String {
    match (any, count.saturating_sub(top)) {
        (false, _) => String::new(),
        (true, 0) => format!("\n{table}"),
        (true, more) => format!("\n{table}  and {more} more: --top {count} shows all\n"),
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Rows with columns that are as wide as they have to be, without spaces at the ends of lines.
fn columns<const N: usize>(rows: &[[String; N]], sides: [Side; N]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(sides).zip(widths);
        let cells = cells.map(|((cell, side), width)| match side {
            Side::Left => format!("{cell:<width$}"),
            Side::Right => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text += &format!("  {}\n", line.trim_end());
    }
    text
}

/// A rate: as many digits as say something.
fn number_of(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 {
        return format!("{rate:.1}");
    }
    let digits = format!("{rate:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(bytes: u64) -> String {
    let kibibytes = bytes as f64 / 1024.0;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{kibibytes:.1} KiB"),
        _ => format!("{:.1} MiB", kibibytes / 1024.0),
    }
}

/// For how long it has been open.
fn age(object: &OpenObject) -> String {
    let since = UNIX_EPOCH + Duration::from_millis(object.since);
    let age = SystemTime::now().duration_since(since).unwrap_or_default();
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_can_be_read() {
        let rates = [0.0, 0.25, 9.94, 10.4, 999.6, 1_234_567.0].map(number_of);
        assert_eq!(rates, ["0", "0.2", "9.9", "10", "1,000", "1,234,567"]);
        let sizes = [0, 1023, 1536, 5 << 20].map(bytes);
        assert_eq!(sizes, ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]);
    }

    #[test]
    fn columns_are_as_wide_as_they_have_to_be() {
        let rows = [["a", "bb"], ["ccc", ""], ["", "d"]].map(|row| row.map(str::to_owned));
        let text = columns(&rows, [Side::Left, Side::Right]);
        assert_eq!(text, "  a    bb\n  ccc\n        d\n");
    }
}
