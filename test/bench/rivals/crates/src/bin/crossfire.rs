//! crossfire: its mpmc module, whose receivers can be cloned and turned into
//! asynchronous ones. Followed: its README, "APIs", and the modules mpmc, MRx
//! and MAsyncRx; it has nothing that takes several at once.

use bench::{Item, Peer};
use crossfire::{mpmc, MAsyncRx, MRx, MTx};

struct Crossfire;

impl<T: Item + Unpin> Peer<T> for Crossfire {
    type Tx = MTx<T>;
    type Rx = MRx<T>;

    fn open(capacity: usize) -> (MTx<T>, MRx<T>) {
        if capacity == 0 {
            mpmc::unbounded_blocking()
        } else {
            mpmc::bounded_blocking(capacity)
        }
    }

    fn another(tx: &MTx<T>) -> MTx<T> {
        tx.clone()
    }

    fn send(tx: &MTx<T>, message: T) {
        tx.send(message).ok().expect("send")
    }

    fn recv(rx: &mut MRx<T>) -> Option<T> {
        rx.recv().ok()
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut MRx<T>, mut f: impl FnMut(T) -> bool) {
        let rx: MAsyncRx<T> = rx.clone().into();
        bench::run_loop(async move {
            while let Ok(message) = rx.recv().await {
                if !f(message) {
                    return;
                }
            }
        })
    }

    const SHARES: bool = true;

    fn another_rx(rx: &MRx<T>) -> MRx<T> {
        rx.clone()
    }
}

fn main() {
    bench::main::<Crossfire>()
}
