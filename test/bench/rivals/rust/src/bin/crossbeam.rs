//! crossbeam-channel. Followed: its crate page, "Receive operations" and
//! "Sharing channels" (it has nothing that takes several at once: iter is recv
//! again and again), and Select, for a list that is not known beforehand.

use bench::{Item, Peer};
use crossbeam_channel::{bounded, unbounded, Receiver, Select, Sender};

struct Crossbeam;

impl<T: Item> Peer<T> for Crossbeam {
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

    const SHARES: bool = true;

    fn another_rx(rx: &Receiver<T>) -> Receiver<T> {
        rx.clone()
    }

    fn select(rxs: &[Receiver<T>], mut f: impl FnMut(usize, T) -> bool) {
        let mut select = Select::new();
        for rx in rxs {
            select.recv(rx);
        }
        loop {
            let found = select.select();
            let index = found.index();
            if !f(index, found.recv(&rxs[index]).expect("recv")) {
                return;
            }
        }
    }
}

fn main() {
    bench::main::<Crossbeam>()
}
