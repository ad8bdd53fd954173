//! latency: how long one message takes when nothing else is under way.

use super::*;
use std::thread;

const PACE_NS: u64 = 50000;

fn tell_times(mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    tell("p50 ns", percentile(&times, 50.0));
    tell("p99 ns", percentile(&times, 99.0));
    tell("p99.9 ns", percentile(&times, 99.9));
}

/// A loop or a thread asks, a thread answers.
pub(crate) fn ping_pong<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let trips = case.messages;
    let (question, mut there) = P::open(case.capacity);
    let (answer, mut back) = P::open(case.capacity);
    let answerer = thread::spawn(move || {
        core(1);
        for _ in 0..trips {
            let message = next::<WORDS, P>(&mut there);
            P::send(&answer, message);
        }
    });
    let mut times = Vec::with_capacity(trips as usize);
    let mut message = Message::new();
    let mut asked = Instant::now();
    message.write(0);
    P::send(&question, message);
    let mut answered = |reply: Message<WORDS>| {
        times.push(ns(asked));
        let done = times.len() as u64;
        check(
            reply.read() == done - 1,
            "another answer than the one asked for",
        );
        if done == trips {
            return false;
        }
        message.write(done);
        asked = Instant::now();
        P::send(&question, message);
        true
    };
    if case.to_loop {
        P::each(&mut back, answered);
    } else {
        P::take_all(&mut back, answered);
    }
    answerer.join().expect("the answerer");
    tell_times(times);
}

/// Each message is the time of its sending. The sender spins, so that it is on
/// time and the receiver's core alone has to wake.
pub(crate) fn paced<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let messages = case.messages;
    let (tx, mut rx) = P::open(case.capacity);
    let start = Instant::now();
    let time = move || start.elapsed().as_nanos() as u64;
    let cpu = cpu_ns(libc::CLOCK_PROCESS_CPUTIME_ID);
    let pacer = thread::spawn(move || {
        let mut message = Message::new();
        let mut due = time();
        let mut sending = 0;
        core(1);
        for _ in 0..messages {
            due += PACE_NS;
            let mut now = time();
            while now < due {
                now = time();
            }
            message.write(now);
            P::send(&tx, message);
            sending += time() - now;
        }
        cpu_ns(libc::CLOCK_THREAD_CPUTIME_ID) - sending as f64
    });
    let mut times = Vec::with_capacity(messages as usize);
    let mut last = 0;
    let mut paced = |message: Message<WORDS>| {
        let sent = message.read();
        check(sent > last, "a message is double or out of order");
        last = sent;
        times.push((time() - sent) as f64);
        (times.len() as u64) < messages
    };
    if case.to_loop {
        P::each(&mut rx, paced);
    } else {
        P::take_all(&mut rx, paced);
    }
    let waited = pacer.join().expect("the sender");
    let used = cpu_ns(libc::CLOCK_PROCESS_CPUTIME_ID) - cpu - waited;
    tell("cpu ns/message", used / messages as f64);
    tell_times(times);
}
