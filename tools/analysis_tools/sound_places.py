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

from avts_mm.apis import FilmEmbedder, load_model
from avts_mm.compat import read_config
from avts_mm.evaluation.functional.intervals import share_interval
from avts_mm.media.film import FileFilm
from avts_mm.synthetic.scene import make_scene
from avts_mm.visualization.heat_map import sound_distances

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.nn.functional import adaptive_avg_pool2d

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
    return parser.parse_args()


def strikes_of(number: int, params: dict, step: float) -> pd.DataFrame:
    """The strikes of a validation clip, from its scene.

    Returns:
        pd.DataFrame: ``step`` of the map within which a body strikes,
        ``left`` and ``right`` end of the body's lane, as shares of the width,
        and ``alone``: no other body strikes at nearly the same time.
    """
    seconds = params['seconds']
    scene = make_scene((params['seed'], 1, number), seconds)
    found = []
    for body in scene.bodies:
        others = [b.times for b in scene.bodies if b is not body]
        lane = body.x - body.half, body.x + body.half
        for time in body.times:
            if EDGE < time < seconds - EDGE:
                gap = np.abs(np.concatenate(others) - time).min()
                found.append((int(time / step), *lane, gap > ALONE))
    return pd.DataFrame(found, columns=['step', 'left', 'right', 'alone'])


def hits_of(maps: np.ndarray, strikes: pd.DataFrame) -> pd.Series:
    """Whether the smallest value of a map ``(T, h, w)`` at the time of each
    strike lies in the lane of the body."""
    steps, _, width = maps.shape
    columns = maps.reshape(steps, -1).argmin(1)[strikes.step] % width
    return _in_lane(strikes, (columns + 0.5) / width)


def _in_lane(strikes: pd.DataFrame, place) -> pd.Series:
    return (strikes.left <= place) & (place <= strikes.right)


def changes(pictures: np.ndarray, height: int, width: int) -> np.ndarray:
    """Minus the change of each place around each step, ``(T, h, w)``."""
    grey = torch.from_numpy(pictures).double().mean(3)
    before = torch.cat([grey[:1], grey[:-1]])
    after = torch.cat([grey[1:], grey[-1:]])
    change = (after - before).abs()
    return -adaptive_avg_pool2d(change, (height, width)).numpy()


def main() -> None:
    args = parse_args()
    try:
        config = read_config(args.config)
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
    found = []
    for index in track(range(params['num_val']), 'Clips'):
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
        swapped = sound_distances(places, sounds[:, other], sounds)
        strikes['clip'] = index
        strikes['map'] = hits_of(maps, strikes)
        strikes['other_sound'] = hits_of(swapped, strikes)
        change = changes(np.stack(pictures), *shape)
        strikes['change'] = hits_of(change, strikes)
        lanes = [_in_lane(strikes, middle) for middle in middles]
        strikes['chance'] = np.mean(lanes, axis=0)
        found.append(strikes)
    report(pd.concat(found))


def report(strikes: pd.DataFrame) -> None:
    """Print the shares."""
    kinds = {'all': strikes, 'alone': strikes[strikes.alone]}
    table = Table(
        title=f'{len(strikes)} strikes of {strikes["clip"].nunique()} clips',
        caption=f'alone: no other body strikes within {ALONE} s; in brackets: '
        '95 % confidence interval',
    )
    table.add_column('points at the body that strikes')
    for kind, chosen in kinds.items():
        table.add_column(f'{kind} ({len(chosen)})', justify='right')
    for name, title in NAMES.items():
        cells = []
        for chosen in kinds.values():
            hits = chosen[name].to_numpy(float)
            low, high = share_interval(hits, chosen['clip'].to_numpy())
            cells.append(f'{hits.mean():.3f} ({low:.3f}–{high:.3f})')
        table.add_row(title, *cells)
    Console(soft_wrap=True).print(table)


if __name__ == '__main__':
    main()
