"""Draw what a model has learned about picture and sound.

Of the validation clips of its config (similarity, heat map, retrieval):

python tools/visualizations/draw_sync_pictures.py configs/avts_demo_steps.py \
    work_dirs/avts_demo_steps/epoch_10.pth

and of films (offset curve, drift, similarity, heat map as a sheet and as a
video):

python tools/visualizations/draw_sync_pictures.py configs/avts_demo_steps.py \
    work_dirs/avts_demo_steps/epoch_10.pth film.mp4
"""

import argparse
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path

from avts_mm.apis import FileFilm, FilmEmbedder, find_offset, load_model
from avts_mm.apis.localize import FilmLocalizer, write_heat_map_video
from avts_mm.apis.offset import ShiftedFilm
from avts_mm.compat import read_config
from avts_mm.datasets import AVPairTestSampler
from avts_mm.media import MediaError
from avts_mm.visualization import (
    clip_pictures,
    draw_drift,
    draw_heat_maps,
    draw_offset_curve,
    draw_similarity,
    save,
)

import numpy as np
from mmaction.registry import DATASETS
from mmengine.config import DictAction

REFINE = 2  # places of a map for each of the model, along either axis


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Draw what a model has learned about picture and sound'
    )
    parser.add_argument('config', help='config of the training')
    parser.add_argument('checkpoint', help='checkpoint of the training')
    parser.add_argument(
        'films', nargs='*', help='films (default: the validation clips)'
    )
    parser.add_argument(
        '--output-dir',
        type=Path,
        help='folder of the pictures (default: work_dirs/pictures_CONFIG)',
    )
    parser.add_argument(
        '--seconds',
        type=float,
        default=20.0,
        help='of a film that similarity and heat map show '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--late',
        type=float,
        default=0.0,
        help='make the sound of films late by so many seconds, to see it in '
        'curve and similarity (default: 0)',
    )
    parser.add_argument(
        '--clips', type=int, default=80, help='validation clips (default: 80)'
    )
    parser.add_argument('--device', default='cpu')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings of the config to override, as key=value',
    )
    # Films may also stand after the options.
    return parser.parse_intermixed_args(argv)


def draw_clips(model, config, folder: Path, number: int) -> list[str]:
    """Pictures of the validation clips, each with its own sound."""
    dataset = DATASETS.build(config.val_dataloader.dataset)
    plans = AVPairTestSampler(dataset, kinds=('positive',))
    clips = clip_pictures.embed_clips(
        model, (dataset[plan] for plan in islice(plans, number))
    )
    sheets = dict(
        similarity=clip_pictures.draw_clip_similarity(clips),
        heat_map=clip_pictures.draw_clip_heat_map(model, clips),
        sounds_for_pictures=clip_pictures.draw_clip_retrieval(clips),
        pictures_for_sounds=clip_pictures.draw_clip_retrieval(clips, 'sound'),
    )
    return [save(sheets[name], folder / f'{name}.png') for name in sheets]


def draw_film(
    embedder: FilmEmbedder, path: str, folder: Path, args
) -> list[str]:
    """Pictures of one film."""
    name = Path(path).name
    if args.late:
        name += f', its sound moved by {args.late:g} s'
    video, audio = [], []

    def keep(piece):
        if len(video) * len(piece.video) * embedder.step < args.seconds:
            video.append(piece.video)
            audio.append(piece.audio)

    with closing(FileFilm(path)) as film:
        late = ShiftedFilm(film, 0.0, film.seconds, args.late)
        found = find_offset(embedder, late, on_piece=keep)
    sheets = dict(
        curve=draw_offset_curve(found, name), drift=draw_drift(found, name)
    )
    if video:
        count = round(args.seconds / embedder.step)
        seen, heard = (np.concatenate(x)[:count] for x in (video, audio))
        times = (np.arange(len(seen)) + 0.5) * embedder.step
        distances = clip_pictures.distances_of(seen, heard)
        sheets['similarity'] = draw_similarity(
            distances, times, times, name, found.offset
        )
    stem = folder / Path(path).stem
    paths = [save(sheets[kind], f'{stem}_{kind}.png') for kind in sheets]
    return paths + draw_maps(embedder, path, stem, args)


def draw_maps(embedder: FilmEmbedder, path: str, stem, args) -> list[str]:
    """Where the sound of a film comes from, as it is."""
    localizer = FilmLocalizer(embedder, REFINE)
    with closing(FileFilm(path)) as film:
        pieces = list(localizer.pieces(film, seconds=args.seconds))
    if not pieces:
        return []
    frames, maps, sound = (
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ('frames', 'maps', 'sound')
    )
    sheet = draw_heat_maps(
        frames,
        maps,
        (np.arange(len(frames)) + 0.5) * embedder.step,
        sound,
        len(sound) / embedder.rate,
        region=localizer.region(*frames.shape[1:3]),
        title=Path(path).name,
    )
    part = dict(seconds=args.seconds, refine=REFINE)
    with closing(FileFilm(path)) as film:
        video = write_heat_map_video(
            embedder, film, f'{stem}_heat_map.mp4', **part
        )
    return [save(sheet, f'{stem}_heat_map.png'), video]


def main() -> int:
    args = parse_args()
    try:
        config = read_config(args.config, args.cfg_options)
        model = load_model(config, args.checkpoint, args.device)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    folder = args.output_dir or Path(
        'work_dirs', f'pictures_{Path(config.filename).stem}'
    )
    folder.mkdir(parents=True, exist_ok=True)
    if not args.films:
        print(*draw_clips(model, config, folder, args.clips), sep='\n')
        return 0
    embedder = FilmEmbedder(model, config)
    failed = 0
    for path in args.films:
        try:
            print(*draw_film(embedder, path, folder, args), sep='\n')
        except MediaError as error:
            print(error, file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
