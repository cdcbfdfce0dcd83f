//! What stands between two systems: it carries bytes, keeps them, and can have one side lose the connection alone.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Carries one connection.
pub struct Between {
    pub address: SocketAddr,
    to: SocketAddr,
    listener: Option<TcpListener>,
    dialler: Option<TcpStream>,
    listening: Option<TcpStream>,
    pumps: Vec<JoinHandle<()>>,
    said: Arc<Mutex<Vec<u8>>>,
    spoils: Arc<AtomicBool>,
}

impl Between {
    /// Stands before a system.
    pub fn before(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let listener = Some(listener);
        Self {
            address,
            to,
            listener,
            dialler: None,
            listening: None,
            pumps: Vec::new(),
            said: Arc::default(),
            spoils: Arc::default(),
        }
    }

    /// Takes the connection that was dialled.
    pub fn carry(&mut self) {
        let (dialler, _) = self.listener.take().unwrap().accept().unwrap();
        let listening = TcpStream::connect(self.to).unwrap();
        let copy = |stream: &TcpStream| stream.try_clone().unwrap();
        self.pumps.push(pump(
            copy(&dialler),
            copy(&listening),
            Some((Arc::clone(&self.said), Arc::clone(&self.spoils))),
        ));
        self.pumps.push(pump(copy(&listening), copy(&dialler), None));
        (self.dialler, self.listening) = (Some(dialler), Some(listening));
    }

    /// What the dialler has said so far.
    pub fn said(&self) -> Vec<u8> {
        self.said.lock().unwrap().clone()
    }

    /// One bit of what the dialler says next is changed.
    pub fn spoil(&self) {
        self.spoils.store(true, Ordering::SeqCst);
    }

    /// The dialler finds the connection closed, and the other side notices nothing.
    pub fn lose_dialler(&self) {
        self.dialler.as_ref().unwrap().shutdown(Shutdown::Both).unwrap();
    }

    /// The other way round.
    pub fn lose_listening(&self) {
        self.listening.as_ref().unwrap().shutdown(Shutdown::Both).unwrap();
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        for stream in [&self.dialler, &self.listening].into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for pump in self.pumps.drain(..) {
            pump.join().unwrap();
        }
    }
}

type Meddling = (Arc<Mutex<Vec<u8>>>, Arc<AtomicBool>);

fn pump(mut from: TcpStream, mut to: TcpStream, meddling: Option<Meddling>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if let Some((said, spoils)) = &meddling {
                said.lock().unwrap().extend_from_slice(&buffer[..count]);
                if spoils.swap(false, Ordering::SeqCst) {
                    buffer[count / 2] ^= 4;
                }
            }
            if to.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    })
}
