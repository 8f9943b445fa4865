"""The contract of the optimizer under test, found out once for all checks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linbench.core.engines.trial import run_trial
from linbench.core.problem.workbench import Workbench
from linbench.core.request.plan import make_plan
from linbench.core.request.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linbench.core.request.catalog import Catalog
    from linbench.core.request.component import Component


def with_contract(catalog: Catalog, component: Component, params: Mapping[str, object]) -> Component:
    """Return the component with its contract; as it is where no contract works, since the checks then say why.

    catalog: one that has the component.
    """
    plan = make_plan(
        catalog,
        problems=[Spec("study-hours")],
        devices=[Spec("cpu")],
        models=[Spec("linear")],
        optimizers=[Spec(component.name, params)],
    )
    case = next(iter(plan))
    try:
        found = run_trial(case, Workbench(catalog=catalog).setup(case), audit=False)
    except (Exception, SystemExit):  # third-party code
        return component
    return replace(component, contract=found.contract)
