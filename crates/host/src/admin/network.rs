//! The network port of a system. It is the system's claim, and where other systems connect to it.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use super::{AdminError, Claim};

/// A port that is bound.
#[derive(Debug)]
pub struct Network {
    socket: Socket,
    address: SocketAddr,
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
        Ok(Some(Self { socket, address: local }))
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it is bound.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The socket where other systems connect to this one: the port itself, or the TCP port of the same number. None: that belongs to
    /// somebody else.
    pub(super) fn listener(&self) -> std::io::Result<Option<TcpListener>> {
        match &self.socket {
            Socket::Tcp(listener) => listener.try_clone().map(Some),
            Socket::Udp(socket) => match TcpListener::bind(socket.local_addr()?) {
                Ok(listener) => {
                    listener.set_nonblocking(true)?;
                    Ok(Some(listener))
                }
                Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// What becomes readable when something comes that nobody takes. None: nothing can.
    pub(super) fn descriptor(&self) -> Option<RawFd> {
        match &self.socket {
            Socket::Tcp(_) => None,
            Socket::Udp(socket) => Some(socket.as_raw_fd()),
        }
    }

    /// Throws away all that came.
    pub(super) fn discard(&self) {
        let Socket::Udp(socket) = &self.socket else { return };
        loop {
            match socket.recv_from(&mut [0; 1]).map_err(|error| error.kind()) {
                Ok(_) | Err(ErrorKind::Interrupted | ErrorKind::ConnectionRefused) => {}
                Err(_) => return,
            }
        }
    }
}
