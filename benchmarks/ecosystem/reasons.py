"""What was found out by hand about single classes, beyond what they say themselves."""

_GROUP = "a process group of torch.distributed; runs where one of a single process has been initialized"

REASONS: dict[str, str] = {
    "heavyball.PSGDBase": "the base class of PSGDKron and its kin, not an optimizer by itself",
    "heavyball.SOAPBase": "the base class of SOAP and its kin, not an optimizer by itself",
    "pytorch_optimizer.BSAM": (
        "its curvature estimate grows by a thousandth of the squared gradient, here some 500 times, in every step, and "
        "overflows after 15 steps of a plain loop in float32 too"
    ),
    "pytorch_optimizer.CPUOffloadOptimizer": "moves another optimizer's state off a GPU, and needs CUDA for it",
    "pytorch_optimizer.DeMo": f"wants the package einops, and {_GROUP}",
    "pytorch_optimizer.DistributedMuon": f"wants {_GROUP}",
}
"""By class that does not run: why."""

_BOUND = "lr acts above some 0.1 only: below, the step size is clamped to `final_lr`, whatever lr is"
_DIVERGES = "blows up at lr 0.01 and 0.1, in a plain loop too"

REMARKS: dict[str, str] = {
    "pytorch_optimizer.AdaBound": _BOUND,
    "torch_optimizer.AdaBound": _BOUND,
    "pytorch_optimizer.DualAdam": _DIVERGES,
    "pytorch_optimizer.SGDSaI": _DIVERGES,
    "pytorch_optimizer.LoRARite": "takes W and b for a LoRA pair, and skips gradients as large as these",
    "pytorch_optimizer.OrthoGrad": "takes the part along a tensor out of its gradient; of one number, little is left",
}
"""By class that runs."""
