"""What today's host stack needs in order to run.

One small function per upstream fault, each of which does nothing where
upstream is healthy. :func:`apply` runs those that must come before anything
of mmaction2 is imported; ``avts_mm/__init__.py`` calls it.
"""

from .checkpoints import allow_mmengine_checkpoints, guard_mmengine_loading
from .configs import find_config, know_own_configs, read_config
from .distributed import leave_process_group, use_gloo_without_gpu
from .heads import widen_class_scores
from .hooks import allow_absent_hooks
from .imports import (
    check_opencv,
    import_mmaction_models,
    import_torchaudio,
    leave_out_torchvision,
    provide_drn,
    quiet_mmcv_lite,
    restore_numpy_names,
)
from .versions import check_versions

__all__ = [
    'apply',
    'find_config',
    'leave_process_group',
    'read_config',
    'use_gloo_without_gpu',
]


def apply():
    """Make the host packages importable and checkpoints loadable."""
    check_versions()
    check_opencv()
    quiet_mmcv_lite()
    restore_numpy_names()
    import_torchaudio()
    leave_out_torchvision()
    provide_drn()
    import_mmaction_models()
    widen_class_scores()
    allow_absent_hooks()
    know_own_configs()
    allow_mmengine_checkpoints()
    guard_mmengine_loading()
