"""Prepared files through decord, and what it is refused."""

import os

import numpy as np
import pytest
from media_files import picture, read_number, render

from avts_mm.media import MediaError, open_video


def opened(path, backend='decord'):
    """As a prepared file: constant rate, no B-frames, from 0 s on."""
    return open_video(path, backend, os.path.getsize(path))


@pytest.fixture(scope='module')
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp('prepared')
    return render(folder / 'a.mp4', fps=15, events=(7, 16)).path


def test_the_same_pictures_as_through_pyav(path):
    rng = np.random.default_rng(0)
    times = np.concatenate([rng.uniform(-0.06, 3.06, 60), np.arange(45) / 15])
    with opened(path) as reader, opened(path, 'pyav') as expected:
        for some in (times, [0.5, 0.51, 0.7, 0.5]):
            found, begins = reader.pictures(some)
            pictures, known = expected.pictures(some)
            np.testing.assert_allclose(begins, known, atol=1e-6)
            numbers = [read_number(image) for image in pictures]
            assert [read_number(image) for image in found] == numbers
            wrong = np.abs(np.subtract(found, pictures, dtype=int))
            assert wrong.mean() < 2
        images, _ = reader.pictures([0.5, 0.5])
        images[0][:] = 0
        assert images[1].any()
        assert reader.pictures([])[0] == []
        first = next(reader.stream(0.5, 0.1))
        assert np.abs(first - picture(7, True).astype(int)).mean() < 12
        for asked in (-0.1, 3.2, 100.0):
            with pytest.raises(MediaError, match=r'cover 0 to 3\.0') as caught:
                reader.frames([1.0, asked])
            assert caught.value.reason == 'too_short'


@pytest.mark.parametrize(
    'name, size',
    [('a.mp4', 0), ('a.mp4', 4321), ('a.ts', 0)],
)
def test_files_that_are_not_prepared_are_refused(tmp_path, name, size):
    film = render(tmp_path / name, seconds=1, events=(3,)).path
    with pytest.raises(MediaError, match=r"'pyav'.*prepare_av\.py") as caught:
        open_video(film, 'decord', size)
    assert (caught.value.path, caught.value.reason) == (film, 'unsupported')
    with pytest.raises(MediaError, match='no such file'):
        open_video(str(tmp_path / 'gone.mp4'), 'decord')


def test_widths_that_decord_pads(tmp_path):
    film = render(tmp_path / 'a.mp4', size=(72, 48)).path
    with (
        opened(film) as reader,
        pytest.raises(MediaError, match="backend='pyav'") as caught,
    ):
        reader.frames([0.5])
    assert caught.value.reason == 'unsupported'


def test_damage(path, tmp_path):
    with open(path, 'rb') as file:
        content = bytearray(file.read())
    data = content.index(b'mdat') + 8
    content[data : data + 20000] = bytes(20000)
    film = tmp_path / 'b.mp4'
    film.write_bytes(content)
    with pytest.raises(MediaError) as caught, opened(str(film)) as reader:
        reader.frames([0.5, 1.0])
    assert caught.value.reason == 'undecodable'


def test_other_backends(path):
    with pytest.raises(ValueError, match='torchcodec'):
        open_video(path, 'torchcodec')
