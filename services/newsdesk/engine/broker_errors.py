"""Which of the client's errors waiting cannot cure, and what to do about each."""

from __future__ import annotations

from aiokafka import errors as kafka

from newsdesk.engine.errors import EngineError

_REMEDIES: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (kafka.TopicAuthorizationFailedError,),
        "The broker refuses access to a topic",
        "Grant this principal Read and Describe on the input and changelog topics and Write on all output topics.",
    ),
    (
        (kafka.GroupAuthorizationFailedError,),
        "The broker refuses access to the consumer group",
        "Grant this principal Read on the group.",
    ),
    (
        (kafka.TransactionalIdAuthorizationFailed,),
        "The broker refuses the transactional id",
        "Grant this principal Write and Describe on transactional ids with the group's name as prefix.",
    ),
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
        (kafka.MessageSizeTooLargeError, kafka.RecordListTooLargeError),
        "A topic refuses a batch that is within the limit set here for it",
        "Raise the topic's max.message.bytes to the limit set here, or lower that limit.",
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
        for kinds, problem, remedy in _REMEDIES:
            if isinstance(cause, kinds):
                return EngineError(f"{problem} ({type(cause).__name__}: {cause}).", remedy)
        cause = cause.__cause__
    return None


def is_fenced(error: BaseException) -> bool:
    """Whether *error* says that a later owner of the transactional id, or a later generation, has taken over."""
    return isinstance(error, (kafka.ProducerFenced, kafka.InvalidProducerEpoch, kafka.CommitFailedError))
