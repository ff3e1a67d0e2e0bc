"""All invariants of one partition, for a broker with transactions and for one without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.answers import (
    answered_at_least_once,
    answered_exactly_once,
    no_decision_twice,
    order_kept,
    revisions_without_gaps,
    second_answers_have_the_same_id,
)
from chaos.expiry import rightly_swept
from chaos.offsets import left_unread, never_ahead
from chaos.replay import (
    Judgement,
    in_decided_order,
    in_read_order,
    judged_the_same,
    published_as_judged,
    rightly_without_decision,
)
from chaos.stores import restored_is_live
from newsdesk.editorial.retention import FOR_EVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaos.findings import Finding
    from chaos.history import Partition
    from chaos.stores import Kept
    from chaos.watch import Place, Sample
    from newsdesk.desk.processor import DeskProcessor
    from newsdesk.editorial.retention import Retention


def check_partition(
    partition: Partition,
    processor: DeskProcessor,
    samples: Sequence[Sample],
    committed: Mapping[Place, int],
    stores: Sequence[Kept],
    *,
    exactly_once: bool,
    retention: Retention = FOR_EVER,
) -> list[Finding]:
    """Everything that is wrong in *partition*."""
    if exactly_once:
        judgement = Judgement(processor, in_decided_order(partition))
        return [
            *answered_exactly_once(partition),
            *no_decision_twice(partition),
            *order_kept(partition),
            *revisions_without_gaps(partition, may_expire=retention.period_ms is not None),
            *judged_the_same(partition, judgement),
            *rightly_swept(partition, retention),
            *rightly_without_decision(partition, processor),
            *published_as_judged(partition, judgement),
            *restored_is_live(partition, stores, processor),
            *never_ahead(partition, samples),
            *left_unread(partition, committed),
        ]
    return [
        *answered_at_least_once(partition),
        *second_answers_have_the_same_id(partition),
        *published_as_judged(partition, Judgement(processor, in_read_order(partition))),
        *left_unread(partition, committed),
    ]
