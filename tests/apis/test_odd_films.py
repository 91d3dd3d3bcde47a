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


def check(kind, film, found):
    if kind in SENTENCES:
        assert found['verdict'].startswith(SENTENCES[kind])
        assert '\n' not in found['verdict']
        assert found.get('offset') is None
        return
    assert found['in_sync'] is True, found['verdict']
    assert abs(found['offset']) < 0.04


def test_each_kind(infer, odd):
    assert set(SENTENCES) < set(odd)
    assert WIDTH == 64
    for kind, film in odd.items():
        if kind == 'portrait':  # its flash is at the side
            continue
        (found,) = infer(film.path, audio_track=film.audio_track, **SHORT)[
            'predictions'
        ]
        check(kind, film, found)


def test_a_batch_goes_on(infer, odd):
    films = [f for k, f in odd.items() if k not in ('portrait', 'two tracks')]
    kinds = [k for k in odd if k not in ('portrait', 'two tracks')]
    found = infer([film.path for film in films], **SHORT)['predictions']
    assert len(found) == len(films)
    for kind, film, one in zip(kinds, films, found):
        check(kind, film, one)


def test_a_track_that_is_not_there(infer, odd):
    (found,) = infer(odd['8 kHz'].path, audio_track=3)['predictions']
    assert 'audio_track=0' in found['verdict']


def test_portrait_runs(infer, odd):
    if 'portrait' not in odd:
        pytest.skip('PyAV before 18 cannot write rotation')
    (found,) = infer(odd['portrait'].path, max_shift=1.0)['predictions']
    assert found['verdict'] and 'confidence' in found
