//! select: one thread waits for one of many channels, and one of them is busy.

use super::*;
use std::thread;

pub(crate) fn select<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let busy = case.receivers / 2;
    let messages = case.messages;
    let (mut txs, mut rxs) = (Vec::new(), Vec::new());
    for _ in 0..case.receivers {
        let (tx, rx) = P::open(case.capacity);
        txs.push(tx);
        rxs.push(rx);
    }
    let tx = P::another(&txs[busy]);
    let begin = Instant::now();
    let thread = thread::spawn(move || {
        let mut message = Message::new();
        core(1);
        for i in 0..messages {
            message.write(i);
            P::send(&tx, message);
        }
    });
    let mut received = 0;
    P::select(&rxs, |index, message| {
        check(index == busy, "an idle channel is ready");
        check(
            message.read() == received,
            "another message than the next one",
        );
        received += 1;
        received < messages
    });
    tell("ns/message", ns(begin) / messages as f64);
    thread.join().expect("the sender");
}
