"""The desk does not start on topics that are not right, and waits for a broker that is not there."""

from __future__ import annotations

import pytest

from desk.running import until
from e2e.scene import Scene
from newsdesk.contracts.topics import DECISIONS, ENRICHED, SUBMITTED, TOPICS
from newsdesk.ops.brokers import kafka as kafka_kind
from support.brokers import READY_SECONDS, create_topics, kafka_node, need

