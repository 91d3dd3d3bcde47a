"""The corpora that loaders are compared on: raw, and prepared from it.

Raw videos are like those that people have: 340 x 256 pixels, 10 s, 25 pictures
a second, H.264 as x264 makes it by default (medium, CRF 23, B-frames, a key
frame every 250 pictures), stereo AAC of 44.1 kHz: what clips of Kinetics look
like after downloading and scaling. The scene is a texture that a hand-held
camera passes over, with textured things moving in front of it and the noise of
a sensor. There is as much detail as gives the bit rate of Kinetics, about
400 kbit/s.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from avts_mm.media import PrepareOptions
from avts_mm.media.annotation import read_records, write_records
from avts_mm.media.writer import VideoWriter
from avts_mm.preparation import Source, prepare_corpus

import cv2
import numpy as np

WIDTH, HEIGHT, FPS, SECONDS = 340, 256, 25, 10
SAMPLE_RATE = 44100
# x264's defaults, without key frames where the picture changes, so that all
# files are equally hard to enter.
_X264 = dict(preset='medium', crf='23', g='250', sc_threshold='0')
_MARGIN = 64  # pixels of texture beyond the picture
_NAMES = 160


def make_files(root: Path, number: int) -> tuple[Path, Path]:
    """Make both corpora in a folder; what is there is kept.

    Readers keep what they know of the last files, which is of no use where no
    file comes twice before all others have. Each file therefore gets several
    names (links), 160 all together, under which it is met as a stranger.
    Returns the folders of the raw and of the prepared corpus, each with
    ``annotation.csv``.
    """
    raw, prepared = root / 'raw', root / 'prepared'
    (raw / 'videos').mkdir(parents=True, exist_ok=True)
    sources = []
    for i in range(number):
        path = raw / 'videos' / f'{i:03d}.mp4'
        if not path.exists():
            part = path.with_suffix('.part.mp4')
            write_raw(part, seed=i)
            os.replace(part, path)
        sources.append(Source(str(path.resolve()), path.stem))
    corpus = prepare_corpus(
        sources, str(prepared), PrepareOptions(), os.cpu_count() or 1
    )
    if corpus.left_out:
        raise RuntimeError(f'not prepared: {corpus.left_out}')
    for folder in (raw, prepared):
        records = []
        for record in corpus.records:
            if folder is raw:
                record = {**record, 'audio': record['video']}
                del record['prepared_bytes']
            for i in range(-(-_NAMES // number)):
                links = {
                    kind: _link(folder, Path(record[kind]), i)
                    for kind in ('video', 'audio')
                }
                records.append({**record, **links})
        write_records(folder / 'annotation.csv', records)
    return raw, prepared


def pack_files(prepared: Path) -> Path:
    """The prepared corpus once more, in a tar. Returns its folder."""
    tars = prepared.with_name('tars')
    shutil.rmtree(tars, ignore_errors=True)
    shutil.copytree(prepared / 'videos', tars / 'videos')
    shutil.copy(prepared / 'journal.jsonl', tars)
    corpus = prepare_corpus([], str(tars), PrepareOptions(), tar_bytes=1e12)
    members = {record['source']: record for record in corpus.records}
    records = read_records(prepared / 'annotation.csv')
    for record in records:
        for kind in ('video', 'audio'):
            # Other names of the same bytes.
            place = members[record['source']][kind].rpartition('/')[0]
            record[kind] = f'{place}/{Path(record[kind]).name}'
    write_records(tars / 'annotation.csv', records)
    return tars


def _link(folder: Path, path: Path, number: int) -> str:
    """Another name of a file of the folder."""
    link = Path('links', f'{path.stem}_{number:03d}{path.suffix}')
    (folder / 'links').mkdir(exist_ok=True)
    if not (folder / link).is_symlink():
        (folder / link).symlink_to(Path('..', path))
    return str(link)


def write_raw(path: Path, seed: int) -> None:
    """Render and encode one video."""
    rng = np.random.default_rng(seed)
    with VideoWriter(path, FPS, SAMPLE_RATE, 2, _X264, container={}) as writer:
        for picture in _pictures(rng):
            writer.add_picture(picture)
        writer.add_sound(_sound(rng))


def _texture(rng: np.random.Generator, size: int) -> np.ndarray:
    """Coloured noise with as much in every octave, as in photographs."""
    image = np.zeros((size, size, 3), np.float32)
    cells = 4
    while cells <= size // 2:
        layer = rng.normal(0, 12, (cells, cells, 3)).astype(np.float32)
        # Colours vary less than brightness.
        layer = 0.7 * layer.mean(2, keepdims=True) * 3**0.5 + 0.3 * layer
        image += cv2.resize(layer, (size, size), interpolation=cv2.INTER_CUBIC)
        cells *= 2
    return np.clip(image + rng.uniform(80, 170, 3), 0, 255).astype(np.uint8)


def _pictures(rng: np.random.Generator) -> Iterator[np.ndarray]:
    ground = _texture(rng, WIDTH + 2 * _MARGIN)
    things = [_texture(rng, int(rng.integers(50, 110))) for _ in range(4)]
    noise = rng.normal(0, 1.5, (8, HEIGHT, WIDTH, 3)).round().astype(np.int16)
    # Each thing, and the camera, swings with frequencies of its own.
    speed = rng.uniform(0.1, 0.8, (len(things) + 1, 2))
    phase = rng.uniform(0, 2 * np.pi, (len(things) + 1, 2))
    for i in range(FPS * SECONDS):
        swing = np.sin(2 * np.pi * speed * i / FPS + phase)
        # To a fraction of a pixel.
        corner = swing[0] * 0.4 * _MARGIN + _MARGIN
        matrix = np.float32([[1, 0, -corner[0]], [0, 1, -corner[1]]])
        picture = cv2.warpAffine(ground, matrix, (WIDTH, HEIGHT))
        for thing, place in zip(things, swing[1:]):
            height, width = thing.shape[:2]
            room = np.array([WIDTH - width, HEIGHT - height])
            x, y = ((place + 1) / 2 * room).astype(int)
            picture[y : y + height, x : x + width] = thing
        grain = noise[rng.integers(len(noise))]
        yield np.clip(picture + grain, 0, 255).astype(np.uint8)


def _sound(rng: np.random.Generator) -> np.ndarray:
    """Bursts of noise, ``(S, 2)`` float32."""
    times = np.arange(SECONDS * SAMPLE_RATE)[:, None] / SAMPLE_RATE
    rise = np.sin(2 * np.pi * rng.uniform(1, 3) * times) ** 4
    wave = rng.normal(0, 0.1, (len(times), 2)) * (0.1 + rise)
    return wave.astype(np.float32)
