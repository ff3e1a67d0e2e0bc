"""Make a Faust app see committed records only.

newsdesk's desk writes in transactions. A reader of the default isolation level sees what was aborted too, and Faust has
no setting for it: it reads committed records only with its own exactly_once, which is not atomic.
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


def read_committed(app: faust.App) -> None:
    """From its start on, *app* reads nothing that a transaction has not committed."""
    transport: Any = app.transport
    transport.Consumer = _CommittedConsumer
