//! The bare stream: `rustls` over a blocking socket, both sides with a certificate, and a thread at each end.

use std::io::{BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::Failure;
use crate::cast::SIZE;

const BUFFER: usize = 64 << 10;

type Client = StreamOwned<ClientConnection, TcpStream>;
type Server = StreamOwned<ServerConnection, TcpStream>;

/// From the first message until the last has been read. Each has four bytes that say how long it is.
pub fn tells(certificates: &Path, amount: u64) -> Result<Duration, Failure> {
    let read = move |stream: Server| -> Result<Instant, Failure> {
        let mut reader = BufReader::with_capacity(BUFFER, stream);
        let mut message = Vec::new();
        for _ in 0..amount {
            receive(&mut reader, &mut message)?;
            std::hint::black_box(&message);
        }
        Ok(Instant::now())
    };
    let write = move |stream: &mut Client| -> Result<Instant, Failure> {
        let mut writer = BufWriter::with_capacity(BUFFER, stream);
        let since = Instant::now();
        for _ in 0..amount {
            send(&mut writer, &[1; SIZE])?;
        }
        writer.flush()?;
        Ok(since)
    };
    let (since, until) = between(certificates, write, read)?;
    Ok(until - since)
}

/// So many messages to and back, one after the other.
pub fn asks(certificates: &Path, amount: u64) -> Result<Duration, Failure> {
    let echo = move |mut stream: Server| -> Result<(), Failure> {
        let mut message = Vec::new();
        for _ in 0..amount {
            receive(&mut stream, &mut message)?;
            send_at_once(&mut stream, &message)?;
        }
        Ok(())
    };
    let ask = move |stream: &mut Client| -> Result<Duration, Failure> {
        let (mut answer, since) = (Vec::new(), Instant::now());
        for _ in 0..amount {
            send_at_once(stream, &[1; SIZE])?;
            receive(stream, &mut answer)?;
        }
        Ok(since.elapsed())
    };
    Ok(between(certificates, ask, echo)?.0)
}

fn send(stream: &mut impl Write, message: &[u8]) -> Result<(), Failure> {
    stream.write_all(&u32::try_from(message.len())?.to_le_bytes())?;
    Ok(stream.write_all(message)?)
}

/// In one record, so in one system call.
fn send_at_once(stream: &mut impl Write, message: &[u8]) -> Result<(), Failure> {
    let mut whole = Vec::with_capacity(4 + message.len());
    send(&mut whole, message)?;
    stream.write_all(&whole)?;
    Ok(stream.flush()?)
}

fn receive(stream: &mut impl Read, message: &mut Vec<u8>) -> Result<(), Failure> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    message.resize(u32::from_le_bytes(length) as usize, 0);
    Ok(stream.read_exact(message)?)
}

/// Has both sides of a stream do something. The handshake is over when they begin.
fn between<One, Other: Send + 'static>(
    certificates: &Path,
    client: impl FnOnce(&mut Client) -> Result<One, Failure>,
    server: impl FnOnce(Server) -> Result<Other, Failure> + Send + 'static,
) -> Result<(One, Other), Failure> {
    let (dialling, taking) = (configured_client(certificates)?, configured_server(certificates)?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let other = std::thread::spawn(move || -> Result<Other, Failure> {
        let (mut socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        let mut connection = ServerConnection::new(Arc::new(taking))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        server(StreamOwned::new(connection, socket))
    });
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let name = ServerName::IpAddress(IpAddr::from(address.ip()));
    let mut connection = ClientConnection::new(Arc::new(dialling), name)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    let mut stream = StreamOwned::new(connection, socket);
    let one = client(&mut stream)?;
    // Closed when the other side has read all: what this side has not read would make it a reset.
    Ok((one, other.join().map_err(|_| "the other side has panicked")??))
}

fn configured_client(certificates: &Path) -> Result<ClientConfig, Failure> {
    let (chain, key) = own(certificates, "one")?;
    Ok(ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities(certificates)?)
        .with_client_auth_cert(chain, key)?)
}

fn configured_server(certificates: &Path) -> Result<ServerConfig, Failure> {
    let (chain, key) = own(certificates, "two")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(authorities(certificates)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?)
}

fn authorities(certificates: &Path) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.join("ca.pem"))?)?;
    Ok(roots)
}

fn own(certificates: &Path, name: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
    let file = |ending: &str| certificates.join(name).with_extension(ending);
    let chain = CertificateDer::pem_file_iter(file("pem"))?.collect::<Result<Vec<_>, _>>()?;
    Ok((chain, PrivateKeyDer::from_pem_file(file("key"))?))
}
