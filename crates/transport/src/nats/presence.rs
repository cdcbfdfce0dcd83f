//! Who is there: keys in a bucket of the server, which last for some seconds and are renewed each second.
//!
//! Every system has a key of its own. Those that hold a [seat](super::seats) watch all of these, the others watch the seats alone, so what a
//! convention costs grows with the number of its systems.

use std::time::Duration;

use async_nats::jetstream::kv::{Config, CreateErrorKind, Entry, Operation, Store, UpdateErrorKind, Watch};
use async_nats::jetstream::{self, stream::StorageType};
use async_nats::{Client, Error};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::names;
use super::seats::{Holder, SEATS, Seats};
use super::server::{Me, News, Teller};

/// A key that was not renewed for so long is gone.
const LASTS: Duration = Duration::from_secs(3);
/// In a cluster keys last longer: when a server is gone, the others take up to ten seconds to agree on who looks after the bucket, and until
/// then nothing can be renewed. Who is gone is noticed by its silence before that.
const LASTS_IN_CLUSTER: Duration = Duration::from_secs(15);
/// How often it is renewed.
const RENEWED: Duration = Duration::from_secs(1);
/// How long the server keeps, for those who watch, that a key is gone: the shortest that it takes.
const MARKED: Duration = Duration::from_secs(1);
/// How long it lasts until those who may lead are fewer, or others. When the server was away, all of them come back in this time.
const SETTLED: Duration = Duration::from_secs(2);
/// How long to wait after a failure.
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// In a cluster of servers the bucket has so many copies.
const COPIES: usize = 3;
/// The servers of a cluster that has just been started come one after the other: so long they are waited for before the bucket has one copy.
const ALL_THERE_WITHIN: Duration = Duration::from_secs(5);
/// After how long more copies are tried for, where it has fewer: when it was made, some servers of the cluster may not have been there.
const MORE_COPIES_AFTER: Duration = Duration::from_secs(2);
/// How often at the least: the cluster may have no more servers. Each time it is waited for twice as long.
const MORE_COPIES_EVERY: Duration = Duration::from_secs(60);

/// How the connection with the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Another number is another connection.
    pub number: u64,
    /// Whether it is there.
    pub is_up: bool,
    /// This system is not to be found any more.
    pub is_leaving: bool,
}

/// Keeps this system present, and says who is not and who may lead, until it leaves.
pub async fn keep(client: &Client, me: &Me, teller: &Teller, mut connection: watch::Receiver<Connection>) {
    let mut keeper =
        Keeper { client, me, teller, seats: Seats::default(), ticket: None, told: Vec::new(), store: None };
    let mut trouble = String::new();
    loop {
        let Ok(current) = connection.wait_for(|it| it.is_up || it.is_leaving).await.map(|it| *it) else { return };
        if !current.is_leaving {
            let error = tokio::select! {
                error = keeper.stay() => Some(error),
                changed = connection.wait_for(|it| *it != current) => {
                    if changed.is_err() {
                        return;
                    }
                    None
                }
            };
            if let Some(error) = error {
                let why = format!("the bucket of the convention can not be used: {error}");
                if why != trouble && teller.tell(News::Trouble(why.clone())).await.is_err() {
                    return;
                }
                trouble = why;
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
        if connection.borrow().is_leaving {
            return keeper.leave().await;
        }
    }
}

struct Keeper<'a> {
    client: &'a Client,
    me: &'a Me,
    teller: &'a Teller,
    seats: Seats,
    /// What this system had drawn.
    ticket: Option<u64>,
    /// Who may lead, as was told.
    told: Vec<u32>,
    store: Option<Store>,
}

impl Keeper<'_> {
    /// Goes on until something fails.
    async fn stay(&mut self) -> Error {
        match self.try_to_stay().await {
            Err(error) => error,
        }
    }

    async fn try_to_stay(&mut self) -> Result<std::convert::Infallible, Error> {
        let mut store = self.bucket().await?;
        self.store = Some(store.clone());
        let mut seats = store.watch_with_history(names::SEATS).await?;
        let mut members = None;
        self.seats = Seats::default();
        for seat in 0..SEATS {
            self.look_at(&store, seat).await?;
        }
        let mut ticks = tokio::time::interval(RENEWED);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut settles = None;
        let (mut copied, mut again) = (Instant::now(), MORE_COPIES_AFTER);
        loop {
            let settled = async {
                match settles {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = ticks.tick() => {
                    self.renew(&store).await?;
                    if members.is_none() && self.seats.of(self.me.system).is_some() {
                        members = Some(store.watch(names::MEMBERS).await?);
                    }
                    if self.seats.leaders().first() == Some(&self.me.system) && copied.elapsed() >= again {
                        self.have_copies(&mut store).await;
                        (copied, again) = (Instant::now(), MORE_COPIES_EVERY.min(2 * again));
                    }
                }
                entry = seats.next() => self.seat_changed(entry.ok_or("nothing more comes of the seats")??).await?,
                entry = next(&mut members) => self.member_changed(&entry.ok_or("nothing more comes of the members")??).await?,
                () = settled => {}
            }
            settles = self.tell_leaders(settles).await?;
        }
    }

    /// The bucket of the convention, which the first makes.
    async fn bucket(&self) -> Result<Store, Error> {
        let jetstream = self.jetstream();
        let name = names::bucket(&self.me.convention);
        if let Ok(store) = jetstream.get_key_value(&name).await {
            let config = &store.stream.cached_info().config;
            if config.max_age != lasts(config.num_replicas) || config.subject_delete_marker_ttl.is_none() {
                return Err(
                    format!("{name} is not as this version makes it: delete it when no system is connected").into()
                );
            }
            return Ok(store);
        }
        // Of the cluster that a leaf node leads to nothing is known before.
        let is_clustered = self.client.server_info().cluster.is_some();
        let until = Instant::now() + ALL_THERE_WITHIN;
        while is_clustered || self.me.domain.is_some() {
            match jetstream.create_key_value(config(&name, COPIES)).await {
                Ok(store) => return Ok(store),
                Err(_) if is_clustered && Instant::now() < until => tokio::time::sleep(AGAIN_AFTER).await,
                Err(_) => break,
            }
        }
        Ok(jetstream.create_key_value(config(&name, 1)).await?)
    }

    fn jetstream(&self) -> jetstream::Context {
        match &self.me.domain {
            Some(domain) => jetstream::with_domain(self.client.clone(), domain),
            None => jetstream::new(self.client.clone()),
        }
    }

    /// Has more copies of the bucket made, if it has too few. A cluster of fewer servers refuses that, and all goes on as it was.
    async fn have_copies(&self, store: &mut Store) {
        let info = store.stream.cached_info();
        if info.cluster.is_some()
            && info.config.num_replicas < COPIES
            && let Ok(whole) = self.jetstream().update_key_value(config(&store.name, COPIES)).await
        {
            *store = whole;
        }
    }

    /// Renews what this system has, and takes a seat if one is empty.
    async fn renew(&mut self, store: &Store) -> Result<(), Error> {
        store.put(names::member(self.me.system), Bytes::from(self.me.identity.clone())).await?;
        if let Some((seat, holder, revision)) = self.seats.of(self.me.system) {
            let value = Bytes::copy_from_slice(&holder.to_bytes());
            match store.update(names::seat(seat), value, revision).await {
                Ok(revision) => self.seats.hold(seat, holder, revision),
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                    // It was too late, or the bucket is another.
                    self.seats.empty(seat, u64::MAX);
                    self.look_at(store, seat).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        while let Some((seat, holder)) = self.seats.vacant(self.me.system, self.ticket) {
            match store.create(names::seat(seat), Bytes::copy_from_slice(&holder.to_bytes())).await {
                Ok(revision) => {
                    self.ticket = Some(holder.ticket);
                    self.seats.hold(seat, holder, revision);
                }
                Err(error) if error.kind() == CreateErrorKind::AlreadyExists => {
                    self.look_at(store, seat).await?;
                    if self.seats.vacant(self.me.system, None).is_some_and(|(vacant, _)| vacant == seat) {
                        // It went in this moment: next time.
                        break;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Finds out who holds a seat.
    async fn look_at(&mut self, store: &Store, seat: usize) -> Result<(), Error> {
        if let Some(entry) = store.entry(names::seat(seat)).await? {
            self.seat_changed(entry).await?;
        }
        Ok(())
    }

    async fn seat_changed(&mut self, entry: Entry) -> Result<(), Error> {
        let Some(seat) = names::seat_of(&entry.key) else { return Ok(()) };
        let holder = Holder::read(&entry.value).filter(|_| entry.operation == Operation::Put);
        let before = match holder {
            Some(holder) => {
                let before = self.seats.at(seat).filter(|before| before.system != holder.system);
                self.seats.hold(seat, holder, entry.revision);
                before
            }
            None => self.seats.empty(seat, entry.revision),
        };
        match before {
            Some(before) => self.gone(before.system).await,
            None => Ok(()),
        }
    }

    async fn member_changed(&mut self, entry: &Entry) -> Result<(), Error> {
        match names::member_of(&entry.key) {
            Some(system) if entry.operation != Operation::Put => self.gone(system).await,
            _ => Ok(()),
        }
    }

    async fn gone(&self, system: u32) -> Result<(), Error> {
        if system == self.me.system {
            return Ok(());
        }
        Ok(self.teller.tell(News::Gone { system }).await?)
    }

    /// Says who may lead if that has changed: more of them at once, others when it has stayed so. Says when to look again.
    async fn tell_leaders(&mut self, settles: Option<Instant>) -> Result<Option<Instant>, Error> {
        let leaders = self.seats.leaders();
        if leaders == self.told || leaders.is_empty() {
            return Ok(None);
        }
        let stay: Vec<u32> = leaders.iter().copied().filter(|leader| self.told.contains(leader)).collect();
        if stay != self.told {
            let at = settles.unwrap_or_else(|| Instant::now() + SETTLED);
            if Instant::now() < at {
                return Ok(Some(at));
            }
        }
        self.told.clone_from(&leaders);
        self.teller.tell(News::Leaders(leaders)).await?;
        Ok(None)
    }

    /// Others notice at once.
    async fn leave(&self) {
        let Some(store) = &self.store else { return };
        // What fails goes by itself in a while.
        if let Some((seat, _, revision)) = self.seats.of(self.me.system) {
            let _ = store.delete_expect_revision(names::seat(seat), Some(revision)).await;
        }
        let _ = store.delete(names::member(self.me.system)).await;
    }
}

fn config(bucket: &str, num_replicas: usize) -> Config {
    Config {
        bucket: bucket.to_owned(),
        description: "Actor systems that are there, and who may lead".into(),
        history: 1,
        max_age: lasts(num_replicas),
        limit_markers: Some(MARKED),
        // What is in it is good for seconds only.
        storage: StorageType::Memory,
        num_replicas,
        ..Config::default()
    }
}

const fn lasts(copies: usize) -> Duration {
    if copies > 1 { LASTS_IN_CLUSTER } else { LASTS }
}

async fn next(watch: &mut Option<Watch>) -> Option<<Watch as futures_util::Stream>::Item> {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}
