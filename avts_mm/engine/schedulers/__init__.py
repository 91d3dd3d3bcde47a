"""Schedules of the learning rate."""

from .train_loss_plateau import TrainLossPlateauHook, TrainLossPlateauLR

__all__ = ['TrainLossPlateauHook', 'TrainLossPlateauLR']
