"""The class that trains each `--method`."""

from vidstyle.train.methods.base import TrainingMethod
from vidstyle.train.methods.cartoon import CartoonTraining
from vidstyle.train.methods.cmd import MomentMatching
from vidstyle.train.methods.cut import ContrastiveTraining, StyleGANContrastiveTraining
from vidstyle.train.methods.cyclegan import CycleTraining
from vidstyle.train.methods.distil import DistilTraining
from vidstyle.train.methods.inst import LookTraining
from vidstyle.train.methods.rt import PerceptualTraining

TRAINING_METHODS: dict[str, type[TrainingMethod]] = {
    "cut++": ContrastiveTraining,
    "cut": ContrastiveTraining,
    "fastcut": ContrastiveTraining,
    "cut-stylegan": StyleGANContrastiveTraining,
    "cyclegan": CycleTraining,
    "cartoon": CartoonTraining,
    "distil": DistilTraining,
    "rt": PerceptualTraining,
    "cmd": MomentMatching,
    "inst": LookTraining,
}
"""One row for each row of `METHODS` in method_defaults.py, which holds the settings and their defaults."""
