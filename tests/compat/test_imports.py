"""Faults of the host packages at import.

What would disturb this process runs in one of its own, beside small
stand-ins for the faulty or the healthy upstream package.
"""

import importlib
import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import MODELS
from mmengine.config import Config

import avts_mm
from avts_mm.compat import imports

ROOT = Path(avts_mm.__file__).parents[1]


def _write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def _python(code, *path, show='always'):
    """Run code with ``path`` before the installed packages."""
    env = dict(
        os.environ,
        PYTHONPATH=os.pathsep.join(
            [*map(str, path), os.environ.get('PYTHONPATH', '')]
        ),
        OMP_NUM_THREADS='1',
    )
    return subprocess.run(
        [sys.executable, '-W', show, '-c', textwrap.dedent(code)],
        env=env,
        capture_output=True,
        text=True,
        timeout=100,
    )


def _compat_alone(code, folder):
    """Run code that says ``import imports`` for the module under test."""
    return _python(code, folder, Path(imports.__file__).parent)


# ---- mmaction2 #2714: mmaction/models/localizers/drn


def test_mmaction_models_import():
    models = importlib.import_module('mmaction.models')
    assert MODELS.get('ResNet3d') is models.ResNet3d


@pytest.mark.parametrize('real', [False, True])
@pytest.mark.parametrize('torchvision', [False, True])
def test_real_drn_wins_unless_torchvision_is_absent(
    tmp_path, real, torchvision
):
    folder = 'mmaction/models/localizers'
    files = {
        'mmaction/__init__.py': '',
        'mmaction/models/__init__.py': '',
        f'{folder}/__init__.py': 'from .drn.drn import DRN',
        'torchvision.py': '',
    }
    if real:
        files[f'{folder}/drn/__init__.py'] = ''
        files[f'{folder}/drn/drn.py'] = 'DRN = print'
    _write(tmp_path, files)
    code = f"""
    import sys
    if not {torchvision}:
        sys.modules['torchvision'] = None
    import imports
    imports.provide_drn()
    from mmaction.models.localizers import DRN
    DRN('real')
    """
    run = _compat_alone(code, tmp_path)
    if real and torchvision:
        assert run.stdout.strip() == 'real', run.stderr
    else:
        assert 'mmaction2 #2714' in run.stderr


# ---- mmengine needs pkg_resources, hence setuptools < 82


def test_configs_of_mmaction_as_base(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text("_base_ = 'mmaction::_base_/default_runtime.py'")
    assert Config.fromfile(str(config)).default_scope == 'mmaction'


# ---- mmaction2 1.2.0: transformers installed without the rest of VindLU


def test_transformers_beside_mmaction(tmp_path):
    _write(
        tmp_path,
        {
            'transformers/__init__.py': 'raise ImportError("no timm")',
            'transformers-4.40.0.dist-info/METADATA': """\
                Metadata-Version: 2.1
                Name: transformers
                Version: 4.40.0
                """,
        },
    )
    code = """
    import avts_mm
    from mmaction.registry import MODELS
    from mmaction.models import ResNet3d
    from mmaction.utils.dependency import WITH_MULTIMODAL
    print(WITH_MULTIMODAL, MODELS.get('ResNet3d') is ResNet3d)
    """
    run = _python(code, tmp_path, ROOT)
    assert run.stdout.split() == ['False', 'True'], run.stderr
    assert 'VindLU' in run.stderr
    assert 'no timm' in run.stderr


def test_models_that_half_of_vindlu_has_registered(tmp_path):
    registered = """\
        from mmaction.registry import MODELS
        @MODELS.register_module()
        class {name}:
            pass
        """
    multimodal = 'mmaction/models/multimodal'
    files = {
        'mmaction/__init__.py': '',
        'mmaction/registry.py': """\
            from mmengine.registry import Registry
            MODELS = Registry('fake')
            """,
        'mmaction/utils/__init__.py': '',
        'mmaction/utils/dependency.py': 'WITH_MULTIMODAL = True',
        'mmaction/models/__init__.py': 'from . import resnet, multimodal',
        'mmaction/models/resnet.py': registered.format(name='ResNet'),
        f'{multimodal}/__init__.py': """\
            from mmaction.registry import MODELS
            from mmaction.utils.dependency import WITH_MULTIMODAL
            if WITH_MULTIMODAL:
                from .vindlu import *
            else:
                MODELS.register_module(name='VQA', module=lambda: None)
            """,
        f'{multimodal}/vindlu/__init__.py': 'from . import vqa, bert',
        f'{multimodal}/vindlu/vqa.py': registered.format(name='VQA'),
        f'{multimodal}/vindlu/bert.py': 'raise ImportError("too new")',
    }
    _write(tmp_path, files)
    code = """
    import imports
    imports.import_mmaction_models()
    from mmaction.registry import MODELS
    print(*MODELS.module_dict, MODELS.module_dict['VQA']())
    """
    run = _compat_alone(code, tmp_path)
    assert run.stdout.split() == ['ResNet', 'VQA', 'None'], run.stderr
    assert 'too new' in run.stderr


# ---- torchaudio beside a torch of another build

_TORCHAUDIO = {
    'torchaudio/__init__.py': """\
        from . import _extension
        from . import functional
        """,
    'torchaudio/functional.py': """\
        from torchaudio._extension import _IS_TORCHAUDIO_EXT_AVAILABLE
        from torchaudio._extension import fail_if_no_align
        def lfilter():
            return 'fast' if _IS_TORCHAUDIO_EXT_AVAILABLE else 'plain'
        @fail_if_no_align
        def forced_align():
            return 'aligned'
        """,
    'torchaudio/_extension/__init__.py': """\
        {fault}
        _IS_TORCHAUDIO_EXT_AVAILABLE = True
        def fail_if_no_align(function):
            return function
        """,
}
_USE_TORCHAUDIO = """
import imports
torchaudio = imports.import_torchaudio()
assert torchaudio is imports.import_torchaudio()
print(torchaudio.functional.lfilter())
try:
    print(torchaudio.functional.forced_align())
except RuntimeError as error:
    print(error)
"""


def _run_torchaudio(folder, fault):
    files = {k: v.replace('{fault}', fault) for k, v in _TORCHAUDIO.items()}
    _write(folder, files)
    run = _compat_alone(_USE_TORCHAUDIO, folder)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines(), run.stderr


@pytest.mark.parametrize(
    'fault',
    [
        "raise OSError('libcudart.so.13: cannot open')",
        "raise RuntimeError('CUDA 13.2 whereas 13.0: cannot open')",
    ],
)
def test_torchaudio_without_its_extension(tmp_path, fault):
    out, err = _run_torchaudio(tmp_path, fault)
    assert out[0] == 'plain'
    assert 'cannot open' in out[1]
    assert err.count('torchaudio runs without its compiled extension') == 1
    assert 'cannot open' in err


def test_torchaudio_warns_those_who_ask(tmp_path):
    _run_torchaudio(tmp_path, "raise OSError('cannot open')")
    module = Path(imports.__file__).parent
    run = _python(
        _USE_TORCHAUDIO, tmp_path, module, show='ignore::BytesWarning'
    )
    assert 'cannot open' in run.stdout and run.stderr == ''


def test_healthy_torchaudio_is_left_alone(tmp_path):
    out, err = _run_torchaudio(tmp_path, '')
    assert out == ['fast', 'aligned']
    assert err == ''


def test_missing_torchaudio_stays_missing(tmp_path):
    _write(tmp_path, {'torchaudio/__init__.py': 'import no_such_module'})
    run = _compat_alone(_USE_TORCHAUDIO, tmp_path)
    assert 'No module named' in run.stderr
    assert run.returncode != 0


# ---- torchvision beside a torch of another version


def _torchvision(folder, code):
    _write(
        folder,
        {
            'torchvision/__init__.py': f'from . import ops; {code}',
            'torchvision/ops.py': '',
            'torchvision-0.99.0.dist-info/METADATA': """\
                Metadata-Version: 2.1
                Name: torchvision
                Version: 0.99.0
                """,
        },
    )


def test_torchvision_that_does_not_match(tmp_path):
    _torchvision(tmp_path, "raise RuntimeError('no operator nms')")
    code = """
    import sys
    import avts_mm
    from mmengine.utils.dl_utils import collect_env
    print('TorchVision' in collect_env(), 'torchvision.ops' in sys.modules)
    """
    run = _python(code, tmp_path, ROOT, show='default')
    assert run.stdout.split() == ['False', 'False'], run.stderr
    (line,) = [x for x in run.stderr.splitlines() if 'no operator nms' in x]
    assert 'torchvision 0.99.0 is left out, since it does not match' in line


def test_torchvision_that_matches_is_left_alone(tmp_path):
    _torchvision(tmp_path, '__version__ = "0.99.0"')
    code = """
    import imports
    imports.leave_out_torchvision()
    import torchvision
    print(torchvision.__version__)
    """
    run = _compat_alone(code, tmp_path)
    assert (run.stdout.strip(), run.stderr) == ('0.99.0', '')


# ---- OpenCV on a bare system


def test_opencv_without_its_libraries(tmp_path):
    fault = "raise ImportError('libGL.so.1: cannot open shared object file')"
    _write(tmp_path, {'cv2.py': fault})
    run = _compat_alone('import imports; imports.check_opencv()', tmp_path)
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith('ImportError: OpenCV cannot be loaded (libGL.so.1')
    assert 'apt-get install libgl1 libglib2.0-0' in last
    assert 'opencv-contrib-python-headless' in last


# ---- names that numpy 2 dropped


def test_numpy_names(monkeypatch):
    imports.restore_numpy_names()
    assert np.Inf == np.inf
    assert np.trapz([1.0, 2.0, 3.0]) == 4.0
    found = np.in1d([[1, 2], [3, 4]], [2, 4])
    assert found.tolist() == [False, True, False, True]
    assert np.in1d([1, 2], [2], invert=True).tolist() == [True, False]


def test_numpy_names_that_are_there_stay(monkeypatch):
    own = object()
    monkeypatch.setattr(np, 'trapz', own, raising=False)
    imports.restore_numpy_names()
    assert np.trapz is own


# ---- mmcv-lite's warning (mmcv #1975)


def test_only_the_one_warning_is_filtered():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        imports.quiet_mmcv_lite()
        warnings.warn(
            'Fail to import ``MultiScaleDeformableAttention`` from ``mmcv.ops',
            stacklevel=1,
        )
        warnings.warn('Fail to import something else', stacklevel=1)
    assert [str(w.message) for w in caught] == [
        'Fail to import something else'
    ]
