"""A recorded log through a real Kafka: heat and publishing as the site did it, with upstream's quality trusted."""

from __future__ import annotations

import orjson
import pytest

from e2e.answers import from_judge, from_topics
from e2e.scene import Scene
from recorded.logs import PER_RELATED, THRESHOLD, rows
from support.desk import book, rules_text

pytestmark = pytest.mark.kafka

SITE = "microsoft-power-apps"
OVERRIDES = ("quality.mode=trust", f"publish.threshold={THRESHOLD}", f"heat.per_related={PER_RELATED}")
