"""What happens around the steps of training."""

from .class_count_hook import ClassCountHook
from .curriculum_hook import CurriculumHook, mix_at
from .progress_bar_hook import ProgressBarHook
from .sync_report_hook import SyncReportHook
from .sync_visualization_hook import SyncVisualizationHook
from .tower_loading_hook import TowerLoadingHook
from .train_loss_plateau_hook import TrainLossPlateauHook

__all__ = [
    'ClassCountHook',
    'CurriculumHook',
    'ProgressBarHook',
    'SyncReportHook',
    'SyncVisualizationHook',
    'TowerLoadingHook',
    'TrainLossPlateauHook',
    'mix_at',
]
