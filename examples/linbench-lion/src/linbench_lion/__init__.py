"""Lion, an optimizer that was found by searching over programs (Chen et al. 2023, arXiv:2302.06675)."""

from linbench_lion.lion import Lion

__all__ = ["Lion"]
