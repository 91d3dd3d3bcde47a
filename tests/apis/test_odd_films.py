"""Odd and hostile files: the right answer, or one clear sentence."""

import pytest
from media_files import WIDTH
from odd_files import make_odd_files

from avts_mm.apis import AVTSInferencer

SENTENCES = {
    'no audio': 'Cannot tell: the file has no sound.',
    'no video': 'Cannot tell: the file has no pictures.',
    '10 ms': 'Cannot tell: it is too short.',
    'text': 'Cannot read it: ',
    'empty': 'Cannot read it: ',
    'truncated': 'Cannot read it: ',
    'truncated, headers last': 'Cannot read it: ',
}

# Between the clicks there is next to no sound.
SHORT = dict(max_shift=1.0, min_compared=0.3)


@pytest.fixture(scope='module')
def odd(tmp_path_factory):
    return make_odd_files(tmp_path_factory.mktemp('odd films'))


@pytest.fixture
def infer(embedder):
    """The inferencer around a model that needs no training."""
    infer = AVTSInferencer.__new__(AVTSInferencer)
    infer.embedder = embedder
    infer.show_progress = False
    return infer


def test_each_kind(infer, odd):
    """In one batch, which a bad file does not stop."""
    assert set(SENTENCES) < set(odd) and WIDTH == 64
    kinds = [k for k in odd if k not in ('portrait', 'two tracks')]
    batch = infer([odd[kind] for kind in kinds], **SHORT)['predictions']
    (second,) = infer(odd['two tracks'], audio_track=1, **SHORT)['predictions']
    for kind, found in zip([*kinds, 'two tracks'], [*batch, second]):
        if kind in SENTENCES:
            assert found['verdict'].startswith(SENTENCES[kind])
            assert '\n' not in found['verdict']
            assert found.get('offset') is None
            # What is no film at all is told apart.
            assert ('in_sync' in found) == ('tell' in found['verdict'])
            assert found.get('in_sync') is None
        else:
            assert found['in_sync'] is True, found['verdict']
            assert abs(found['offset']) < 0.04
    (found,) = infer(odd['8 kHz'], audio_track=3)['predictions']
    assert 'audio_track=0' in found['verdict']


def test_portrait_runs(infer, odd):
    if 'portrait' not in odd:
        pytest.skip('PyAV before 18 cannot write rotation')
    # Its flash is at the side.
    (found,) = infer(odd['portrait'], max_shift=1.0)['predictions']
    assert found['verdict'] and 'confidence' in found
