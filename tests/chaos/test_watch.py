"""Two may look at the group's offsets at once: the run's watch, and who waits for the end."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from aiokafka.structs import TopicPartition

from chaos.offsets import never_back
from chaos.watch import Watch

PLACE = TopicPartition("in", 0)


class Group:
    """Offsets that are one further whenever they are asked for; the ends are told to the first asker last."""

    def __init__(self) -> None:
        self.offset = 0
        self.asked = asyncio.Event()
        self.let_go = asyncio.Event()

    async def list_consumer_group_offsets(self, _group: str, *, partitions: list[TopicPartition]) -> dict:
        self.offset += 1
        return {place: SimpleNamespace(offset=self.offset) for place in partitions}

    async def end_offsets(self, places: list[TopicPartition]) -> dict:
        if not self.asked.is_set():
            self.asked.set()
            await self.let_go.wait()
        return dict.fromkeys(places, 9)


async def test_a_slow_look_does_not_note_old_offsets_behind_newer_ones() -> None:
    group, watch = Group(), Watch("", "group", 1, inputs=["in"], outputs=["out"])
    slow = asyncio.create_task(watch._look(group, group))
    await group.asked.wait()
    quick = asyncio.create_task(watch._look(group, group))
    for _ in range(20):  # unless it waits for the slow one, it is done by then
        await asyncio.sleep(0)
    group.let_go.set()
    await asyncio.gather(slow, quick)
    assert [sample.offsets for sample in watch.samples] == [{PLACE: 1}, {PLACE: 2}]
    assert never_back(watch.samples) == []
