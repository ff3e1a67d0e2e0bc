"""Settings that cannot be used are refused by their names in the environment, before anything is asked of a broker."""

from __future__ import annotations

import pytest

from cli.command import call
from newsdesk.bootstrap import SetupError, open_settings


@pytest.mark.parametrize(
    "given",
    [
        "",
        "localhost",
        "localhost:",
        ":9092",
        "http://localhost:9092",
        "a:b",
        "a:0",
        "a:65536",
        "a:1,",
        "u:p@a:1",
        "::1:9092",
    ],
)
def test_a_brokers_address_is_host_and_port(given: str) -> None:
    with pytest.raises(SetupError) as raised:
        open_settings(bootstrap_servers=given)
    assert raised.value.problem.startswith("NEWSDESK_BOOTSTRAP_SERVERS: ")
    assert "host:port is needed, like 127.0.0.1:9092" in raised.value.problem


@pytest.mark.parametrize("given", ["127.0.0.1:9092", "kafka-1:9092,kafka-2.example:9093", "[::1]:9092", "a:1, b:65535"])
def test_several_are_separated_by_commas(given: str) -> None:
    assert open_settings(bootstrap_servers=given).bootstrap_servers == given.replace(" ", "")


def test_the_command_says_what_is_wrong_with_it() -> None:
    called = call("doctor", "--bootstrap", "http://localhost")
    assert called.code == 2
    assert "'http://localhost' is no broker's address" in " ".join(called.err.split())


@pytest.mark.parametrize("given", ["", "a b", "a/b", "x" * 201])
def test_a_group_has_a_name_that_kafka_takes(given: str) -> None:
    with pytest.raises(SetupError, match=r"NEWSDESK_GROUP: .* is no name of a group"):
        open_settings(group=given)
