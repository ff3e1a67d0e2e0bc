import asyncio, json, signal, time, urllib.request, pathlib
import pytest
import examples.running as R
R.EXAMPLES = pathlib.Path("/tmp/w/examples/dbg")
R.PATIENCE = 20
from examples.desk import open_desk, event
from examples.test_topic_counts import App, shows, NEVER, OFTEN

@pytest.mark.parametrize("n", range(8))
async def test_it(n, kafka, unique, tmp_path):
    commit_seconds = [NEVER, OFTEN][n % 2]
    async with open_desk(kafka, unique) as desk:
        app = App(kafka, f"{unique}counts", desk, tmp_path)
        with app.worker(commit_seconds) as worker:
            await desk.take(event("example.com/a", "AI"), event("example.com/b", "AI"), event("example.com/c", "Chips"))
            await desk.take(event("example.com/a", "AI", "Chips"), event("example.com/b", "Robots"))
            await desk.take(event("example.org/d", "AI"), partition=1)
            await shows({"AI": 2, "Chips": 2, "Robots": 1}, worker)
            if commit_seconds == OFTEN:
                async def all_committed(): return await app.committed() == {0: 9, 1: 1}
                await R.until(all_committed, worker.running)
            worker.running.end(signal.SIGKILL)
        with app.worker() as worker:
            for partition, url in enumerate(("example.com/last", "example.org/last")):
                await desk.take(event(url, f"Last in {partition}", "AI"), partition=partition)
            try:
                await shows({"AI": 4, "Chips": 2, "Last in 0": 1, "Last in 1": 1, "Robots": 1}, worker)
            except AssertionError as e:
                print(str(e)[:200])
                for _ in range(2):
                    print(urllib.request.urlopen(f"http://127.0.0.1:{worker._port}/state/").read().decode())
                    time.sleep(1)
                from aiokafka import AIOKafkaConsumer, TopicPartition
                tp = TopicPartition(desk.enriched, 0)
                for iso in ("read_committed", "read_uncommitted"):
                  async with AIOKafkaConsumer(desk.enriched, bootstrap_servers=kafka, isolation_level=iso, auto_offset_reset="earliest") as c:
                    got = await c.getmany(timeout_ms=2000)
                    await asyncio.sleep(1)
                    print(iso, {k: [r.offset for r in v] for k, v in got.items()}, await c.end_offsets([tp]))
                raise
