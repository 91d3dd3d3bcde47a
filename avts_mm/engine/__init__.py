"""How a step is taken, and what happens around it."""

from .hooks import (
    CompileHook,
    CurriculumHook,
    DeferredInfoHook,
    HealthHook,
    ProgressBarHook,
    SafeCheckpointHook,
    SickTrainingError,
    SyncReportHook,
    UnreadableFilesHook,
    mix_at,
)
from .loops import ResumableEpochLoop, ResumableIterLoop
from .optimizers import BFloat16OptimWrapper
from .schedulers import TrainLossPlateauHook, TrainLossPlateauLR
from .whole_files import newest_checkpoint

__all__ = [
    'BFloat16OptimWrapper',
    'CompileHook',
    'CurriculumHook',
    'DeferredInfoHook',
    'HealthHook',
    'ProgressBarHook',
    'ResumableEpochLoop',
    'ResumableIterLoop',
    'SafeCheckpointHook',
    'SickTrainingError',
    'SyncReportHook',
    'TrainLossPlateauHook',
    'TrainLossPlateauLR',
    'UnreadableFilesHook',
    'mix_at',
    'newest_checkpoint',
]
