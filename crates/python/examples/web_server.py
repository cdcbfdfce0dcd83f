"""A small web server: one actor talks to the clients, a troupe of others thinks of the pages.

python web_server.py [BASE [PORT]]
"""

import sys
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

from socket_watcher import SocketWatcher
from thespian.actors import ActorSystem, ActorTypeDispatcher
from thespian.troupe import troupe


@troupe(max_count=3)
class PageMaker(ActorTypeDispatcher):
    """Makes the page for a path. This may take long: clients of other pages need not wait for it."""

    def receiveMsg_tuple(self, msg, sender):
        client, path = msg
        status, text = ("200 OK", "Hello!") if path == "/hello" else ("404 Not Found", f"There is no {path}.")
        self.send(sender, {"client": client, "status": status, "text": text})


class WebServer(SocketWatcher):
    """Has requests answered by the page makers."""

    def receiveMsg_str(self, msg, sender):
        """Start. The answer is the address to connect to."""
        self.makers, self.heads = self.createActor(PageMaker), {}
        self.send(sender, self.listen())
        return self.watching()

    def readable(self, client):
        """A part of a request has come; no data means that the client has left."""
        number, data = client.fileno(), client.recv(4096)
        self.heads[number] = self.heads.get(number, b"") + data
        if b"\r\n\r\n" in self.heads[number]:
            path = self.heads.pop(number).split()[1].decode()
            # Sockets can not travel to other actors, numbers can.
            self.send(self.makers, (number, path))
        elif not data:
            self.close(client)

    def receiveMsg_dict(self, page, sender):
        """A page is ready for its client."""
        client = self.sockets[page["client"]]
        head = f"HTTP/1.1 {page['status']}\r\nContent-Length: {len(page['text'])}"
        client.sendall(f"{head}\r\nConnection: close\r\n\r\n{page['text']}".encode())
        self.close(client)
        return self.watching()


def visit(address, paths):
    """A client, in a thread of its own: on simpleSystemBase, actors run only while the program waits for them."""
    for path in paths:
        try:
            with urlopen(f"http://{address[0]}:{address[1]}{path}", timeout=10) as answer:
                print(answer.status, answer.read().decode())
        except HTTPError as error:
            print(error.code, error.read().decode())


def main(base="simpleSystemBase", port=1900):
    """Start the server, and visit it."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        address = system.ask(system.createActor(WebServer), "start", 10)
        client = threading.Thread(target=visit, args=(address, ["/hello", "/nothing", "/hello"]))
        client.start()
        while client.is_alive():
            system.listen(0.1)
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
