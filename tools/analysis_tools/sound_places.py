"""Measure whether maps of the sound point at the body that strikes.

python tools/analysis_tools/sound_places.py configs/avts_demo_steps.py \
    work_dirs/avts_demo_steps/epoch_10.pth

Runs on the validation clips of the embedded corpus, whose scenes are known. A
strike counts as found if the smallest value of the map, at the step within
which it happens, lies in the lane of the body that strikes. The same is done
for what the maps are to be held against: places at random; the map with the
sound of another moment of the clip; and the place where the picture changes
most, which needs no sound.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

# First, since it says in a sentence which package is missing or too old.
import avts_mm  # noqa: F401

# isort: split
import numpy as np
from mmengine import Config
from rich.console import Console
from rich.progress import track
from rich.table import Table

from avts_mm.apis import FilmEmbedder, load_model
from avts_mm.evaluation.functional.intervals import share_interval
from avts_mm.media.film import FileFilm
from avts_mm.synthetic.scene import make_scene
from avts_mm.visualization.heat_map import sound_distances

ALONE = 0.15  # seconds to the nearest strike of another body
EDGE = 0.4  # seconds left out at the ends of a clip
NAMES = {
    'map': 'map of the sound',
    'other_sound': 'map, sound of another moment',
    'change': 'greatest change of the picture',
    'chance': 'place at random',
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config', help='config of the training')
    parser.add_argument('checkpoint', help='checkpoint of the training')
    parser.add_argument(
        '--data-root',
        type=Path,
        default=Path('data/avts_demo'),
        help='the embedded corpus (default: %(default)s)',
    )
    parser.add_argument(
        '--refine', type=int, default=2, help='of the maps (default 2)'
    )
    parser.add_argument(
        '--clips', type=int, help='the first so many (default: all)'
    )
    parser.add_argument('--json', type=Path, help='also write the figures')
    return parser.parse_args()


class Strike(NamedTuple):
    """A body strikes.

    Attributes:
        step (int): The step of the map within which it does.
        left (float): Where the body's lane begins, share of the width.
        right (float): Where it ends.
        alone (bool): No other body strikes at nearly the same time.
    """

    step: int
    left: float
    right: float
    alone: bool

    def has(self, place: np.ndarray) -> np.ndarray:
        """Whether places, shares of the width, lie in the lane."""
        return (self.left <= place) & (place <= self.right)


def hits_of(maps: np.ndarray, strikes: list[Strike]) -> np.ndarray:
    """Whether the smallest value of a map ``(T, h, w)`` at the time of each
    strike lies in the lane of the body, ``(len(strikes),)``."""
    width = maps.shape[2]
    columns = [maps[strike.step].argmin() % width for strike in strikes]
    return np.array(
        [s.has((c + 0.5) / width) for s, c in zip(strikes, columns)], bool
    )


def strikes_of(number: int, params: dict, step: float) -> list[Strike]:
    """The strikes of a validation clip, from its scene."""
    seconds = params['seconds']
    scene = make_scene((params['seed'], 1, number), seconds)
    found = []
    for body in scene.bodies:
        others = np.concatenate(
            [b.times for b in scene.bodies if b is not body]
        )
        for time in body.times:
            if EDGE < time < seconds - EDGE:
                found.append(
                    Strike(
                        int(time / step),
                        body.x - body.half,
                        body.x + body.half,
                        bool(np.abs(others - time).min() > ALONE),
                    )
                )
    return found


def changes(pictures: np.ndarray, height: int, width: int) -> np.ndarray:
    """Minus the change of each place around each step, ``(T, h, w)``."""
    pictures = pictures.astype(np.float64).mean(3)
    before = np.concatenate([pictures[:1], pictures[:-1]])
    after = np.concatenate([pictures[1:], pictures[-1:]])
    change = np.abs(after - before)
    rows = np.array_split(np.arange(change.shape[1]), height)
    columns = np.array_split(np.arange(change.shape[2]), width)
    return -np.stack(
        [
            np.stack(
                [change[:, r][:, :, c].mean((1, 2)) for c in columns], axis=1
            )
            for r in rows
        ],
        axis=1,
    )


def main() -> None:
    args = parse_args()
    config = Config.fromfile(args.config)
    try:
        model = load_model(config, args.checkpoint)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from None
    embedder = FilmEmbedder(model, config)
    if not embedder.by_steps:
        raise SystemExit(
            f'{args.config} embeds whole clips, within which strikes cannot '
            'be told apart; give a config with StepContrastiveHead'
        )
    record = args.data_root / 'corpus.json'
    if not record.is_file():
        raise SystemExit(
            f'{record} is missing: make the corpus with '
            'tools/data/make_synthetic_corpus.py'
        )
    params = json.loads(record.read_text())['params']
    rng = np.random.default_rng(0)
    hits: dict[str, list] = {name: [] for name in NAMES}
    clips, alone = [], []
    number = min(args.clips or params['num_val'], params['num_val'])
    for index in track(range(number), 'Clips'):
        film = FileFilm(
            str(args.data_root / 'videos' / f'val_{index:04d}.mp4'),
            str(args.data_root / 'videos' / f'val_{index:04d}.wav'),
        )
        pictures = list(film.pictures(embedder.step))
        sound = film.sound(0, params['seconds'], embedder.rate)
        film.close()
        seen = embedder.transform(pictures).swapaxes(0, 1)[None]
        places = embedder.embed('places', seen, refine=args.refine)[0]
        sounds = embedder.embed('audio', sound[None])[0]
        steps = min(places.shape[1], sounds.shape[1])
        places, sounds = places[:, :steps], sounds[:, :steps]
        maps = sound_distances(places, sounds)
        # Any moment that is not the own one.
        other = (np.arange(steps) + rng.integers(10, steps - 10)) % steps
        shape = maps.shape[1:]
        middles = (np.arange(shape[1]) + 0.5) / shape[1]
        strikes = strikes_of(index, params, embedder.step)
        found = dict(
            map=hits_of(maps, strikes),
            other_sound=hits_of(
                sound_distances(places, sounds[:, other], sounds), strikes
            ),
            change=hits_of(changes(np.stack(pictures), *shape), strikes),
            chance=np.array(
                [strike.has(middles).mean() for strike in strikes]
            ),
        )
        for name, values in found.items():
            hits[name].append(values)
        clips += [index] * len(strikes)
        alone += [strike.alone for strike in strikes]
    report(
        {name: np.concatenate(values) for name, values in hits.items()},
        np.array(clips),
        np.array(alone),
        args,
    )


def report(hits, clips, alone, args) -> None:
    """Print the shares and write them."""
    table = Table(title=f'{len(clips)} strikes of {len(set(clips))} clips')
    table.add_column('points at the body that strikes')
    table.add_column(f'all ({len(clips)})', justify='right')
    table.add_column(f'alone ({alone.sum()})', justify='right')
    figures: dict[str, dict] = {}
    for name, values in hits.items():
        cells = []
        figures[name] = {}
        for kind, chosen in (('all', alone | True), ('alone', alone)):
            found = values[chosen].astype(float)
            low, high = share_interval(found, clips[chosen])
            share = float(found.mean())
            figures[name][kind] = [share, low, high]
            cells.append(f'{share:.3f} ({low:.3f}–{high:.3f})')
        table.add_row(NAMES[name], *cells)
    table.caption = (
        f'alone: no other body strikes within {ALONE} s; in brackets: 95 % '
        'confidence interval'
    )
    Console(soft_wrap=True).print(table)
    if args.json:
        figures['strikes'], figures['clips'] = len(clips), len(set(clips))
        args.json.write_text(json.dumps(figures, indent=2) + '\n')


if __name__ == '__main__':
    main()
