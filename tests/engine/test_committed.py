"""No answer about a committed offset is ever taken for "there is none": everything would be answered once more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import errors as kafka
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from newsdesk.engine import committed

PLACE = TopicPartition("in", 3)


def answer(*partitions: tuple[int, int, str, int], error: int = 0) -> Any:
    """An answer as aiokafka reads it from the wire, of version 2 or later."""
    return SimpleNamespace(topics=[("in", list(partitions))] if partitions else [], error_code=error)


class Coordinator:
    """Gives the answers that it was told to, one after the other."""

    group_id = "desk"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.dead = 0

    async def ensure_coordinator_known(self) -> None:
        pass

    def coordinator_dead(self) -> None:
        self.dead += 1

    async def _send_req(self, request: Any) -> Any:
        assert request._partitions == [("in", [3])]
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


LOADING, MOVED, DENIED = 14, 16, 30


async def test_it_is_read_with_its_metadata() -> None:
    coordinator = Coordinator(answer((3, 41, "id", 0)))

    assert await committed.committed_offset(coordinator, PLACE) == OffsetAndMetadata(41, "id")


@pytest.mark.parametrize(("identity", "partitions"), [("ab12", 4), (None, 16)])
def test_what_goes_with_an_offset_says_of_which_topic_it_is_and_how_many_partitions_that_had(
    identity: str | None, partitions: int
) -> None:
    assert committed.read_stamp(committed.stamp(identity, partitions)) == (identity or "", partitions)


@pytest.mark.parametrize(("text", "read"), [("", ("", None)), ("ab12", ("ab12", None)), ("a/b", ("a", None))])
def test_what_others_or_earlier_versions_have_left_there_says_less(text: str, read: tuple[str, int | None]) -> None:
    assert committed.read_stamp(text) == read


async def test_a_group_without_one_has_none() -> None:
    assert await committed.committed_offset(Coordinator(answer((3, -1, "", 0))), PLACE) is None


@pytest.mark.parametrize(
    "passing",
    [
        pytest.param(answer(error=LOADING), id="the group is being loaded, said of the whole"),
        pytest.param(answer((3, -1, "", LOADING)), id="the group is being loaded, said of the partition"),
        pytest.param(answer(error=MOVED), id="another broker coordinates"),
        pytest.param(answer(), id="nothing is said at all"),
        pytest.param(answer((2, 7, "", 0)), id="another partition is spoken of"),
        pytest.param(kafka.RequestTimedOutError(), id="no answer"),
    ],
)
async def test_what_passes_is_waited_for(passing: Any) -> None:
    coordinator = Coordinator(passing, answer((3, 41, "id", 0)))

    assert await committed.committed_offset(coordinator, PLACE) == OffsetAndMetadata(41, "id")


async def test_a_coordinator_that_has_moved_is_looked_for() -> None:
    coordinator = Coordinator(answer(error=MOVED), answer((3, 41, "", 0)))
    await committed.committed_offset(coordinator, PLACE)

    assert coordinator.dead == 1


async def test_what_does_not_pass_is_raised() -> None:
    with pytest.raises(kafka.GroupAuthorizationFailedError, match="desk"):
        await committed.committed_offset(Coordinator(answer(error=DENIED)), PLACE)


async def test_patience_ends_with_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committed, "_PATIENCE_SECONDS", -1.0)
    with pytest.raises(kafka.KafkaError):
        await committed.committed_offset(Coordinator(answer(error=LOADING)), PLACE)
