//! flume; on a loop, by recv_async. It waits for one message, and then takes
//! all that are there. Followed: Receiver::drain, recv_async, clone (several
//! share the work), and Selector.

use bench::{Item, Peer};
use flume::{bounded, unbounded, Receiver, Selector, Sender};

struct Flume;

impl<T: Item> Peer<T> for Flume {
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
        while let Ok(message) = rx.recv() {
            if !f(message) || !rx.drain().all(&mut f) {
                return;
            }
        }
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut Receiver<T>, mut f: impl FnMut(T) -> bool) {
        bench::run_loop(async move {
            while let Ok(message) = rx.recv_async().await {
                if !f(message) || !rx.drain().all(&mut f) {
                    return;
                }
            }
        })
    }

    const SHARES: bool = true;

    fn another_rx(rx: &Receiver<T>) -> Receiver<T> {
        rx.clone()
    }

    fn select(rxs: &[Receiver<T>], mut f: impl FnMut(usize, T) -> bool) {
        loop {
            let mut selector = Selector::new();
            for (index, rx) in rxs.iter().enumerate() {
                selector = selector
                    .recv(rx, move |message| (index, message.expect("recv")));
            }
            let (index, message) = selector.wait();
            if !f(index, message) {
                return;
            }
        }
    }
}

fn main() {
    bench::main::<Flume>()
}
