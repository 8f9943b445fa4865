"""All checks, in the order in which an author would want to know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linbench.conformance.batching import runs_in_a_batch_or_alone
from linbench.conformance.construction import constructs_with_its_defaults, rejects_a_negative_lr
from linbench.conformance.descent import lr_has_an_effect, moves_every_parameter, reaches_an_easy_optimum
from linbench.conformance.global_state import leaves_global_state_alone
from linbench.conformance.gradients import leaves_parameters_without_gradient_alone, survives_zero_gradients
from linbench.conformance.layouts import keeps_float64, trains_matrices, trains_non_contiguous_parameters
from linbench.conformance.parameter_groups import keeps_parameter_groups_apart
from linbench.conformance.reductions import declared_reductions_hold
from linbench.conformance.repeatability import is_deterministic, resumes_from_its_state_dict
from linbench.conformance.switches import foreach_changes_rounding_only, maximize_minimizes_the_negated_cost

if TYPE_CHECKING:
    from linbench.conformance.check import Check

CHECKS: tuple[Check, ...] = (
    constructs_with_its_defaults,
    rejects_a_negative_lr,
    moves_every_parameter,
    lr_has_an_effect,
    reaches_an_easy_optimum,
    declared_reductions_hold,
    is_deterministic,
    resumes_from_its_state_dict,
    leaves_parameters_without_gradient_alone,
    survives_zero_gradients,
    keeps_parameter_groups_apart,
    trains_matrices,
    trains_non_contiguous_parameters,
    keeps_float64,
    maximize_minimizes_the_negated_cost,
    foreach_changes_rounding_only,
    leaves_global_state_alone,
    runs_in_a_batch_or_alone,
)
