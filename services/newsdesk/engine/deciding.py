"""One record, one outcome: what the processor says of a record, folded into the view and put into the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsdesk.engine.errors import EngineError
from newsdesk.engine.folding import fold_writes

if TYPE_CHECKING:
    from newsdesk.engine.batch import Batch
    from newsdesk.engine.brake import Brake
    from newsdesk.engine.overlay import Overlay
    from newsdesk.engine.processor import Processor
    from newsdesk.engine.records import Outcome, Record


class Decider:
    """Answers the records of one task, whatever the processor does; only a failing store or broker gets through."""

    def __init__(self, task: int, processor: Processor, view: Overlay, brake: Brake) -> None:
        self._task = task
        self._processor = processor
        self._view = view
        self._brake = brake

    def answer(self, record: Record, batch: Batch) -> None:
        """Exactly one outcome for *record* goes into *batch*."""
        processor, view = self._processor, self._view
        try:
            outcome = processor.process(record, view)
            view.drop_record()
            misfit = batch.output.misfit(outcome.writes)
            if misfit is not None:
                outcome = processor.too_large(record, outcome, misfit.topic, misfit.size)
            fold_writes(processor, self._task, view, outcome.writes)
            view.check()
        except Exception as error:  # noqa: BLE001 whatever it is, the record gets its answer
            view.drop_record()
            if view.failure is not None:
                raise view.failure from None
            misfit = None
            outcome = self._crashed(record, error)
            checked = False
        else:
            checked = misfit is None
        if not checked and (misfit := batch.output.misfit(outcome.writes)) is not None:
            raise EngineError(
                f"The dead letter of {record.topic}/{record.partition}/{record.offset} "
                f"takes {misfit.size} bytes and does not fit {misfit.topic}.",
                f"Raise max.message.bytes of {misfit.topic} above that of {record.topic}.",
            )
        batch.output.add(outcome.writes)
        view.keep_record()
        batch.note(record, outcome)
        self._brake.note(defect=outcome.defect)

    def _crashed(self, record: Record, error: Exception) -> Outcome:
        """The processor's own word on its defect; a processor that cannot even say that ends the worker."""
        try:
            outcome = self._processor.crashed(record, error)
            outcome.defect = True
            fold_writes(self._processor, self._task, self._view, outcome.writes)
        except Exception as second:
            raise EngineError(
                f"The processor failed on {record.topic}/{record.partition}/{record.offset} ({error!r}) "
                f"and again on saying so ({second!r}).",
                "This is a defect of the processor: report it with both errors.",
            ) from second
        return outcome
