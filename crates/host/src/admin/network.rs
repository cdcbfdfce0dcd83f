//! The network port of a system. It is the system's claim; links between systems will come by it.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use super::{AdminError, Claim};

/// A port that is bound.
#[derive(Debug)]
pub struct Network {
    socket: Socket,
    port: u16,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Network {
    /// Binds the port of a claim that has one.
    ///
    /// A TCP port in `TIME_WAIT` can be bound, one that is listened on can not; UDP knows no such state, and to share its
    /// address would let two systems have one port.
    pub(super) fn bind(claim: &Claim) -> Result<Option<Self>, AdminError> {
        let (protocol, address) = match claim {
            Claim::Tcp(address) => ("TCP", *address),
            Claim::Udp(address) => ("UDP", *address),
            Claim::Queue(_) => return Ok(None),
        };
        let failed = |source: std::io::Error| match source.kind() {
            ErrorKind::AddrInUse => AdminError::PortTaken { claim: claim.alias(None) },
            _ => AdminError::Port { address, protocol, source },
        };
        let (socket, local) = match claim {
            Claim::Tcp(_) => {
                // The standard library has the address reusable.
                let listener = TcpListener::bind(address).map_err(failed)?;
                listener.set_nonblocking(true).map_err(failed)?;
                let local = listener.local_addr().map_err(failed)?;
                (Socket::Tcp(listener), local)
            }
            Claim::Udp(_) | Claim::Queue(_) => {
                let socket = UdpSocket::bind(address).map_err(failed)?;
                socket.set_nonblocking(true).map_err(failed)?;
                let local = socket.local_addr().map_err(failed)?;
                (Socket::Udp(socket), local)
            }
        };
        Ok(Some(Self { socket, port: SocketAddr::port(&local) }))
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What becomes readable when somebody knocks.
    pub(super) fn descriptor(&self) -> RawFd {
        match &self.socket {
            Socket::Tcp(listener) => listener.as_raw_fd(),
            Socket::Udp(socket) => socket.as_raw_fd(),
        }
    }

    /// Turns away all who knock. Says whether that could be done: without descriptors it can not.
    pub(super) fn turn_away(&self) -> bool {
        loop {
            let taken = match &self.socket {
                Socket::Tcp(listener) => listener.accept().map(drop),
                Socket::Udp(socket) => socket.recv_from(&mut [0; 1]).map(drop),
            };
            match taken.map_err(|error| error.kind()) {
                Ok(()) | Err(ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused) => {}
                Err(kind) => return kind == ErrorKind::WouldBlock,
            }
        }
    }
}
