"""A corpus of which a tenth is of no use, each kind with its reasons."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from media_files import render, truncate, with_sound

from avts_mm.media import MediaError
from avts_mm.media.annotation import write_records

SECONDS = 3.0
SMALL = dict(seconds=SECONDS, fps=10, rate=16000, gop=5, events=(4, 9, 22))


@dataclass
class Fault:
    """What is right to say about a file.

    Attributes:
        picture (str): Reason of the error of reading its pictures, if any.
        sound (str): The same for its sound.
        prepared (str): Why the preparation leaves it out.
        times (int): How many such files there are.
    """

    picture: str
    sound: str
    prepared: str
    times: int = 9


FAULTS = {
    'truncated.mp4': Fault('undecodable', 'undecodable', 'undecodable'),
    'empty.mp4': Fault('empty', 'empty', 'undecodable'),
    'page.mp4': Fault('undecodable', 'undecodable', 'undecodable'),
    'noise.avi': Fault('undecodable', 'undecodable', 'undecodable'),
    'sound_named.mp4': Fault('no_video', '', 'no_video'),
    'no_audio.mp4': Fault('', 'no_audio', 'no_audio'),
    'not_numbers.mkv': Fault('', 'undecodable', 'undecodable'),
    'silent.mkv': Fault('', 'silent', 'silent'),
    'one_frame.mp4': Fault('too_short', '', 'out_of_sync'),
    'short_sound.mp4': Fault('', 'too_short', 'out_of_sync'),
    'missing.mp4': Fault('missing', 'missing', 'missing', 6),
    'pipe.mp4': Fault('undecodable', 'undecodable', 'undecodable', 3),
    'endless.mkv': Fault('timeout', 'timeout', 'timeout', 1),
}
assert sum(fault.times for fault in FAULTS.values()) == 100


@dataclass
class BadCorpus:
    """Files on disk and the truth about them.

    Attributes:
        root (Path): The folder, with the annotation ``all.csv``, and
            ``train.csv`` with a good one in place of what hangs.
        faults (dict): Fault by path relative to the folder.
    """

    root: Path
    faults: dict[str, Fault] = field(default_factory=dict)

    @property
    def ann_file(self) -> Path:
        return self.root / 'all.csv'

    @property
    def train_file(self) -> Path:
        return self.root / 'train.csv'

    @property
    def endless(self) -> Path:
        """A file that takes an hour to find out that nothing comes."""
        return self.root / '0_endless.mkv'

    def check(self, results: dict) -> dict:
        """A transform that fails as reading the files would."""
        for key, part in (('video', 'picture'), ('audio', 'sound')):
            path = results[f'{key}_path']
            fault = self.faults.get(os.path.relpath(path, self.root))
            if fault and getattr(fault, part):
                raise MediaError(path, path, getattr(fault, part))
        return results


def make_bad_corpus(root: Path, number: int = 1000) -> BadCorpus:
    """Write ``number`` files, 100 of them faulty.

    Args:
        root: An empty folder.
        number: Of all files.
    """
    models = root / 'models'
    models.mkdir()
    good = [
        render(models / f'{i}.mp4', **{**SMALL, 'events': (3 + i, 21 - i)})
        for i in range(6)
    ]
    _make_faulty(models)
    corpus = BadCorpus(root)
    names = []
    for name, fault in FAULTS.items():
        for i in range(fault.times):
            names.append(f'{i}_{name}')
            corpus.faults[names[-1]] = fault
            if name == 'pipe.mp4':
                os.mkfifo(root / names[-1])
            elif name != 'missing.mp4':
                os.link(models / name, root / names[-1])
    for i in range(number - len(names)):
        names.append(f'good_{i}.mp4')
        os.link(good[i % len(good)].path, root / names[-1])
    order = np.random.default_rng(0).permutation(len(names))
    records = [
        dict(video=names[i], audio=names[i], start=0.0, duration=SECONDS)
        for i in order
    ]
    write_records(corpus.ann_file, records)
    for record in records:
        if record['video'] == corpus.endless.name:
            record.update(video='good_0.mp4', audio='good_0.mp4')
    write_records(corpus.train_file, records)
    return corpus


def _make_faulty(folder: Path) -> None:
    """One file of each kind, for links to it."""
    truncate(render(folder / 'truncated.mp4', **SMALL).path, 0.6)
    (folder / 'empty.mp4').touch()
    (folder / 'page.mp4').write_text('<html>404 not found</html>\n' * 200)
    noise = np.random.default_rng(1).bytes(20_000)
    (folder / 'noise.avi').write_bytes(noise)
    render(folder / 'a.wav', None, 'pcm_s16le', **SMALL)
    (folder / 'a.wav').rename(folder / 'sound_named.mp4')
    render(folder / 'no_audio.mp4', audio=None, **SMALL)
    silence = np.zeros(round(16000 * SECONDS), np.float32)
    with_sound(folder / 'not_numbers.mkv', silence + np.nan, **SMALL)
    with_sound(folder / 'silent.mkv', silence, **SMALL)
    render(
        folder / 'one_frame.mp4',
        audio_seconds=SECONDS,
        **{**SMALL, 'seconds': 0.1, 'events': ()},
    )
    render(folder / 'short_sound.mp4', audio_seconds=0.3, **SMALL)
    # A demuxer looks for something known in what may be a terabyte of zeros.
    endless = folder / 'endless.mkv'
    render(endless, 'mpeg4', 'pcm_s16le', **SMALL)
    os.truncate(endless, endless.stat().st_size // 10)
