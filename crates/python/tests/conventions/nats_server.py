"""A NATS server for a test."""

import os
import socket
import subprocess
import threading
from pathlib import Path

PROGRAM = Path(os.environ.get("ROSCIUS_NATS_SERVER", Path(__file__).parents[4] / ".nats" / "nats-server"))


class NatsServer:
    """A server on this host, which asks for a password unless its configuration says something else."""

    def __init__(self, folder, configuration=None):
        if not PROGRAM.exists():
            raise RuntimeError(f"no NATS server at {PROGRAM}: make .nats/nats-server")
        self.folder = folder
        self.shown = "somebody:secret@" if configuration is None else ""
        folder.mkdir()
        (folder / "configuration").write_text(configuration or "")
        self.port = 0
        self.process = None
        while self.process is None:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
            # Somebody else may take the port now.
            self.process = self._run()

    @property
    def address(self):
        return f"nats://{self.shown}127.0.0.1:{self.port}/site"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def start_again(self):
        self.process = self._run()
        assert self.process is not None

    def _run(self):
        options = ["--addr", "127.0.0.1", "--port", str(self.port), "--jetstream", "--store_dir", str(self.folder)]
        options += ["--config", str(self.folder / "configuration")]
        who = ["--user", "somebody", "--pass", "secret"] if self.shown else []
        # Whose processes are counted in a test is told by the environment.
        process = subprocess.Popen(
            [PROGRAM, *options, *who], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={}
        )
        if not any("Server is ready" in line for line in process.stderr):
            process.wait()
            process.stderr.close()
            return None
        threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
        return process


def _drain(lines):
    """It would wait if nobody read what it says."""
    try:
        for _ in lines:
            pass
    except ValueError:
        pass  # It was closed.
