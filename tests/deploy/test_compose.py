"""docker-compose.yml against the settings, the registry, the command line and the Prometheus it starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from newsdesk.cli.app import app
from newsdesk.contracts.topics import DEFAULT_PARTITIONS
from newsdesk.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROMETHEUS: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DESKS = {name: service for name, service in OURS.items() if service["command"][:2] == ["run", "desk"]}


def settings_of(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


def kafka_listeners() -> dict[str, str]:
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    return dict(entry.split("://") for entry in advertised)


def test_there_are_kafka_topics_two_desks_and_prometheus() -> None:
    assert set(SERVICES) == {"kafka", "topics", "prometheus", *DESKS}
    assert len(DESKS) == 2
    assert SERVICES["kafka"]["image"].startswith("apache/kafka:4.")


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = OURS[name]["environment"]
    known = {f"NEWSDESK_{field.upper()}" for field in Settings.model_fields}
    assert set(environment) <= known
    settings = settings_of(environment, monkeypatch)
    for variable, value in environment.items():
        assert str(getattr(settings, variable.removeprefix("NEWSDESK_").lower())) == value


def test_variables_of_the_image_are_settings() -> None:
    known = {f"NEWSDESK_{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(r"NEWSDESK_\w+", DOCKERFILE)) <= known


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    words = OURS[name]["command"]
    command: Any = get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words[0]]
        words = words[1:]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options
    assert CliRunner().invoke(app, [*OURS[name]["command"], "--help"]).exit_code == 0


@pytest.mark.parametrize("name", OURS)
def test_ours_reach_the_broker_by_the_name_it_gives_itself_to_containers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(OURS[name]["environment"], monkeypatch)
    assert settings.bootstrap_servers == kafka_listeners()["INTERNAL"]
    assert settings.bootstrap_servers.split(":")[0] in SERVICES


def test_a_client_on_the_host_reaches_the_broker_at_the_default_address() -> None:
    address = Settings.model_fields["bootstrap_servers"].default
    assert kafka_listeners()["HOST"] == address
    assert SERVICES["kafka"]["ports"] == [f"{address}:{address.split(':')[1]}"]


def test_kafka_is_one_node_and_makes_no_topics_by_itself() -> None:
    environment = SERVICES["kafka"]["environment"]
    copies = [value for name, value in environment.items() if name.endswith(("_REPLICATION_FACTOR", "_MIN_ISR"))]
    assert len(copies) == 5
    assert set(copies) == {"1"}
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert f"{environment['KAFKA_NODE_ID']}@kafka:" in environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]
    names = {entry.split(":")[0] for entry in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")}
    assert {entry.split("://")[0] for entry in environment["KAFKA_LISTENERS"].split(",")} == names
    assert set(kafka_listeners()) == names - {environment["KAFKA_CONTROLLER_LISTENER_NAMES"]}


def test_topics_are_applied_with_the_registrys_partitions_and_before_any_desk() -> None:
    assert SERVICES["topics"]["command"] == ["topics", "apply", "--partitions", str(DEFAULT_PARTITIONS)]
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    assert "healthcheck" in SERVICES["kafka"]
    for desk in DESKS.values():
        assert desk["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize("name", DESKS)
def test_a_desk_demands_exactly_once_and_keeps_its_own_state(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(DESKS[name]["environment"], monkeypatch)
    assert settings.guarantee == "exactly_once"
    (volume,) = DESKS[name]["volumes"]
    source, target = volume.split(":")
    assert source in COMPOSE["volumes"]
    assert settings.state_dir.is_relative_to(target)
    assert all(source not in str(other["volumes"]) for other_name, other in DESKS.items() if other_name != name)


@pytest.mark.parametrize("name", DESKS)
def test_a_desk_is_asked_whether_it_is_ready_where_it_listens(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(DESKS[name]["environment"], monkeypatch)
    assert f"127.0.0.1:{settings.web_port}/health/ready" in DESKS[name]["healthcheck"]["test"][-1]
    assert DESKS[name]["ports"][0].endswith(f":{settings.web_port}")
    assert settings.web_host == "0.0.0.0"  # noqa: S104 - the container's own


def test_prometheus_scrapes_every_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = [job for job in PROMETHEUS["scrape_configs"] if job["job_name"] == "newsdesk-desk"]
    (static,) = job["static_configs"]
    ports = {name: settings_of(desk["environment"], monkeypatch).web_port for name, desk in DESKS.items()}
    assert sorted(static["targets"]) == sorted(f"{name}:{port}" for name, port in ports.items())
    assert job["metrics_path"] == "/metrics"
    mounts = [volume.split(":")[0] for volume in SERVICES["prometheus"]["volumes"]]
    assert "./deploy/prometheus/prometheus.yml" in mounts


def test_everything_published_is_local_and_nothing_twice() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    hosts = [port.rsplit(":", 1)[0] for port in published]
    assert len(set(hosts)) == len(hosts)


def test_every_volume_is_declared_and_used() -> None:
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }
    assert named == set(COMPOSE["volumes"])


def test_what_lives_on_is_watched_over() -> None:
    assert all("healthcheck" in service for name, service in SERVICES.items() if name != "topics")


def test_the_image_runs_as_nobody_in_particular_and_finds_what_it_copies() -> None:
    assert re.search(r"^USER 1\d+$", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.rstrip().endswith('CMD ["run", "desk"]')
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists(), source
    assert all((ROOT / service["build"]["dockerfile"]).exists() for service in OURS.values())
