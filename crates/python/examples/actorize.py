"""Handlers found by decorators: `@handle(Type)` marks a method, and `@Actorize` lets an actor use what is marked.

python actorize.py [BASE [PORT]]
"""

import sys
from dataclasses import dataclass

from thespian.actors import Actor, ActorSystem, ActorSystemMessage


def handle(message_class):
    """Mark a method as the handler of messages of a class, and of classes that derive from it. It can be repeated."""

    def mark(method):
        method.handled = (*getattr(method, "handled", ()), message_class)
        return method

    return mark


def Actorize(cls):
    """Give an actor a `receiveMessage` that calls what is marked in it, or in a class with this decorator above it."""
    if not issubclass(cls, Actor):
        raise TypeError(f"{cls.__name__} is no actor: it has to derive from Actor")
    if "receiveMessage" in vars(cls):
        raise TypeError(f"{cls.__name__} has a receiveMessage of its own")
    marked = {each: name for name, method in vars(cls).items() for each in getattr(method, "handled", ())}
    # By name, so that a class below can replace a method.
    handlers = {**getattr(cls, "_handlers", {}), **marked}

    def receiveMessage(self, msg, sender):
        for message_class in type(msg).__mro__:
            if message_class in handlers:
                return getattr(self, handlers[message_class])(msg, sender)
        if isinstance(msg, ActorSystemMessage):
            return None  # nobody has to care that an actor exits
        return super(cls, self).receiveMessage(msg, sender)

    cls._handlers = handlers
    cls.receiveMessage = receiveMessage
    return cls


@dataclass
class Deposit:
    """Somebody brings money."""

    amount: int


@dataclass
class Withdrawal:
    """Somebody wants money."""

    amount: int


@Actorize
class Account(Actor):
    """Keeps money."""

    def __init__(self):
        self.balance = 0

    @handle(Deposit)
    def deposit(self, msg, sender):
        """Take it."""
        self.balance += msg.amount
        self.send(sender, f"balance: {self.balance}")

    @handle(Withdrawal)
    def withdraw(self, msg, sender):
        """Give it, whatever the balance is."""
        self.balance -= msg.amount
        self.send(sender, f"balance: {self.balance}")


@Actorize
class SavingsAccount(Account):
    """Gives no more than there is."""

    def withdraw(self, msg, sender):
        """Refuse some."""
        if msg.amount > self.balance:
            self.send(sender, f"refused: {msg.amount} of {self.balance}")
        else:
            super().withdraw(msg, sender)

    @handle(str)
    def comment(self, msg, sender):
        """Answer anything else that people say."""
        self.send(sender, f"thank you for saying '{msg}'")


def main(base="simpleSystemBase", port=1900):
    """Use an account."""
    system = ActorSystem(base, {"Admin Port": int(port)})
    try:
        account = system.createActor(SavingsAccount)
        for message in (Deposit(100), Withdrawal(30), Withdrawal(80), "hello"):
            print(system.ask(account, message, 10))
    finally:
        system.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
