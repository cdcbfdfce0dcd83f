"""Running programs that start systems, to their end."""

import subprocess
import sys
import tempfile

LIMIT = 30
DIRECTOR = [sys.executable, "-m", "thespian.director"]


def ran(command, environment, place=None):
    """The exit code of a program, and what it has said."""
    # Into a file: the system that is started keeps what it inherits.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=LIMIT,
            check=False,
        )
        output.seek(0)
        return done.returncode, output.read()
