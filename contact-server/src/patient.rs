//! A stream whose peer must take what is written to it, or is let go: a browser that went away without a word,
//! or a client that asks for much and reads nothing, must not hold a connection for ever. What it sends is counted
//! where it may send so much only, and who sends much and fast gives everybody else a turn now and then.
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use crate::limits::{READ_AT_ONCE, UNFINISHED_ALWAYS, UNFINISHED_BYTES, WRITE_WITHIN};

/// What a peer may send: as much as it likes, or so many bytes until it has said who it is. And what it has sent of
/// a message that is not whole yet, of which all together have a bound. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<Sent>);

#[derive(Debug)]
struct Sent {
    left: AtomicUsize,
    /// It speaks in messages.
    counts: AtomicBool,
    /// Since its last whole message.
    unfinished: AtomicUsize,
    all: Arc<AtomicUsize>,
}

impl Default for Allowance {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl Allowance {
    const ANY: usize = usize::MAX;

    /// `all` is of all connections: bytes of messages that are not whole.
    pub fn new(all: Arc<AtomicUsize>) -> Self {
        let (left, unfinished) = (AtomicUsize::new(Self::ANY), AtomicUsize::new(0));
        Self(Arc::new(Sent { left, counts: AtomicBool::new(false), unfinished, all }))
    }

    /// From now on so many bytes and no more, and all of messages.
    pub fn limit(&self, bytes: usize) {
        self.0.counts.store(true, Ordering::Relaxed);
        self.0.left.store(bytes, Ordering::Relaxed);
    }

    pub fn lift(&self) {
        self.0.left.store(Self::ANY, Ordering::Relaxed);
    }

    /// A message came whole.
    pub fn whole(&self) {
        self.0.finish();
    }

    /// Only the connection's own task takes and sets.
    fn take(&self, bytes: usize) -> io::Result<()> {
        let Sent { left, counts, unfinished, all } = &*self.0;
        if !counts.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mine = unfinished.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let everybody = all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if mine > UNFINISHED_ALWAYS && everybody > UNFINISHED_BYTES {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let before = left.load(Ordering::Relaxed);
        if before == Self::ANY {
            return Ok(());
        }
        let after = before.checked_sub(bytes).ok_or(io::ErrorKind::QuotaExceeded)?;
        left.store(after, Ordering::Relaxed);
        Ok(())
    }
}

impl Sent {
    fn finish(&self) {
        let bytes = self.unfinished.swap(0, Ordering::Relaxed);
        self.all.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.finish();
    }
}

pub struct Patient<S> {
    stream: S,
    allowance: Allowance,
    /// Bytes that were read without a pause.
    run: usize,
    /// Runs while a write waits; most connections never have one.
    limit: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub fn new(stream: S, allowance: Allowance) -> Self {
        Self { stream, allowance, run: 0, limit: None }
    }

    /// Turns a wait that is too long into an error.
    fn bounded<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.limit = None;
            return polled;
        }
        let limit = self.limit.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_WITHIN)));
        ready!(limit.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.run >= READ_AT_ONCE {
            // Whoever is ready meanwhile comes first.
            self.run = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = out.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, out);
        if polled.is_pending() {
            self.run = 0;
        }
        ready!(polled)?;
        let bytes = out.filled().len() - before;
        self.run += bytes;
        Poll::Ready(self.allowance.take(bytes))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.bounded(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.bounded(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.bounded(cx, polled)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn whoever_sends_much_lets_others_have_a_turn() {
        let much = vec![7; 10 * READ_AT_ONCE];
        let mut stream = Patient::new(much.as_slice(), Allowance::default());
        let mut turns = 0;
        let others = async {
            loop {
                turns += 1;
                tokio::task::yield_now().await;
            }
        };
        let all = async {
            let (mut read, mut piece) = (0, [0; 4_096]);
            loop {
                match stream.read(&mut piece).await.unwrap() {
                    0 => return read,
                    bytes => read += bytes,
                }
            }
        };
        let read = tokio::select! {
            biased;
            read = all => read,
            () = others => unreachable!("a loop without an end"),
        };
        assert_eq!((read, turns), (much.len(), 10));
    }

    #[test]
    fn messages_that_are_withheld_have_a_bound_together_and_whole_ones_count_no_more() {
        let all = Arc::new(AtomicUsize::new(0));
        let [flood, page, http] = [(); 3].map(|()| Allowance::new(all.clone()));
        http.take(UNFINISHED_BYTES).unwrap();
        for socket in [&flood, &page] {
            socket.limit(usize::MAX);
        }
        for _ in 0..UNFINISHED_BYTES / UNFINISHED_ALWAYS {
            flood.take(UNFINISHED_ALWAYS).unwrap();
        }
        assert!(flood.take(1).is_err(), "who holds most goes");
        page.take(UNFINISHED_ALWAYS).unwrap();
        assert!(page.take(1).is_err());
        page.whole();
        page.take(UNFINISHED_ALWAYS).unwrap();
        drop(flood);
        page.take(UNFINISHED_BYTES - UNFINISHED_ALWAYS).unwrap();
        drop(page);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }
}
