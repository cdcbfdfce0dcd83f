"""A program that uses all of the package with its types: checked with `mypy --strict`, and run by a test."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

import roscius
from thespian.actors import ActorAddress, ActorSystemMessage, ActorTypeDispatcher, WakeupMessage


@dataclass(frozen=True)
class Order:
    """What a customer wants."""

    dish: str
    price: int


@dataclass(frozen=True)
class Served:
    """What a customer gets."""

    dish: str
    change: int


@roscius.accepts(Order)
@roscius.restart("transient")
class Cook(roscius.Actor):
    """Takes a moment for each order."""

    async def receiveMessage(self, msg: Order | ActorSystemMessage, sender: ActorAddress) -> None:
        if isinstance(msg, Order):
            await asyncio.sleep(0)
            if msg.price < 0:
                raise ValueError("nobody cooks for that")
            self.send(sender, Served(msg.dish, 100 - msg.price))


@roscius.accepts()
@roscius.supervise("one_for_one", max_restarts=5, within=1.0, on={ValueError: "resume"})
class Waiter(roscius.Actor, ActorTypeDispatcher):
    """Passes orders on."""

    def __init__(self) -> None:
        self.cooks: dict[str, ActorAddress] = {}
        self.closing: roscius.Timer | None = None

    async def receiveMsg_Order(self, msg: Order, sender: ActorAddress) -> None:
        """Has a cook of its own for each dish."""
        cook = self.cooks.get(msg.dish)
        if cook is None:
            cook = self.cooks[msg.dish] = self.createActor(Cook)
            self.watch(cook)
        try:
            served: Served = await self.ask(cook, msg, timeout=5)
        except roscius.AskFailed as error:
            self.send(sender, f"sorry: {error.message}")
        else:
            self.send(sender, served)

    def receiveMsg_str(self, msg: str, sender: ActorAddress) -> None:
        """Answers without waiting."""

        def serve(outcome: roscius.Outcome[Served]) -> None:
            self.send(sender, outcome.error or outcome.answer())

        self.ask_then(self.createActor(Cook), Order(msg, 1), serve, timeout=5)
        self.closing = self.wakeup(after=60, every=1, payload="closing time")

    def receiveMsg_WakeupMessage(self, msg: WakeupMessage, sender: ActorAddress) -> None:
        """Closes."""
        if self.closing is not None:
            self.closing.cancel()

    def receiveMsg_Terminated(self, msg: roscius.Terminated, sender: ActorAddress) -> None:
        """Forgets a cook that is gone."""
        key: str = msg.address.key()
        self.cooks = {dish: cook for dish, cook in self.cooks.items() if cook.key() != key}


async def dine(base: str, capabilities: dict[str, object] | None = None) -> list[object]:
    """What several customers get."""
    async with roscius.AsyncActorSystem(base, capabilities, logDefs=False, transientUnique=True) as system:
        waiter = await system.create_actor(Waiter)
        orders = (system.ask(waiter, Order(dish, price), timeout=5) for dish, price in [("soup", 40), ("salad", -1)])
        answers: list[object] = await asyncio.gather(*orders)
        system.tell(waiter, "tea")
        async for message in system.listen():
            answers.append(message)
            break
        return answers


if __name__ == "__main__":
    print(asyncio.run(dine(sys.argv[1] if len(sys.argv) > 1 else "threadSystemBase")))
