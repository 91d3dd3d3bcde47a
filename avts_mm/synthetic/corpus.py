"""The embedded corpus: rendered scenes, encoded to real files with sound.

The clips of :mod:`avts_mm.synthetic.render` are written in the
layout of a prepared corpus: ``videos/*.mp4`` (H.264 without B-frames, a key
frame every 12, AAC sound inside), a 16 kHz mono wav beside each, and one
annotation file per split. Building it takes no program beside Python and well
under a minute for a few hundred clips.
"""

import contextlib
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from avts_mm.media.annotation import write_records
from avts_mm.media.sound import WavWriter
from avts_mm.media.writer import VideoWriter
from avts_mm.synthetic.render import (
    render_clip,
    render_frames,
    render_wave,
)
from avts_mm.synthetic.scene import make_scene

__all__ = ['make_corpus', 'make_scene', 'render_clip', 'write_clip']

SPLITS = ('train', 'val')
RECORD = 'corpus.json'
VERSION = 4  # raise it when the same parameters give other clips
_OURS = re.compile(r'(train|val)_\d{4,}(?P<part>\.\d+\.part)?\.(mp4|wav)')
# Constant quantiser and no look-ahead: nothing that adapts over a clip, so
# the coding does not tell where in the clip a frame was taken.
_X264 = dict(
    preset='veryfast',
    qp='20',
    bf='0',
    g='12',
    keyint_min='12',
    sc_threshold='0',
    x264_params='rc-lookahead=0:mbtree=0:sliced-threads=0',
    threads='1',
    flags='+bitexact',
)
# The fast coder takes a third of the time.
_AAC = dict(aac_coder='fast', b='64000', threads='1', flags='+bitexact')


def write_clip(
    path: str | os.PathLike,
    frames: np.ndarray,
    fps: float,
    wave: np.ndarray,
    sample_rate: int = 16000,
) -> None:
    """Encode a clip to an mp4 file.

    H.264 (yuv420p, no B-frames, a key frame every 12) and mono AAC. Both
    begin at 0; the same input gives the same bytes.

    Args:
        path (str or PathLike): File to write.
        frames (np.ndarray): uint8 RGB of shape ``(T, H, W, 3)``.
        fps (float): Frames per second.
        wave (np.ndarray): float of shape ``(S,)`` in -1..1.
        sample_rate (int): Hz.
    """
    with VideoWriter(
        path,
        fps,
        sample_rate,
        x264=_X264,
        aac=_AAC,
        container=dict(fflags='+bitexact'),
    ) as writer:
        for frame in frames:
            writer.add_picture(frame)
        writer.add_sound(wave)


def _build_clip(folder: Path, name: str, seed, params: dict) -> int:
    """Write one clip unless it is there; return its label."""
    scene = make_scene(seed, params['seconds'])
    video, audio = folder / f'{name}.mp4', folder / f'{name}.wav'
    if video.exists() and audio.exists():
        return scene.label
    wave = render_wave(scene, params['sample_rate'])
    frames = render_frames(scene, params['size'], params['fps'])
    # A file appears under its name only when complete, so that a build
    # stopped half-way can be taken up again.
    rate = params['sample_rate']
    parts = [
        folder / f'{name}.{os.getpid()}.part{s}' for s in ('.mp4', '.wav')
    ]
    with WavWriter(parts[1], rate) as file:
        file.write(np.round(np.clip(wave, -1, 1) * 32767).astype(np.int16))
    write_clip(parts[0], frames, params['fps'], wave, rate)
    os.replace(parts[1], audio)
    os.replace(parts[0], video)
    return scene.label


def _write_record(root: Path, params: dict, finished: bool) -> None:
    part = root / f'{RECORD}.{os.getpid()}.part'
    text = json.dumps(dict(params=params, finished=finished), indent=2)
    part.write_text(f'{text}\n', encoding='utf-8', newline='')
    os.replace(part, root / RECORD)


def _clear(root: Path, same: bool) -> None:
    """Remove what a stopped build left, and the clips of an earlier corpus
    unless it is the ``same``; refuse anyone else's files."""
    folder = root / 'videos'
    present = list(folder.iterdir()) if folder.is_dir() else []
    if present and not (root / RECORD).exists():
        raise FileExistsError(
            f'{folder} holds files but there is no {RECORD} in {root}, so '
            'this is not an embedded corpus; choose another folder'
        )
    for path in present:
        ours = _OURS.fullmatch(path.name)
        if ours and (ours['part'] or not same):
            path.unlink()


def make_corpus(
    out_dir: str | os.PathLike,
    num_train: int = 400,
    num_val: int = 80,
    seed: int = 0,
    size: int = 48,
    seconds: float = 4.0,
    fps: float = 25,
    sample_rate: int = 16000,
    num_workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, str]:
    """Build the embedded corpus, or find it built.

    A clip depends on ``seed``, its split and its number alone: more clips or
    other workers do not change it. A corpus finished with the same arguments
    is left as it is, one that was interrupted is finished, and one of other
    arguments is replaced. One process at a time may build in a folder.

    Args:
        out_dir (str or PathLike): Folder of the corpus.
        num_train (int): Clips to train on.
        num_val (int): Clips held out; other scenes, of other bodies.
        seed (int): Everything follows from it.
        size (int): Height and width of the pictures in pixels, even.
        seconds (float): Length of a clip.
        fps (float): Frames per second.
        sample_rate (int): Hz.
        num_workers (int, optional): Threads; as many as cores by default.
        progress (callable, optional): Told (clips done, clips in all).

    Returns:
        dict: Paths of the annotation files under ``'train'`` and ``'val'``.

    Raises:
        ValueError: If ``size`` is odd or below 16.
        FileExistsError: If ``out_dir`` holds videos of another origin.
    """
    if size % 2 or size < 16:
        raise ValueError(f'size must be even and at least 16, got {size}')
    root = Path(out_dir)
    counts = dict(train=int(num_train), val=int(num_val))
    params = dict(
        version=VERSION,
        seed=int(seed),
        size=int(size),
        seconds=float(seconds),
        fps=float(fps),
        sample_rate=int(sample_rate),
        **{f'num_{split}': count for split, count in counts.items()},
    )
    paths = {split: root / f'{split}.csv' for split in SPLITS}
    jobs = {
        f'{split}_{i:04d}': (seed, which, i)
        for which, split in enumerate(SPLITS)
        for i in range(counts[split])
    }
    folder = root / 'videos'
    found = {}
    with contextlib.suppress(OSError, ValueError):
        found = json.loads((root / RECORD).read_text(encoding='utf-8'))
    same = found.get('params') == params
    files = [
        folder / f'{name}{end}' for name in jobs for end in ('.mp4', '.wav')
    ]
    complete = all(path.exists() for path in [*files, *paths.values()])
    answer = {split: str(path) for split, path in paths.items()}
    if same and found.get('finished') and complete:
        return answer
    _clear(root, same)
    folder.mkdir(parents=True, exist_ok=True)
    _write_record(root, params, False)
    labels = {}
    # NumPy and the encoders let go of the interpreter, so threads suffice.
    with ThreadPoolExecutor(num_workers or os.cpu_count()) as pool:
        waiting = {
            pool.submit(_build_clip, folder, name, key, params): name
            for name, key in jobs.items()
        }
        try:
            for future in as_completed(waiting):
                labels[waiting[future]] = future.result()
                if progress is not None:
                    progress(len(labels), len(jobs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for split, path in paths.items():
        rows = [
            dict(
                video=f'videos/{name}.mp4',
                audio=f'videos/{name}.wav',
                start=0.0,
                duration=params['seconds'],
                label=labels[name],
            )
            for name in jobs
            if name.startswith(f'{split}_')
        ]
        write_records(path, rows)
    _write_record(root, params, True)
    return answer
