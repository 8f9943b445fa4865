"""The packages with a pack, and the needs of their classes that the harness cannot find out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from linbench import Contract


@dataclass(frozen=True, slots=True)
class Pack:
    """The optimizers of one package.

    package: the name that is imported, and the part before the slash. distribution: the name that is installed.
    module: the module of the classes. classes: their names.
    defaults: by class, the parameters that it gets unless a spec says otherwise.
    factories: by class, the module beside this one that makes it, for constructors that want more than parameters.
    contracts: by class, the contract with the loop that only a failure would show.
    """

    package: str
    distribution: str
    module: str
    classes: tuple[str, ...]
    defaults: Mapping[str, Mapping[str, object]]
    factories: Mapping[str, str]
    contracts: Mapping[str, Contract]


def _pack(
    package: str,
    distribution: str,
    classes: str,
    module: str = "",
    adaptive: str = "",
    factories: Mapping[str, str] | None = None,
    contracts: Mapping[str, Contract] | None = None,
) -> Pack:
    # adaptive: the classes that find their own step size, so that lr is a factor of it and belongs at 1.
    defaults: dict[str, Mapping[str, object]] = {name: {"lr": 1.0} for name in adaptive.split()}
    names = tuple(classes.split())
    return Pack(package, distribution, module or package, names, defaults, factories or {}, contracts or {})


# Their groups say by `use_muon` which of the two methods inside is meant.
_USE_MUON = "AdaGO AdaMuon DistributedMuon Muon MuonClip NorMuon".split()

PACKS: tuple[Pack, ...] = (
    _pack(
        "pytorch_optimizer",
        "pytorch-optimizer",
        "A2Grad ADOPT APOLLO ASGD AccSGD AdEMAMix AdaBelief AdaBound AdaDelta AdaFactor AdaGC AdaGO "
        "AdaHessian AdaLOMO AdaMax AdaMod AdaMuon AdaNorm AdaPNM AdaShift AdaSmooth AdaTAM Adai Adalite AdamC "
        "AdamG AdamMini AdamP AdamS AdamWSN Adan AggMo Aida AliG Alice Amos Ano ApolloDQN AvaGrad BCOS BSAM "
        "CAME Conda DASH DAdaptAdaGrad DAdaptAdam DAdaptAdan DAdaptLion DAdaptSGD DeMo DiffGrad "
        "DistributedMuon DualAdam EXAdam EmoFact EmoLynx EmoNavi FAdam FOCUS FTRL Fira FlashAdamW FriendlySAM "
        "Fromage GSAM GaLore Grams Gravity GrokFastAdamW Kate Kron LARS LOMO LaProp Lamb Lion LoRARite "
        "LookSAM Lookahead MADGRAD MARS MSVAG Magma Muon MuonClip Nero NorMuon NovoGrad OrthoGrad PAdam "
        "PCGrad PID PNM Prodigy QHAdam QHM RACS RAdam ROSE Ranger Ranger21 SAM SCION SCIONLight SGDP SGDSaI "
        "SGDW SM3 SOAP SPAM SPlus SRMM SWATS SaRA SafeFP16Optimizer ScalableShampoo ScheduleFreeAdamW "
        "ScheduleFreeRAdam ScheduleFreeSGD ScheduleFreeWrapper Shampoo SignSGD SimplifiedAdEMAMix SophiaH "
        "SpectralSphere StableAdamW StableSPAM TAM TRAC Tiger VSGD WSAM Yogi",
        adaptive="AdaDelta AdamG DAdaptAdaGrad DAdaptAdam DAdaptAdan DAdaptLion DAdaptSGD Prodigy",
        factories={**dict.fromkeys(_USE_MUON, "matrix_groups"), "GSAM": "wrappers"},
        contracts={"AliG": Contract(closure=True)},
    ),
    _pack(
        "torch_optimizer",
        "torch-optimizer",
        "A2GradExp A2GradInc A2GradUni AccSGD AdaBelief AdaBound AdaMod Adafactor Adahessian AdamP AggMo "
        "Apollo DiffGrad LARS Lamb Lookahead MADGRAD NovoGrad PID QHAdam QHM RAdam Ranger RangerQH RangerVA "
        "SGDP SGDW SWATS Shampoo Yogi",
        contracts={"Adahessian": Contract(create_graph=True)},
    ),
    _pack(
        "timm",
        "timm",
        "AdaBelief Adafactor AdafactorBigVision Adahessian AdamP AdamWLegacy Adan Adopt LaProp Lamb Lars Lion "
        "Lookahead MADGRAD Mars Muon NAdamLegacy NAdamW NvNovoGrad RAdamLegacy RMSpropTF SGDP SGDW",
        module="timm.optim",
        contracts={"Adahessian": Contract(create_graph=True)},
    ),
    _pack(
        "heavyball",
        "heavyball",
        "ADOPT AdEMAMix AdamC AdamW HeavyKLSOAP HeavyKLShampoo HeavySOAP HeavySOAPAdEMAMix HeavySOAPNAdam "
        "HeavySOLP HyperBallAdamW KLSOAP KLShampoo LATHER LaProp LaPropOrtho MSAMLaProp Muon MuonAdamW "
        "MuonLaProp NAdam OrthoLaProp PSGDKron PSGDLRA PSGDPRO QSGD RMSprop SAMWrapper SFAdamW SGD SOAP "
        "SOAPAdEMAMix SOAPNAdam SOLP SUDSAdamW Scion SignLaProp SplitOpt UnscaledAdamW",
        factories={"SplitOpt": "matrix_groups", "SAMWrapper": "wrappers"},
    ),
    _pack(
        "schedulefree",
        "schedulefree",
        "AdamWScheduleFree AdamWScheduleFreeClosure AdamWScheduleFreePaper AdamWScheduleFreeReference "
        "RAdamScheduleFree RAdamScheduleFreeClosure SGDScheduleFree SGDScheduleFreeClosure "
        "SGDScheduleFreeReference ScheduleFreeWrapper ScheduleFreeWrapperReference",
    ),
    _pack("lion_pytorch", "lion-pytorch", "Lion"),
    _pack("prodigyopt", "prodigyopt", "Prodigy", adaptive="Prodigy"),
    _pack(
        "dadaptation",
        "dadaptation",
        "DAdaptAdaGrad DAdaptAdam DAdaptAdan DAdaptLion DAdaptSGD",
        adaptive="DAdaptAdaGrad DAdaptAdam DAdaptAdan DAdaptLion DAdaptSGD",
    ),
    _pack("madgrad", "madgrad", "MADGRAD MirrorMADGRAD"),
    _pack("adabelief_pytorch", "adabelief-pytorch", "AdaBelief"),
    _pack("came_pytorch", "came-pytorch", "CAME"),
    _pack("adamp", "adamp", "AdamP SGDP"),
    _pack("optimi", "torch-optimi", "Adam AdamW Adan Lion RAdam Ranger SGD StableAdamW"),
    _pack("pytorch_ranger", "pytorch-ranger", "Ranger RangerQH RangerVA"),
)
"""All packs, without base classes, torch's own classes under another name, and classes that only move state."""
