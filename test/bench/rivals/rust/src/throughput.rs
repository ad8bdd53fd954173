//! throughput: what a message costs when many are under way.

use super::*;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

const BURST: u64 = 1000;

/// The number of a message: its sender in the upper bits, its number there in
/// the lower.
pub(crate) const NUMBER_BITS: u64 = 40;

struct Sink {
    next: [u64; SENDERS_MOST],
    received: u64,
    expected: u64,
}

impl Sink {
    fn new(expected: u64) -> Self {
        Sink {
            next: [0; SENDERS_MOST],
            received: 0,
            expected,
        }
    }

    /// Every message of every sender, each once, in its order: this implies
    /// count and sum. False: it was the last one.
    #[inline]
    fn receive<const WORDS: usize>(&mut self, message: Message<WORDS>) -> bool {
        let value = message.read();
        let from = (value >> NUMBER_BITS) as usize;
        check(
            from < SENDERS_MOST
                && self.next[from] == value & ((1 << NUMBER_BITS) - 1),
            "a message is missing, double or out of order",
        );
        self.next[from] += 1;
        self.received += 1;
        self.received < self.expected
    }
}

fn receive_all<const WORDS: usize, P: Peer<Message<WORDS>>>(
    rx: &mut P::Rx,
    to_loop: bool,
    f: impl FnMut(Message<WORDS>) -> bool,
) {
    if to_loop {
        P::each(rx, f);
    } else {
        P::take_all(rx, f);
    }
}

/// A thread for each sender, which sends as fast as it can.
pub(crate) fn send_all<const WORDS: usize, P: Peer<Message<WORDS>>>(
    sources: Vec<P::Tx>,
    each: u64,
) -> Vec<thread::JoinHandle<()>> {
    sources
        .into_iter()
        .enumerate()
        .map(|(index, tx)| {
            thread::spawn(move || {
                let mut message = Message::new();
                core(index + 1);
                for i in 0..each {
                    message.write((index as u64) << NUMBER_BITS | i);
                    P::send(&tx, message);
                }
            })
        })
        .collect()
}

pub(crate) fn mpsc<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let senders = case.senders as u64;
    let each = (case.messages + senders - 1) / senders;
    let mut sink = Sink::new(each * senders);
    let (tx, mut rx) = P::open(case.capacity);
    let sources: Vec<_> = (0..case.senders).map(|_| P::another(&tx)).collect();
    let cpu = cpu_ns(libc::CLOCK_PROCESS_CPUTIME_ID);
    let begin = Instant::now();
    let threads = send_all::<WORDS, P>(sources, each);
    receive_all::<WORDS, P>(&mut rx, case.to_loop, |message| {
        sink.receive(message)
    });
    tell("ns/message", ns(begin) / sink.expected as f64);
    let cpu = cpu_ns(libc::CLOCK_PROCESS_CPUTIME_ID) - cpu;
    tell("cpu ns/message", cpu / sink.expected as f64);
    check(sink.received == sink.expected, "count");
    for thread in threads {
        thread.join().expect("a sender");
    }
}

pub(crate) fn burst<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let messages = case.messages;
    let mut sink = Sink::new(messages);
    let (tx, mut rx) = P::open(case.capacity);
    let may_send = Arc::new((Mutex::new(1u64), Condvar::new()));
    let post = may_send.clone();
    let begin = Instant::now();
    let thread = thread::spawn(move || {
        let mut message = Message::new();
        core(1);
        for i in 0..messages {
            if i % BURST == 0 {
                let mut bursts = may_send
                    .1
                    .wait_while(may_send.0.lock().unwrap(), |n| *n == 0)
                    .unwrap();
                *bursts -= 1;
            }
            message.write(i);
            P::send(&tx, message);
        }
    });
    receive_all::<WORDS, P>(&mut rx, case.to_loop, |message| {
        let more = sink.receive(message);
        if sink.received % BURST == 0 {
            *post.0.lock().unwrap() += 1;
            post.1.notify_one();
        }
        more
    });
    tell("ns/message", ns(begin) / messages as f64);
    check(sink.received == sink.expected, "count");
    thread.join().expect("the sender");
}

pub(crate) fn seq<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let (tx, mut rx) = P::open(case.capacity);
    let mut message = Message::new();
    let begin = Instant::now();
    for i in 0..case.messages {
        message.write(i);
        P::send(&tx, message);
        check(
            next::<WORDS, P>(&mut rx).read() == i,
            "another message than the one sent",
        );
    }
    tell("ns/message", ns(begin) / case.messages as f64);
}
