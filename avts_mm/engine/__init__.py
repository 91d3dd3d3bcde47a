"""How a step is taken, and what happens around it."""

from .hooks import (
    ClassCountHook,
    CompileHook,
    CurriculumHook,
    DeferredInfoHook,
    HealthHook,
    ProgressBarHook,
    SickTrainingError,
    SyncReportHook,
    SyncVisualizationHook,
    TowerLoadingHook,
    TrainLossPlateauHook,
    UnreadableFilesHook,
    mix_at,
)
from .optimizers import BFloat16OptimWrapper
from .schedulers import TrainLossPlateauLR

__all__ = [
    'BFloat16OptimWrapper',
    'ClassCountHook',
    'CompileHook',
    'CurriculumHook',
    'DeferredInfoHook',
    'HealthHook',
    'ProgressBarHook',
    'SickTrainingError',
    'SyncReportHook',
    'SyncVisualizationHook',
    'TowerLoadingHook',
    'TrainLossPlateauHook',
    'TrainLossPlateauLR',
    'UnreadableFilesHook',
    'mix_at',
]
