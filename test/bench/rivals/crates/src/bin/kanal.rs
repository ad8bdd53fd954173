//! kanal; on a loop, by its asynchronous receiver. It waits for one message, and
//! then takes all that are there. Followed: its README, and Receiver::recv,
//! drain_into, clone, to_async.

use bench::{Item, Peer};
use kanal::{bounded, unbounded, Receiver, Sender};

struct Kanal;

impl<T: Item> Peer<T> for Kanal {
    type Tx = Sender<T>;
    type Rx = Receiver<T>;

    fn open(capacity: usize) -> (Sender<T>, Receiver<T>) {
        if capacity == 0 {
            unbounded()
        } else {
            bounded(capacity)
        }
    }

    fn another(tx: &Sender<T>) -> Sender<T> {
        tx.clone()
    }

    fn send(tx: &Sender<T>, message: T) {
        tx.send(message).ok().expect("send")
    }

    fn recv(rx: &mut Receiver<T>) -> Option<T> {
        rx.recv().ok()
    }

    fn take_all(rx: &mut Receiver<T>, mut f: impl FnMut(T) -> bool) {
        let mut taken = Vec::new();
        while let Ok(message) = rx.recv() {
            let more = f(message);
            let _ = rx.drain_into(&mut taken);
            if !more || !taken.drain(..).all(&mut f) {
                return;
            }
        }
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut Receiver<T>, mut f: impl FnMut(T) -> bool) {
        let rx = rx.clone().to_async();
        bench::run_loop(async move {
            let mut taken = Vec::new();
            while let Ok(message) = rx.recv().await {
                let more = f(message);
                let _ = rx.drain_into(&mut taken);
                if !more || !taken.drain(..).all(&mut f) {
                    return;
                }
            }
        })
    }

    const SHARES: bool = true;

    fn another_rx(rx: &Receiver<T>) -> Receiver<T> {
        rx.clone()
    }
}

fn main() {
    bench::main::<Kanal>()
}
