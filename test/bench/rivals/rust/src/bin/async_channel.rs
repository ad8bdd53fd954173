//! async_channel; on a thread, by its blocking calls.

use async_channel::{bounded, unbounded, Receiver, Sender};
use bench::Peer;

struct AsyncChannel;

impl<T: Send + 'static> Peer<T> for AsyncChannel {
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

    fn recv(rx: &mut Receiver<T>) -> T {
        rx.recv_blocking().expect("recv")
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut Receiver<T>, mut f: impl FnMut(T) -> bool) {
        bench::run_loop(
            async move { while f(rx.recv().await.expect("recv")) {} },
        )
    }
}

fn main() {
    bench::main::<AsyncChannel>()
}
