"""What happens around the steps of training."""

from .compile_hook import CompileHook
from .curriculum_hook import CurriculumHook, mix_at
from .deferred_info_hook import DeferredInfoHook
from .health_hook import HealthHook, SickTrainingError
from .progress_bar_hook import ProgressBarHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .sync_report_hook import SyncReportHook
from .unreadable_files_hook import UnreadableFilesHook

__all__ = [
    'CompileHook',
    'CurriculumHook',
    'DeferredInfoHook',
    'HealthHook',
    'ProgressBarHook',
    'SafeCheckpointHook',
    'SickTrainingError',
    'SyncReportHook',
    'UnreadableFilesHook',
    'mix_at',
]
