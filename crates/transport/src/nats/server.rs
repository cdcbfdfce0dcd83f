//! The thread that talks with the NATS server, and what passes between it and the links.
//!
//! The client is made for tokio, so it has a thread with a runtime of its own. It knows nothing of links: it publishes what it is given, hands
//! over what comes, and says who is there ([`presence`](super::presence)).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::{Auth, AuthError, Client, ClientError, ConnectOptions, Event, ServerAddr, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use mio::Waker;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::sync::watch;

use super::credentials::Credentials;
use super::presence::{self, Connection};
use super::trouble::{Shown, Told, explain};
use super::{NatsAddress, names};

/// How many commands may wait for the server, and how many news for the links.
const WAITING: usize = 256;
/// How many messages the client queues between this thread and the socket.
const CLIENT_QUEUE: usize = 64;
/// How often a silent server is asked whether it is there. After two questions without an answer it is not.
const PING_EVERY: Duration = Duration::from_secs(2);
/// How long the server is waited for when it is connected to, and how long for an answer of it.
const SERVER_WITHIN: Duration = Duration::from_secs(3);
/// The longest time between two tries to connect.
const RECONNECT_WITHIN: Duration = Duration::from_millis(500);
/// How long what was published last may take to leave.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// What the links want of the server.
#[derive(Debug)]
pub enum Command {
    /// A datagram for a system.
    Publish { to: u32, datagram: Bytes },
    /// All that was published before this is to leave.
    Flush,
    /// This system is not to be found any more.
    Leave,
}

/// What the links are told.
#[derive(Debug)]
pub enum News {
    /// The server is there. It takes messages of so many bytes.
    Up { longest: usize },
    /// It is not.
    Down { why: String },
    /// A datagram came, from who calls itself by this token.
    Came { from: String, datagram: Bytes },
    /// A system is not there any more.
    Gone { system: u32 },
    /// These may lead, the first first.
    Leaders(Vec<u32>),
    /// Something that people may want to know.
    Trouble(String),
    /// What was to leave has left, or never will.
    Done,
}

/// What the thread tells with: never more than the links have taken, and each wakes them.
#[derive(Debug)]
pub struct Teller {
    news: Sender<News>,
    bell: Arc<Bell>,
}

impl Teller {
    /// Waits until the links take more. An error if they are gone.
    pub async fn tell(&self, news: News) -> Result<(), Gone> {
        self.news.send(news).await.map_err(|_| Gone)?;
        self.bell.ring();
        Ok(())
    }
}

/// The links have been dropped.
#[derive(Debug, thiserror::Error)]
#[error("the links are gone")]
pub struct Gone;

/// Wakes the links, once until they look.
#[derive(Debug)]
pub struct Bell {
    waker: Waker,
    rung: AtomicBool,
}

impl Bell {
    pub const fn new(waker: Waker) -> Self {
        Self { waker, rung: AtomicBool::new(false) }
    }

    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // It is an error only if the links are gone.
            let _ = self.waker.wake();
        }
    }

    /// From here on it is rung for what comes.
    pub fn look(&self) {
        self.rung.store(false, Ordering::Release);
    }
}

/// The other end of the thread.
#[derive(Debug)]
pub struct Server {
    pub commands: Sender<Command>,
    pub news: Receiver<News>,
    pub bell: Arc<Bell>,
}

/// What the thread knows of this system.
#[derive(Clone, Debug)]
pub struct Me {
    pub system: u32,
    /// The tokens of its convention and of its name.
    pub convention: String,
    pub identity: String,
    /// Where the bucket is, if not where the server keeps its own.
    pub domain: Option<String>,
}

impl Server {
    /// Starts the thread. It ends when this is dropped.
    ///
    /// # Errors
    ///
    /// An error of the operating system, or of a file that the options name.
    pub fn start(address: &NatsAddress, me: Me, waker: Waker) -> io::Result<Self> {
        let (commands, wanted) = channel(WAITING);
        let (news, told) = channel(WAITING);
        let bell = Arc::new(Bell::new(waker));
        let teller = Teller { news, bell: Arc::clone(&bell) };
        let (options, events) = options(address)?;
        let servers: Vec<ServerAddr> = address.servers.iter().map(|server| server.parse()).collect::<Result<_, _>>()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let is_insecure = address.insecure;
        let shown = Shown::from(address);
        std::thread::Builder::new().name("nats".into()).spawn(move || {
            let serving = Serving { options, servers, is_insecure, shown, me, teller };
            runtime.block_on(serving.run(wanted, events));
            // What still looks a name up is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { commands, news: told, bell })
    }
}

fn options(address: &NatsAddress) -> io::Result<(ConnectOptions, UnboundedReceiver<Event>)> {
    let (tell, events) = unbounded_channel();
    let mut options = begun(address, &tell)?
        .name("roscius")
        .retry_on_initial_connect()
        .client_capacity(CLIENT_QUEUE)
        .ping_interval(PING_EVERY)
        .connection_timeout(SERVER_WITHIN)
        .request_timeout(Some(SERVER_WITHIN))
        .reconnect_delay_callback(|tries| {
            if tries <= 1 { Duration::ZERO } else { RECONNECT_WITHIN.min(Duration::from_millis(50 << tries.min(8))) }
        })
        .event_callback(move |event| {
            let _ = tell.send(event);
            std::future::ready(())
        });
    if let Some((user, password)) = &address.user {
        options = options.user_and_password(user.clone(), password.clone());
    }
    if let Some(path) = &address.authority {
        options = options.add_root_certificates(path.clone());
    }
    if !address.insecure {
        // Without TLS only what was named is connected to: the others of its cluster may be on other hosts.
        options = if address.is_here() { options.ignore_discovered_servers() } else { options.require_tls(true) };
    }
    Ok((options, events))
}

/// Options with what the server is shown. A file is read again whenever it is connected to, so that one that was renewed needs no restart.
fn begun(address: &NatsAddress, tell: &UnboundedSender<Event>) -> io::Result<ConnectOptions> {
    let Some(path) = address.credentials.clone() else { return Ok(ConnectOptions::new()) };
    Credentials::read(&path).map_err(io::Error::other)?;
    let tell = tell.clone();
    Ok(ConnectOptions::with_auth_callback(move |nonce| {
        let shown = Credentials::read(&path).map_err(|error| error.to_string()).and_then(|credentials| {
            let signature = credentials.sign(&nonce).map_err(|error| error.to_string())?;
            let mut auth = Auth::new();
            (auth.jwt, auth.signature) = (Some(credentials.token), Some(signature));
            Ok(auth)
        });
        // What the client reports of it gives no reason.
        let shown = shown.map_err(|why| {
            let _ = tell.send(Event::ClientError(ClientError::Other(why.clone())));
            AuthError::new(why)
        });
        std::future::ready(shown)
    }))
}

struct Serving {
    options: ConnectOptions,
    servers: Vec<ServerAddr>,
    is_insecure: bool,
    shown: Shown,
    me: Me,
    teller: Teller,
}

impl Serving {
    async fn run(self, commands: Receiver<Command>, events: UnboundedReceiver<Event>) {
        let Self { options, servers, is_insecure, shown, me, teller } = self;
        let client = match options.connect(servers).await {
            Ok(client) => client,
            Err(error) => {
                // Only what no later try can mend, such as a file that can not be read.
                let _ = teller.tell(News::Down { why: error.to_string() }).await;
                return;
            }
        };
        let subscriber = match client.subscribe(names::subjects(&me.convention, me.system)).await {
            Ok(subscriber) => subscriber,
            Err(error) => {
                let _ = teller.tell(News::Down { why: error.to_string() }).await;
                return;
            }
        };
        let (connected, connection) = watch::channel(Connection::default());
        let (absent, is_absent) = watch::channel(false);
        let publishing = publish(&client, &me, commands, &teller, &connected, is_absent);
        let receiving = receive(&client, &me, subscriber, &teller, &connected);
        let watching = watch_server(&client, &me, (is_insecure, &shown), events, &teller, &connected);
        let present = async {
            presence::keep(&client, &me, &teller, connection).await;
            absent.send_replace(true);
        };
        tokio::pin!(present);
        let mut was_left = false;
        tokio::select! {
            () = publishing => {}
            () = receiving => {}
            () = watching => {}
            () = async {
                (&mut present).await;
                was_left = true;
                std::future::pending().await
            } => {}
        }
        // The links are gone.
        if !was_left {
            connected.send_modify(|connection| connection.is_leaving = true);
            let _ = tokio::time::timeout(FLUSH_WITHIN, present).await;
        }
        let _ = tokio::time::timeout(FLUSH_WITHIN, client.flush()).await;
    }
}

/// Does what the links want, until there are none.
async fn publish(
    client: &Client,
    me: &Me,
    mut commands: Receiver<Command>,
    teller: &Teller,
    connected: &watch::Sender<Connection>,
    mut is_absent: watch::Receiver<bool>,
) {
    let mut is_full = false;
    while let Some(command) = commands.recv().await {
        // Who found the queue full looks again when it is half empty.
        is_full |= commands.len() + 1 >= WAITING;
        match command {
            Command::Publish { to, datagram } => {
                let subject = names::subject(&me.convention, to, &me.identity);
                if let Err(error) = client.publish(subject, datagram).await {
                    let why = format!("something could not be published: {error}");
                    if teller.tell(News::Trouble(why)).await.is_err() {
                        return;
                    }
                }
            }
            Command::Flush => {
                let _ = tokio::time::timeout(FLUSH_WITHIN, client.flush()).await;
                if teller.tell(News::Done).await.is_err() {
                    return;
                }
            }
            Command::Leave => {
                connected.send_modify(|connection| connection.is_leaving = true);
                let _ = tokio::time::timeout(FLUSH_WITHIN, is_absent.wait_for(|is_absent| *is_absent)).await;
            }
        }
        if is_full && commands.len() <= WAITING / 2 {
            is_full = false;
            teller.bell.ring();
        }
    }
}

/// Hands over what comes.
async fn receive(
    client: &Client,
    me: &Me,
    mut subscriber: Subscriber,
    teller: &Teller,
    connected: &watch::Sender<Connection>,
) {
    while let Some(message) = subscriber.next().await {
        let from = names::sender(&message.subject);
        let news = if from == me.identity && message.payload == probe(&connected.borrow()) {
            News::Up { longest: client.server_info().max_payload }
        } else {
            News::Came { from: from.to_owned(), datagram: message.payload }
        };
        if teller.tell(news).await.is_err() {
            return;
        }
    }
}

/// What this system sends to itself: when it comes, the server has taken note of the subscription, and others are heard.
fn probe(connection: &Connection) -> Bytes {
    Bytes::copy_from_slice(&connection.number.to_le_bytes())
}

/// Says whether the server is there.
async fn watch_server(
    client: &Client,
    me: &Me,
    (is_insecure, shown): (bool, &Shown),
    mut events: UnboundedReceiver<Event>,
    teller: &Teller,
    connected: &watch::Sender<Connection>,
) {
    let mut told = Told::default();
    while let Some(event) = events.recv().await {
        let news = match event {
            Event::Connected => {
                let info = client.server_info();
                if !info.auth_required && !is_insecure {
                    let why = "the NATS server lets in anybody, so any program that reaches it could run code here: have it ask for \
                               credentials, or set `insecure`";
                    News::Down { why: why.into() }
                } else if !info.jetstream && me.domain.is_none() {
                    let why = "the NATS server has no JetStream, which says who is there: start it with -js, or, if it is a leaf node, name the \
                               domain of the servers that have it: nats://host:port/convention?domain=name";
                    News::Down { why: why.into() }
                } else {
                    told.clear();
                    connected.send_modify(|connection| {
                        connection.number += 1;
                        connection.is_up = true;
                    });
                    let probe = probe(&connected.borrow());
                    // If it is not sent the connection has ended again.
                    let _ = client.publish(names::subject(&me.convention, me.system, &me.identity), probe).await;
                    continue;
                }
            }
            Event::Disconnected => {
                connected.send_modify(|connection| connection.is_up = false);
                News::Down { why: "the connection with the NATS server is broken".into() }
            }
            Event::Closed => News::Down { why: "the connection with the NATS server is closed".into() },
            Event::LameDuckMode | Event::Draining => continue,
            Event::SlowConsumer(_) => {
                let why = "messages came faster than they were taken, and some are lost: what was lost on a link is sent again";
                News::Trouble(why.into())
            }
            Event::ServerError(error) => News::Trouble(explain(&error.to_string(), shown, me)),
            Event::ClientError(error) => News::Trouble(explain(&error.to_string(), shown, me)),
        };
        // The same again and again while it tries to connect.
        if matches!(&news, News::Trouble(what) if !told.is_new(what, Instant::now())) {
            continue;
        }
        if teller.tell(news).await.is_err() {
            return;
        }
    }
}
