"""How a step is taken, and what happens around it."""

from .bf16_optim_wrapper import BFloat16OptimWrapper  # noqa: F401
from .hooks import *  # noqa: F403
from .loops import *  # noqa: F403
from .train_loss_plateau import (  # noqa: F401
    TrainLossPlateauHook,
    TrainLossPlateauLR,
)
from .whole_files import newest_checkpoint  # noqa: F401
