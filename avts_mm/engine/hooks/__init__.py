"""What happens around the steps of training."""

from .curriculum_hook import CurriculumHook, mix_at
from .train_loss_plateau_hook import TrainLossPlateauHook

__all__ = ['CurriculumHook', 'TrainLossPlateauHook', 'mix_at']
