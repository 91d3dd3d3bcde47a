"""How a step is taken, and what happens around it."""

from .hooks import *  # noqa: F403
from .loops import *  # noqa: F403
from .optimizers import *  # noqa: F403
from .schedulers import *  # noqa: F403
from .whole_files import newest_checkpoint  # noqa: F401
