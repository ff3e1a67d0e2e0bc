"""A Kafka that asks who is there and what he may: anonymous and almighty on its own address, users with rights on another."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from aiokafka.protocol.admin import CreateAclsRequest

from newsdesk.engine.reading import open_client
from newsdesk.ops.brokers import kafka
from newsdesk.ops.brokers.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from newsdesk.ops.brokers import LocalBroker

PASSWORD: Final = "secret"  # noqa: S105 - of users who live as long as a test
_ANY_HOST: Final = "*"


class Resource(IntEnum):
    """What a right is about, in the protocol's numbers."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5


class Pattern(IntEnum):
    LITERAL = 3
    PREFIXED = 4


class Operation(IntEnum):
    ALL = 2
    READ = 3
    WRITE = 4
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10


class Permission(IntEnum):
    DENY = 2
    ALLOW = 3


@dataclass(frozen=True)
class Right:
    """One line of `kafka-acls`."""

    resource: Resource
    name: str
    operation: Operation
    pattern: Pattern = Pattern.PREFIXED
    permission: Permission = Permission.ALLOW


@dataclass(frozen=True)
class SecuredKafka:
    """The node, and the address at which its users log in."""

    node: LocalBroker
    address: str

    async def grant(self, user: str, rights: Iterable[Right]) -> None:
        """Give *user* the *rights*, or take them where they deny."""
        async with open_client(self.node.bootstrap, "test", {}) as client:
            for right in rights:
                request = CreateAclsRequest(
                    right.resource,
                    right.name,
                    right.pattern,
                    f"User:{user}",
                    _ANY_HOST,
                    right.operation,
                    right.permission,
                )
                answer: Any = await client.send(client.get_random_node(), request)
                ((code, message),) = answer.creation_responses
                assert code == 0, message


def credentials(user: str, password: str = PASSWORD) -> dict[str, str]:
    """How *user* logs in, as NEWSDESK_* settings name it."""
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_username": user,
        "sasl_password": password,
    }


def secured_node(folder: Path, users: Iterable[str]) -> SecuredKafka:
    """A node that knows *users*, who may do nothing yet; not started."""
    plain, sasl, controller = free_port(), free_port(), free_port()
    known = " ".join(f'user_{user}="{PASSWORD}"' for user in users)
    settings = {
        "listeners": f"PLAINTEXT://{LOOPBACK}:{plain},USERS://{LOOPBACK}:{sasl},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{plain},USERS://{LOOPBACK}:{sasl}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,USERS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.users.plain.sasl.jaas.config": (
            f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};"
        ),
    }
    return SecuredKafka(kafka.broker(port=plain, data=folder, settings=settings), f"{LOOPBACK}:{sasl}")
