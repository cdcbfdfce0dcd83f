"""The event loop that runs the coroutines of all actors of this process, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def get() -> asyncio.AbstractEventLoop:
    """The loop. It is started when it is wanted for the first time."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="roscius-asyncio", daemon=True).start()
        return _loop


def is_within(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the caller is run by this loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _forget() -> None:
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


# The thread of the loop does not live on in a forked process.
os.register_at_fork(after_in_child=_forget)


def start(coroutine: Coroutine[Any, Any, Any], done: Callable[[BaseException | None], None]) -> Callable[[], None]:
    """Run a coroutine and tell `done` its exception, if any. What is returned cancels it. The core calls this."""
    loop = get()
    task: asyncio.Task[Any] | None = None

    def begin() -> None:
        nonlocal task
        task = loop.create_task(coroutine)
        task.add_done_callback(end)

    def end(task: asyncio.Task[Any]) -> None:
        done(asyncio.CancelledError("the handler was cancelled") if task.cancelled() else task.exception())

    def cancel() -> None:
        if task is not None:
            task.cancel()

    def cancel_from_outside() -> None:
        loop.call_soon_threadsafe(cancel)

    loop.call_soon_threadsafe(begin)
    return cancel_from_outside
