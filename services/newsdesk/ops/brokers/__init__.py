"""Brokers on this machine, for a first try, for tests and for the demo: an embedded one and a real Apache Kafka."""

from __future__ import annotations

from newsdesk.ops.brokers import embedded, kafka
from newsdesk.ops.brokers.foreground import KINDS, run_foreground
from newsdesk.ops.brokers.process import BrokerError, LocalBroker

__all__ = ["KINDS", "BrokerError", "LocalBroker", "embedded", "kafka", "run_foreground"]
