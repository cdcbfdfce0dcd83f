//! Descriptors, processes, other threads.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use roscius_protocol::address::NodeId;
use roscius_protocol::frame::Payload;
use roscius_transport::hub::WatchError;
use roscius_transport::{Event, SendError};
use rustix::process::Pid;

use crate::fellow::Fellow;
use crate::scene::{Stage, header, until};

#[test]
fn a_descriptor_is_reported_once_and_again_when_rearmed() {
    let stage = Stage::new("watch");
    let mut a = stage.station(1);
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    let watch = a.hub.watch(ours.as_raw_fd()).unwrap();
    assert!(matches!(a.hub.watch(ours.as_raw_fd()), Err(WatchError::Twice { .. })));
    theirs.write_all(b"x").unwrap();
    let reported = |a: &mut crate::scene::Station| {
        a.events.clear();
        (0..5).for_each(|_| a.turn());
        a.events.iter().filter(|event| matches!(event, Event::Readable { watch: it } if *it == watch)).count()
    };
    assert_eq!(reported(&mut a), 1);
    assert_eq!(reported(&mut a), 0);
    a.hub.rearm(watch).unwrap();
    assert_eq!(reported(&mut a), 1, "it is readable still");
    ours.read_exact(&mut [0; 1]).unwrap();
    a.hub.rearm(watch).unwrap();
    assert_eq!(reported(&mut a), 0);
    drop(theirs);
    assert_eq!(reported(&mut a), 1, "an end is readable too");
    a.hub.unwatch(watch);
    a.hub.unwatch(watch);
    assert!(matches!(a.hub.rearm(watch), Err(WatchError::Over)));
    let file = std::fs::File::open("/proc/self/exe").unwrap();
    assert!(matches!(a.hub.watch(file.as_raw_fd()), Err(WatchError::AlwaysReady { .. })));
    assert!(matches!(a.hub.watch(9999), Err(WatchError::NotOpen { fd: 9999 })));
    let closed = a.hub.watch(ours.as_raw_fd()).unwrap();
    drop(ours);
    assert!(matches!(a.hub.rearm(closed), Err(WatchError::NotOpen { .. })));
}

#[test]
fn a_watch_of_a_closed_descriptor_harms_no_link_that_got_its_number() {
    let stage = Stage::new("number");
    let (mut a, mut b) = stage.two();
    let held: Vec<_> = (0..10).map(|_| UnixStream::pair().unwrap()).collect();
    let watches: Vec<_> = held.iter().map(|(ours, _)| a.hub.watch(ours.as_raw_fd()).unwrap()).collect();
    drop(held);
    a.send(2, 1, &Payload::None);
    until("the link", &mut a, &mut b, |_, b| b.messages_from(1) == [1]);
    for watch in watches {
        assert!(matches!(a.hub.rearm(watch), Err(WatchError::NotOpen { .. })));
        a.hub.unwatch(watch);
    }
    b.send(1, 2, &Payload::None);
    until("the answer", &mut a, &mut b, |a, _| a.messages_from(2) == [2]);
}

#[test]
fn the_end_of_a_process_is_noticed_at_once() {
    let stage = Stage::new("process");
    let mut a = stage.station(1);
    let mut fellow = Fellow::start("deaf", &stage.path(1));
    let pid = Pid::from_raw(fellow.pid() as i32).unwrap();
    let watch = a.hub.watch_process(pid).unwrap();
    a.until("the meeting", |a| a.hub.is_connected(NodeId::new(2)));
    fellow.kill();
    let since = Instant::now();
    a.until("the end", |a| {
        a.events
            .iter()
            .any(|event| matches!(event, Event::Ended { watch: it, pid: who } if (*it, *who) == (watch, pid)))
    });
    assert!(since.elapsed() < Duration::from_secs(5));
    assert!(!fellow.went_well());
    assert!(matches!(a.hub.watch_process(pid), Err(WatchError::NoProcess { .. })));
}

#[test]
fn other_threads_send_and_wake() {
    let stage = Stage::new("remote");
    let (mut a, mut b) = stage.two();
    let remote = a.hub.remote();
    let senders: Vec<_> = (0..4)
        .map(|thread| {
            let remote = remote.clone();
            std::thread::spawn(move || {
                for at in 0..2000 {
                    while let Err(error) =
                        remote.send(NodeId::new(2), &header(thread * 10_000 + at), &Payload::Bytes(&[0; 64]))
                    {
                        assert!(matches!(error, SendError::Full { .. }), "{error}");
                        std::thread::yield_now();
                    }
                }
            })
        })
        .collect();
    // What the queue of the peer has no room for comes back to the hub, and is sent again later.
    let mut came = 0;
    until("all messages", &mut a, &mut b, |a, b| {
        a.events.retain(|event| {
            !matches!(event, Event::Unsent { .. }) || {
                came += 1;
                false
            }
        });
        b.frames().count() + came == 8000
    });
    for thread in 0..4 {
        let ours: Vec<u64> = b.messages_from(1).into_iter().filter(|message| message / 10_000 == thread).collect();
        assert!(ours.is_sorted());
    }
    senders.into_iter().for_each(|sender| sender.join().unwrap());

    let waker = remote.clone();
    let wakes = Arc::new(AtomicBool::new(false));
    let about_to_wake = Arc::clone(&wakes);
    let waking = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        about_to_wake.store(true, Ordering::Release);
        waker.wake();
    });
    let since = Instant::now();
    while !wakes.load(Ordering::Acquire) {
        a.hub.poll(Some(Duration::from_secs(30)), &mut a.events).unwrap();
    }
    assert!(since.elapsed() < Duration::from_secs(20));
    waking.join().unwrap();
    drop(a);
    assert_eq!(remote.send(NodeId::new(2), &header(0), &Payload::None), Err(SendError::NoHub));
}
