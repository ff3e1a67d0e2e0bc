"""CloudEvents 1.0 in Kafka's binary mode: header names, event types, and newsdesk's own headers."""

from __future__ import annotations

from typing import Final

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"

CE_ID: Final = "ce_id"
CE_SOURCE: Final = "ce_source"
CE_TYPE: Final = "ce_type"
CE_TIME: Final = "ce_time"
CE_SUBJECT: Final = "ce_subject"
CE_SPECVERSION: Final = "ce_specversion"
CONTENT_TYPE_HEADER: Final = "content-type"
TRACEPARENT: Final = "traceparent"

DESK_SOURCE: Final = "/newsdesk/desk"
"""ce_source of every record that the desk writes."""

TYPE_SUBMITTED: Final = "newsdesk.article.submitted.v1"
TYPE_ENRICHED: Final = "newsdesk.article.enriched.v1"
TYPE_PUBLISHED: Final = "newsdesk.article.published.v1"
TYPE_RETRACTED: Final = "newsdesk.article.retracted.v1"
TYPE_MERGED: Final = "newsdesk.article.merged.v1"
TYPE_EXPIRED: Final = "newsdesk.article.expired.v1"
TYPE_DECISION: Final = "newsdesk.decision.v1"
TYPE_RULES: Final = "newsdesk.rules.v1"

TASK_TIME: Final = "newsdesk-task-time"
"""Of an enriched record: the task time at its writing, milliseconds since 1970; retention counts from there."""

FORWARDED_TOPIC: Final = "newsdesk-forwarded-topic"
FORWARDED_PARTITION: Final = "newsdesk-forwarded-partition"
FORWARDED_OFFSET: Final = "newsdesk-forwarded-offset"
"""Where a forwarded record was first read; they join the two in the audit."""

DEAD_REASON: Final = "newsdesk-reason"
DEAD_DETAIL: Final = "newsdesk-detail"
DEAD_VERSION: Final = "newsdesk-version"
DEAD_ENCODING: Final = "newsdesk-encoding"
DEAD_BYTES: Final = "newsdesk-bytes"
DEAD_SHA256: Final = "newsdesk-sha256"
"""Of a value too large for a dead letter: gzip where it was packed, its size, and its digest where it was left out."""
CONNECT_TOPIC: Final = "__connect.errors.topic"
CONNECT_PARTITION: Final = "__connect.errors.partition"
CONNECT_OFFSET: Final = "__connect.errors.offset"
CONNECT_STAGE: Final = "__connect.errors.stage"
CONNECT_EXCEPTION_CLASS: Final = "__connect.errors.exception.class.name"
CONNECT_EXCEPTION_MESSAGE: Final = "__connect.errors.exception.message"
CONNECT_EXCEPTION_STACKTRACE: Final = "__connect.errors.exception.stacktrace"
"""Kafka Connect's dead letter headers (KIP-298), so that the tools which read those read ours."""
