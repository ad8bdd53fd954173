//! shared: one channel, several receivers, each with a thread or loop of its
//! own; what the work that they share costs.

use super::throughput::{send_all, NUMBER_BITS};
use super::*;
use std::sync::{Arc, Barrier};
use std::thread;

/// What one receiver got.
struct Taken {
    next: [u64; SENDERS_MOST],
    received: u64,
    /// A bit for each message of each sender.
    seen: Vec<u8>,
    each: u64,
    senders: u64,
}

impl Taken {
    fn new(each: u64, senders: u64) -> Self {
        Taken {
            next: [0; SENDERS_MOST],
            received: 0,
            seen: vec![0; (each * senders / 8 + 1) as usize],
            each,
            senders,
        }
    }

    /// What one receiver gets of one sender comes in that sender's order.
    #[inline]
    fn take<const WORDS: usize>(&mut self, message: Message<WORDS>) {
        let value = message.read();
        let from = value >> NUMBER_BITS;
        let number = value & ((1 << NUMBER_BITS) - 1);
        check(
            from < self.senders
                && number < self.each
                && number >= self.next[from as usize],
            "a message is double or out of order",
        );
        self.next[from as usize] = number + 1;
        let bit = from * self.each + number;
        self.seen[(bit / 8) as usize] |= 1 << (bit % 8);
        self.received += 1;
    }
}

/// Until the end; returns what came, and when the end did.
fn take_all<const WORDS: usize, P: Peer<Message<WORDS>>>(
    mut rx: P::Rx,
    to_loop: bool,
    each: u64,
    senders: u64,
) -> (Taken, Instant) {
    let mut taken = Taken::new(each, senders);
    let take = |message: Message<WORDS>| {
        taken.take(message);
        true
    };
    if to_loop {
        P::each(&mut rx, take);
    } else {
        P::take_all(&mut rx, take);
    }
    (taken, Instant::now())
}

/// Each message was received, and by one of them only.
fn check_all(all: &[(Taken, Instant)], expected: u64) {
    let received: u64 = all.iter().map(|(taken, _)| taken.received).sum();
    check(received == expected, "count");
    for byte in 0..(expected / 8) as usize {
        let seen = all.iter().fold(0, |seen, (taken, _)| seen | taken.seen[byte]);
        let sum: u32 = all.iter().map(|(taken, _)| taken.seen[byte] as u32).sum();
        check(seen == 255 && sum == 255, "a message is missing or double");
    }
}

pub(crate) fn shared<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    check(case.sharing > 1, "shared is for --sharing 2 or more");
    let senders = case.senders as u64;
    let each = (case.messages + senders - 1) / senders;
    let to_loop = case.to_loop;
    let (tx, rx) = P::open(case.capacity);
    let ready = Arc::new(Barrier::new(case.sharing));
    let beside: Vec<_> = (1..case.sharing)
        .map(|index| {
            let (rx, ready) = (P::another_rx(&rx), ready.clone());
            thread::spawn(move || {
                core(index);
                ready.wait();
                take_all::<WORDS, P>(rx, to_loop, each, senders)
            })
        })
        .collect();
    let sources: Vec<_> = (0..case.senders).map(|_| P::another(&tx)).collect();
    drop(tx);
    ready.wait();
    let cpu = cpu_ns(libc::CLOCK_PROCESS_CPUTIME_ID);
    let begin = Instant::now();
    let threads = send_all::<WORDS, P>(sources, each);
    let mut all = vec![take_all::<WORDS, P>(rx, to_loop, each, senders)];
    for thread in threads {
        thread.join().expect("a sender");
    }
    for thread in beside {
        all.push(thread.join().expect("a receiver"));
    }
    let cpu = cpu_ns(libc::CLOCK_PROCESS_CPUTIME_ID) - cpu;
    check_all(&all, each * senders);
    let ended = all.iter().map(|(_, ended)| *ended).max().expect("a receiver");
    let took = ended.duration_since(begin).as_nanos() as f64;
    tell("ns/message", took / (each * senders) as f64);
    tell("cpu ns/message", cpu / (each * senders) as f64);
}
