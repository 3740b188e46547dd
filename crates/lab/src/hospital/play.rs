//! The clock of the play: activities in the order of their times, each a few frames; frames in the order of theirs.
//!
//! Two heaps are all that is kept: what will be done, and frames that were made and are not due yet. An activity makes frames from
//! its own time on, so everything before the next activity may be written. What takes long schedules its own continuation.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::IpAddr;

use model::Timestamp;

use super::link::{self, End};
use super::outside;
use super::routines::{self, Plan, ROUTINES};
use super::site::{DeviceId, Hospital};
use super::truth::{Address, Event, Incident, Key, Party, Shown, Truth};
use crate::{Direction, Host, Scene, Tcp};

/// Nanoseconds of a second.
pub const SECOND: i64 = 1_000_000_000;
/// Of an hour.
pub const HOUR: i64 = 3600 * SECOND;
/// Of a day.
pub const DAY: i64 = 24 * HOUR;

/// How to play.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The seed: it decides everything that the manifest leaves open.
    pub seed: u64,
    /// How long, in days.
    pub days: f64,
}

/// A frame as a mirror shows it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub time: Timestamp,
    /// Where the mirror stands in [`Hospital::mirrors`].
    pub mirror: u16,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Takes frames, in the order of their times.
pub trait Sink {
    /// Takes one.
    ///
    /// # Errors
    /// What keeps the sink from taking it; the play ends with it.
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()>;
}

impl<F: FnMut(&Frame<'_>) -> io::Result<()>> Sink for F {
    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        self(frame)
    }
}

/// What is to be done at a time.
enum Task {
    /// A device's routine, by its place in [`ROUTINES`].
    Routine(DeviceId, u8),
    /// Anything, in the name of an incident.
    Job(Option<u32>, Box<dyn FnOnce(&mut Play)>),
}

/// Ordered by time, then by order of making.
struct Due<T> {
    time: Timestamp,
    order: u64,
    what: T,
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.order) == (other.time, other.order)
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    /// The earliest is the greatest: a heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.time, other.order).cmp(&(self.time, self.order))
    }
}

/// A frame that is not due yet.
struct Held {
    mirror: u16,
    bytes: Vec<u8>,
    shown: Shown,
}

/// A play under way.
pub struct Play {
    /// The hospital as it is now.
    pub hospital: Hospital,
    /// What is true so far.
    pub truth: Truth,
    /// Where frames are made.
    pub scene: Scene,
    /// Connections that stay open, by device and purpose.
    pub lines: BTreeMap<(DeviceId, &'static str), Line>,
    /// Devices that told their partner what they are.
    pub associated: std::collections::HashSet<DeviceId>,
    end: Timestamp,
    tasks: BinaryHeap<Due<Task>>,
    frames: BinaryHeap<Due<Held>>,
    order: u64,
    incident: Option<u32>,
    next_patient: u32,
    most_held: usize,
}

/// An open connection of two parties.
#[derive(Clone, Debug)]
pub struct Line {
    tcp: Tcp,
    talk: Talk,
}

/// Who talks with whom, for the frames being made.
#[derive(Clone, Copy, Debug)]
struct Talk {
    conversation: u32,
    client: End,
    server: End,
}

impl Play {
    /// A play about to begin.
    #[must_use]
    pub fn new(hospital: Hospital, options: &Options) -> Self {
        let end = hospital.start.plus_nanos((options.days * DAY as f64) as i64);
        let mut scene = Scene::with_seed(options.seed);
        scene.now = hospital.start;
        let mut play = Self {
            hospital,
            truth: Truth::default(),
            scene,
            lines: BTreeMap::new(),
            associated: std::collections::HashSet::new(),
            end,
            tasks: BinaryHeap::new(),
            frames: BinaryHeap::new(),
            order: 0,
            incident: None,
            next_patient: (options.seed % 1000) as u32 * 1000,
            most_held: 0,
        };
        for id in 0..play.hospital.devices.len() as DeviceId {
            play.begin(id);
        }
        for (script, time) in std::mem::take(&mut play.hospital.incidents) {
            play.stage(&script, time);
        }
        play
    }

    /// A device begins its routines, and has its address from now on.
    pub fn begin(&mut self, device: DeviceId) {
        self.note_address(device);
        for id in &self.hospital.model(device).does {
            let place = routines::place(id);
            let time = self.first_time(ROUTINES[place].plan);
            self.push(time, Task::Routine(device, place as u8));
        }
    }

    /// Plays an incident at a time.
    ///
    /// # Panics
    /// When there is no such script.
    pub fn stage(&mut self, script: &str, time: Timestamp) {
        let script = super::incidents::find(script).unwrap_or_else(|| panic!("no incident {script}"));
        let number = self.truth.incidents.len() as u32;
        self.truth.incidents.push(Incident {
            script: script.id,
            about: script.about,
            harmful: script.harmful,
            start: time,
            actors: Vec::new(),
            targets: Vec::new(),
            frames: Vec::new(),
            times: None,
        });
        self.push(time, Task::Job(Some(number), Box::new(script.run)));
    }

    /// Who does it and who suffers it, of the incident being played.
    pub fn label(&mut self, actors: &[Party], targets: &[Party]) {
        if let Some(incident) = self.incident {
            let incident = &mut self.truth.incidents[incident as usize];
            for (to, more) in [(&mut incident.actors, actors), (&mut incident.targets, targets)] {
                for one in more.iter().filter(|one| !to.contains(one)).copied().collect::<Vec<_>>() {
                    to.push(one);
                }
            }
        }
    }

    /// Plays to the end; what is true stays in [`Play::truth`].
    ///
    /// # Errors
    /// Those of the sink.
    pub fn run(&mut self, sink: &mut dyn Sink) -> io::Result<()> {
        while let Some(due) = self.tasks.pop() {
            if due.time >= self.end {
                break;
            }
            self.flush(due.time, sink)?;
            self.scene.now = due.time;
            self.incident = None;
            match due.what {
                Task::Routine(device, place) => self.routine(device, place, due.time),
                Task::Job(incident, job) => {
                    self.incident = incident;
                    job(self);
                }
            }
            self.most_held = self.most_held.max(self.frames.len());
        }
        self.tasks.clear();
        self.flush(Timestamp::MAX, sink)
    }

    /// Frames that waited at once, at most.
    #[must_use]
    pub const fn most_held(&self) -> usize {
        self.most_held
    }

    fn routine(&mut self, device: DeviceId, place: u8, time: Timestamp) {
        let routine = &ROUTINES[place as usize];
        let busy = routine.when.share(self.hospital.start, time);
        if self.hospital.devices[device as usize].present && self.unit() < busy {
            (routine.run)(self, device);
        }
        // Who left for good has no routines any more; who is away comes back to them.
        if self.hospital.devices[device as usize].present || self.hospital.subnets[self.subnet(device) as usize].guests {
            let next = self.next_time(routine.plan, time);
            self.push(next, Task::Routine(device, place));
        }
    }

    fn flush(&mut self, until: Timestamp, sink: &mut dyn Sink) -> io::Result<()> {
        while self.frames.peek().is_some_and(|frame| frame.time <= until) {
            let Some(Due { time, what: held, .. }) = self.frames.pop() else { break };
            self.truth.shown(&held.shown, held.bytes.len());
            sink.frame(&Frame { number: self.truth.frames, time, mirror: held.mirror, bytes: &held.bytes })?;
        }
        Ok(())
    }

    fn push(&mut self, time: Timestamp, task: Task) {
        self.order += 1;
        self.tasks.push(Due { time, order: self.order, what: task });
    }

    /// Does something after so many milliseconds, in the name of the same incident.
    pub fn after_ms(&mut self, milliseconds: i64, job: impl FnOnce(&mut Self) + 'static) {
        let time = self.scene.now.plus_nanos(milliseconds * 1_000_000);
        self.push(time, Task::Job(self.incident, Box::new(job)));
    }

    /// Does something after so many seconds.
    pub fn after(&mut self, seconds: i64, job: impl FnOnce(&mut Self) + 'static) {
        self.after_ms(seconds * 1000, job);
    }

    fn first_time(&mut self, plan: Plan) -> Timestamp {
        let now = self.scene.now;
        match plan {
            Plan::Every(seconds) => {
                let mean = f64::from(seconds) / self.hospital.rate.max(1e-6);
                now.plus_nanos((self.unit() * mean * SECOND as f64) as i64)
            }
            Plan::Once(within) => now.plus_nanos((self.unit() * f64::from(within) * SECOND as f64) as i64),
            Plan::At { .. } => self.next_time(plan, now),
        }
    }

    fn next_time(&mut self, plan: Plan, time: Timestamp) -> Timestamp {
        match plan {
            Plan::Every(seconds) => {
                let mean = f64::from(seconds) / self.hospital.rate.max(1e-6);
                time.plus_nanos(((0.5 + self.unit()) * mean * SECOND as f64) as i64 + 1)
            }
            Plan::Once(_) => Timestamp::MAX,
            Plan::At { every_days, day, hour } => {
                let day_of = |time: Timestamp| time.nanos().div_euclid(DAY);
                // The last day on which it was due, counted from the Monday before 1970; then on.
                let (every, day) = (i64::from(every_days), i64::from(day));
                let mut due = (day_of(time) + 3 - day).div_euclid(every) * every + day - 3;
                let jitter = (self.unit() * 3600.0 * SECOND as f64) as i64;
                loop {
                    let at = Timestamp::from_nanos(due * DAY + i64::from(hour) * HOUR + jitter);
                    // An hour's jitter must not make it due twice.
                    if at.nanos() - jitter > time.nanos() {
                        return at;
                    }
                    due += every;
                }
            }
        }
    }

    // --- chance ----------------------------------------------------------------------------------------------------

    /// A number from 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        (self.scene.random() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True so many times of a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.scene.random() % 100 < u64::from(percent)
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.scene.random() % (high - low + 1) as u64) as i64
    }

    /// One of several.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.scene.random() % of.len() as u64) as usize]
    }

    /// A patient who was not here before.
    pub const fn patient(&mut self) -> super::people::Patient {
        self.next_patient = self.next_patient.wrapping_add(1);
        super::people::Patient(self.next_patient)
    }

    /// A number for a message or an order.
    pub const fn number(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    // --- who and where ---------------------------------------------------------------------------------------------

    /// The subnet that a device is plugged in to.
    #[must_use]
    pub fn subnet(&self, device: DeviceId) -> u32 {
        self.hospital.devices[device as usize].interface.subnet
    }

    /// What a device's model says under a name.
    #[must_use]
    pub fn says(&self, device: DeviceId, name: &str) -> &'static str {
        self.hospital.model(device).says(name)
    }

    /// Who serves a device in a role; of several always the same.
    #[must_use]
    pub fn server(&self, device: DeviceId, role: &str) -> Option<DeviceId> {
        let site = self.hospital.devices[device as usize].site;
        let present: &[DeviceId] = self.hospital.in_role(site, role);
        let number = self.hospital.devices[device as usize].number as usize;
        (!present.is_empty()).then(|| present[number % present.len()]).filter(|server| *server != device)
    }

    /// A device by the interface that it reaches another with: its second where that is in the other's subnet.
    #[must_use]
    pub fn toward(&self, device: DeviceId, other: DeviceId) -> Party {
        let there = self.subnet(other);
        let second = self.hospital.devices[device as usize].second;
        if second.is_some_and(|second| second.subnet == there) { Party::Second(device) } else { Party::Device(device) }
    }

    /// The full name of a device.
    #[must_use]
    pub fn fqdn(&self, device: DeviceId) -> String {
        format!("{}.{}", self.hospital.host_name(device).to_lowercase(), self.hospital.domain)
    }

    /// A device as frames show it on its link.
    #[must_use]
    pub fn host(&self, device: DeviceId) -> Host {
        let interface = self.hospital.devices[device as usize].interface;
        Host {
            name: String::new(),
            mac: interface.mac,
            ip: IpAddr::V4(interface.ip),
            vlan: None,
            ttl: self.hospital.model(device).ttl,
        }
    }

    /// Writes down that something happened.
    pub fn event(&mut self, device: Option<DeviceId>, what: &'static str, detail: String) {
        self.truth.events.push(Event { time: self.scene.now, what, device, detail });
    }

    /// Writes down the addresses that a device has from now on.
    pub fn note_address(&mut self, device: DeviceId) {
        let (now, one) = (self.scene.now, &self.hospital.devices[device as usize]);
        for interface in [Some(one.interface), one.second].into_iter().flatten() {
            self.truth.addresses.push(Address { device, mac: interface.mac, ip: interface.ip, from: now, until: None });
        }
    }

    /// Writes down that a device's addresses are no longer its own.
    pub fn end_address(&mut self, device: DeviceId) {
        let now = self.scene.now;
        let mine = self.truth.addresses.iter_mut().rev().filter(|address| address.device == device && address.until.is_none());
        mine.take(2).for_each(|address| address.until = Some(now));
    }

    // --- talk ------------------------------------------------------------------------------------------------------

    /// Opens a connection.
    pub fn connect(&mut self, client: Party, server: Party, port: u16, protocol: &'static str, clinical: bool) -> Line {
        let talk = self.talk(Key { client, server, tcp: true, port }, protocol, clinical);
        let (from, to) = (talk.client.host(), talk.server.host());
        let tcp = self.scene.tcp(&from, &to, port);
        self.drain(&talk);
        Line { tcp, talk }
    }

    /// Tries to open a connection where there is nothing: it is refused, or nobody answers.
    pub fn knock(&mut self, client: Party, server: Party, port: u16, refused: bool) {
        let talk = self.talk(Key { client, server, tcp: true, port }, "", false);
        let (from, to) = (talk.client.host(), talk.server.host());
        Tcp::knock(&mut self.scene, &from, &to, port, refused);
        self.drain(&talk);
    }

    /// A datagram and its answer, from a port of the client's choice; without an answer where none is given.
    pub fn ask(&mut self, client: Party, server: Party, port: u16, protocol: &'static str, ask: &[u8], answer: Option<&[u8]>) {
        let from = self.scene.port();
        self.datagrams(Key { client, server, tcp: false, port }, (protocol, false), from, ask, answer);
    }

    /// The same, of clinical contents and from a port of its own.
    pub fn datagrams(
        &mut self,
        key: Key,
        (protocol, clinical): (&'static str, bool),
        from: u16,
        ask: &[u8],
        answer: Option<&[u8]>,
    ) {
        let talk = self.talk(key, protocol, clinical);
        let (client, server) = (talk.client.host(), talk.server.host());
        self.scene.udp(&client, from, &server, key.port, ask);
        if let Some(answer) = answer {
            self.scene.udp(&server, key.port, &client, from, answer);
        }
        self.drain(&talk);
    }

    /// Datagrams of two parties, made by the caller.
    pub fn made(&mut self, key: Key, protocol: &'static str, make: impl FnOnce(&mut Scene, &Host, &Host)) {
        let talk = self.talk(key, protocol, false);
        let (client, server) = (talk.client.host(), talk.server.host());
        make(&mut self.scene, &client, &server);
        self.drain(&talk);
    }

    /// Frames on a device's own link, made by the caller: broadcasts and what its router or neighbour answers there.
    pub fn on_link(&mut self, device: DeviceId, make: impl FnOnce(&mut Scene, &Host, &Host)) {
        let subnet = self.subnet(device);
        let router = self.router_on(subnet);
        let host = self.host(device);
        make(&mut self.scene, &host, &router);
        let router_id = self.hospital.sites[self.hospital.subnets[subnet as usize].site as usize].router;
        for (time, bytes) in self.scene.drain() {
            let of_router = bytes[6..12] == router.mac.0;
            let (sender, own_mac) = if of_router { (router_id, true) } else { (device, bytes[6..12] == host.mac.0) };
            let shown = Shown {
                time,
                conversation: None,
                to_server: true,
                ip_bytes: 0,
                sender: Some(sender),
                own_mac,
                incident: self.incident,
            };
            let legs = link::on_subnet(&self.hospital, subnet, &bytes);
            hold(&mut self.frames, &mut self.order, shown, legs);
        }
    }

    /// The router as it appears in a subnet.
    #[must_use]
    pub fn router_on(&self, subnet: u32) -> Host {
        let subnet = &self.hospital.subnets[subnet as usize];
        let router = self.host(self.hospital.sites[subnet.site as usize].router);
        Host { ip: IpAddr::V4(subnet.gateway()), ttl: 255, ..router }
    }

    /// Health information crossed in a conversation of these two.
    pub fn mark_phi(&mut self, line: &Line) {
        self.truth.conversations[line.talk.conversation as usize].phi = true;
    }

    /// Health information crossed in a conversation of datagrams.
    pub fn mark(&mut self, key: Key) {
        let talk = self.talk(key, "", true);
        self.truth.conversations[talk.conversation as usize].phi = true;
    }

    /// A known default credential was used in a conversation of datagrams.
    pub fn mark_default(&mut self, key: Key) {
        let talk = self.talk(key, "", false);
        self.truth.conversations[talk.conversation as usize].default_credential = true;
    }

    fn talk(&mut self, key: Key, protocol: &'static str, clinical: bool) -> Talk {
        let (client, server) =
            (link::end(&self.hospital, key.client, key.server), link::end(&self.hospital, key.server, key.client));
        // Who is behind a translating router is, for those outside, the router.
        let as_seen = |party, end: &End| end.translated_by.map_or(party, Party::Device);
        let key = Key { client: as_seen(key.client, &client), server: as_seen(key.server, &server), ..key };
        self.scene.step_us = if matches!(key.server, Party::Outside(_)) { 4_000 } else { 200 };
        Talk { conversation: self.truth.conversation(key, protocol, clinical), client, server }
    }

    /// Takes the frames made so far to where mirrors see them.
    fn drain(&mut self, talk: &Talk) {
        for (time, bytes) in self.scene.drain() {
            let to_server = bytes.get(26..30) == Some(&talk.client.ip.octets()[..]);
            let (from, to) = if to_server { (&talk.client, &talk.server) } else { (&talk.server, &talk.client) };
            let shown = Shown {
                time,
                conversation: Some(talk.conversation),
                to_server,
                ip_bytes: u64::from(u16::from_be_bytes([bytes[16], bytes[17]])),
                sender: from.device,
                own_mac: false,
                incident: self.incident,
            };
            let legs = link::legs(&self.hospital, from, to, &bytes);
            if legs.is_empty() {
                self.truth.conversations[talk.conversation as usize].unseen += 1;
            }
            hold(&mut self.frames, &mut self.order, shown, legs);
        }
        self.scene.step_us = 200;
    }

    /// The host outside under a name.
    #[must_use]
    pub fn outside(name: &str) -> Party {
        Party::Outside(outside::find(name))
    }
}

fn hold(frames: &mut BinaryHeap<Due<Held>>, order: &mut u64, shown: Shown, legs: link::Legs) {
    for (step, leg) in legs.into_iter().flatten().enumerate() {
        let time = shown.time.plus_nanos(step as i64 * 30_000);
        *order += 1;
        let shown = Shown { time, own_mac: leg.own_mac, ..shown };
        frames.push(Due { time, order: *order, what: Held { mirror: leg.mirror, bytes: leg.bytes, shown } });
    }
}

impl Line {
    /// Something of one's own making on the connection.
    pub fn with<T>(&mut self, play: &mut Play, make: impl FnOnce(&mut Scene, &mut Tcp) -> T) -> T {
        let result = make(&mut play.scene, &mut self.tcp);
        play.drain(&self.talk);
        result
    }

    /// The client asks and the server answers.
    pub fn exchange(&mut self, play: &mut Play, request: &[u8], response: &[u8]) {
        self.with(play, |scene, tcp| tcp.exchange(scene, request, response));
    }

    /// One side sends.
    pub fn send(&mut self, play: &mut Play, direction: Direction, bytes: &[u8]) {
        self.with(play, |scene, tcp| tcp.send(scene, direction, bytes));
    }

    /// A known default credential was used.
    pub fn default_credential(&self, play: &mut Play) {
        play.truth.conversations[self.talk.conversation as usize].default_credential = true;
    }

    /// Both sides end.
    pub fn close(self, play: &mut Play) {
        self.tcp.close(&mut play.scene);
        play.drain(&self.talk);
    }

    /// The server breaks off.
    pub fn reset(self, play: &mut Play) {
        self.tcp.reset(&mut play.scene, Direction::ToClient);
        play.drain(&self.talk);
    }
}
