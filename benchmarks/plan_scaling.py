r"""Work out days, cores and storage of a training from measured rates.

python benchmarks/benchmark_loader.py CONFIG --json loader.json
python benchmarks/benchmark_train.py CONFIG --variants fp32 bf16 \
    --json step.json
python benchmarks/plan_scaling.py CONFIG --loader loader.json \
    --step step.json --corpus data/kinetics400

What no GPU has measured yet is computed from the operations of a step and a
rate that `--assume-tflops` names, and is marked as assumed.
"""

import argparse
import itertools
import json
import os
import sys
from pathlib import Path

from avts_mm.compat import read_config
from avts_mm.media.annotation import iter_records

import numpy as np
import pandas as pd
from figures import write_json

# Round numbers of the videos to train on; --videos takes those that there are.
VIDEOS = ('Kinetics-400=240000', 'AudioSet=2000000')
VIDEO_SECONDS = 10
EFFICIENCY = 0.9  # share of the speed that several GPUs keep: assumed
DAY = 86400


def parse_args(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config', help='config of the training')
    parser.add_argument(
        '--loader', required=True, help='figures of benchmark_loader.py'
    )
    parser.add_argument(
        '--step', required=True, help='figures of benchmark_train.py'
    )
    parser.add_argument(
        '--corpus',
        required=True,
        help='folder of prepared videos like those to train on, with '
        'annotation.csv; its files are measured',
    )
    parser.add_argument(
        '--files',
        choices=('prepared', 'raw'),
        default='prepared',
        help='files of the loader benchmark; default: prepared',
    )
    parser.add_argument(
        '--assume-tflops',
        type=float,
        help='operations a second of one GPU, in 10^12, where the step '
        'benchmark has run on a CPU',
    )
    parser.add_argument('--gpus', type=int, nargs='+', default=[1, 4, 8])
    parser.add_argument(
        '--cores-per-gpu',
        type=float,
        help='cores there are for each GPU; default: as many as it takes',
    )
    parser.add_argument(
        '--videos',
        nargs='+',
        metavar='NAME=NUMBER',
        default=VIDEOS,
        help=f'of {VIDEO_SECONDS} s; default: {" ".join(VIDEOS)}',
    )
    parser.add_argument('--json', type=Path, help='also write the figures')
    args = parser.parse_args(argv)
    for name in ('config', 'loader', 'step'):
        if not Path(getattr(args, name)).is_file():
            sys.exit(f'{getattr(args, name)}: no such file')
    try:
        pairs = [item.split('=') for item in args.videos]
        args.videos = {name: int(number) for name, number in pairs}
    except ValueError:
        parser.error('--videos takes NAME=NUMBER')
    return args


def step_rate(step, assume_tflops=None):
    """Pairs per second of one GPU, by the fastest variant of the step
    benchmark or as assumed; and where that comes from."""
    if assume_tflops is not None:
        flops = step['flops_per_step'] / step['pairs_per_step']
        source = f'assumed: {assume_tflops:g} TFLOP/s, {flops / 1e9:.0f} GFLOP'
        return assume_tflops * 1e12 / flops, f'{source} a pair'
    if step['clock'] == 'CPU time':
        sys.exit(
            f'the step was measured on {step["device"]}: measure it on a GPU, '
            'or say by --assume-tflops what one is assumed to reach'
        )
    rate, variant = max(
        (found['pairs_per_second'], name)
        for name, found in step['variants'].items()
    )
    return rate, f'measured: {step["device"]}, {variant}'


def measure_corpus(corpus):
    """Bytes on disk of a second of a prepared corpus: (video, sound)."""
    corpus = Path(corpus)
    sizes, seconds = [0, 0], 0.0
    for record in iter_records(corpus / 'annotation.csv'):
        for place, name in enumerate((record.video, record.audio)):
            sizes[place] += os.path.getsize(corpus / name)
        seconds += record.start + record.duration
    return sizes[0] / seconds, sizes[1] / seconds


def work_out(args, of_core, rate, sizes, clips_per_video):
    """A row of figures for each data set and number of GPUs.

    Clips per second of one core and of one GPU, and bytes of a second of video
    and sound, are those measured.
    """
    names, gpus = zip(*itertools.product(args.videos, args.gpus))
    rows = pd.DataFrame(dict(videos=names, gpus=gpus))
    videos, gpus = rows.videos.map(args.videos), rows.gpus
    alone = rate * np.where(gpus > 1, EFFICIENCY, 1)
    of_cores = (args.cores_per_gpu or np.inf) * of_core
    rows['limit'] = np.where(of_cores < alone, 'cores', 'GPU')
    alone = np.minimum(alone, of_cores)
    clips = rows['clips_per_second'] = alone * gpus
    seconds = videos * clips_per_video / clips
    rows['epoch_minutes'] = seconds / 60
    rows['epochs_per_day'] = DAY / seconds
    rows['cores_per_gpu'] = alone / of_core
    rows['storage_gb'] = videos * VIDEO_SECONDS * sum(sizes) / 1e9
    # Read-ahead fetches about the whole video, and the sound of the clip.
    reading = sizes[0] * VIDEO_SECONDS + sizes[1]
    rows['reading_mb_per_second'] = clips * reading / 1e6
    return rows


def main(argv=None):
    args = parse_args(argv)
    sampler = read_config(args.config).train_dataloader.sampler
    loader, step = (
        json.loads(Path(path).read_text()) for path in (args.loader, args.step)
    )
    rate, source = step_rate(step, args.assume_tflops)
    of_core = loader['rates'][args.files]['per_cpu_second']['median']
    sizes = measure_corpus(args.corpus)
    clips_per_video = sampler.get('pairs_per_video', 1)
    clips_per_video *= sampler.get('clips_per_video', 1)
    rows = work_out(args, of_core, rate, sizes, clips_per_video)
    print(
        f'one GPU: {rate:.0f} pairs/s ({source})\n'
        f'one core: {of_core:.1f} clips/s of {args.files} files (measured)\n'
        f'a second of the corpus: {sizes[0] / 1e3:.1f} kB of video, '
        f'{sizes[1] / 1e3:.1f} kB of sound\n'
    )
    print(rows.to_string(index=False, float_format='{:.1f}'.format))
    figures = dict(
        step=dict(pairs_per_second=rate, source=source),
        clips_per_core_second=of_core,
        bytes_per_second=dict(video=sizes[0], sound=sizes[1]),
        rows=rows.to_dict('records'),
    )
    write_json(args.json, figures)


if __name__ == '__main__':
    main()
