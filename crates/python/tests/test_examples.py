"""Each example on each base, as a program of its own, the way that its first lines say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from thespian.test import get_free_admin_port

EXAMPLES = Path(__file__).parents[1] / "examples"
BASES = ("simpleSystemBase", "threadSystemBase", "multiprocQueueBase", "multiprocUDPBase", "multiprocTCPBase")
OUTPUTS = {
    "hello": ["Hello, world!"],
    "fibonacci": [
        "fibonacci(3) = 2",
        "fibonacci(18) = 2584",
        "fibonacci(10) = 55",
        "fibonacci(21) = 10946",
        "fibonacci(15) = 610",
        "fibonacci(20) = 6765",
    ],
    "echo_server": ["echo: one", "echo: two", "echo: three", "a client has left"],
    "web_server": ["200 Hello!", "404 There is no /nothing.", "200 Hello!"],
    "reminders": ["heat the oven", "put the cake in", "take it out"],
    "actorize": ["balance: 100", "balance: 70", "refused: 80 of 70", "thank you for saying 'hello'"],
    "websocket_client": ["tick 1", "tick 2", "tick 3", "you said enough"],
    "failures": [
        "5: 20",
        "0: no answer: ZeroDivisionError: integer division or modulo by zero",
        "restart: there is a new divider",
        "20: 5",
    ],
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("example", OUTPUTS)
def test_an_example_shows_what_it_is_to_show(example, base, tmp_path):
    port = str(get_free_admin_port())
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    # To a file: who is left behind would keep a pipe open.
    with (tmp_path / "output").open("w+") as output, (tmp_path / "errors").open("w+") as errors:
        program = [sys.executable, EXAMPLES / f"{example}.py", base, port]
        done = subprocess.run(program, stdout=output, stderr=errors, env=environment, timeout=50, check=False)
        output.seek(0)
        errors.seek(0)
        shown, said = output.read().splitlines(), errors.read()
    assert (done.returncode, shown) == (0, OUTPUTS[example]), said
    assert example == "failures" or said == ""
    assert list(tmp_path.glob("roscius-*/*")) == []


def test_every_example_is_tried():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*OUTPUTS, "socket_watcher", "websocket_frames"}
