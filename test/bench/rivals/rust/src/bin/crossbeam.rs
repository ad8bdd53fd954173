//! crossbeam-channel.

use bench::Peer;
use crossbeam_channel::{bounded, unbounded, Receiver, Sender};

struct Crossbeam;

impl<T: Send + 'static> Peer<T> for Crossbeam {
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
}

fn main() {
    bench::main::<Crossbeam>()
}
