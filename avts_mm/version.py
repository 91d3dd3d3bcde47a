"""Version of avts_mm and the host packages that it runs on.

Plain data without an import: ``setup.py`` executes this file to learn what to
install, and ``avts_mm.compat.check_versions`` compares the same table with
what is installed.
"""

__version__ = '0.1.0'

PYTHON_REQUIRES = '>=3.10,<3.14'

# Distribution name -> version specifier. Several bounds are upstream faults:
# setuptools 82 dropped pkg_resources, which mmengine 0.10 imports for
# `_base_ = 'mmaction::...'`; torch 2.15 is built for a CUDA that torchaudio
# 2.11, its last release, refuses; mmaction2 1.2 asserts mmcv < 2.2.
HOST_REQUIRES = {
    'torch': '>=2.6,<2.15',
    'torchaudio': '>=2.6,<2.12',
    'mmengine': '>=0.10.7,<0.11',
    'mmcv-lite': '>=2.1.0,<2.2.0',
    'mmaction2': '>=1.2.0,<1.3.0',
    'decord': '>=0.6.0',
    # 16 is 40 ms off in AVI with B-frames, 19 opens files otherwise.
    'av': '>=17,<19',
    'numpy': '>=1.26',
    'scipy': '',
    'scikit-learn': '',
    'einops': '',
    'importlib-metadata': '',
    'setuptools': '>=77,<82',
    'matplotlib': '',
    'packaging': '',
    'rich': '',
}

# Drop-in replacements that other distributions ship under the same module.
ALTERNATIVES = {'mmcv-lite': ('mmcv',), 'decord': ('decord2',)}
