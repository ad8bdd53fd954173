//! tokio's mpsc; on a thread, by its blocking calls; for the latest message its
//! watch. Followed: tokio::sync, "mpsc channel" and "watch channel", and
//! Receiver::recv_many where the version has it (the feature recv_many).

use bench::{Item, Peer};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;

/// Messages that recv_many takes at once.
#[cfg(feature = "recv_many")]
const MANY: usize = 256;

struct Tokio;

enum Tx<T> {
    Unbounded(UnboundedSender<T>),
    Bounded(Sender<T>),
    Latest(watch::Sender<T>),
}

enum Rx<T> {
    Unbounded(UnboundedReceiver<T>),
    Bounded(Receiver<T>),
    Latest(watch::Receiver<T>),
}

/// Gives f each message of a Receiver or UnboundedReceiver.
macro_rules! take_all {
    ($rx:expr, $f:expr) => {{
        #[cfg(not(feature = "recv_many"))]
        while let Some(message) = $rx.recv().await {
            if !$f(message) {
                return;
            }
        }
        #[cfg(feature = "recv_many")]
        {
            let mut taken = Vec::with_capacity(MANY);
            while $rx.recv_many(&mut taken, MANY).await > 0 {
                if !taken.drain(..).all(&mut $f) {
                    return;
                }
            }
        }
    }};
}

impl<T: Item> Peer<T> for Tokio {
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
            Tx::Latest(_) => panic!("one sender"),
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
            Tx::Latest(tx) => tx.send(message).ok().expect("send"),
        }
    }

    fn recv(rx: &mut Rx<T>) -> Option<T> {
        match rx {
            Rx::Unbounded(rx) => rx.blocking_recv(),
            Rx::Bounded(rx) => rx.blocking_recv(),
            Rx::Latest(_) => panic!("the latest message comes to a loop"),
        }
    }

    #[cfg(feature = "recv_many")]
    fn take_all(rx: &mut Rx<T>, mut f: impl FnMut(T) -> bool) {
        let mut taken = Vec::with_capacity(MANY);
        loop {
            let count = match rx {
                Rx::Unbounded(rx) => rx.blocking_recv_many(&mut taken, MANY),
                Rx::Bounded(rx) => rx.blocking_recv_many(&mut taken, MANY),
                Rx::Latest(_) => panic!("the latest message comes to a loop"),
            };
            if count == 0 || !taken.drain(..).all(&mut f) {
                return;
            }
        }
    }

    const HAS_LOOP: bool = true;

    fn each(rx: &mut Rx<T>, mut f: impl FnMut(T) -> bool) {
        bench::run_loop(async move {
            match rx {
                Rx::Unbounded(rx) => take_all!(rx, f),
                Rx::Bounded(rx) => take_all!(rx, f),
                Rx::Latest(rx) => {
                    while rx.changed().await.is_ok() {
                        let message = *rx.borrow_and_update();
                        if !f(message) {
                            return;
                        }
                    }
                }
            }
        })
    }

    fn open_latest(first: T) -> (Tx<T>, Rx<T>) {
        let (tx, rx) = watch::channel(first);
        (Tx::Latest(tx), Rx::Latest(rx))
    }
}

fn main() {
    bench::main::<Tokio>()
}
