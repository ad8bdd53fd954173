//! loops: what becomes of the rest of a loop while messages pour in.

use super::*;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Messages that a flood is ahead of its receiver.
const AHEAD: u64 = 100000;
const TICKS: usize = 500;
const PATIENCE: Duration = Duration::from_secs(3);
const TICK: Duration = Duration::from_millis(1);

/// A timer of 1 ms on the loop, set again when it comes: how late it comes
/// tells how long the loop looks at nothing else.
static WATCHED: AtomicBool = AtomicBool::new(false);
static TICKED: AtomicUsize = AtomicUsize::new(0);
static LATE: Mutex<Vec<f64>> = Mutex::new(Vec::new());

fn late(due: Instant) -> f64 {
    Instant::now().saturating_duration_since(due).as_nanos() as f64
}

/// Ticks until it is dropped with its runtime. A tick that is overdue by then
/// counts as late as it is.
struct Watch {
    due: Instant,
}

impl Watch {
    async fn run(mut self) {
        loop {
            tokio::time::sleep(TICK).await;
            LATE.lock().unwrap().push(late(self.due));
            TICKED.fetch_add(1, Relaxed);
            self.due = Instant::now() + TICK;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let late = late(self.due);
        let mut all = LATE.lock().unwrap();
        if late > 0.0 || all.is_empty() {
            all.push(late);
        }
    }
}

/// Runs a future on a loop, which is tokio's with one thread.
pub fn run_loop<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    if WATCHED.load(Relaxed) {
        let watch = Watch {
            due: Instant::now() + TICK,
        };
        runtime.spawn(watch.run());
    }
    runtime.block_on(future)
}

fn tell_lateness() {
    let mut all = LATE.lock().unwrap();
    all.sort_by(f64::total_cmp);
    tell("late p50 ns", percentile(&all, 50.0));
    tell("late p99 ns", percentile(&all, 99.0));
    tell("late most ns", percentile(&all, 100.0));
}

fn work(ns: u64) {
    let begin = Instant::now();
    while begin.elapsed().as_nanos() < ns as u128 {}
}

pub(crate) fn timer<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    check(case.to_loop, "timer is for --to loop");
    let (tx, mut rx) = P::open(case.capacity);
    let told = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let (told_there, over_there) = (told.clone(), over.clone());
    let begin = Instant::now();
    let flooder = thread::spawn(move || {
        let mut message = Message::new();
        let mut i = 0;
        core(1);
        while i % 1000 != 0 || !over_there.load(Relaxed) {
            message.write(i);
            P::send(&tx, message);
            i += 1;
            while i > told_there.load(Relaxed) + AHEAD
                && !over_there.load(Relaxed)
            {
                thread::yield_now();
            }
        }
        message.write(u64::MAX);
        P::send(&tx, message);
        i
    });
    let mut received = 0;
    WATCHED.store(true, Relaxed);
    P::each(&mut rx, |message| {
        let number = message.read();
        if number == u64::MAX {
            return false;
        }
        check(
            number == received,
            "a message is missing, double or out of order",
        );
        if case.work_ns != 0 {
            work(case.work_ns);
        }
        received += 1;
        if received % 1000 == 0 {
            told.store(received, Relaxed);
            if TICKED.load(Relaxed) >= TICKS || begin.elapsed() > PATIENCE {
                over.store(true, Relaxed);
            }
        }
        true
    });
    check(flooder.join().expect("the flood") == received, "count");
    tell_lateness();
}

/// All messages are queued before the loop starts.
pub(crate) fn backlog<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    check(
        case.to_loop && case.capacity == 0,
        "backlog is for --to loop, unbounded",
    );
    let (tx, mut rx) = P::open(0);
    let mut message = Message::new();
    for i in 0..case.messages {
        message.write(i);
        P::send(&tx, message);
    }
    let begin = Instant::now();
    let mut first = 0.0;
    let mut received = 0;
    WATCHED.store(true, Relaxed);
    P::each(&mut rx, |message| {
        check(
            message.read() == received,
            "a message is missing, double or out of order",
        );
        if received == 0 {
            first = ns(begin);
        }
        received += 1;
        received < case.messages
    });
    tell("first ns", first);
    tell("ns/message", ns(begin) / case.messages as f64);
    tell_lateness();
}
