"""Settings: every knob of a deployment, from NEWSDESK_* in the environment, with its unit, default and reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from newsdesk.contracts import topics

_ADDRESS: Final = re.compile(r"(?:[^\s,:/@\[\]]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")
_GROUP: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_MOST_PORT: Final = 65_535


def _addresses(text: str) -> str:
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        found = _ADDRESS.fullmatch(part)
        if found is None or not 0 < int(found[1]) <= _MOST_PORT:
            raise ValueError(f"{part!r} is no broker's address: host:port is needed, like 127.0.0.1:9092")
    return ",".join(parts)


def _group(text: str) -> str:
    if not _GROUP.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a group: 1 to 200 letters, digits, '.', '_' and '-'")
    return text


class Settings(BaseSettings):
    """The effective settings; the command line's options go before the environment."""

    model_config = SettingsConfigDict(env_prefix="NEWSDESK_", frozen=True, extra="ignore")

    bootstrap_servers: Annotated[str, AfterValidator(_addresses)] = Field(
        "127.0.0.1:9092", description="Kafka brokers, host:port, comma separated."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to speak to the brokers."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="The SASL mechanism, where security_protocol asks for one."
    )
    sasl_username: str | None = Field(None, description="The SASL user.")
    sasl_password: SecretStr | None = Field(None, description="The SASL password; never printed.")
    ssl_cafile: Path | None = Field(None, description="CA certificates to trust, PEM; the system's where not set.")

    group: Annotated[str, AfterValidator(_group)] = Field(
        topics.DESK_GROUP, description="The desk's consumer group and prefix of its transactional ids."
    )
    guarantee: Literal["auto", "exactly_once", "at_least_once"] = Field(
        "auto", description="auto falls back only where the broker has no transactions; deployments set exactly_once."
    )
    rules: str = Field("newsdesk", description="Rules: the name of a shipped file, or a path.")
    state_dir: Path = Field(Path("state"), description="Folder of the local stores, a cache of the enriched topic.")
    event_bytes: Annotated[int, Field(ge=1024, le=topics.EVENT_BYTES)] = Field(
        topics.EVENT_BYTES, description="Largest event in bytes; a larger one becomes a dead letter."
    )
    batch_records: Annotated[int, Field(ge=1, le=10_000)] = Field(1_000, description="Records a transaction, at most.")
    commit_interval_ms: Annotated[int, Field(ge=1, le=10_000)] = Field(
        100, description="Milliseconds between commits: one transaction costs the broker about 10 ms."
    )
    transaction_timeout_ms: Annotated[int, Field(ge=1_000, le=900_000)] = Field(
        10_000, description="Milliseconds after which a dead worker's open transaction no longer holds up readers."
    )
    session_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = Field(
        10_000, description="Milliseconds without a heartbeat after which a worker's tasks go to others."
    )
    backoff_max_ms: Annotated[int, Field(ge=100, le=600_000)] = Field(
        30_000, description="Longest wait in milliseconds between two tries to reach a broker."
    )
    missing_topic_grace_ms: Annotated[int, Field(ge=0, le=3_600_000)] = Field(
        30_000, description="Milliseconds that a topic which was there may be missing before the desk ends."
    )
    silence_ms: Annotated[int, Field(ge=100, le=60_000)] = Field(
        10_000,
        description="Milliseconds without an answer after which a broker counts as away, and between looks at the topics.",
    )
    state_retention: Annotated[int, Field(ge=0, le=36_500)] = Field(
        180,
        description="Days by the events' time after which an article without a new revision is forgotten; 0: never.",
    )
    state_expire_published: bool = Field(
        False,
        description="Whether published articles are forgotten too, and with it taken off the published topic.",
    )
    web_host: str = Field("127.0.0.1", description="Address of /metrics and /health; local unless told otherwise.")
    web_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        8010, description="Port of /metrics and /health; worker n listens on web_port + n; 0 takes a free one."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
