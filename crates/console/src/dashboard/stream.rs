//! The events that one browser gets.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;

use super::collector::Watcher;
use super::patch::difference;
use super::server::Cut;
use super::view::View;

/// How long a browser may take nothing before it is cut off.
pub(super) const STALLED: Duration = Duration::from_secs(20);

/// What a browser reads.
pub(super) type Events = ReceiverStream<Result<Event, Infallible>>;

/// Starts to feed a browser what it wants to see: all of it, then what has changed, each time that it takes something.
pub(super) fn start(watcher: Watcher, view: View, cut: Cut, place: OwnedSemaphorePermit) -> Events {
    let (out, events) = mpsc::channel(1);
    tokio::spawn(async move {
        feed(watcher, &view, &out, &cut).await;
        drop(place);
    });
    ReceiverStream::new(events)
}

async fn feed(mut watcher: Watcher, view: &View, out: &mpsc::Sender<Result<Event, Infallible>>, cut: &Cut) {
    let mut shown: Option<Value> = None;
    loop {
        // The view is made when there is room for it, from what is newest then.
        let room = match timeout(STALLED, out.reserve()).await {
            Ok(Ok(room)) => room,
            Ok(Err(_)) => return,
            Err(_) => return cut.cut(),
        };
        let picture = Arc::clone(&watcher.pictures.borrow_and_update());
        let document = view.of(&picture);
        let event = match &shown {
            None => {
                let history = watcher.history.lock().map(|history| history.to_json()).unwrap_or_default();
                let whole = serde_json::json!({ "history": history, "document": document });
                Some(Event::default().event("whole").data(whole.to_string()))
            }
            Some(shown) => {
                difference(shown, &document).map(|patch| Event::default().event("patch").data(patch.to_string()))
            }
        };
        if let Some(event) = event {
            room.send(Ok(event));
        } else {
            drop(room);
        }
        shown = Some(document);
        tokio::select! {
            changed = watcher.pictures.changed() => if changed.is_err() { return },
            () = out.closed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::collector;
    use super::*;

    fn started() -> (collector::Collector, Cut, Events) {
        let connect: collector::Connect = Box::new(|| Err("there is no system".to_owned()));
        let collector = collector::start(connect, None, Duration::from_millis(2)).unwrap();
        let (watcher, cut) = (collector.watcher(), Cut::default());
        let place = watcher.take_place().unwrap();
        let events = start(watcher, View::default(), cut.clone(), place);
        (collector, cut, events)
    }

    // Time is virtual: it goes on when all wait.
    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_for_long_is_cut_off() {
        let (collector, cut, events) = started();
        let since = tokio::time::Instant::now();
        cut.wait().await;
        assert!(since.elapsed() >= STALLED);
        drop(events);
        collector.stop();
    }

    #[tokio::test]
    async fn who_is_gone_leaves_the_place_to_others() {
        let (collector, _, events) = started();
        let watcher = collector.watcher();
        let mut places: Vec<_> = std::iter::from_fn(|| watcher.take_place()).collect();
        drop(events);
        while places.len() < 16 {
            tokio::task::yield_now().await;
            places.extend(watcher.take_place());
        }
        assert!(watcher.take_place().is_none());
        collector.stop();
    }
}
