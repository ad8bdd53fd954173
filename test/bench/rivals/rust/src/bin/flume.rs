//! flume; on a loop, by recv_async.

use bench::Peer;
use flume::{bounded, unbounded, Receiver, Sender};

struct Flume;

impl<T: Send + 'static> Peer<T> for Flume {
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

    fn recv(rx: &mut Receiver<T>) -> T {
        rx.recv().expect("recv")
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut Receiver<T>, mut f: impl FnMut(T) -> bool) {
        bench::run_loop(
            async move { while f(rx.recv_async().await.expect("recv")) {} },
        )
    }
}

fn main() {
    bench::main::<Flume>()
}
