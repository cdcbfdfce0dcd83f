"""A server that sends back what its clients say. It is an actor, and so free for other messages all the time.

python echo_server.py [BASE [PORT]]
"""

import socket
import sys
import threading

from socket_watcher import SocketWatcher
from thespian.actors import ActorSystem


class EchoServer(SocketWatcher):
    """Tells who started it when a client has left."""

    def receiveMsg_str(self, msg, sender):
        """Start. The answer is the address to connect to."""
        self.owner = sender
        self.send(sender, self.listen())
        return self.watching()

    def readable(self, client):
        """A client has said something, or has left."""
        if data := client.recv(4096):
            client.sendall(data)
        else:
            self.close(client)
            self.send(self.owner, "a client has left")


def talk(address, words):
    """A client, in a thread of its own: on simpleSystemBase, actors run only while the program waits for them."""
    with socket.create_connection(address) as connection, connection.makefile("rw") as stream:
        for word in words:
            print(word, file=stream, flush=True)
            print("echo:", stream.readline().strip())


def main(base="simpleSystemBase", port=1900):
    """Start the server, talk to it, and wait until it has seen us leave."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        address = system.ask(system.createActor(EchoServer), "start", 10)
        client = threading.Thread(target=talk, args=(address, ["one", "two", "three"]))
        client.start()
        print(system.listen(10))
        client.join()
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
