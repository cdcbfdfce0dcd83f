//! Asynchronous handlers that use tokio's I/O and timers.

use std::time::Duration;

use roscius::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::bases::Base;
use crate::cast::Double;
use crate::scene::{PATIENCE, Scene};

promises! {
    on threads:
        a_handler_can_talk_over_a_socket,
        a_handler_can_sleep_on_the_runtime,
        a_handler_can_wait_for_a_task_of_the_runtime;
}

/// Answered with what the server at this port sent back.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = String)]
struct Say {
    port: u16,
    text: String,
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
struct Sleep(Duration);

struct Client;

impl Actor for Client {
    type Protocol = (Async<Say>, Async<Sleep>, Async<Double>);
}

impl AsyncHandler<Say> for Client {
    async fn receive(&mut self, say: &mut Say, _: &mut Context<'_, Self>) -> Outcome<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", say.port)).await?;
        stream.write_all(say.text.as_bytes()).await?;
        stream.shutdown().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

impl AsyncHandler<Sleep> for Client {
    async fn receive(&mut self, Sleep(time): &mut Sleep, _: &mut Context<'_, Self>) -> Outcome<u64> {
        let start = std::time::Instant::now();
        tokio::time::sleep(*time).await;
        Ok(start.elapsed().as_millis() as u64)
    }
}

impl AsyncHandler<Double> for Client {
    async fn receive(&mut self, Double(number): &mut Double, _: &mut Context<'_, Self>) -> Outcome<u64> {
        let number = *number;
        Ok(tokio::spawn(async move { number * 2 }).await?)
    }
}

fn stage(base: Base) -> (Runtime, Scene, ActorRef<Client>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let scene = Scene::with(base, |builder| builder.runtime(handle));
    let client = scene.system.spawn(|| Client).unwrap();
    (runtime, scene, client)
}

/// Sends back all that it receives. Returns its port.
async fn echo_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    port
}

fn a_handler_can_talk_over_a_socket(base: Base) {
    let (runtime, scene, first) = stage(base);
    let second = scene.system.spawn(|| Client).unwrap();
    let port = runtime.block_on(echo_server());
    for round in 0..10 {
        let ask = |client, text: &str| scene.system.ask(client, Say { port, text: format!("{text} {round}") });
        let (to_first, to_second) = (ask(first, "hello"), ask(second, "good day"));
        assert_eq!(to_first.wait_timeout(PATIENCE), Ok(format!("hello {round}")));
        assert_eq!(to_second.wait_timeout(PATIENCE), Ok(format!("good day {round}")));
    }
}

fn a_handler_can_sleep_on_the_runtime(base: Base) {
    let (_runtime, scene, client) = stage(base);
    let slept = scene.system.ask(client, Sleep(Duration::from_millis(20))).wait_timeout(PATIENCE).unwrap();
    assert!(slept >= 20, "{slept} ms");
}

fn a_handler_can_wait_for_a_task_of_the_runtime(base: Base) {
    let (_runtime, scene, client) = stage(base);
    for number in 0..20 {
        assert_eq!(scene.system.ask(client, Double(number)).wait_timeout(PATIENCE), Ok(number * 2));
    }
}
