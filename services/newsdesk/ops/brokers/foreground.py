"""`newsdesk broker`: a broker in the foreground, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Final, Literal, get_args

from newsdesk.ops.brokers import embedded, kafka
from newsdesk.ops.brokers.process import BrokerError, LocalBroker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Kind = Literal["embedded", "kafka"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
_LOOK_SECONDS: Final = 0.2


class _Told(BaseException):
    pass


def run_foreground(
    kind: Kind,
    *,
    port: int,
    data: Path | None = None,
    heap: str = "1g",
    on_ready: Callable[[LocalBroker], None],
    progress: Callable[[str], None] = lambda _line: None,
) -> None:
    """Run a broker until SIGINT or SIGTERM, then stop it in good order; *on_ready* is called when it serves.

    A second signal ends it at once, as KeyboardInterrupt. To be called from the main thread, which alone is told of signals.

    Raises:
        BrokerError: It could not start, or it ended by itself.
    """
    if data is not None and kind == embedded.KIND:
        raise BrokerError(
            "the embedded broker keeps its records in memory only", "Leave out --data, or use --kind kafka."
        )
    told, started = threading.Event(), threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        if not started.is_set():
            raise _Told
        if told.is_set():
            raise KeyboardInterrupt
        told.set()

    if kind == embedded.KIND:
        broker = embedded.broker(port=port)
    else:
        broker = kafka.broker(port=port, data=data, heap=heap, progress=progress)
    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        broker.prepare()  # may fetch and format: a signal breaks it off
        started.set()
        broker.start()
        broker.wait_ready(unless=told.is_set)
        if not told.is_set():
            on_ready(broker)
        while not told.wait(_LOOK_SECONDS):
            broker.check_alive()
        broker.stop()
    except _Told:
        return
    finally:
        broker.stop(patience=0)  # nothing is left to do here but after a failure or a second signal
        for number, handler in before.items():
            signal.signal(number, handler)
