"""Faults of the host packages that show when they are imported."""

import importlib
import importlib.metadata
import importlib.util
import sys
import types
import warnings
from pathlib import Path
from typing import Any


def check_opencv():
    """Say what is missing when OpenCV cannot be loaded.

    The wheels of ``opencv-python`` link system libraries that a bare Debian
    or Ubuntu lacks (opencv-python #370), and mmcv imports it first thing.

    Raises:
        ImportError: One sentence with the remedy.
    """
    try:
        importlib.import_module('cv2')
    except ImportError as error:
        raise ImportError(
            f'OpenCV cannot be loaded ({error}): run apt-get install libgl1 '
            'libglib2.0-0, or pip install --force-reinstall --no-deps '
            'opencv-contrib-python-headless of the version that pip list '
            'shows for opencv-contrib-python.'
        ) from error


def quiet_mmcv_lite():
    """Filter mmcv-lite's advice to install mmcv.

    mmcv #1975: every import of mmcv-lite warns about an attention module
    that nothing here uses. Other warnings pass.
    """
    warnings.filterwarnings(
        'ignore', message='Fail to import ``MultiScaleDeformableAttention``'
    )


def restore_numpy_names():
    """Give back the names that mmaction2 still uses and numpy 2 dropped.

    mmaction2 1.2.0: ``np.Inf`` in PoseCompact, ``np.trapz`` in average
    recall, ``np.in1d`` in RetrievalRecall. Names that numpy has stay.
    """
    import numpy as np

    substitutes = {
        'Inf': lambda: np.inf,
        'trapz': lambda: np.trapezoid,
        'in1d': lambda: lambda a, b, **kw: np.isin(np.ravel(a), b, **kw),
    }
    for name, substitute in substitutes.items():
        if name not in np.__dict__:
            setattr(np, name, substitute())


def provide_drn():
    """Stand in for a package that mmaction2's wheel forgot.

    mmaction2 #2714: version 1.2.0 ships without
    ``mmaction/models/localizers/drn``, so ``import mmaction.models`` fails.
    A package that is there wins, but not without torchvision, which it needs.
    """
    package = 'mmaction.models.localizers.drn'
    mmaction: Any = importlib.util.find_spec('mmaction')
    folders = mmaction.submodule_search_locations
    there = any(Path(f, 'models/localizers/drn').is_dir() for f in folders)
    if there and importlib.util.find_spec('torchvision') is not None:
        return

    class DRN:
        """Placeholder for a localizer that is not there."""

        def __init__(self, *args, **kwargs):
            raise ImportError(
                'DRN is missing from the mmaction2 wheel (mmaction2 #2714) or '
                'needs torchvision: use a source checkout of mmaction2 '
                'together with torchvision.'
            )

    module: Any = types.ModuleType(f'{package}.drn')
    DRN.__module__ = module.__name__
    module.DRN = DRN
    sys.modules.setdefault(package, types.ModuleType(package))
    sys.modules.setdefault(module.__name__, module)


def import_mmaction_models():
    """Import mmaction2's models although ``transformers`` is installed.

    mmaction2 1.2.0: ``transformers`` merely being there makes it import
    VindLU, which needs timm, torchvision and transformers before 5. On that
    ImportError only, its multi-modal models are switched off, those that had
    been registered are forgotten, and the import is repeated.

    Returns:
        module: ``mmaction.models``.
    """
    try:
        return importlib.import_module('mmaction.models')
    except ImportError as error:
        dependency: Any = sys.modules.get('mmaction.utils.dependency')
        if dependency is None or not dependency.WITH_MULTIMODAL:
            raise
        warnings.warn(
            'mmaction2 runs without its multi-modal models (VindLU), since '
            f'they could not be imported: {error}',
            stacklevel=2,
        )
        dependency.WITH_MULTIMODAL = False
        registries = vars(importlib.import_module('mmaction.registry'))
        for registry in registries.values():
            modules = getattr(registry, '_module_dict', {})
            for name, kind in list(modules.items()):
                if str(kind.__module__).startswith('mmaction.models.multimod'):
                    del modules[name]
        return importlib.import_module('mmaction.models')


def _stub_torchaudio_extension(reason):
    """Module that stands for ``torchaudio._extension`` without a library."""

    def unavailable(*args, **kwargs):
        raise RuntimeError(
            'This function needs the compiled extension of torchaudio, '
            f'which could not be loaded: {reason}'
        )

    def __getattr__(name):
        # `_IS_..._AVAILABLE` flags and `fail_if_no_...` decorators differ
        # between versions of torchaudio.
        if name.startswith('_IS_'):
            return False
        if name.startswith('fail_if_no_'):
            return lambda function: unavailable
        raise AttributeError(name)

    # Up to torchaudio 2.8 the SoX binding is asked for at import.
    sox: Any = types.ModuleType('torchaudio._extension.sox')
    sox.__getattr__ = lambda name: unavailable
    sox.is_available = lambda: False

    stub: Any = types.ModuleType('torchaudio._extension')
    stub.__getattr__ = __getattr__
    stub._check_cuda_version = lambda: None
    stub._load_lib = lambda lib: False
    stub.lazy_import_sox_ext = lambda: sox
    return stub


def import_torchaudio():
    """Import torchaudio beside a torch that its library does not match.

    torchaudio 2.x: every wheel links CUDA, so its extension fails to load
    beside a CPU-only torch, and refuses a torch of another CUDA version.
    After such a failure the extension is declared absent and the import is
    repeated: spectrograms, filters and resampling are torch code and stay
    exact; RNN-T loss and forced alignment are lost.

    Returns:
        module: ``torchaudio``.
    """
    try:
        return importlib.import_module('torchaudio')
    except (OSError, ImportError, RuntimeError) as error:
        reason = ' '.join(str(error.__cause__ or error).split())
        for name in list(sys.modules):
            if name == 'torchaudio' or name.startswith('torchaudio.'):
                del sys.modules[name]
        stub = _stub_torchaudio_extension(reason)
        sys.modules[stub.__name__] = stub
        try:
            module = importlib.import_module('torchaudio')
        except BaseException:
            sys.modules.pop(stub.__name__, None)
            raise
        warnings.warn(
            'torchaudio runs without its compiled extension, which does not '
            f'match this torch: {reason}. Spectrograms are not affected; '
            'RNN-T loss and forced alignment are unavailable.',
            ImportWarning,  # Python shows it to those who ask for it
            stacklevel=2,
        )
        return module


def leave_out_torchvision():
    """Go on without a torchvision that does not match torch.

    mmengine 0.10 imports it to tell its version, mmaction2 where it is
    installed, and both take no other error than that it is absent: one built
    for another torch ends training at its start.
    """
    if importlib.util.find_spec('torchvision') is None:
        return
    try:
        importlib.import_module('torchvision')
    except Exception as error:
        for name in list(sys.modules):
            if name.startswith('torchvision.'):
                del sys.modules[name]
        # What an import then answers is that there is no such module.
        sys.modules['torchvision'] = None  # type: ignore[assignment]
        torch = importlib.metadata.version('torch')
        vision = importlib.metadata.version('torchvision')
        reason = ' '.join(str(error).split())
        warnings.warn(
            f'torchvision {vision} is left out, since it does not match torch '
            f'{torch} ({reason}): install the one that was released with it, '
            'or pip uninstall torchvision, which nothing here needs.',
            stacklevel=2,
        )
