"""Brokers that lack what is needed: the embedded one, ones too old, and what is no broker at all."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from aiokafka import errors as kafka

from engine.harness import KafkaHarness
from newsdesk.engine.broker_errors import remedy_for
from newsdesk.engine.errors import EngineError
from newsdesk.engine.knocking import reason_unreachable
from newsdesk.engine.probe import choose
from newsdesk.engine.reading import open_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

FETCH, METADATA, API_VERSIONS = 1, 3, 18
OLD = {FETCH: 2, METADATA: 0, API_VERSIONS: 0}
"""What a broker from before transactions knows, or some of it: the newest version by API."""


@contextlib.asynccontextmanager
async def broker_of(known: Mapping[int, int] | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The address of a broker that knows these APIs and no topic; None: of something that hangs up at every word."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
            while known is not None:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                api, _, correlation = struct.unpack(">hhi", (await reader.readexactly(size))[:8])
                if api == API_VERSIONS:
                    listed = b"".join(struct.pack(">hhh", key, 0, newest) for key, newest in known.items())
                    body = struct.pack(">hi", 0, len(known)) + listed
                else:
                    host = b"127.0.0.1"
                    port = writer.get_extra_info("sockname")[1]
                    body = struct.pack(f">iih{len(host)}sii", 1, 1, len(host), host, port, 0)
                writer.write(struct.pack(">ii", len(body) + 4, correlation) + body)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_broker_without_transactions_is_refused_where_exactly_once_is_demanded() -> None:
    async with broker_of(OLD) as address, open_client(address, "test", {}) as client:
        with pytest.raises(EngineError) as refused:
            await choose(client, "exactly_once")
        assert refused.value.problem.startswith(
            "The settings demand exactly once, but the broker lacks InitProducerId, "
        )
        assert refused.value.remedy == "Use Apache Kafka, or set the guarantee to auto or at_least_once."
        assert (await choose(client, "auto")).kind == "at_least_once"


async def test_a_broker_that_is_too_old_to_talk_with_ends_the_worker(unique: str) -> None:
    async with broker_of({API_VERSIONS: 0}) as address:
        harness = KafkaHarness(address, unique)
        await harness.start()
        error = await harness.fatal()
    assert error.problem.startswith("The broker does not speak a protocol version that is needed here")
    assert error.remedy.startswith("Use Apache Kafka 2.5 or later")


async def test_what_is_no_broker_is_waited_for_and_told_as_such() -> None:
    async with broker_of(None) as address:
        reason = await reason_unreachable(address, "test", {}, 2_000)
    assert isinstance(reason, kafka.KafkaConnectionError)
    assert reason.args == (
        f"{address} ends the conversation: it may be starting, be no Kafka broker, or not speak PLAINTEXT",
    )
    assert remedy_for(reason) is None


async def test_nothing_that_listens_is_told_with_its_address() -> None:
    reason = await reason_unreachable("127.0.0.1:1", "test", {}, 2_000)
    assert isinstance(reason, kafka.KafkaConnectionError)
    assert reason.args[0].startswith("127.0.0.1:1: ")


async def test_a_broker_that_lets_us_in_is_no_reason() -> None:
    async with broker_of(OLD) as address:
        assert await reason_unreachable(address, "test", {}, 2_000) is None


async def test_a_certificate_that_nobody_vouches_for_ends_the_worker(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on the PATH to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "1"]
    command = [openssl, *made, "-keyout", key, "-out", certificate]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    security = {"security_protocol": "SSL", "ssl_context": ssl.create_default_context()}
    async with broker_of(OLD, context) as address:
        reason = await reason_unreachable(address, "test", security, 5_000)
    assert isinstance(reason, EngineError)
    assert reason.problem.startswith(f"The certificate of the broker at {address} is not to be trusted (")
    assert reason.remedy == "Name the CA that signed it, and the broker by a name that is on it."
