//! Lines on their way out. Whoever logs puts them down and goes on; one thread writes them, and waits for whoever reads
//! (a pipe that nobody empties, a disk that is busy). Lines for which there is no room are counted, and are lost.
use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

use crate::limits::LOG_BYTES;

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// Something waits.
    some: Condvar,
    /// Nothing does.
    none: Condvar,
    lost: Counter,
}

#[derive(Default)]
struct State {
    /// Whole lines, at most [`LOG_BYTES`].
    waiting: Vec<u8>,
    writing: bool,
    /// For which there was no room, and which nobody was told of.
    untold: u64,
}

impl Lines {
    /// A thread of its own writes them to `out`. `lost` counts those that never get there.
    pub(super) fn to(out: impl Write + Send + 'static, lost: Counter) -> io::Result<Self> {
        let lines = Self(Arc::new(Queue { lost, ..Queue::default() }));
        let queue = lines.0.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || queue.write_all_to(out))?;
        Ok(lines)
    }

    /// Waits until all are written; false if that takes longer than `within`.
    pub(super) fn are_out(&self, within: Duration) -> bool {
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        let waited = self.0.none.wait_timeout_while(self.0.lock(), within, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

/// A line is what is written at once. Never fails, and never waits.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.waiting.len() + line.len() > LOG_BYTES {
            state.untold += 1;
            self.0.lost.inc();
        } else {
            state.waiting.extend_from_slice(line);
            self.0.some.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let untold = self.take(&mut lines);
            if out.write_all(&lines).and_then(|()| out.flush()).is_err() {
                // Where it can't be written, that it can't is not written either.
                self.lost.inc_by(lines.iter().filter(|byte| **byte == b'\n').count() as u64);
            }
            if untold > 0 {
                tracing::warn!(lines = untold, "lines of the log were lost: what reads it is too slow");
            }
        }
    }

    /// Waits for lines. Returns how many were lost before this, untold.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut state = self.lock();
        state.writing = false;
        if state.waiting.is_empty() {
            self.none.notify_all();
        }
        let nothing = |state: &mut State| state.waiting.is_empty();
        let mut state = self.some.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner);
        state.writing = true;
        lines.clear();
        std::mem::swap(lines, &mut state.waiting);
        std::mem::take(&mut state.untold)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A reader that takes something when it is told to.
    struct Reader {
        may: mpsc::Receiver<()>,
        read: Arc<Mutex<Vec<u8>>>,
        broken: bool,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once nobody tells it any more it reads everything.
            let _ = self.may.recv();
            if self.broken {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.read.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines, what lets the reader read, what it has read, and what counts losses.
    fn lines(broken: bool) -> (Lines, mpsc::Sender<()>, Arc<Mutex<Vec<u8>>>, Counter) {
        let (go, may) = mpsc::channel();
        let (read, lost) = (Arc::<Mutex<Vec<u8>>>::default(), Counter::default());
        let lines = Lines::to(Reader { may, read: read.clone(), broken }, lost.clone()).unwrap();
        (lines, go, read, lost)
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn whoever_logs_goes_on_while_nobody_reads_and_whole_lines_are_lost_and_counted() {
        let (mut lines, go, read, lost) = lines(false);
        let line = |n: usize| format!("{n:>98} \n");
        let many = 3 * LOG_BYTES / 100;
        for n in 0..many {
            lines.write_all(line(n).as_bytes()).unwrap();
        }
        assert!(lost.get() > 0, "memory has an end");
        assert!(!lines.are_out(Duration::ZERO));
        drop(go);
        assert!(lines.are_out(LONG));
        let kept = many - usize::try_from(lost.get()).unwrap();
        let told = String::from_utf8(read.lock().unwrap().clone()).unwrap();
        assert_eq!(told, (0..kept).map(line).collect::<String>(), "the first, in their order");
        lines.write_all(b"and on\n").unwrap();
        assert!(lines.are_out(LONG));
        assert!(read.lock().unwrap().ends_with(b"and on\n"));
    }

    #[test]
    fn what_cannot_be_written_is_counted() {
        let (mut lines, go, read, lost) = lines(true);
        lines.write_all(b"one\n").unwrap();
        lines.write_all(b"two\n").unwrap();
        drop(go);
        assert!(lines.are_out(LONG));
        assert_eq!((lost.get(), read.lock().unwrap().len()), (2, 0));
    }
}
