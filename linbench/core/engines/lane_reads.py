"""The account of whether an optimizer has read a lane scalar as one number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, final

from linbench.core.engines.not_separable import NotSeparable

if TYPE_CHECKING:
    from linbench.core.engines.status_flags import StatusFlags

READ = "a hyperparameter that differs between lanes is read as one number"


@final
class LaneReads:
    """Refuses a batch whose lane scalars are read in Python, by a method of theirs or past all methods.

    A refusal is kept and raised again when the step ends, since an optimizer may catch what it is refused
    (`except Exception`), and take another branch.

    flags: disturbed by reads past all methods. None where there are no lane scalars, or linbench's own tests hold the
    optimizer's batches to its serial runs: then nothing is looked at, which spares 10 µs a step.
    """

    def __init__(self, flags: StatusFlags | None = None) -> None:
        self.watching = flags is not None
        self._refusal: NotSeparable | None = None
        if flags is not None:
            self._arm, self._state, self._armed, self._lower = flags.arm, flags.state, flags.armed, flags.lower

    def begin(self) -> None:
        """Begin to look, at the start of a step."""
        if self.watching:
            self._arm()

    def check(self) -> None:
        """Raise NotSeparable if something has been read since the flags were armed, or has been refused before."""
        if self._refusal is not None:
            raise self._refusal
        if self.watching and self._state() != self._armed:
            self.refuse(READ)

    def resume(self) -> None:
        """Look on after a call of torch with lanes: there ∞ − ∞ in a lane that diverges is an invalid operation too."""
        if self.watching and self._state() != self._armed:
            self._arm()

    def end(self, error: BaseException | None) -> None:
        """Raise NotSeparable if the step that ends here has read a lane scalar, or caught a refusal.

        error: what the step has raised. It is left to go its way, unless a read may have led to it.
        """
        try:
            if error is None:
                self.check()
            elif isinstance(error, Exception) and not isinstance(error, NotSeparable) and self._has_seen_a_read():
                raise NotSeparable(READ, only="hyperparameters") from error
        finally:
            if self.watching:
                self._lower()

    def _has_seen_a_read(self) -> bool:
        refused = self._refusal is not None and self._refusal.only == "hyperparameters"
        return refused or (self.watching and self._state() != self._armed)

    def refuse(self, reason: str) -> NoReturn:
        """Raise NotSeparable, which cases that share their hyperparameters are not, and keep it."""
        refusal = NotSeparable(reason, only="hyperparameters")
        self.keep(refusal)
        raise refusal

    def keep(self, error: Exception, call: str = "a call") -> None:
        """Keep an error that only lanes may have raised, if it is the first, until the step ends."""
        if self._refusal is None:
            self._refusal = error if isinstance(error, NotSeparable) else NotSeparable(f"{call} raised an error")
