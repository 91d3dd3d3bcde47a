"""Annotation files for the GRID corpus, wherever it is kept.

The corpus is not copied: the lists name its videos by absolute path, and the
sound is written beside the lists as wav, which reads far faster.

With an ``index.csv`` (columns file, split, command, sentence) in the root,
that decides what is used and how it is split. Without one every video below
the root whose name is a GRID code is taken (``bbaf2n`` = bin blue at f two
now), and a share of them, drawn by name, becomes the val split.
"""

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator

from avts_mm.media import MediaError, extract_sound, probe
from avts_mm.media.annotation import iter_rows, write_records
from avts_mm.preparation import find_sources

from official_lists import parse_args, run
from rich.progress import track

COMMANDS = ('bin', 'lay', 'place', 'set')
LETTERS = tuple('abcdefghijklmnopqrstuvxyz')  # no w, which has two syllables
DIGITS = (
    *('zero', 'one', 'two', 'three', 'four'),
    *('five', 'six', 'seven', 'eight', 'nine'),
)
# Words to recognise: which of the sentence, the classes, and where it is
# looked for, in seconds. Speech begins at 0.6 s (median; the loudness of 875
# videos of speaker 1), lips move before. Letters tell sentences apart at 1.2
# to 1.4 s, digits at 1.3 to 1.7 s (variance of the spectrum between classes by
# that within, of the 773 to learn from).
WORDS = dict(
    command=(0, COMMANDS, (0.2, 1.3)),
    letter=(3, LETTERS, (0.8, 1.8)),
    digit=(4, DIGITS, (1.05, 2.05)),
)
_CODE = (
    dict(zip('blps', COMMANDS)),
    dict(zip('bgrw', ('blue', 'green', 'red', 'white'))),
    dict(zip('abiw', ('at', 'by', 'in', 'with'))),
    {letter: letter for letter in LETTERS},
    dict(zip('z123456789', DIGITS)),
    dict(zip('anps', ('again', 'now', 'please', 'soon'))),
)


def sentence_of(code: str) -> str | None:
    """The sentence that a GRID file name stands for, None if it is none."""
    if len(code) != len(_CODE):
        return None
    words = [table.get(letter) for table, letter in zip(_CODE, code)]
    return None if None in words else ' '.join(words)


def is_val(name: str, share: float) -> bool:
    """Whether a video belongs to the val split; the same on any machine."""
    number = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return number < share * 2**32


def read_index(root: str, val_share: float) -> list[dict]:
    """What the corpus holds: file, split, command, sentence of each video."""
    path = os.path.join(root, 'index.csv')
    if os.path.isfile(path):
        return list(iter_rows(path, ('file', 'split', 'command'), dict, ''))
    rows = []
    for source in find_sources([root]):
        sentence = sentence_of(os.path.basename(source.name).lower())
        if sentence is not None:
            file = os.path.relpath(source.path, os.path.abspath(root))
            row = dict(file=file.replace(os.sep, '/'), sentence=sentence)
            row['command'] = sentence.split()[0]
            row['split'] = 'val' if is_val(row['file'], val_share) else 'train'
            rows.append(row)
    if not rows:
        raise ValueError(
            f'{root}: has neither an index.csv nor videos with GRID names '
            'such as bbaf2n.mpg'
        )
    return rows


def build_record(root: str, out: str, row: dict) -> dict:
    """The annotation of one video; writes its wav unless it is there."""
    video = os.path.abspath(os.path.join(root, row['file']))
    audio = f'wav/{os.path.splitext(row["file"])[0]}.wav'
    wav = os.path.join(out, audio)
    info = probe(video, scan=True)
    start, duration = info.common_span
    if not os.path.exists(wav) or os.path.getmtime(wav) < os.path.getmtime(
        video
    ):
        extract_sound(video, wav)
    if row['command'] not in COMMANDS:
        raise ValueError(f'{video}: unknown command {row["command"]!r}')
    return {
        'video': video,
        'audio': audio,
        'start': start,
        'duration': duration,
        'label': COMMANDS.index(row['command']),
        'command': row['command'],
        'sentence': row.get('sentence', ''),
    }


def parts_with(word: str, records: list[dict]) -> Iterator[dict]:
    """The part of each video with one of `WORDS`, labelled by it; without
    videos that do not cover it or whose sentence is not known."""
    place, classes, (begin, end) = WORDS[word]
    for record in records:
        last = record['start'] + record['duration']
        if record['start'] > begin or last < end:
            continue
        part = {**record, 'start': begin, 'duration': end - begin}
        if word != 'command':  # that is the label of the record
            words = record['sentence'].split()
            if not words:
                continue
            if len(words) <= place or words[place] not in classes:
                raise ValueError(
                    f'{record["video"]}: no {word} in {record["sentence"]!r}'
                )
            part['label'] = classes.index(words[place])
        yield part


def build(args: argparse.Namespace) -> None:
    """Write ``annotation_<split>.csv``, and ``<word>_<split>.csv`` of each of
    `WORDS`: the part of each video with that word, for recognising it.
    """
    out = args.out
    records, left_out = {}, Counter()
    rows = read_index(args.root, args.val_share)
    for row in track(rows, description='GRID'):
        try:
            record = build_record(args.root, out, row)
        except MediaError as error:
            left_out[error.reason] += 1
            continue
        records.setdefault(row['split'], []).append(record)
    for split, found in records.items():
        write_records(os.path.join(out, f'annotation_{split}.csv'), found)
        for word in WORDS:
            parts = list(parts_with(word, found))
            write_records(os.path.join(out, f'{word}_{split}.csv'), parts)
    counts = {split: len(found) for split, found in records.items()}
    counts.update({f'left out: {r}': n for r, n in left_out.items()})
    for name, count in counts.items():
        print(f'{name:24s}{count:8d}')
    print(f'lists and sound in {out}')


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('root', help='folder with the videos')
    parser.add_argument(
        '--val-share',
        type=float,
        default=0.12,
        help='share of the videos for val, where no index.csv tells',
    )
    return run(build, parse_args(parser, 'data/grid', argv))


if __name__ == '__main__':
    sys.exit(main())
