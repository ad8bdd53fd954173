//! thingbuf: its blocking channel, which has a bound always. Followed: the module
//! mpsc::blocking, Sender::send and Receiver::recv; its messages are written in
//! place, so it takes nothing in bulk. One message cannot be lent: an array of
//! plain numbers is copied.

use bench::{Item, Peer};
use thingbuf::mpsc::blocking::{with_recycle, Receiver, Sender};
use thingbuf::Recycle;

/// A message is no more than its bytes, so an old one may stay in its place.
#[derive(Clone)]
struct Keep;

impl<T> Recycle<Option<T>> for Keep {
    fn new_element(&self) -> Option<T> {
        None
    }

    fn recycle(&self, _element: &mut Option<T>) {}
}

struct Thingbuf;

impl<T: Item> Peer<T> for Thingbuf {
    type Tx = Sender<Option<T>, Keep>;
    type Rx = Receiver<Option<T>, Keep>;

    fn open(capacity: usize) -> (Self::Tx, Self::Rx) {
        if capacity == 0 {
            bench::lacks()
        }
        with_recycle(capacity, Keep)
    }

    fn another(tx: &Self::Tx) -> Self::Tx {
        tx.clone()
    }

    fn send(tx: &Self::Tx, message: T) {
        tx.send(Some(message)).ok().expect("send")
    }

    fn recv(rx: &mut Self::Rx) -> Option<T> {
        rx.recv().flatten()
    }
}

fn main() {
    bench::main::<Thingbuf>()
}
