"""What happens around the steps of training."""

from .curriculum_hook import CurriculumHook, mix_at
from .progress_bar_hook import ProgressBarHook
from .sync_report_hook import SyncReportHook
from .train_loss_plateau_hook import TrainLossPlateauHook

__all__ = [
    'CurriculumHook',
    'ProgressBarHook',
    'SyncReportHook',
    'TrainLossPlateauHook',
    'mix_at',
]
