"""Reading for days takes no more memory, and leaves no file open.

``MEMORY_READS=20000`` reads that often, which takes some minutes a reader.
"""

import gc
import os
import resource
import sys
from pathlib import Path

import pytest

from avts_mm.datasets.transforms import LoadAVAudio, LoadAVFrames

sys.path.insert(0, str(Path(__file__).parents[1] / 'helpers'))

from media_files import render

READS = int(os.environ.get('MEMORY_READS', 1500))
WARM_UP = 300
FILES = dict(seconds=1.6, fps=10, gop=5, rate=16000, events=(3, 8))

pytestmark = pytest.mark.skipif(
    not os.path.isdir('/proc/self/fd'), reason='measures through /proc'
)


def memory() -> float:
    """MB that this process holds."""
    gc.collect()
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    'load, name, audio, prepared',
    [
        (LoadAVFrames(3), 'a.mp4', 'aac', False),
        (LoadAVFrames(3, 'decord'), 'a.mp4', 'aac', True),
        (LoadAVAudio(), 'a.mp4', 'aac', False),
        (LoadAVAudio(), 'a.wav', 'pcm_s16le', False),
    ],
    ids=['pyav', 'decord', 'sound', 'wav'],
)
def test_samples(tmp_path, capsys, load, name, audio, prepared):
    paths = []
    for number in range(4):
        path = tmp_path / f'{number}_{name}'
        video = None if name.endswith('wav') else 'libx264'
        paths.append(render(path, video, audio, **FILES).path)

    def read(number):
        path = paths[number % len(paths)]
        start = number % 7 / 12
        size = os.path.getsize(path) if prepared else 0
        load(
            dict(
                video_path=path,
                audio_path=path,
                video_start=start,
                audio_start=start,
                clip_seconds=1.0,
                prepared_bytes=size,
            )
        )

    for number in range(WARM_UP):
        read(number)
    before, files = memory(), len(os.listdir('/proc/self/fd'))
    for number in range(READS):
        read(number)
    growth = (memory() - before) / READS * 1000
    with capsys.disabled():
        print(f' {growth:+.3f} MB per 1,000 of {READS} reads')
    assert growth < 1
    assert len(os.listdir('/proc/self/fd')) == files
