"""The application that both programs on Quix Streams run: exactly-once, state in RocksDB with its changelog."""

from __future__ import annotations

import os

from quixstreams import Application

ENV = os.environ

app = Application(
    broker_address=ENV["BENCH_BOOTSTRAP"],
    consumer_group=ENV["BENCH_GROUP"],
    auto_offset_reset="earliest",
    processing_guarantee="exactly-once",
    commit_interval=0.1,
    state_dir=ENV["BENCH_STATE"],
    loglevel="WARNING",
    producer_extra_config={
        "acks": "all",
        "linger.ms": 5,
        "batch.size": 262144,
        "compression.type": "none",
        "partitioner": "murmur2_random",
    },
)
