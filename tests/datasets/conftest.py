"""Let the tests of readers and transforms import ``media_files``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
