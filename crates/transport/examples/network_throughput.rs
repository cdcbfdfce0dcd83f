//! Records one way over mutual TLS on this host: links against a bare framed stream, in turn.
//!
//! `cargo run --release -p roscius-transport --features network --example network_throughput [records] [rounds]`
//!
//! Each record is 64 bytes of head and 64 bytes of body. The bare stream is `rustls` over a blocking socket, with 64 KiB of buffer on
//! both sides. Each round measures both; the ratios are the medians of those of the rounds.

use std::io::{BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use roscius_transport::network::{
    Event, Introduction, Limits, Links, LinksOptions, Names, PayloadKinds, Security, TlsConfig, TlsFiles,
};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

const HEAD: usize = 64;
const BODY: usize = 64;
const BUFFER: usize = 64 << 10;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let records = arguments.next().transpose()?.unwrap_or(2_000_000);
    let rounds = arguments.next().transpose()?.unwrap_or(7);
    let folder = std::env::temp_dir().join(format!("network-throughput-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let files = certificates(&folder);
    let measured = files.and_then(|files| measure(&files, records, rounds));
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(files: &[TlsFiles; 2], records: usize, rounds: usize) -> Result<(), Failure> {
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (bare, bare_cost) = measure_one(|| bare(files, records))?;
        let (links, links_cost) = measure_one(|| links(files, records))?;
        let per_second = |took: Duration| records as f64 / took.as_secs_f64();
        let each = |cost: Duration| cost.as_nanos() / records as u128;
        println!(
            "bare {:>10.0} a second, {:>4} ns of processor time each; links {:>10.0}, {:>4} ns",
            per_second(bare),
            each(bare_cost),
            per_second(links),
            each(links_cost),
        );
        rates.push(per_second(links) / per_second(bare));
        costs.push(links_cost.as_secs_f64() / bare_cost.as_secs_f64());
    }
    let median = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        of[rounds / 2]
    };
    println!(
        "links are {:.2} times as fast, at {:.2} times the cost (medians of {rounds})",
        median(rates),
        median(costs)
    );
    Ok(())
}

/// How long it took, and how much processor time with that.
fn measure_one(run: impl FnOnce() -> Result<Duration, Failure>) -> Result<(Duration, Duration), Failure> {
    let spent = || Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime));
    let before = spent()?;
    let took = run()?;
    Ok((took, spent()?.saturating_sub(before)))
}

/// Two certificates of one authority.
fn certificates(folder: &Path) -> Result<[TlsFiles; 2], Failure> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    let authorities = folder.join("ca.pem");
    std::fs::write(&authorities, params.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(params, key);
    let node = |name: &str| -> Result<TlsFiles, Failure> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params.subject_alt_names.push(SanType::URI(Names::new("site", name)?.uri().try_into()?));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let own = KeyPair::generate()?;
        let at = |ending: &str| -> PathBuf { folder.join(format!("{name}.{ending}")) };
        std::fs::write(at("pem"), params.signed_by(&own, &issuer)?.pem())?;
        std::fs::write(at("key"), own.serialize_pem())?;
        Ok(TlsFiles { authorities: authorities.clone(), certificate: at("pem"), key: at("key"), refused: None })
    };
    Ok([node("one")?, node("two")?])
}

/// From the first record until the last has been read.
fn bare(files: &[TlsFiles; 2], records: usize) -> Result<Duration, Failure> {
    let read = |files: &TlsFiles| -> Result<_, Failure> {
        let chain = CertificateDer::pem_file_iter(&files.certificate)?.collect::<Result<Vec<_>, _>>()?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&files.authorities)?)?;
        Ok((chain, PrivateKeyDer::from_pem_file(&files.key)?, Arc::new(roots)))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (chain, key, roots) = read(&files[0])?;
    let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    let (chain, key, roots) = read(&files[1])?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build()?;
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let reader = std::thread::spawn(move || -> Result<Instant, Failure> {
        let (socket, _) = listener.accept()?;
        let stream = StreamOwned::new(ServerConnection::new(Arc::new(server))?, socket);
        let mut reader = BufReader::with_capacity(BUFFER, stream);
        let mut record = Vec::new();
        for _ in 0..records {
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            record.resize(u32::from_le_bytes(length) as usize, 0);
            reader.read_exact(&mut record)?;
            std::hint::black_box(&record);
        }
        Ok(Instant::now())
    });
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let connection = ClientConnection::new(Arc::new(client), ServerName::try_from("localhost")?)?;
    let mut writer = BufWriter::with_capacity(BUFFER, StreamOwned::new(connection, socket));
    let (head, body) = ([1; HEAD], [2; BODY]);
    let since = Instant::now();
    for _ in 0..records {
        writer.write_all(&((HEAD + BODY) as u32).to_le_bytes())?;
        writer.write_all(&head)?;
        writer.write_all(&body)?;
    }
    writer.flush()?;
    let until = reader.join().map_err(|_| "the reader has panicked")??;
    Ok(until - since)
}

fn links(files: &[TlsFiles; 2], records: usize) -> Result<Duration, Failure> {
    let make = |system: u32, files: &TlsFiles| -> Result<Links, Failure> {
        let config = TlsConfig::load(files)?;
        let Names { convention, identity } = config.names().clone();
        let me = Introduction { convention, identity, system, place: None, payloads: PayloadKinds::ALL };
        Ok(Links::new(LinksOptions { me, security: Security::Tls(config), limits: Limits::default() })?)
    };
    let (mut one, mut two) = (make(1, &files[0])?, make(2, &files[1])?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let place = format!("localhost:{}", listener.local_addr()?.port());
    two.listen(listener)?;
    let reader = std::thread::spawn(move || -> Result<Instant, Failure> {
        let (mut events, mut came) = (Vec::new(), 0);
        loop {
            two.turn(&mut events)?;
            for event in events.drain(..) {
                if let Event::Records { records, .. } = event {
                    for record in records {
                        std::hint::black_box(&record);
                        came += 1;
                    }
                }
            }
            if came == records {
                return Ok(Instant::now());
            }
            wait(&two)?;
        }
    });
    one.dial(&place);
    let mut events = Vec::new();
    while one.linked().next().is_none() {
        wait(&one)?;
        one.turn(&mut events)?;
    }
    let (head, body) = ([1; HEAD], Bytes::from(vec![2; BODY]));
    let since = Instant::now();
    let mut left = records;
    loop {
        while left > 0 && one.send(2, &head, body.clone()).is_ok() {
            left -= 1;
        }
        one.turn(&mut events)?;
        if one.waiting(2) == (0, 0) && left == 0 {
            break;
        }
        // Nothing happens as long as the other side reads; then there is room.
        if events.drain(..).count() == 0 {
            wait(&one)?;
        }
    }
    let until = reader.join().map_err(|_| "the reader has panicked")??;
    Ok(until - since)
}

/// Waits as a process does that has nothing else to do.
fn wait(links: &Links) -> Result<(), Failure> {
    let timeout = links.pause().map(Timespec::try_from).transpose()?;
    if timeout.is_none_or(|timeout| timeout != Timespec::default()) {
        rustix::event::poll(&mut [PollFd::new(links, PollFlags::IN)], timeout.as_ref())?;
    }
    Ok(())
}
