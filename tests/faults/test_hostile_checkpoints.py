"""A checkpoint that runs code is refused, whoever is given it.

Each program gets a file that would make another one if it were believed; it
must end with one sentence that names the file, and nothing may be made.
"""

import functools
import itertools
import os
import pickle
import re
import runpy
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader, Runner, checkpoint

from avts_mm.apis import AVTSInferencer, Features, load_model
from avts_mm.weights import CheckpointError, load_checkpoint, load_tower

ROOT = Path(__file__).resolve().parents[2]
numbers = itertools.count()


class Command:
    """Pickles as a call of ``os.system`` that makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.system, (f'touch {self.trace}',)


def write_hostile(path: Path, trace: Path, **content) -> Path:
    """A checkpoint in order but for one thing in its ``meta``."""
    meta = {**content.pop('meta', {}), 'note': Command(trace)}
    torch.save(dict(state_dict={}, **content, meta=meta), path)
    return path


@pytest.fixture
def place(corpus, tmp_path, monkeypatch):
    """A folder with a small config, recordings, and the hostile file."""
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
    cfg.model.video_backbone.base_channels = 2
    cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
    cfg.model.video_neck.update(in_channels=16, time_bins=5)
    cfg.model.audio_neck.in_channels = 4
    for name in ('train', 'val'):
        loader = cfg[f'{name}_dataloader']
        loader.update(batch_size=8, num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(corpus.root)
        loader.dataset.pipeline[0].num_frames = 5
    cfg.test_dataloader = cfg.val_dataloader
    cfg.train_cfg.max_epochs = 1
    cfg.default_hooks.update(curriculum=None, progress=None, report=None)
    cfg.log_level = 'ERROR'
    cfg.experiment_name = f'{tmp_path.name}_{next(numbers)}'
    cfg.dump(tmp_path / 'tiny.py')
    (tmp_path / 'folds.csv').write_text('audio,label,fold\na.wav,0,1\n')
    (tmp_path / 'a.wav').touch()
    trace = tmp_path / 'trace'
    bad = write_hostile(tmp_path / 'bad.pth', trace)
    (tmp_path / 'last_checkpoint').write_text(str(bad))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')
    return SimpleNamespace(root=tmp_path, trace=trace, bad=bad, cfg=cfg)


INIT = 'model.video_backbone.init_cfg'
TRAIN = ['tools/train.py', 'tiny.py', '--work-dir', '.']
PROGRAMS = {
    'train, resume': [*TRAIN, '--resume', 'bad.pth'],
    'train, resume the latest': [*TRAIN, '--resume'],
    'train, load_from': [*TRAIN, '--cfg-options', 'load_from=bad.pth'],
    'train, tower': [
        *(*TRAIN, '--cfg-options', f'{INIT}.type=PretrainedTower'),
        f'{INIT}.checkpoint=bad.pth',
    ],
    "train, mmengine's Pretrained": [
        *(*TRAIN, '--cfg-options', f'{INIT}.type=Pretrained'),
        f'{INIT}.checkpoint=bad.pth',
    ],
    'test': ['tools/test.py', 'tiny.py', 'bad.pth', '--work-dir', '.'],
    'sync_check': [
        *('tools/sync_check.py', 'film.mp4', '--config', 'tiny.py'),
        *('--checkpoint', 'bad.pth'),
    ],
    'page': ['demo/app.py', '--config', 'tiny.py', '--checkpoint', 'bad.pth'],
    'extract_features': [
        *('tools/extract_features.py', 'tiny.py', 'bad.pth'),
        *('--tower', 'video', '--out', 'out.npz'),
    ],
    'eval_audio_svm': [
        *('tools/eval_audio_svm.py', 'tiny.py', 'bad.pth'),
        *('--ann-file', 'folds.csv', '--clip', '1'),
    ],
    'pictures': [
        'tools/visualizations/draw_sync_pictures.py',
        *('tiny.py', 'bad.pth'),
    ],
    'places': ['tools/analysis_tools/sound_places.py', 'tiny.py', 'bad.pth'],
    'import': [
        'tools/model_converters/import_weights.py',
        *('bad.pth', 'out.pth'),
    ],
    'export': [
        'tools/model_converters/export_weights.py',
        *('bad.pth', 'out.pth'),
    ],
    'onnx': [
        'tools/model_converters/export_onnx.py',
        *('tiny.py', 'bad.pth', 'out.onnx'),
    ],
}
NEEDS = {'page': 'gradio', 'onnx': 'onnxruntime'}


@pytest.mark.parametrize('program', PROGRAMS)
def test_a_program_refuses_it_in_a_sentence(
    place, program, monkeypatch, capsys
):
    if program in NEEDS:
        pytest.importorskip(NEEDS[program])
    path, *arguments = PROGRAMS[program]
    monkeypatch.setattr(sys, 'argv', [path, *arguments])
    monkeypatch.syspath_prepend(str((ROOT / path).parent))
    with pytest.raises(SystemExit) as stopped:
        # Some programs give their exit status back.
        sys.exit(runpy.run_path(str(ROOT / path))['main']())
    code = stopped.value.code
    told = code if isinstance(code, str) else capsys.readouterr().err
    assert code not in (0, None)
    assert 'bad.pth: refused' in told and 'system' in told
    assert len(told.strip().splitlines()) <= 2
    assert not place.trace.exists()
    assert not list(place.root.glob('out.*'))


def test_finetuned_splits(place, monkeypatch):
    """The last checkpoint of a training, read for its seed and epochs."""
    tool = runpy.run_path(str(ROOT / 'tools' / 'finetune_splits.py'))
    known = tool['main'].__globals__
    monkeypatch.setitem(known, 'run_split', lambda *_: {'acc/top1': 0.5})
    monkeypatch.setitem(known, 'split_options', lambda *_: [])
    (place.root / 'split1').mkdir()
    place.bad.rename(place.root / 'split1' / 'bad.pth')
    (place.root / 'split1' / 'last_checkpoint').write_text('bad.pth')
    config = ROOT / 'configs' / 'finetune' / 'ucf101_scratch.py'
    with pytest.raises(SystemExit, match=r'bad\.pth: refused'):
        tool['main']([str(config), '--splits', '1', '--work-dir', '.'])
    assert not place.trace.exists()


@pytest.mark.parametrize(
    'load',
    [
        load_checkpoint,
        CheckpointLoader.load_checkpoint,
        lambda path: load_tower(torch.nn.Linear(1, 1), path),
        lambda path: load_model(Config.fromfile('tiny.py'), path),
        lambda path: AVTSInferencer('tiny.py', path),
    ],
)
def test_calls_from_python(place, load):
    with pytest.raises(CheckpointError, match=r'bad\.pth: refused.*system'):
        load(str(place.bad))
    assert not place.trace.exists()


def test_in_every_part_and_form_of_a_file(tmp_path):
    trace = tmp_path / 'trace'
    evil = Command(trace)
    for number, content in enumerate(
        [
            evil,
            [evil],
            {'state_dict': {'a': evil}},
            {'optimizer': {'state': {0: evil}}},
            {'message_hub': {'runtime_info': evil}},
            {'state_dict': {evil: torch.ones(1)}},
        ]
    ):
        for zipped in (True, False):
            path = tmp_path / f'{number}.pth'
            torch.save(content, path, _use_new_zipfile_serialization=zipped)
            with pytest.raises(CheckpointError, match='refused'):
                load_checkpoint(path)
            with pytest.raises(CheckpointError, match='refused'):
                CheckpointLoader.load_checkpoint(str(path))
    assert not trace.exists()


def test_the_config_text_of_a_checkpoint_is_not_executed(place):
    """mmengine executes it when it resumes."""
    cfg = place.cfg
    cfg.update(work_dir=str(place.root), resume=True)
    cfg.load_from = str(place.root / 'text.pth')
    runner = Runner.from_cfg(cfg)
    meta = dict(
        epoch=1,
        iter=3,
        seed=7,
        config=f"from os import system\nx = system('touch {place.trace}')\n",
    )
    content = dict(
        state_dict=runner.model.state_dict(),
        meta=meta,
        message_hub=runner.message_hub.state_dict(),
    )
    torch.save(content, cfg.load_from)
    runner.train()
    assert runner.epoch == 1 and runner.seed == 7
    assert not place.trace.exists()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of a server of the folder; nothing is fetched before."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    handler = functools.partial(QuietHandler, directory=tmp_path)
    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def test_addresses(server, tmp_path):
    """mmengine loads them without weights_only."""
    trace = tmp_path / 'trace'
    write_hostile(tmp_path / 'bad.pth', trace)
    torch.save(dict(state_dict={'a': torch.ones(1)}), tmp_path / 'good.pth')
    for load in (load_checkpoint, CheckpointLoader.load_checkpoint):
        with pytest.raises(CheckpointError, match=r'bad\.pth: refused'):
            load(f'{server}/bad.pth')
        good = load(f'{server}/good.pth')
        assert good['state_dict']['a'].item() == 1
    # What torchvision:// and open-mmlab:// end in.
    with pytest.raises(pickle.UnpicklingError):
        checkpoint.load_url(f'{server}/bad.pth')
    assert not trace.exists()


def test_the_variable_that_switches_safety_off(tmp_path):
    trace = tmp_path / 'trace'
    write_hostile(tmp_path / 'bad.pth', trace)
    code = (
        'import avts_mm, torch\n'
        'from mmengine.runner import load_checkpoint\n'
        'for load in (torch.load, lambda p: load_checkpoint(None, p)):\n'
        '    try:\n'
        "        load('bad.pth')\n"
        '    except Exception as error:\n'
        '        print("refused:", type(error).__name__)\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=tmp_path,
        env={
            **os.environ,
            'PYTHONPATH': str(ROOT),
            'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD': '1',
        },
        capture_output=True,
        text=True,
        timeout=200,
    )
    told = re.findall(r'refused: (\w+)', done.stdout)
    assert told == ['UnpicklingError', 'CheckpointError']
    assert 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD is ignored' in done.stderr
    assert not trace.exists()


def test_features_hold_no_objects(tmp_path):
    trace = tmp_path / 'trace'
    evil = np.array([Command(trace)], dtype=object)
    names = ('features', 'names', 'starts', 'labels', 'metadata')
    np.savez(tmp_path / 'kept.npz', **dict.fromkeys(names, evil))
    with pytest.raises(ValueError, match=r'kept\.npz is not a file of feat'):
        Features.load(tmp_path / 'kept.npz')
    assert not trace.exists()
