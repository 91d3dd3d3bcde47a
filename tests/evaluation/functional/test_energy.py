"""Motion and loudness."""

import numpy as np
import pytest

from avts_mm.evaluation.functional.energy import energy_sums
from avts_mm.evaluation.functional.offset import estimate_offset
