"""Why no broker can be reached: the client says only that none was, and keeps the reason to its own log."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from aiokafka import errors as kafka
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from newsdesk.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping


async def reason_unreachable(
    bootstrap_servers: str, client_id: str, security: Mapping[str, Any], request_timeout_ms: int
) -> Exception | None:
    """What the brokers say to somebody who knocks; None where one lets us in after all.

    An error that waiting cannot cure goes before one that passes.
    """
    said: list[Exception] = []
    for host, port, _family in collect_hosts(bootstrap_servers):
        try:
            connection = await create_conn(
                host, port, client_id=client_id, request_timeout_ms=request_timeout_ms, **security
            )
            try:
                await connection.send(MetadataRequest([]))  # before it, a broker that wants a login tells its versions
                return None
            finally:
                connection.close()
        except (OSError, kafka.KafkaError, TimeoutError) as error:
            said.append(_named(error, f"{host}:{port}", security))
    final = next((error for error in said if isinstance(error, EngineError)), None)
    return final or (said[0] if said else None)


def _named(error: Exception, address: str, security: Mapping[str, Any]) -> Exception:
    """*error* with the address it came from, and with its remedy where there is one."""
    protocol = security.get("security_protocol", "PLAINTEXT")
    refused = (kafka.AuthenticationFailedError, kafka.SaslAuthenticationFailed, kafka.UnsupportedSaslMechanismError)
    too_old = (kafka.IncompatibleBrokerVersion, kafka.UnrecognizedBrokerVersion, kafka.UnsupportedVersionError)
    if isinstance(error, too_old):
        return error
    if isinstance(error, refused):
        named: Exception = EngineError(
            f"The broker at {address} does not accept the credentials ({_said(error)}).",
            "Check the user, the password and the SASL mechanism.",
        )
    elif isinstance(error, ssl.SSLCertVerificationError):
        named = EngineError(
            f"The certificate of the broker at {address} is not to be trusted ({error.verify_message}).",
            "Name the CA that signed it, and the broker by a name that is on it.",
        )
    elif isinstance(error, (kafka.KafkaConnectionError, ConnectionResetError, ssl.SSLError)):
        named = kafka.KafkaConnectionError(
            f"{address} ends the conversation: it may be starting, be no Kafka broker, or not speak {protocol}"
        )
    elif isinstance(error, TimeoutError):
        named = kafka.KafkaTimeoutError(f"{address} does not answer")
    else:
        named = kafka.KafkaConnectionError(f"{address}: {_said(error)}")
    return named


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
