"""An actor as the client of a web socket: it subscribes, hands on what comes, and sends what it is told to.

python websocket_client.py [BASE [PORT]]
"""

import base64
import os
import socket
import sys
import threading
from collections import namedtuple
from urllib.parse import urlsplit

from socket_watcher import SocketWatcher
from thespian.actors import Actor, ActorExitRequest, ActorSystem
from websocket_frames import CLOSE, PING, PONG, TEXT, BrokenStream, Reader, accept_key, frame, greeting

# Opens the connection, `ws://host:port/path`, sends a first message, and names the actor that gets what comes.
Start_Websocket = namedtuple("Start_Websocket", "ws_addr start_msg upstream")
# What has come, for that actor.
Websocket_Output = namedtuple("Websocket_Output", "msg")
# What is to be sent.
Websocket_Input = namedtuple("Websocket_Input", "msg")

CONNECT_SECONDS = 10


class WebsocketClientActor(SocketWatcher):
    """Exits when the connection ends."""

    listener = None
    connection = None

    def receiveMsg_Start_Websocket(self, msg, sender):
        """Connect, and greet. The first message goes when the server has agreed."""
        if self.connection is None:
            self.start, self.reader, self.is_open = msg, Reader(), False
            place = urlsplit(msg.ws_addr)
            self.connection = socket.create_connection((place.hostname, place.port or 80), CONNECT_SECONDS)
            self.key = base64.b64encode(os.urandom(16)).decode()
            self.connection.sendall(greeting(place.netloc, place.path or "/", self.key))
            self.add(self.connection)
        return self.watching()

    def receiveMsg_Websocket_Input(self, msg, sender):
        """Send something."""
        self.say(TEXT, msg.msg.encode())
        return self.watching()

    def say(self, kind, content):
        """Send a frame, unless the connection has ended. The other side is given time to take it."""
        if self.connection is not None and self.connection.fileno() in self.sockets:
            self.connection.settimeout(CONNECT_SECONDS)
            self.connection.sendall(frame(kind, content, masked=True))
            self.connection.setblocking(False)

    def readable(self, connection):
        """Something has come; no data means that the server has left."""
        data = connection.recv(65536)
        try:
            if data and not self.is_open:
                data = self.agreed(data)
            elif not data:
                raise BrokenStream("the server has left")
            for kind, content in self.reader.messages(data) if self.is_open else ():
                self.take(kind, content)
        except BrokenStream:
            self.close(connection)
            self.send(self.myAddress, ActorExitRequest())

    def agreed(self, data):
        """Read the answer to the greeting. What has come behind it is in the reader."""
        head = self.reader.head(data)
        if head is not None:
            if f"sec-websocket-accept: {accept_key(self.key)}".lower() not in map(str.lower, head):
                raise BrokenStream("this is no web socket")
            self.is_open = True
            self.say(TEXT, self.start.start_msg.encode())
        return b""

    def take(self, kind, content):
        """Deal with one message."""
        if kind == PING:
            self.say(PONG, content)
        elif kind == CLOSE:
            self.say(CLOSE, content)
            raise BrokenStream("the server has said goodbye")
        elif kind != PONG:
            self.send(self.start.upstream, Websocket_Output(content.decode() if kind == TEXT else content))


class Subscriber(Actor):
    """Passes on what the web socket brings to who started it."""

    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.owner = sender
            self.client = self.createActor(WebsocketClientActor)
            self.send(self.client, Start_Websocket(msg, "subscribe", self.myAddress))
        elif isinstance(msg, Websocket_Output):
            self.send(self.owner, msg.msg)
            if msg.msg == "tick 3":
                self.send(self.client, Websocket_Input("enough"))


def serve(listener):
    """A server for one client, in a thread of its own: what it says, and what it hears."""
    connection, _ = listener.accept()
    reader = Reader()
    with connection:
        head = reader.head(connection.recv(65536))
        key = next(line.partition(": ")[2] for line in head if line.startswith("Sec-WebSocket-Key"))
        upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        connection.sendall(f"{upgrade}Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode())
        while data := connection.recv(4096):
            for kind, content in reader.messages(data):
                if kind == CLOSE:
                    return
                if content == b"subscribe":
                    ticks = b"".join(frame(TEXT, b"tick %d" % number, masked=False) for number in (1, 2, 3))
                    connection.sendall(frame(PING, b"", masked=False) + ticks)
                elif kind == TEXT:
                    connection.sendall(frame(TEXT, b"you said " + content, masked=False))
                    connection.sendall(frame(CLOSE, b"", masked=False))


def main(base="simpleSystemBase", port=1900):
    """Start a server, subscribe to it, and show what comes."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = threading.Thread(target=serve, args=(listener,))
            server.start()
            host, number = listener.getsockname()
            system.tell(system.createActor(Subscriber), f"ws://{host}:{number}/feed")
            for _ in range(4):
                print(system.listen(10))
            while server.is_alive():
                system.listen(0.05)
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
