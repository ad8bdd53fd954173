//! tokio's mpsc; on a thread, by its blocking calls.

use bench::Peer;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

struct Tokio;

enum Tx<T> {
    Unbounded(UnboundedSender<T>),
    Bounded(Sender<T>),
}

enum Rx<T> {
    Unbounded(UnboundedReceiver<T>),
    Bounded(Receiver<T>),
}

impl<T: Send + 'static> Peer<T> for Tokio {
    type Tx = Tx<T>;
    type Rx = Rx<T>;

    fn open(capacity: usize) -> (Tx<T>, Rx<T>) {
        if capacity == 0 {
            let (tx, rx) = mpsc::unbounded_channel();
            (Tx::Unbounded(tx), Rx::Unbounded(rx))
        } else {
            let (tx, rx) = mpsc::channel(capacity);
            (Tx::Bounded(tx), Rx::Bounded(rx))
        }
    }

    fn another(tx: &Tx<T>) -> Tx<T> {
        match tx {
            Tx::Unbounded(tx) => Tx::Unbounded(tx.clone()),
            Tx::Bounded(tx) => Tx::Bounded(tx.clone()),
        }
    }

    /// A loop's own thread must not block, so there it tries first: in
    /// ping_pong there is always room.
    fn send(tx: &Tx<T>, message: T) {
        match tx {
            Tx::Unbounded(tx) => tx.send(message).ok().expect("send"),
            Tx::Bounded(tx) => match tx.try_send(message) {
                Err(mpsc::error::TrySendError::Full(message)) => {
                    tx.blocking_send(message).ok().expect("send")
                }
                sent => sent.ok().expect("send"),
            },
        }
    }

    fn recv(rx: &mut Rx<T>) -> T {
        match rx {
            Rx::Unbounded(rx) => rx.blocking_recv(),
            Rx::Bounded(rx) => rx.blocking_recv(),
        }
        .expect("recv")
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut Rx<T>, mut f: impl FnMut(T) -> bool) {
        bench::run_loop(async move {
            match rx {
                Rx::Unbounded(rx) => {
                    while f(rx.recv().await.expect("recv")) {}
                }
                Rx::Bounded(rx) => while f(rx.recv().await.expect("recv")) {},
            }
        })
    }
}

fn main() {
    bench::main::<Tokio>()
}
