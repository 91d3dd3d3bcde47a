"""How a step is taken, and what happens around it."""

from .hooks import (
    CurriculumHook,
    ProgressBarHook,
    SyncReportHook,
    TrainLossPlateauHook,
    mix_at,
)
from .optimizers import BFloat16OptimWrapper
from .schedulers import TrainLossPlateauLR

__all__ = [
    'BFloat16OptimWrapper',
    'CurriculumHook',
    'ProgressBarHook',
    'SyncReportHook',
    'TrainLossPlateauHook',
    'TrainLossPlateauLR',
    'mix_at',
]
