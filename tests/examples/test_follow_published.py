from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from examples.desk import event, open_desk
from examples.running import Example, example, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kafka


async def printed(running: Example, last: str) -> list[str]:
    """What it printed, when that ends with the line *last*."""

    async def there() -> bool:
        return running.output().endswith(f"{last}\n")

    await until(there, running)
    return running.output().splitlines()


async def test_it_tells_of_publications_changes_and_retractions_and_of_nothing_that_was_aborted(
    kafka: str, unique: str, tmp_path: Path
) -> None:
    async with open_desk(kafka, unique) as desk:
        environment = {"NEWSDESK_PUBLISHED_TOPIC": desk.published}
        [one, two] = await desk.take(event("example.com/one"), event("example.com/two"))
        with example(["follow_published.py", kafka], environment, tmp_path) as running:
            await printed(running, f"published {two} Title of example.com/two")
            ghost = json.dumps({"articleId": "ghost", "title": "Never was"}).encode()
            await desk.abort((desk.published, b"ghost", ghost), (desk.published, one.encode(), None))
            await desk.take(
                event("example.com/one", title="Another title"),
                event("example.com/two", removed=True),
                event("example.com/two", removed=True),
                event("example.com/three"),
            )
            [four] = await desk.take(event("example.com/four"))
            tie = event("example.com/three", originalUrl="https://example.com/four", title="Both")
            [three] = await desk.take(tie)
            assert await printed(running, f"retracted {four} Title of example.com/four") == [
                f"published {one} Title of example.com/one",
                f"published {two} Title of example.com/two",
                f"changed {one} Another title",
                f"retracted {two} Title of example.com/two",
                f"published {three} Title of example.com/three",
                f"published {four} Title of example.com/four",
                f"changed {three} Both",
                f"retracted {four} Title of example.com/four",
            ]
            assert running.end(signal.SIGINT) == 0
            assert running.output().splitlines()[-1] == "2 live"


async def test_started_anew_it_knows_what_is_live(kafka: str, unique: str, tmp_path: Path) -> None:
    async with open_desk(kafka, unique) as desk:
        environment = {"NEWSDESK_PUBLISHED_TOPIC": desk.published, "NEWSDESK_BOOTSTRAP_SERVERS": kafka}
        await desk.take(event("example.com/one"), event("example.com/two"), event("example.com/two", removed=True))
        [last] = await desk.take(event("example.com/three"))
        for _ in range(2):
            with example(["follow_published.py"], environment, tmp_path) as running:
                await printed(running, f"published {last} Title of example.com/three")
                assert running.end(signal.SIGINT) == 0
                assert running.output().splitlines()[-1] == "2 live"
