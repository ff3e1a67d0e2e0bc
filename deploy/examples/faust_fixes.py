"""Two things that a Faust app (faust-streaming 0.15) must be told in order to see what is there, and only that.

* newsdesk's desk writes in transactions. Faust reads what they aborted too, and has no setting against it: it reads
  committed records only with its own exactly_once, which is not atomic.
* When its tables are restored, Faust lets the fetcher go on, seeks to the committed offsets, and then clears the
  agents' queues. A record that comes in between is lost. So nothing is let into the queues until they are cleared;
  Faust itself lets it in then.
"""

from typing import Any

import faust
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer


class _CommittedThread(AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - read when it starts, after this
        return consumer


class _CommittedConsumer(Consumer):
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)


async def _hold(app: Any, **_: Any) -> None:
    app.flow_control.suspend()


def fix(app: faust.App) -> None:
    """From its start on, *app* reads all that was committed and nothing that was aborted."""
    transport: Any = app.transport
    transport.Consumer = _CommittedConsumer
    restored: Any = app.on_rebalance_complete  # sent before the seek
    restored.connect(_hold, weak=False)
