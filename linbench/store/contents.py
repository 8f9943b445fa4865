"""The contents that a command asks of its records beyond those that keys stand for: the choice of earlier records."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linbench.store.schema import STORED_POINTS

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record, Trajectory


@dataclass(frozen=True, slots=True)
class RecordContents:
    """The contents of records that no key stands for.

    predict: feature values, or None. trajectories: as in `Execution`. timing: the time per step.
    """

    predict: Sequence[float] | None = None
    trajectories: bool | int = False
    timing: bool = True

    def to_json(self) -> str:
        """Return the text of the column `asked` of the run's row."""
        predict = None if self.predict is None else list(self.predict)
        return json.dumps({"predict": predict, "trajectories": self.trajectories, "timing": self.timing})

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> RecordContents:
        """Return the contents of which `to_json` made this content."""
        return RecordContents(**{name: content[name] for name in RecordContents.__slots__ if name in content})

    def fit(self, record: Record, made_for: RecordContents) -> Record | None:
        """Return an earlier record as this command would have made it; None where something in it is missing.

        made_for: the contents that its command asked for.
        """
        prediction = None
        if self.predict is not None:
            if made_for.predict is None or list(made_for.predict) != list(self.predict):
                return None
            prediction = record.prediction
        if self.timing and record.step_time is None:
            return None
        trajectory = self._trajectory(record, made_for)
        if self.trajectories is not False and trajectory is None:
            return None
        step_time = record.step_time if self.timing else None
        return dataclasses.replace(record, prediction=prediction, step_time=step_time, trajectory=trajectory)

    def _trajectory(self, record: Record, made_for: RecordContents) -> Trajectory | None:
        stored = record.trajectory
        if self.trajectories is False or stored is None:
            return None
        if len(stored.epoch) == record.epochs_run + 1:  # every epoch is there
            points = len(stored.epoch) if self.trajectories is True else self.trajectories
            return stored.thinned(points, record.epochs_to_target)
        same = made_for.trajectories == self.trajectories and made_for.trajectories is not True
        return stored if same and self.trajectories <= STORED_POINTS else None
