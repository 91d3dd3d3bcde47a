"""How well offsets of talking films are found, by source and length.

Of each film an excerpt of each length is taken, and its sound made late by a
time drawn from a range, by the number of the film; then it gets the sound of
the next film, which can only be told wrongly. Prints a Markdown table, shares
with intervals of 95 %.

    python tools/analysis_tools/offset_table.py GRID=data/grid/val other=talks
"""

import argparse
import glob
import json
import os
from contextlib import closing

from avts_mm.apis import AVTSInferencer, FileFilm, find_offset
from avts_mm.apis.offset import ShiftedFilm
from avts_mm.evaluation.functional.energy import energy_sums
from avts_mm.evaluation.functional.intervals import wilson_interval
from avts_mm.evaluation.functional.offset import estimate_offset

import numpy as np
from rich.progress import track

FRAME = 0.04  # seconds
LEAST = 3.0  # seconds of a film that counts as a whole
HEAD = (
    *('source', 'length', 'films', 'within a frame', 'within two', 'told'),
    *('of told, within a frame', "told of another's sound"),
    *('motion: within a frame', 'chance'),
)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'sources', nargs='+', help='NAME=FOLDER, or NAME=PATTERN of files'
    )
    parser.add_argument(
        '--lengths',
        type=float,
        nargs='+',
        default=[3, 5, 10, 15, 0],
        help='seconds, 0 for whole films; a film counts where it has nine '
        'tenths of it, a whole one if it is 3 s long',
    )
    parser.add_argument(
        '--half', type=int, choices=(0, 1), help='every other film only'
    )
    parser.add_argument('--max-shift', type=float, help='of sync_check.py')
    parser.add_argument(
        '--max-drawn', type=float, default=0.4, help='seconds drawn from'
    )
    parser.add_argument('--config')
    parser.add_argument('--checkpoint')
    parser.add_argument('--json', help='write every case here')
    return parser.parse_args(argv)


def find_films(pattern: str, half: int | None) -> list[str]:
    """The files of a folder or a pattern, or every other one of them."""
    if os.path.isdir(pattern):
        pattern = os.path.join(pattern, '*')
    paths = sorted(glob.glob(pattern))
    return paths if half is None else paths[half::2]


def judge(args, infer, films: list[str], number: int) -> list[dict]:
    """The cases of a film: each length, with its sound and with another's."""
    rng = np.random.default_rng([0, number])
    path, other = films[number], films[(number + 1) % len(films)]
    cases = []
    with (
        closing(FileFilm(path)) as film,
        closing(FileFilm(path, other)) as wrong,
    ):
        for length in args.lengths:
            late, place = rng.uniform(-1, 1) * args.max_drawn, rng.uniform()
            if film.seconds < 0.9 * (length or LEAST):
                continue
            seconds = min(length or film.seconds, film.seconds)
            begin = place * (film.seconds - seconds)
            case = dict(film=path, length=length, late=late)
            for key, source in (('', film), ('wrong_', wrong)):
                pieces: list = []
                found = find_offset(
                    infer.embedder,
                    ShiftedFilm(source, begin, seconds, late),
                    args.max_shift,
                    on_piece=pieces.append,
                )
                case[f'{key}best'] = found.best
                case[f'{key}told'] = found.offset is not None
                case[f'{key}found_by'] = found.found_by
                case[f'{key}confidence'] = found.confidence
                case[f'{key}clarity'] = found.clarity
                if not key:
                    case['searched'] = float(found.shifts[-1])
                    case['motion'] = by_motion(pieces, case['searched'])
            cases.append(case)
    return cases


def by_motion(pieces: list, max_shift: float) -> float | None:
    """What motion and loudness give."""
    motion, loudness = (
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ('motion', 'loudness')
    )
    radius = round(max_shift / FRAME)
    loudness = np.pad(loudness, radius, constant_values=np.nan)
    return estimate_offset(energy_sums(motion, loudness, FRAME)).best


def row(name: str, length: float, cases: list[dict]) -> list:
    """A line of the table."""

    def near(key: str, frames: float) -> np.ndarray:
        limit = frames * FRAME + 1e-6
        return np.array(
            [
                case[key] is not None
                and abs(case[key] - case['late']) <= limit
                for case in cases
            ]
        )

    told = np.array([case['told'] for case in cases])
    wrong = np.array([case['wrong_told'] for case in cases])
    shares = (near('best', 1), near('best', 2), told, near('best', 1)[told])
    chance = np.mean([FRAME / case['searched'] for case in cases])
    return [
        *(name, f'{length:g} s' if length else 'whole', len(cases)),
        *map(share, shares),
        *(share(wrong), share(near('motion', 1)), f'{100 * chance:.0f} %'),
    ]


def share(right: np.ndarray) -> str:
    """A share with its interval."""
    if not len(right):
        return ''
    low, high = wilson_interval(float(right.mean()), len(right))
    return f'{100 * right.mean():.0f} % ({100 * low:.0f}–{100 * high:.0f})'


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    infer = AVTSInferencer(args.config, args.checkpoint)
    print('|', ' | '.join(HEAD), '|')
    print('|' + '---|' * len(HEAD))
    everything = {}
    for source in args.sources:
        name, pattern = source.split('=', 1)
        films = find_films(pattern, args.half)
        cases: list[dict] = []
        for number in track(range(len(films)), name, transient=True):
            cases += judge(args, infer, films, number)
        everything[name] = cases
        for length in args.lengths:
            here = [case for case in cases if case['length'] == length]
            if here:
                line = row(name, length, here)
                print('|', ' | '.join(map(str, line)), '|', flush=True)
    if args.json:
        with open(args.json, 'w', encoding='utf-8') as file:
            json.dump(everything, file, indent=1)


if __name__ == '__main__':
    main()
