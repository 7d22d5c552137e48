use std::collections::BTreeSet;

use super::*;

const SECOND: u64 = 1_000_000_000;
const LIMITS: Limits = Limits {
    largest: 100,
    queue: 2_000,
    patience: 4 * SECOND,
};
/// Bytes of a stream that may be under way.
const ROOM: usize = 300;

/// One life of a machine: which, and how many it had before.
type Life = (usize, u32);

#[derive(Debug)]
enum Event {
    Ready(Life, u64, String),
    Failed(Life, u64),
    Bytes(usize, usize, Vec<u8>),
    /// Something may be read of this side of a stream, or there is room in it.
    Look(usize, usize),
    End(Life, u64),
    Tick(Life),
}

struct Stream {
    ends: [Option<(Life, u64)>; 2],
    /// Nothing passes any more, and nobody is told.
    mute: bool,
    /// What has arrived at each side.
    arrived: [Vec<u8>; 2],
    asked: [bool; 2],
    /// When the last thing on its way to each side arrives, and how much is.
    latest: [u64; 2],
    under_way: [usize; 2],
    refused: [bool; 2],
}

#[derive(Default)]
struct Port {
    owner: Option<(Life, u64)>,
    accepting: VecDeque<(Life, u64)>,
    backlog: VecDeque<usize>,
}

/// Machines on one loopback interface, whose streams break in every way.
struct World {
    now: u64,
    order: u64,
    events: BTreeMap<(u64, u64), Event>,
    meshes: Vec<Mesh>,
    lives: Vec<u32>,
    /// When each machine is woken next.
    armed: Vec<Option<u64>>,
    ports: BTreeMap<String, Port>,
    streams: Vec<Stream>,
    random: Seeded,
    sent: BTreeSet<Vec<u8>>,
    /// Last message of each sender that each receiver got.
    got: BTreeMap<(Life, Vec<u8>), u32>,
    delivered: Vec<(Life, Vec<u8>)>,
    count: u32,
}

struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn ports() -> BTreeMap<IpAddr, Vec<u16>> {
    BTreeMap::from([(IpAddr::from([127, 0, 0, 1]), vec![7000, 7001, 7002, 7003])])
}

impl World {
    fn new(seed: u64, machines: usize) -> World {
        let mut world = World {
            now: 0,
            order: 0,
            events: BTreeMap::new(),
            meshes: Vec::new(),
            lives: vec![0; machines],
            armed: vec![None; machines],
            ports: BTreeMap::new(),
            streams: Vec::new(),
            random: Seeded(seed),
            sent: BTreeSet::new(),
            got: BTreeMap::new(),
            delivered: Vec::new(),
            count: 0,
        };
        for machine in 0..machines {
            let mesh = world.mesh();
            world.meshes.push(mesh);
            world.drain(machine);
        }
        world
    }

    fn mesh(&mut self) -> Mesh {
        let number = 1 + self.random.below(1 << 30);
        Mesh::new(LIMITS, [7; 32], number, ports())
    }

    fn life(&self, machine: usize) -> Life {
        (machine, self.lives[machine])
    }

    fn add(&mut self, after: u64, event: Event) {
        self.order += 1;
        self.events.insert((self.now + after, self.order), event);
    }

    fn delay(&mut self) -> u64 {
        1_000_000 + self.random.below(200_000_000)
    }

    /// Lets everything happen until then.
    fn run(&mut self, until: u64) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            self.happen(event);
        }
        self.now = until;
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        let machine = match event {
            Event::Ready((machine, life), token, address) if self.lives[machine] == life => {
                self.meshes[machine].ready(now, token, &address);
                machine
            }
            Event::Failed((machine, life), token) if self.lives[machine] == life => {
                self.meshes[machine].failed(now, token, "it broke");
                machine
            }
            Event::End((machine, life), token) if self.lives[machine] == life => {
                self.meshes[machine].end(now, token);
                machine
            }
            Event::Tick((machine, life)) if self.lives[machine] == life => {
                self.armed[machine] = None;
                self.meshes[machine].tick(now);
                machine
            }
            Event::Bytes(stream, side, bytes) => {
                self.streams[stream].arrived[side].extend(bytes);
                return self.look(stream, side);
            }
            Event::Look(stream, side) => return self.look(stream, side),
            _ => return,
        };
        self.drain(machine);
    }

    /// Hands out what has arrived at a side of a stream, if it is asked for.
    fn look(&mut self, index: usize, side: usize) {
        let stream = &mut self.streams[index];
        let other = 1 - side;
        let Some(((machine, life), token)) = stream.ends[side] else {
            return;
        };
        if self.lives[machine] != life {
            return;
        }
        let now = self.now;
        if stream.asked[side] && !stream.arrived[side].is_empty() {
            stream.asked[side] = false;
            let length = 1 + self.random.below(stream.arrived[side].len() as u64) as usize;
            let bytes: Vec<u8> = stream.arrived[side].drain(..length).collect();
            stream.under_way[side] -= length;
            let room = stream.under_way[side] == 0 && std::mem::take(&mut stream.refused[other]);
            self.meshes[machine].data(now, token, &bytes);
            self.drain(machine);
            if let Some(((sender, life), token)) = self.streams[index].ends[other].filter(|_| room)
                && self.lives[sender] == life
            {
                self.meshes[sender].writable(token);
                self.drain(sender);
            }
        }
    }

    fn drain(&mut self, machine: usize) {
        let life = self.life(machine);
        while let Some(action) = self.meshes[machine].next_action() {
            match action {
                Action::Listen { token, bind } => {
                    let port = self.ports.entry(bind.clone()).or_default();
                    if port.owner.is_some() {
                        self.add(1, Event::Failed(life, token));
                    } else {
                        port.owner = Some((life, token));
                        self.add(1, Event::Ready(life, token, bind));
                    }
                }
                Action::Accept { token, listener } => {
                    let mut ports = self.ports.values_mut();
                    let port = ports.find(|it| it.owner == Some((life, listener)));
                    let port = port.expect("it listens there");
                    match port.backlog.pop_front() {
                        Some(stream) => self.join(stream, life, token),
                        None => port.accepting.push_back((life, token)),
                    }
                }
                Action::Connect { token, to } => self.connect(life, token, to),
                Action::Send { token, bytes } => {
                    if let Err(bytes) = self.carry(life, token, bytes) {
                        self.meshes[machine].refused(token, bytes);
                    }
                }
                Action::Receive(token) => {
                    if let Some((stream, side)) = self.find(life, token) {
                        assert!(!std::mem::replace(
                            &mut self.streams[stream].asked[side],
                            true
                        ));
                        self.add(1, Event::Look(stream, side));
                    }
                }
                Action::Close(token) => {
                    if let Some((stream, side)) = self.find(life, token) {
                        self.streams[stream].ends[side] = None;
                        self.tell_end(stream, 1 - side);
                    }
                }
                Action::Deliver(message) => self.deliver(life, message),
                Action::Warn(_) | Action::Debug(_) => {}
            }
        }
        let deadline = self.meshes[machine].deadline();
        let at = deadline.map(|at| at.max(self.now + 1));
        if at.is_some_and(|at| self.armed[machine].is_none_or(|armed| at < armed)) {
            self.armed[machine] = at;
            self.add(at.unwrap_or(0) - self.now, Event::Tick(life));
        }
    }

    fn tell_end(&mut self, index: usize, side: usize) {
        let stream = &self.streams[index];
        if let Some((life, token)) = stream.ends[side].filter(|_| !stream.mute) {
            let after = stream.latest[side].saturating_sub(self.now) + 1_000_000_000;
            self.add(after, Event::End(life, token));
        }
    }

    fn connect(&mut self, life: Life, token: u64, to: String) {
        let delay = self.delay();
        let Some(port) = self.ports.get_mut(&to).filter(|port| port.owner.is_some()) else {
            return self.add(delay, Event::Failed(life, token));
        };
        let accepting = port.accepting.pop_front();
        self.streams.push(Stream {
            ends: [Some((life, token)), None],
            mute: false,
            arrived: Default::default(),
            asked: [false; 2],
            latest: [0; 2],
            under_way: [0; 2],
            refused: [false; 2],
        });
        let stream = self.streams.len() - 1;
        match accepting {
            Some((life, token)) => self.join(stream, life, token),
            None => port.backlog.push_back(stream),
        }
        self.add(delay, Event::Ready(life, token, to));
    }

    fn join(&mut self, stream: usize, life: Life, token: u64) {
        self.streams[stream].ends[1] = Some((life, token));
        self.add(1, Event::Ready(life, token, "127.0.0.1:50000".to_owned()));
    }

    fn find(&self, life: Life, token: u64) -> Option<(usize, usize)> {
        let mut ends = self.streams.iter().enumerate().rev();
        ends.find_map(|(index, stream)| {
            let side = stream
                .ends
                .iter()
                .position(|end| *end == Some((life, token)))?;
            Some((index, side))
        })
    }

    /// Sends through a stream, if there is room.
    fn carry(&mut self, life: Life, token: u64, bytes: Arc<[u8]>) -> Result<(), Arc<[u8]>> {
        let Some((index, side)) = self.find(life, token) else {
            return Ok(());
        };
        let (delay, now, other) = (self.delay(), self.now, 1 - side);
        let stream = &mut self.streams[index];
        if stream.under_way[other] > 0 && stream.under_way[other] + bytes.len() > ROOM {
            stream.refused[side] = true;
            return Err(bytes);
        }
        stream.under_way[other] += bytes.len();
        if !stream.mute {
            stream.latest[other] = stream.latest[other].max(now + delay);
            let after = stream.latest[other] - now;
            self.add(after, Event::Bytes(index, other, bytes.to_vec()));
        }
        Ok(())
    }

    /// Judges what is delivered: sent before, once, and in the order of its sender.
    fn deliver(&mut self, life: Life, message: Vec<u8>) {
        assert!(self.sent.contains(&message), "made up");
        let (sender, number) = message.split_at(8);
        let number = u32::from_le_bytes(number[..4].try_into().unwrap());
        let last = self.got.entry((life, sender.to_vec())).or_insert(0);
        assert!(number > *last, "{number} comes after {last}");
        *last = number;
        self.delivered.push((life, message));
    }

    fn send(&mut self, machine: usize) -> Vec<u8> {
        self.count += 1;
        let (_, life) = self.life(machine);
        let mut message = (machine as u32).to_le_bytes().to_vec();
        message.extend(life.to_le_bytes());
        message.extend(self.count.to_le_bytes());
        message.resize(12 + self.random.below(80) as usize, 7);
        self.sent.insert(message.clone());
        self.meshes[machine].send(&message).unwrap();
        self.drain(machine);
        message
    }

    /// Something goes wrong.
    fn harm(&mut self) {
        let machine = self.random.below(self.meshes.len() as u64) as usize;
        match self.random.below(4) {
            0 => {
                // A machine is gone, and comes back as another proxy. Some are told.
                let life = self.life(machine);
                self.lives[machine] += 1;
                self.ports
                    .retain(|_, port| port.owner.is_none_or(|(owner, _)| owner != life));
                for stream in 0..self.streams.len() {
                    for side in 0..2 {
                        if self.streams[stream].ends[side].is_some_and(|(it, _)| it == life) {
                            self.streams[stream].ends[side] = None;
                            match self.random.below(2) {
                                0 => self.tell_end(stream, 1 - side),
                                _ => self.streams[stream].mute = true,
                            }
                        }
                    }
                }
                self.meshes[machine] = self.mesh();
                self.armed[machine] = None;
                self.drain(machine);
            }
            harm => {
                let index = self.random.below(self.streams.len() as u64) as usize;
                self.streams[index].mute = true;
                if harm > 1 {
                    for (life, token) in self.streams[index].ends.into_iter().flatten() {
                        let delay = self.delay();
                        self.add(delay, Event::Failed(life, token));
                    }
                    self.streams[index].ends = [None; 2];
                }
            }
        }
    }

    /// A message of each machine reaches all others.
    fn all_reach_all(&mut self) {
        for machine in 0..self.meshes.len() {
            let before = self.delivered.len();
            let message = self.send(machine);
            self.run(self.now + 3 * SECOND);
            let delivered = &self.delivered[before..];
            let reached: BTreeSet<usize> = delivered
                .iter()
                .filter(|(_, it)| *it == message)
                .map(|((receiver, _), _)| *receiver)
                .collect();
            let others = (0..self.meshes.len()).filter(|other| *other != machine);
            assert_eq!(reached, others.collect(), "of {machine}");
        }
    }
}

#[test]
fn what_is_sent_at_once_waits_for_those_who_are_there() {
    let mut world = World::new(1, 3);
    let early: Vec<_> = (0..5).map(|_| world.send(2)).collect();
    world.run(3 * SECOND);
    let received = |machine| {
        let to = world
            .delivered
            .iter()
            .filter(move |((it, _), _)| *it == machine);
        to.map(|(_, message)| message.clone()).collect::<Vec<_>>()
    };
    assert_eq!((received(0), received(1)), (early.clone(), early));
    world.all_reach_all();
}

#[test]
fn whatever_breaks_nothing_is_made_up_repeated_or_overtaken_and_all_find_each_other_again() {
    let (mut delivered, mut sent) = (0, 0);
    for seed in 0..40 {
        let mut world = World::new(seed, 4);
        for _ in 0..300 {
            let pause = world.random.below(SECOND / 5);
            world.run(world.now + pause);
            for _ in 0..world.random.below(6) {
                let machine = world.random.below(4) as usize;
                world.send(machine);
            }
            if world.random.below(12) == 0 && !world.streams.is_empty() {
                world.harm();
            }
        }
        world.run(world.now + 30 * SECOND);
        world.all_reach_all();
        delivered += world.delivered.len();
        sent += world.sent.len();
    }
    // Most arrive: what was judged is not nothing.
    assert!(delivered > 3 * sent / 2, "{delivered} of {sent}");
}

/// A mesh that listens at 7000, with the streams that it accepts at hand.
fn alone() -> Mesh {
    let mut mesh = Mesh::new(LIMITS, [7; 32], 5, ports());
    mesh.ready(0, 1, "127.0.0.1:7000");
    mesh
}

fn actions(mesh: &mut Mesh) -> Vec<Action> {
    std::iter::from_fn(|| mesh.next_action()).collect()
}

#[test]
fn who_says_nothing_or_nonsense_is_closed_and_keeps_no_memory() {
    let mut mesh = alone();
    actions(&mut mesh);
    let accepted = |mesh: &mut Mesh| *mesh.accepting.keys().next().expect("it accepts");
    for round in 0..100 {
        let token = accepted(&mut mesh);
        mesh.ready(0, token, "127.0.0.1:9");
        mesh.data(0, token, b"GET / HTTP/1.1\r\n");
        assert!(
            actions(&mut mesh).contains(&Action::Close(token)),
            "{round}"
        );
    }
    assert_eq!(
        (mesh.nonsense, mesh.inbound.len(), mesh.senders.len()),
        (100, 0, 0)
    );
    // Those who say nothing fill what there is, until their time is over.
    while let Some(token) = mesh.accepting.keys().next().copied() {
        mesh.ready(0, token, "127.0.0.1:9");
    }
    assert_eq!(mesh.inbound.len(), 2 * 4 + 9);
    mesh.tick(LIMITS.patience);
    assert_eq!((mesh.inbound.len(), mesh.accepting.len()), (0, 1));
}

#[test]
fn a_proxy_of_another_reference_is_told_nothing() {
    let mut mesh = alone();
    actions(&mut mesh);
    let token = *mesh.accepting.keys().next().expect("it accepts");
    mesh.ready(0, token, "127.0.0.1:9");
    mesh.data(0, token, &crate::stream::hello(&[8; 32], 1));
    let sent = actions(&mut mesh);
    assert!(
        !sent.iter().any(|it| matches!(it, Action::Send { .. })),
        "{sent:?}"
    );
    assert!(sent.contains(&Action::Close(token)));
}

/// Two streams of a mesh that are up.
fn with_two_peers() -> (Mesh, [u64; 2]) {
    let mut mesh = alone();
    let connects = actions(&mut mesh)
        .into_iter()
        .filter_map(|action| match action {
            Action::Connect { token, .. } => Some(token),
            _ => None,
        });
    let tokens: Vec<u64> = connects.collect();
    mesh.failed(0, tokens[2], "nobody is there");
    for token in &tokens[..2] {
        mesh.ready(0, *token, "127.0.0.1:7001");
        mesh.data(0, *token, &crate::stream::hello(&[7; 32], 100 + token));
    }
    actions(&mut mesh);
    (mesh, [tokens[0], tokens[1]])
}

/// The last bytes of what is sent through a stream.
fn sent_through(mesh: &mut Mesh, stream: u64) -> Vec<u8> {
    let sent = actions(mesh).into_iter().filter_map(|action| match action {
        Action::Send { token, bytes } if token == stream => bytes.last().copied(),
        _ => None,
    });
    sent.collect()
}

#[test]
fn a_slow_peer_loses_what_does_not_fit_its_queue_and_nobody_else_does() {
    let (mut mesh, [slow, fast]) = with_two_peers();
    let mut reached: Vec<u8> = Vec::new();
    for number in 0..30 {
        mesh.send(&[number; 100]).unwrap();
        while let Some(action) = mesh.next_action() {
            match action {
                Action::Send { token, bytes } if token == slow => mesh.refused(token, bytes),
                Action::Send { token, bytes } if token == fast => reached.extend(bytes.last()),
                _ => {}
            }
        }
    }
    assert_eq!(reached, (0..30).collect::<Vec<u8>>());
    // 113 bytes each, of 2,000.
    assert_eq!(mesh.dropped, 30 - 17);
    mesh.writable(slow);
    assert_eq!(sent_through(&mut mesh, slow), (0..17).collect::<Vec<u8>>());
}

#[test]
fn a_message_that_is_too_large_is_refused() {
    let mut mesh = alone();
    assert_eq!(mesh.send(&[0; 101]), Err(TooLarge));
    assert_eq!(mesh.send(&[0; 100]), Ok(()));
}

#[test]
fn what_a_stream_refused_goes_before_all_that_came_after() {
    let (mut mesh, [token, _]) = with_two_peers();
    for content in [b"a", b"b", b"c"] {
        mesh.send(content).unwrap();
    }
    let Some(Action::Send { bytes: first, .. }) = mesh.next_action() else {
        panic!("nothing is sent");
    };
    mesh.refused(token, first);
    assert_eq!(sent_through(&mut mesh, token), b"");
    mesh.writable(token);
    assert_eq!(sent_through(&mut mesh, token), b"abc");
}

#[test]
fn what_comes_late_on_an_older_stream_of_a_sender_is_dropped() {
    let mut mesh = alone();
    let accepted = |mesh: &mut Mesh| {
        let token = *mesh.accepting.keys().next().expect("it accepts");
        mesh.ready(0, token, "127.0.0.1:9");
        mesh.data(0, token, &crate::stream::hello(&[7; 32], 99));
        token
    };
    let (old, new) = (accepted(&mut mesh), accepted(&mut mesh));
    let from = [(old, 1), (new, 3), (old, 2), (new, 3), (new, 4)];
    for (token, number) in from {
        mesh.data(0, token, &crate::stream::message(number, &[number as u8]));
    }
    let delivered: Vec<Vec<u8>> = actions(&mut mesh)
        .into_iter()
        .filter_map(|action| match action {
            Action::Deliver(message) => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(delivered, [[1], [3], [4]]);
}
