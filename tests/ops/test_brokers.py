from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from newsdesk.ops.brokers import BrokerError, LocalBroker, artefacts, kafka
from newsdesk.ops.brokers import embedded as embedded_kind
from newsdesk.ops.brokers.ports import free_port, is_free
from newsdesk.ops.brokers.probe import serves
from newsdesk.ops.brokers.process import Launch
from support.brokers import create_topics, need, shared

if TYPE_CHECKING:
    from collections.abc import Callable


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123 - a zombie that waits for its parent
        return stat.read().rsplit(")", 1)[1].split()[0] == "Z"


def there_and_back(bootstrap: str, topic: str, count: int) -> list[int]:
    """The offsets of a partition after *count* more records: where it starts and ends."""

    async def go() -> list[int]:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
            for n in range(count):
                await producer.send_and_wait(topic, b"%d" % n, key=b"%d" % n, partition=0)
        async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
            at = TopicPartition(topic, 0)
            return [(await consumer.beginning_offsets([at]))[at], (await consumer.end_offsets([at]))[at]]

    return asyncio.run(go())


def sleeper(script: str = "exec sleep 60") -> LocalBroker:
    """A 'broker' that is no broker: what concerns the process alone is quicker tried on it."""
    return LocalBroker("sleeping", lambda _port, _folder: Launch(("/bin/sh", "-c", script)))


def test_a_free_port_can_be_listened_on_and_is_then_free_no_more() -> None:
    port = free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_what_listens_but_is_no_broker_does_not_serve() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not serves("127.0.0.1", server.getsockname()[1], patience=0.05)
    assert not serves("127.0.0.1", free_port())


@pytest.mark.parametrize(
    ("brokers", "serving"),
    [
        pytest.param(0, False, id="it listens, but no node has joined its cluster yet"),
        pytest.param(1, True, id="it is a member itself"),
    ],
)
def test_a_broker_serves_when_it_is_a_member_of_its_cluster(brokers: int, *, serving: bool) -> None:
    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            for api, body in ((18, struct.pack(">hi", 0, 0)), (3, struct.pack(">i", brokers))):
                assert connection.recv(1000)
                connection.sendall(struct.pack(">ii", 4 + len(body), api) + body)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        done = pool.submit(answer)
        assert serves("127.0.0.1", server.getsockname()[1], patience=5) is serving
        done.result(5)


def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        port = server.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} .* in use") as caught:
            embedded_kind.broker(port=port).start()
    assert "--port" in caught.value.remedy


def test_a_broker_that_dies_says_why() -> None:
    broker = sleeper("echo the disk is full; exit 3")
    broker.start()
    with pytest.raises(BrokerError, match=r"exit code 3\n(.*\n)*the disk is full"):
        broker.wait_ready(20)
    broker.stop()


def test_a_broker_that_never_serves_is_given_up_at_the_deadline() -> None:
    broker = sleeper("echo still thinking; exec sleep 60")
    broker.start()
    try:
        until(lambda: "thinking" in broker.log_tail())
        with pytest.raises(BrokerError, match=r"within 0.1 s\n(.*\n)*still thinking"):
            broker.wait_ready(0.1)
    finally:
        broker.stop()


def test_one_that_ignores_the_signal_to_stop_is_ended_by_force() -> None:
    broker = sleeper("trap '' TERM; echo deaf; while :; do sleep 1; done")
    broker.start()
    pid = broker.pid
    until(lambda: "deaf" in broker.log_tail())
    broker.stop(patience=0.1)
    assert gone(pid)


def test_a_data_folder_is_made_and_one_that_cannot_be_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders: list[Path] = []

    def prepare(_port: int, folder: Path) -> Launch:
        folders.append(folder)
        return Launch(("/bin/true",))

    LocalBroker("any", prepare, data=Path("a/b")).prepare()
    assert folders == [tmp_path / "a" / "b"]
    assert folders[0].is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(BrokerError, match="file/b cannot be made") as caught:
        LocalBroker("any", prepare, data=Path("file/b")).prepare()
    assert "--data" in caught.value.remedy


def test_what_is_not_running_cannot_be_killed_but_stopped() -> None:
    broker = sleeper()
    broker.stop()
    with pytest.raises(BrokerError, match="not running"):
        broker.kill()


def test_a_broker_does_not_outlive_its_parent_whatever_ended_that() -> None:
    script = """
        import os, signal
        from newsdesk.ops.brokers import LocalBroker
        from newsdesk.ops.brokers.process import Launch
        broker = LocalBroker("sleeping", lambda port, folder: Launch(("/bin/sleep", "60")))
        broker.start()
        print(broker.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    parent = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, check=False, timeout=60
    )
    assert parent.returncode == -signal.SIGKILL
    pid = int(parent.stdout)
    until(lambda: gone(pid))


FOREGROUND = """
    import sys
    from newsdesk.ops.brokers import run_foreground
    run_foreground(
        sys.argv[1],
        port=int(sys.argv[2]),
        on_ready=lambda broker: print(broker.pid, flush=True),
        progress=lambda line: print(line, flush=True),
    )
    print("stopped", flush=True)
"""


@pytest.mark.embedded
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_command_runs_until_it_is_told_to_stop(number: signal.Signals) -> None:
    need(embedded_kind)
    port = free_port()
    command = [sys.executable, "-c", textwrap.dedent(FOREGROUND), "embedded", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert serves("127.0.0.1", port)
        process.send_signal(number)
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(20) == 0
    assert gone(pid)


def test_the_foreground_command_can_be_stopped_while_it_still_fetches(tmp_path: Path) -> None:
    executable(tmp_path / "java", "echo 'version \"21\"'")
    executable(tmp_path / "mvn", "exec sleep 60")
    environment = os.environ | {
        "PATH": f"{tmp_path}:/bin:/usr/bin",
        "JAVA_HOME": "",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    command = [sys.executable, "-c", textwrap.dedent(FOREGROUND), "kafka", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert "Fetching" in process.stdout.readline()
        process.terminate()
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(20) == 0
    assert {path.suffix for path in (tmp_path / "cache" / "newsdesk").iterdir()} <= {".lock", ".part"}


@pytest.mark.embedded
def test_a_second_signal_ends_the_foreground_command_at_once() -> None:
    script = """
        import os, signal, sys
        from newsdesk.ops.brokers import LocalBroker, embedded, foreground
        from newsdesk.ops.brokers.process import Launch
        deaf = LocalBroker("deaf", lambda port, folder: Launch(("/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done")))
        deaf.wait_ready = lambda **_: None
        embedded.broker = lambda **_: deaf
        def on_ready(broker):
            while "deaf" not in broker.log_tail():
                pass
            print(broker.pid, flush=True)
        try:
            foreground.run_foreground("embedded", port=1, on_ready=on_ready)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        end = begin + 10  # under the patience of an orderly stop
        while process.poll() is None and time.monotonic() < end:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
        assert process.stdout.read() == "interrupted\n"
    assert gone(pid)


@pytest.mark.embedded
def test_the_foreground_command_fails_when_its_broker_dies() -> None:
    need(embedded_kind)
    command = [sys.executable, "-c", textwrap.dedent(FOREGROUND), "embedded", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        os.kill(int(process.stdout.readline()), signal.SIGKILL)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "the embedded broker ended with exit code -9" in errors


def test_the_embedded_broker_refuses_to_keep_data(tmp_path: Path) -> None:
    from newsdesk.ops.brokers import run_foreground  # noqa: PLC0415

    with pytest.raises(BrokerError, match="memory only"):
        run_foreground("embedded", port=free_port(), data=tmp_path, on_ready=lambda _broker: None)


@pytest.mark.embedded
def test_the_embedded_broker_takes_records_and_forgets_them(embedded_broker: LocalBroker, unique: str) -> None:
    create_topics(embedded_broker.bootstrap, {f"{unique}a": 2})
    assert there_and_back(embedded_broker.bootstrap, f"{unique}a", 3) == [0, 3]
    embedded_broker.kill()
    embedded_broker.start()
    embedded_broker.wait_ready()
    create_topics(embedded_broker.bootstrap, {f"{unique}a": 2})
    assert there_and_back(embedded_broker.bootstrap, f"{unique}a", 1) == [0, 1]


@pytest.mark.kafka
def test_kafka_keeps_its_records_over_a_stop_and_over_a_kill(kafka_broker: LocalBroker, unique: str) -> None:
    create_topics(kafka_broker.bootstrap, {f"{unique}a": (1, {"cleanup.policy": "compact"})})
    assert there_and_back(kafka_broker.bootstrap, f"{unique}a", 2) == [0, 2]
    kafka_broker.stop()
    kafka_broker.start()
    kafka_broker.wait_ready()
    assert there_and_back(kafka_broker.bootstrap, f"{unique}a", 3) == [0, 5]
    kafka_broker.kill()
    kafka_broker.start()
    kafka_broker.wait_ready()
    assert there_and_back(kafka_broker.bootstrap, f"{unique}a", 1) == [0, 6]


@pytest.mark.kafka
def test_a_frozen_kafka_does_not_serve_until_it_is_thawed(kafka_broker: LocalBroker) -> None:
    kafka_broker.freeze()
    assert not serves("127.0.0.1", kafka_broker.port, patience=0.1)
    kafka_broker.thaw()
    kafka_broker.wait_ready(20)


@pytest.mark.kafka
def test_kafka_says_in_which_setting_it_was_started_wrongly(tmp_path: Path) -> None:
    need(kafka)
    broker = kafka.broker(data=tmp_path, settings={"log.retention.ms": "soon"})
    with pytest.raises(BrokerError, match=r"log\.retention\.ms"), broker:
        pass


@pytest.mark.embedded
def test_users_of_a_shared_broker_get_the_same_one_and_who_started_it_leaves_last(tmp_path: Path) -> None:
    need(embedded_kind)
    started, leave = threading.Event(), threading.Event()
    addresses: list[str] = []

    def owner() -> None:
        with shared(embedded_kind.broker(), tmp_path) as bootstrap:
            addresses.append(bootstrap)
            started.set()
            leave.wait(20)

    thread = threading.Thread(target=owner)
    thread.start()
    assert started.wait(20)
    with shared(embedded_kind.broker(), tmp_path) as bootstrap:
        leave.set()
        thread.join(0.3)
        assert thread.is_alive()
        assert [bootstrap] == addresses
        port = int(bootstrap.rpartition(":")[2])
        assert serves("127.0.0.1", port)
    thread.join(20)
    assert not thread.is_alive()
    assert not serves("127.0.0.1", port)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param('openjdk version "17.0.15" 2025-04-15', None, id="17"),
        pytest.param('java version "25"', None, id="25"),
        pytest.param('java version "1.8.0_202"', "is Java 8", id="8 by its old name"),
        pytest.param('openjdk version "11.0.2"', "is Java 11", id="11"),
        pytest.param("Unable to locate a Java Runtime.", "of a version it does not tell", id="a stub"),
    ],
)
def test_java_must_be_17_or_later(
    said: str, reason: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "java", f"echo '{said}' >&2")
    executable(tmp_path / "mvn", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    answer = artefacts.available()
    assert answer is None if reason is None else answer is not None and reason in answer and "Install" in answer


def test_a_missing_java_and_a_missing_maven_come_with_their_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "Install Java 17" in (artefacts.available() or "")
    executable(tmp_path / "java", "echo 'version \"21\"'")
    assert "Install Maven" in (artefacts.available() or "")


def test_a_fetch_that_fails_leaves_nothing_behind_and_names_what_maven_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "mvn", "echo '[ERROR] Could not resolve host'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(BrokerError, match="Could not resolve host") as caught:
        artefacts.libraries()
    assert "network" in caught.value.remedy
    assert [path.suffix for path in (tmp_path / "cache" / "newsdesk").iterdir()] == [".lock"]


def test_the_jars_are_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(
        tmp_path / "mvn",
        'for a; do case $a in -DoutputDirectory=*) mkdir -p "${a#*=}"; touch "${a#*=}/kafka_2.13.jar";; esac; done',
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lines: list[str] = []
    first = artefacts.libraries(lines.append)
    assert [path.name for path in first.iterdir()] == ["kafka_2.13.jar"]
    assert "once" in lines[0]
    (tmp_path / "mvn").unlink()
    assert artefacts.libraries(lines.append) == first
    assert len(lines) == 2


def executable(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
