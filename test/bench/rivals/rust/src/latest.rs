//! latest: what a send costs its sender: where it replaces the message before,
//! with --latest, and where all are kept.

use super::*;
use std::thread;

/// What the sending took.
fn send_all<const WORDS: usize, P: Peer<Message<WORDS>>>(
    tx: &P::Tx,
    messages: u64,
) -> f64 {
    let mut message = Message::new();
    let begin = Instant::now();
    for i in 0..messages {
        message.write(i);
        P::send(tx, message);
    }
    ns(begin)
}

fn run<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case, alone: bool) {
    let (messages, latest) = (case.messages, case.latest);
    let mut first = Message::new();
    first.write(0);
    let (tx, mut rx) = if latest {
        P::open_latest(first)
    } else {
        P::open(case.capacity)
    };
    let mut took = 0.0;
    let mut beside = None;
    if alone {
        took = send_all::<WORDS, P>(&tx, messages);
    } else {
        beside = Some(thread::spawn(move || {
            core(1);
            send_all::<WORDS, P>(&tx, messages)
        }));
    }
    let mut expected = 0;
    // Only messages that were replaced are left out.
    let receive = |message: Message<WORDS>| {
        let number = message.read();
        check(
            if latest { number >= expected } else { number == expected },
            "a message is missing, double or out of order",
        );
        expected = number + 1;
        expected < messages
    };
    if case.to_loop {
        P::each(&mut rx, receive);
    } else {
        P::take_all(&mut rx, receive);
    }
    if let Some(thread) = beside {
        took = thread.join().expect("the sender");
    }
    check(expected == messages, "the last message");
    tell("ns/send", took / messages as f64);
}

/// A thread sends as fast as it can, and the receiver takes what it can get.
pub(crate) fn sends<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    run::<WORDS, P>(case, false)
}

/// One thread sends, and receives when it has sent all.
pub(crate) fn alone<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    check(
        case.capacity == 0 || case.latest,
        "alone is for unbounded channels",
    );
    run::<WORDS, P>(case, true)
}
