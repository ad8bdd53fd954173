//! async_channel; on a thread, by its blocking calls. Followed: its crate page
//! and Receiver::recv, recv_blocking, clone; it has nothing that takes several.

use async_channel::{bounded, unbounded, Receiver, Sender};
use bench::{Item, Peer};

struct AsyncChannel;

impl<T: Item> Peer<T> for AsyncChannel {
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
        tx.send_blocking(message).ok().expect("send")
    }

    fn recv(rx: &mut Receiver<T>) -> Option<T> {
        rx.recv_blocking().ok()
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut Receiver<T>, mut f: impl FnMut(T) -> bool) {
        bench::run_loop(async move {
            while let Ok(message) = rx.recv().await {
                if !f(message) {
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
    bench::main::<AsyncChannel>()
}
