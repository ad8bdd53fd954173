//! std_mpsc: std::sync::mpsc, channel and sync_channel. Followed: its module's
//! page, "Examples", and Receiver::recv; it has nothing that takes several at
//! once.

use bench::{Item, Peer};
use std::sync::mpsc::{channel, sync_channel, Receiver, Sender, SyncSender};

struct Std;

enum Tx<T> {
    Unbounded(Sender<T>),
    Bounded(SyncSender<T>),
}

impl<T: Item> Peer<T> for Std {
    type Tx = Tx<T>;
    type Rx = Receiver<T>;

    fn open(capacity: usize) -> (Tx<T>, Receiver<T>) {
        if capacity == 0 {
            let (tx, rx) = channel();
            (Tx::Unbounded(tx), rx)
        } else {
            let (tx, rx) = sync_channel(capacity);
            (Tx::Bounded(tx), rx)
        }
    }

    fn another(tx: &Tx<T>) -> Tx<T> {
        match tx {
            Tx::Unbounded(tx) => Tx::Unbounded(tx.clone()),
            Tx::Bounded(tx) => Tx::Bounded(tx.clone()),
        }
    }

    fn send(tx: &Tx<T>, message: T) {
        match tx {
            Tx::Unbounded(tx) => tx.send(message),
            Tx::Bounded(tx) => tx.send(message),
        }
        .ok()
        .expect("send")
    }

    fn recv(rx: &mut Receiver<T>) -> Option<T> {
        rx.recv().ok()
    }
}

fn main() {
    bench::main::<Std>()
}
