"""The inferencer: inputs, verdicts, pictures, and unreadable files."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from media_files import render
from mmaction.registry import INFERENCERS, MODELS
from mmengine import Config
from mmengine.registry import init_default_scope
from talking_face import face_embedder, known_faces, talking

from avts_mm.apis import AVTSInferencer, faces
from avts_mm.apis.inferencer import WEIGHTS
from avts_mm.media.shift import shift_sound

EVENTS = (9, 31, 40, 66, 71, 95, 118, 140)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A config and a checkpoint of a very small model."""
    folder = tmp_path_factory.mktemp('weights')
    cfg = Config.fromfile('configs/avts_demo_steps.py')
    cfg.model.video_backbone.base_channels = 2
    cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
    cfg.model.video_neck.in_channels = 16
    cfg.model.audio_neck.in_channels = 4
    cfg.dump(str(folder / 'small.py'))
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict()), folder / 'small.pth')
    return str(folder / 'small.py'), str(folder / 'small.pth')


@pytest.fixture
def infer(weights, embedder):
    """With the model that needs no training in place of that model."""
    infer = AVTSInferencer(*weights, device='cpu')
    infer.embedder = embedder
    return infer


@pytest.fixture(scope='module')
def films(tmp_path_factory):
    """A folder of a film in sync and the same 0.24 s late."""
    folder = tmp_path_factory.mktemp('films ä')
    render(
        folder / 'good.mkv', audio='flac', seconds=6, events=EVENTS, rate=16000
    )
    (folder / 'sub').mkdir()
    shift_sound(
        str(folder / 'good.mkv'), str(folder / 'sub' / 'late one.mkv'), -0.24
    )
    (folder / 'notes.txt').write_text('no film')
    (folder / '._good.mkv').write_bytes(b'\0\5\x16\7')  # as macOS does
    (folder / 'sub' / 'up').symlink_to('..')
    return folder


def test_a_folder(infer, films, tmp_path):
    found = infer(str(films), max_shift=1.0, out_dir=str(tmp_path / 'out'))
    good, late = found['predictions']
    assert good['name'].endswith('good.mkv') and good['in_sync'] is True
    assert late['name'].endswith('late one.mkv')
    assert late['verdict'] == 'The sound is 0.24 s late.'
    assert late['in_sync'] is False
    assert late['offset'] == pytest.approx(0.24, abs=0.02)
    assert len(late['shifts']) == len(late['curve']) == 51
    assert len(found['visualization']) == 2
    for path in found['visualization']:
        assert Path(path).read_bytes()[1:4] == b'PNG'
    wide = infer(str(films / 'sub'), max_shift=1.0, tolerance=0.3)
    assert wide['predictions'][0]['in_sync'] is True


def test_a_bad_file_does_not_stop_the_rest(infer, films, tmp_path):
    fake = tmp_path / 'a text.mp4'
    fake.write_text('this is no film')
    found = infer([str(fake), str(films / 'good.mkv')], max_shift=1.0)
    bad, good = found['predictions']
    assert (
        bad['verdict'].startswith('Cannot read it')
        and 'a text.mp4' in (bad['verdict'])
    )
    assert bad['reason'] == 'undecodable' and 'in_sync' not in bad
    assert good['in_sync'] is True


def test_arrays_and_estimates(infer):
    rng = np.random.default_rng(0)
    film = dict(
        video=np.zeros((50, 48, 64, 3), np.uint8),
        fps=25,
        audio=rng.normal(0, 0.1, 32000),
        sample_rate=16000,
    )
    (found,) = infer(film)['predictions']
    assert found['verdict'].startswith('Cannot tell: next to nothing moves')
    assert found['in_sync'] is None and found['curve'][0] is None
    (estimate,) = infer(film, return_datasamples=True)['predictions']
    assert estimate.reason == 'still'


def test_a_small_model_runs(weights, films):
    infer = AVTSInferencer(*weights, device='cpu')
    (found,) = infer(str(films / 'good.mkv'))['predictions']
    assert found['verdict'] and 0 <= found['confidence'] <= 1


def test_names_and_registry(weights):
    assert INFERENCERS.get('AVTSInferencer') is AVTSInferencer
    with pytest.raises(FileNotFoundError, match='no such config'):
        AVTSInferencer('no_such_config', weights[1])


def test_weights_that_do_not_fit(weights):
    with pytest.raises(ValueError, match=r'small\.pth'):
        AVTSInferencer('avts_demo_steps', weights[1], device='cpu')
    with pytest.raises(FileNotFoundError):
        AVTSInferencer(weights[0], 'nothing.pth', device='cpu')
    for half in (dict(model=weights[0]), dict(weights=weights[1])):
        with pytest.raises(ValueError, match='go together'):
            AVTSInferencer(**half, device='cpu')


def test_a_film_of_mouths(infer, monkeypatch):
    """Who spoke when is among the plain values."""
    monkeypatch.setattr(faces, 'FaceFinder', lambda: known_faces)
    # Clicks leave little to compare.
    monkeypatch.setattr(faces, 'TOLD', {})
    infer.embedder = face_embedder()
    film = talking(EVENTS, 6, 0.24)
    source = dict(
        video=film._video, fps=25, audio=film._audio, sample_rate=16000
    )
    (found,) = infer(source, max_shift=1.0)['predictions']
    assert found['verdict'] == 'The sound is 0.24 s late.'
    assert found['found_by'] == 'faces' and found['excerpts'] == []
    (face,) = found['faces']
    assert set(face) == {'begin', 'end', 'box', 'spoke'}
    assert len(face['box']) == 4 and face['spoke']
    assert json.loads(json.dumps(found)) == found


def test_the_model_that_comes_along():
    """It needs no config and no checkpoint, and knows its licence."""
    infer = AVTSInferencer(device='cpu')
    assert infer.embedder.faces and infer.embedder.stride == 3
    assert WEIGHTS.stat().st_size <= 8e6
    about = WEIGHTS.with_suffix('.md').read_text()
    assert 'CC BY 4.0' in about and 'configs/avts_faces.py' in about
    with safetensors.safe_open(WEIGHTS, 'pt') as file:
        assert file.metadata()['licence'] == 'CC-BY-4.0'
    film = talking(EVENTS, 2)
    source = dict(
        video=film._video, fps=25, audio=film._audio, sample_rate=16000
    )
    (found,) = infer(source)['predictions']
    assert len(found['faces']) == 1
    assert found['verdict'].startswith('Cannot tell')  # it clicks
