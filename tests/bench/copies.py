"""Several processes of one program, for systems that know no workers: `python -m bench.copies N COMMAND ...`.

Each has a state folder of its own. SIGTERM is passed on; when one ends, all are ended, and its exit code is the answer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def main(number: int, command: list[str]) -> int:
    """Run *number* copies until one ends; its exit code."""
    copies = [
        subprocess.Popen(command, env={**os.environ, "BENCH_STATE": f"{os.environ['BENCH_STATE']}-{copy}"})
        for copy in range(number)
    ]

    def stop(*_: object) -> None:
        for process in copies:
            process.terminate()

    signal.signal(signal.SIGTERM, stop)
    ended, status = os.wait()
    stop()
    for process in copies:
        if process.pid != ended:
            process.wait()
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
