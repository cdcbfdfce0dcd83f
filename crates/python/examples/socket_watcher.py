"""What the examples with sockets share. It is no example by itself."""

import socket

from thespian.actors import ActorTypeDispatcher, ThespianWatch

POLL_SECONDS = 0.01


class SocketWatcher(ActorTypeDispatcher):
    """An actor that listens, and never blocks: the system watches its sockets for it.

    Subclasses say what to do when `readable(client)`, and call `listen` and `close`. What a handler returns counts: a
    `ThespianWatch` holds until the next message has been handled.
    """

    def __init__(self, capabilities):
        self.can_watch = capabilities.get("Thespian Watch Supported", False)
        self.sockets = {}

    def listen(self):
        """Accept clients from now on. Returns the address that they are to connect to."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.add(self.listener)
        return self.listener.getsockname()

    def add(self, one):
        """Watch one more socket."""
        one.setblocking(False)
        self.sockets[one.fileno()] = one

    def close(self, one):
        """Watch it no longer, and close it."""
        del self.sockets[one.fileno()]
        one.close()

    def watching(self):
        """What handlers return. A base that can not watch is asked for a message soon, to look again."""
        if self.can_watch:
            return ThespianWatch(list(self.sockets))
        return self.wakeupAfter(POLL_SECONDS)

    def receiveMsg_WatchMessage(self, msg, sender):
        """Some sockets can be read."""
        return self.look_at(msg.ready)

    def receiveMsg_WakeupMessage(self, msg, sender):
        """Any socket might have something to read by now."""
        return self.look_at(list(self.sockets))

    def receiveMsg_ActorExitRequest(self, msg, sender):
        """The end: after this message there is no other."""
        for one in list(self.sockets.values()):
            self.close(one)

    def look_at(self, numbers):
        """Deal with each socket that has something to read."""
        for number in numbers:
            one = self.sockets.get(number)
            try:
                if one is None:
                    continue  # it has been closed meanwhile
                if one is self.listener:
                    self.add(one.accept()[0])
                else:
                    self.readable(one)
            except BlockingIOError:
                pass  # there is nothing to read after all
        return self.watching()
