//! memory: what waiting messages and idle channels take; what opening costs.

use super::*;

const IDLE: usize = 1000;

/// Bytes of the blocks that malloc gave and did not get back.
fn bytes_held() -> f64 {
    let info = unsafe { libc::mallinfo2() };
    (info.uordblks + info.hblkhd) as f64
}

fn idle_bytes<const WORDS: usize, P: Peer<Message<WORDS>>>(
    capacity: usize,
) -> f64 {
    let mut channels = Vec::with_capacity(IDLE);
    let bytes = bytes_held();
    for _ in 0..IDLE {
        channels.push(P::open(capacity));
    }
    (bytes_held() - bytes) / IDLE as f64
}

pub(crate) fn memory<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let idle = idle_bytes::<WORDS, P>(case.capacity);
    let (tx, mut rx) = P::open(case.capacity);
    let before = bytes_held();
    let mut message = Message::new();
    for i in 0..case.messages {
        message.write(i);
        P::send(&tx, message);
    }
    tell(
        "bytes/message",
        (bytes_held() - before) / case.messages as f64,
    );
    let mut received = 0;
    let receive = |message: Message<WORDS>| {
        check(
            message.read() == received,
            "another message than the next one",
        );
        received += 1;
        received < case.messages
    };
    if case.to_loop {
        P::each(&mut rx, receive);
    } else {
        P::take_all(&mut rx, receive);
    }
    tell("bytes drained", bytes_held() - before);
    tell("bytes idle", idle);
}

pub(crate) fn open_close<const WORDS: usize, P: Peer<Message<WORDS>>>(case: &Case) {
    let begin = Instant::now();
    for _ in 0..case.messages {
        let (tx, _rx) = P::open(case.capacity);
        P::another(&tx);
    }
    tell("ns/channel", ns(begin) / case.messages as f64);
}
