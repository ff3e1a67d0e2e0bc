"""Which of the client's errors waiting cannot cure, and what to do about each."""

from __future__ import annotations

from typing import Final

from aiokafka import errors as kafka

from newsdesk.engine.errors import EngineError, told
from newsdesk.engine.rights import refused

TOO_LARGE: Final = (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError)

_REMEDIES: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (kafka.ClusterAuthorizationFailedError,),
        "The broker refuses this principal",
        "Grant it IdempotentWrite on the cluster, or Write on the output topics.",
    ),
    (
        (
            kafka.SaslAuthenticationFailed,
            kafka.AuthenticationFailedError,
            kafka.AuthenticationMethodNotSupported,
            kafka.UnsupportedSaslMechanismError,
            kafka.IllegalSaslStateError,
        ),
        "The broker does not accept the credentials",
        "Check the security protocol, the SASL mechanism, user and password.",
    ),
    (
        (kafka.IncompatibleBrokerVersion, kafka.UnsupportedVersionError, kafka.UnrecognizedBrokerVersion),
        "The broker does not speak a protocol version that is needed here",
        "Use Apache Kafka 2.5 or later, or the guarantee at_least_once on a broker without transactions.",
    ),
    (
        (kafka.InvalidTransactionTimeout,),
        "The transaction timeout is longer than the broker allows",
        "Lower transaction_timeout_ms, or raise the broker's transaction.max.timeout.ms.",
    ),
    (
        (kafka.InvalidSessionTimeoutError,),
        "The session timeout is outside what the broker allows",
        "Keep session_timeout_ms between the broker's group.min.session.timeout.ms and group.max.session.timeout.ms.",
    ),
    (
        (kafka.InconsistentGroupProtocolError,),
        "Members of the group use different protocols or assignors",
        "Give this deployment a group name of its own.",
    ),
    (
        (kafka.InvalidGroupIdError, kafka.InvalidTopicError),
        "The broker refuses a name",
        "Use letters, digits, '.', '_' and '-' only.",
    ),
    (
        (kafka.UnsupportedCodecError,),
        "The compression library is missing",
        "Install it, or set compression to none.",
    ),
)


def remedy_for(error: BaseException) -> EngineError | None:
    """The fatal error to raise for *error* or for what caused it, or None where waiting may help."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:  # the client wraps what ends its background tasks
        seen.add(id(cause))
        if isinstance(cause, EngineError):
            return cause
        if (named := _named(cause)) is not None:
            return named
        for kinds, problem, remedy in _REMEDIES:
            if isinstance(cause, kinds):
                return EngineError(f"{problem} ({told(cause)}).", remedy)
        cause = cause.__cause__
    return None


def _named(error: BaseException) -> EngineError | None:
    """What is wrong where *error* is about a resource with a name; who writes says so before it comes here."""
    if isinstance(error, TOO_LARGE):
        return EngineError(
            f"The topic {', '.join(names_in(error))} refuses a batch that is within the limit set here for it.",
            "Raise its max.message.bytes to the limit set here, or lower that limit.",
        )
    if isinstance(error, kafka.TopicAuthorizationFailedError):
        return refused("Read", "topic", names_in(error))
    if isinstance(error, kafka.GroupAuthorizationFailedError):
        return refused("Read", "group", names_in(error))
    if isinstance(error, kafka.TransactionalIdAuthorizationFailed):
        return refused("Write", "transactional-id", names_in(error))
    return None


def names_in(error: BaseException) -> list[str]:
    """The resources that the client's *error* is about: it gives one name, a partition, or a set of names."""
    given = error.args[0] if error.args else ()
    names = [given] if isinstance(given, str) else list(given)
    return [str(name).partition("/")[0] for name in names] or ["(the broker does not say which)"]


def is_fenced(error: BaseException) -> bool:
    """Whether *error* says that a later owner of the transactional id, or a later generation, has taken over."""
    return isinstance(error, (kafka.ProducerFenced, kafka.InvalidProducerEpoch, kafka.CommitFailedError))
