"""Let the tests here import helpers such as ``media_files``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
