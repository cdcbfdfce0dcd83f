"""The addresses that a shell knows, by number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from thespian.actors import ActorAddress

_PREFIX = "ActorAddr-"


class UnknownActor(ValueError):
    """What was typed leads to no actor; the text says why."""


class KnownAddresses(list[ActorAddress]):
    """Addresses in the order in which they came up: their place is the number that stands for them."""

    def number_of(self, address: ActorAddress) -> int:
        """The number of an address, a new one if it has none."""
        if address not in self:
            self.append(address)
        return self.index(address)

    def find(self, word: str, names: Callable[[], Mapping[str, ActorAddress]]) -> int:
        """The number of what was typed: a number itself (`0`, `#0`), an address as it is shown, or a global name."""
        digits = word.removeprefix("#")
        if digits.isdecimal():
            number = int(digits)
            if number >= len(self):
                raise UnknownActor(f"Specified Actor Address #{number} is not known")
            return number
        if word.startswith(_PREFIX):
            return self.number_of(ActorAddress(word.removeprefix(_PREFIX)))
        named = names().get(word)
        if named is None:
            raise UnknownActor(
                f"parsing Actor number from command line: {word!r} is no number, address, or global name"
            )
        return self.number_of(named)

    def words(self) -> list[str]:
        """What can be typed for the addresses that are known."""
        return [*map(str, range(len(self))), *map(str, self)]
