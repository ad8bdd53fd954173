//! bench: the driver of a peer written in Rust. It does what driver.c and its
//! scenarios do, with the same command line, lines and checks.

mod latency;
mod latest;
mod loops;
mod memory;
mod select;
mod shared;
mod throughput;

use std::env;
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

pub use loops::run_loop;

/// The exit status of a peer that has no such channel.
const LACKS: i32 = 3;

const SENDERS_MOST: usize = 64;

/// A message has its number in the first word, and in the last one too,
/// inverted, if that is another.
#[derive(Clone, Copy)]
pub struct Message<const WORDS: usize>([u64; WORDS]);

impl<const WORDS: usize> Message<WORDS> {
    fn new() -> Self {
        Message([0; WORDS])
    }

    fn write(&mut self, value: u64) {
        self.0[WORDS - 1] = !value;
        self.0[0] = value;
    }

    fn read(&self) -> u64 {
        check(
            WORDS == 1 || self.0[WORDS - 1] == !self.0[0],
            "a message is damaged",
        );
        self.0[0]
    }
}

/// What a channel carries.
pub trait Item: Copy + Send + Sync + 'static {}
impl<const WORDS: usize> Item for Message<WORDS> {}

/// A kind of channel. Errors end the program.
pub trait Peer<T: Item> {
    type Tx: Send + 'static;
    type Rx: Send + 'static;

    /// A capacity of 0 is unbounded.
    fn open(capacity: usize) -> (Self::Tx, Self::Rx);
    fn another(tx: &Self::Tx) -> Self::Tx;
    /// On a thread, never on a loop.
    fn send(tx: &Self::Tx, message: T);
    /// On a thread; blocks. None: the last sender was dropped.
    fn recv(rx: &mut Self::Rx) -> Option<T>;
    /// On a thread: calls f with each message until f returns false, or until
    /// the end.
    fn take_all(rx: &mut Self::Rx, mut f: impl FnMut(T) -> bool) {
        while let Some(message) = Self::recv(rx) {
            if !f(message) {
                return;
            }
        }
    }

    /// Whether there is `each`.
    const HAS_LOOP: bool = false;
    /// Runs a loop that does what take_all does: see run_loop.
    fn each(_rx: &mut Self::Rx, _f: impl FnMut(T) -> bool) {
        exit(LACKS)
    }

    /// Whether there is `another_rx`: several receivers share a channel.
    const SHARES: bool = false;
    fn another_rx(_rx: &Self::Rx) -> Self::Rx {
        exit(LACKS)
    }

    /// A channel that keeps the newest message only, and has one to begin with,
    /// which no receiver gets; for `each`.
    fn open_latest(_first: T) -> (Self::Tx, Self::Rx) {
        exit(LACKS)
    }

    /// Waits for one of several receivers, takes its message and calls f with
    /// its index, until f returns false.
    fn select(_rxs: &[Self::Rx], _f: impl FnMut(usize, T) -> bool) {
        exit(LACKS)
    }
}

/// On a thread: the next message of a channel that does not end.
fn next<const WORDS: usize, P: Peer<Message<WORDS>>>(
    rx: &mut P::Rx,
) -> Message<WORDS> {
    P::recv(rx).expect("recv")
}

/// One run of a scenario, as the command line has it.
#[derive(Clone)]
struct Case {
    to_loop: bool,
    capacity: usize,
    size: usize,
    senders: usize,
    messages: u64,
    receivers: usize,
    sharing: usize,
    work_ns: u64,
    latest: bool,
}

static PINNED: AtomicBool = AtomicBool::new(false);
static WARMING: AtomicBool = AtomicBool::new(false);

/// Ends the program: there is no such channel.
pub fn lacks() -> ! {
    exit(LACKS)
}

fn fail(what: &str) -> ! {
    eprintln!("bench: this went wrong: {what}");
    exit(1)
}

fn check(fine: bool, what: &str) {
    if !fine {
        fail(what);
    }
}

/// Prints a figure; not when warming up.
fn tell(figure: &str, value: f64) {
    if !WARMING.load(Relaxed) {
        println!("{figure} {value:.6}");
    }
}

/// With --pin, keeps the calling thread on a core.
fn core(core: usize) {
    if !PINNED.load(Relaxed) {
        return;
    }
    unsafe {
        let cores = libc::sysconf(libc::_SC_NPROCESSORS_ONLN) as usize;
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core % cores, &mut one);
        let size = std::mem::size_of_val(&one);
        check(libc::sched_setaffinity(0, size, &one) == 0, "pin");
    }
}

/// CPU time that the process or this thread has used.
fn cpu_ns(of: libc::clockid_t) -> f64 {
    unsafe {
        let mut used: libc::timespec = std::mem::zeroed();
        check(libc::clock_gettime(of, &mut used) == 0, "clock");
        used.tv_sec as f64 * 1e9 + used.tv_nsec as f64
    }
}

fn ns(since: Instant) -> f64 {
    since.elapsed().as_nanos() as f64
}

/// 0 and 100: the least and the most. The values are sorted.
fn percentile(values: &[f64], percent: f64) -> f64 {
    values[((values.len() - 1) as f64 * percent / 100.0) as usize]
}

fn usage() -> ! {
    eprintln!(
        "usage: SCENARIO [--to loop|thread] [--senders N] [--capacity N] \
         [--size 8|64|256|1024|4096]\n                [--messages N] \
         [--receivers N] [--sharing N] [--work NS] [--latest] [--pin]"
    );
    exit(2)
}

fn parse(args: &[String]) -> Case {
    let mut case = Case {
        to_loop: true,
        capacity: 0,
        size: 8,
        senders: 1,
        messages: 0,
        receivers: 1,
        sharing: 1,
        work_ns: 0,
        latest: false,
    };
    let mut args = args.iter();
    while let Some(name) = args.next() {
        if name == "--pin" {
            PINNED.store(true, Relaxed);
            continue;
        }
        if name == "--latest" {
            case.latest = true;
            continue;
        }
        let value = args.next().unwrap_or_else(|| usage());
        if name == "--to" {
            case.to_loop = value == "loop";
            continue;
        }
        let number: u64 = value.parse().unwrap_or_else(|_| usage());
        match name.as_str() {
            "--senders" => case.senders = number as usize,
            "--capacity" => case.capacity = number as usize,
            "--size" => case.size = number as usize,
            "--messages" => case.messages = number,
            "--receivers" => case.receivers = number as usize,
            "--sharing" => case.sharing = number as usize,
            "--work" => case.work_ns = number,
            _ => usage(),
        }
    }
    if case.senders == 0 || case.senders > SENDERS_MOST {
        usage();
    }
    case
}

type Scenario = fn(&Case);

fn measure(run: Scenario, messages: u64, warm: bool, mut case: Case) {
    if case.messages == 0 {
        case.messages = messages;
    }
    core(0);
    if warm {
        let mut tenth = case.clone();
        tenth.messages = case.messages / 10 + 1;
        WARMING.store(true, Relaxed);
        run(&tenth);
        WARMING.store(false, Relaxed);
    }
    run(&case);
}

fn run<const WORDS: usize, P: Peer<Message<WORDS>>>(name: &str, case: Case) {
    if case.to_loop && !P::HAS_LOOP
        || case.receivers != 1 && name != "select"
        || case.sharing != 1 && !P::SHARES
        || case.latest && !case.to_loop
    {
        exit(LACKS);
    }
    match name {
        "mpsc" => measure(throughput::mpsc::<WORDS, P>, 2000000, true, case),
        "burst" => measure(throughput::burst::<WORDS, P>, 2000000, true, case),
        "seq" => measure(throughput::seq::<WORDS, P>, 4000000, true, case),
        "ping_pong" => {
            measure(latency::ping_pong::<WORDS, P>, 50000, true, case)
        }
        "paced" => measure(latency::paced::<WORDS, P>, 10000, true, case),
        "timer" => measure(loops::timer::<WORDS, P>, 1, false, case),
        "backlog" => {
            measure(loops::backlog::<WORDS, P>, 10000000, false, case)
        }
        "memory" => measure(memory::memory::<WORDS, P>, 10000000, false, case),
        "open_close" => {
            measure(memory::open_close::<WORDS, P>, 100000, true, case)
        }
        "shared" => measure(shared::shared::<WORDS, P>, 2000000, true, case),
        "sends" => measure(latest::sends::<WORDS, P>, 2000000, true, case),
        "alone" => measure(latest::alone::<WORDS, P>, 2000000, true, case),
        "select" => measure(select::select::<WORDS, P>, 100000, true, case),
        _ => exit(LACKS),
    }
}

/// The program of a peer.
pub fn main<P>()
where
    P: Peer<Message<1>>
        + Peer<Message<8>>
        + Peer<Message<32>>
        + Peer<Message<128>>
        + Peer<Message<512>>,
{
    let args: Vec<String> = env::args().collect();
    if args.len() < 2 {
        usage();
    }
    let case = parse(&args[2..]);
    match case.size {
        8 => run::<1, P>(&args[1], case),
        64 => run::<8, P>(&args[1], case),
        256 => run::<32, P>(&args[1], case),
        1024 => run::<128, P>(&args[1], case),
        4096 => run::<512, P>(&args[1], case),
        _ => usage(),
    }
}
