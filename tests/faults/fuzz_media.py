"""Damaging of media files at random, and reading of what comes out."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avts_mm.media import MediaError, open_audio, open_video

# On top of what a worker holds when it begins.
MEMORY = 3 * 2**30
FILES = {
    'a.mp4': dict(),
    'front.mp4': dict(b_frames=2, container_options={'movflags': 'faststart'}),
    'a.mkv': dict(audio='flac'),
    'a.webm': dict(video='libvpx-vp9', audio='libopus'),
    'a.avi': dict(video='mpeg4', audio='libmp3lame'),
    'a.mov': dict(video='mjpeg', audio='pcm_s16le'),
    'a.ts': dict(),
    'a.flv': dict(rate=44100),
    'a.mp3': dict(video=None, audio='libmp3lame'),
    'a.wav': dict(video=None, audio='pcm_s16le'),
    'a.ogg': dict(video=None, audio='vorbis', layout='stereo'),
    'a.flac': dict(video=None, audio='flac'),
}


@dataclass(frozen=True)
class Job:
    """A file to damage and the seed of the damage."""

    source: str
    seed: int

    @property
    def path(self) -> str:
        return f'{self.source} #{self.seed}'


def make_files(folder: Path) -> list[str]:
    """Small whole files of several containers and codecs."""
    from media_files import render

    common = dict(seconds=1.6, fps=10, gop=5, events=(3, 8))
    for name, options in FILES.items():
        options = {**common, **options}
        if options.get('video') == 'mjpeg':
            options['video_options'] = dict(color_range='pc')
        render(folder / name, **options)
    return [str(folder / name) for name in FILES]


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three random changes."""
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(data) or 1))
        # Half of the changes are where the headers are.
        if rng.random() < 0.5:
            place = min(place, int(rng.integers(1, 2000)))
        length = int(2 ** rng.uniform(0, 12))
        end = place + length
        match rng.integers(8):
            case 0:  # single bits
                changed = bytearray(data)
                for at in rng.integers(0, len(data), 20):
                    changed[at] ^= 1 << rng.integers(8)
                data = bytes(changed)
            case 1:
                data = data[:place] + rng.bytes(length) + data[end:]
            case 2:
                data = data[: max(place, 16)]
            case 3:
                data = data[:place] + rng.bytes(length) + data[place:]
            case 4:
                data = data[:place] + data[end:]
            case 5:
                data = data[:end] + data[place:]
            case 6:
                data = data[:place] + bytes(length) + data[end:]
            case 7:  # a field: size, count, width, rate, ...
                values = [
                    0,
                    1,
                    2**31 - 1,
                    2**32 - 1,
                    2**16,
                    rng.integers(2**32),
                ]
                value = int(rng.choice(values))
                order = 'big' if rng.random() < 0.5 else 'little'
                field = value.to_bytes(4, order)
                data = data[:place] + field + data[place + 4 :]
        if not data:
            return data
    return data


def read_damaged(job: Job, progress) -> dict:
    """Damage a file and read it with every reader.

    Returns:
        dict: By reader ``'read'``, the reason of a MediaError, or the name
        of another exception in capitals; and ``rss``, the greatest memory
        of this process until now, in MB.
    """
    _limit_memory()
    source = Path(job.source)
    data = damage(source.read_bytes(), np.random.default_rng(job.seed))
    path = source.with_name(f'damaged_{os.getpid()}{source.suffix}')
    path.write_bytes(data)
    outcome = {}
    readers = {
        'pictures': lambda: _pictures(path),
        'sound': lambda: _sound(path),
    }
    # Of another size it is not taken for the prepared one that it was.
    if source.name == 'a.mp4' and len(data) == source.stat().st_size:
        readers['decord'] = lambda: _pictures(path, 'decord', len(data))
    for name, read in readers.items():
        progress(name)
        try:
            read()
            outcome[name] = 'read'
        except MediaError as error:
            outcome[name] = error.reason
        except Exception as error:
            outcome[name] = f'{type(error).__name__.upper()}: {error}'[:200]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return dict(outcome, rss=peak / 1024)


def _pictures(path: Path, *prepared) -> None:
    with open_video(str(path), *prepared) as reader:
        frames = reader.frames([0.1, 0.5, 1.1])
    assert frames.ndim == 4


def _sound(path: Path) -> None:
    with open_audio(str(path)) as reader:
        sound = reader.read(0.2, 1.0, 16000)
    assert sound.shape == (16000,) and np.isfinite(sound).all()


_limited = False


def _limit_memory() -> None:
    global _limited
    if not _limited:
        pages = int(Path('/proc/self/statm').read_text().split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        _limited = True
