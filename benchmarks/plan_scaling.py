r"""Work out days, cores and storage of a training from measured rates.

python benchmarks/benchmark_loader.py CONFIG --json loader.json
python benchmarks/benchmark_train.py CONFIG --matrix --json step.json
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

import avts_mm  # noqa: F401  it registers every component

# isort: split
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from avts_mm.media.annotation import iter_records

# Round numbers of the videos to train on; --videos takes those that there are.
VIDEOS = ('Kinetics-400=240000', 'AudioSet=2000000')
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
        '--variant', help='of the step benchmark; default: the fastest'
    )
    parser.add_argument(
        '--assume-tflops',
        type=float,
        help='operations a second of one GPU, in 10^12, where the step '
        'benchmark has run on a CPU',
    )
    parser.add_argument('--gpus', type=int, nargs='+', default=[1, 4, 8])
    parser.add_argument(
        '--efficiency',
        type=float,
        default=0.9,
        help='share of the speed that several GPUs keep; default: 0.9, '
        'an assumption',
    )
    parser.add_argument(
        '--cores-per-gpu',
        type=float,
        help='cores there are for each GPU; default: as many as it takes',
    )
    parser.add_argument(
        '--videos', nargs='+', metavar='NAME=NUMBER', default=VIDEOS
    )
    parser.add_argument(
        '--video-seconds', type=float, default=10.0, help='default: 10'
    )
    parser.add_argument(
        '--pairs',
        type=int,
        default=64,
        help='pairs loaded to see what storage delivers; default: 64',
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


def step_rate(step, variant=None, assume_tflops=None):
    """Pairs per second of one GPU.

    Args:
        step (dict): Figures of benchmark_train.py.
        variant (str, optional): Defaults to the fastest.
        assume_tflops (float, optional): What a GPU is assumed to reach.

    Returns:
        tuple[float, str]: The rate, and where it comes from.
    """
    if assume_tflops is not None:
        flops = step['flops_per_step'] / step['pairs_per_step']
        source = f'assumed: {assume_tflops:g} TFLOP/s, {flops / 1e9:.0f} GFLOP'
        return assume_tflops * 1e12 / flops, f'{source} a pair'
    if step['clock'] == 'CPU time':
        sys.exit(
            f'the step was measured on {step["device"]}: measure it on a GPU, '
            'or say by --assume-tflops what one is assumed to reach'
        )
    rates = {
        name: found['pairs_per_second']
        for name, found in step['variants'].items()
        if 'pairs_per_second' in found
    }
    if variant is None:
        variant = max(rates, key=rates.get)
    if variant not in rates:
        sys.exit(f'{variant}: measured were {", ".join(rates)}')
    return rates[variant], f'measured: {step["device"]}, {variant}'


def measure_corpus(corpus):
    """Bytes on disk of a second of a prepared corpus: (video, sound)."""
    corpus = Path(corpus)
    sizes, seconds = [0, 0], 0.0
    for record in iter_records(corpus / 'annotation.csv'):
        for place, name in enumerate((record.video, record.audio)):
            sizes[place] += os.path.getsize(corpus / name)
        seconds += record.start + record.duration
    return sizes[0] / seconds, sizes[1] / seconds


def measure_reading(cfg, corpus, pairs):
    """Bytes that storage delivers for a pair no file of which is cached.

    Returns 0 where the file system does not count (in memory, some networks).
    """
    loader_cfg = cfg.train_dataloader
    loader_cfg.dataset.update(
        data_root=str(corpus), ann_file='annotation.csv', indices=100
    )
    loader_cfg.update(num_workers=0, persistent_workers=False, batch_size=1)
    loader_cfg.pop('prefetch_factor', None)
    loader = Runner.build_dataloader(loader_cfg, seed=0)
    infos = [
        loader.dataset.get_data_info(i) for i in range(len(loader.dataset))
    ]
    files = {i[k] for i in infos for k in ('video_path', 'audio_path')}
    total = 0
    # A small corpus is passed through again and again.
    for _, pair in zip(range(pairs), endless(loader.sampler)):
        forget(files)
        before = bytes_read()
        loader.dataset[pair]
        total += bytes_read() - before
    return total / pairs


def endless(sampler):
    """The pairs of one epoch after the other."""
    for epoch in itertools.count():
        sampler.set_epoch(epoch)
        yield from sampler


def forget(files):
    """Take files out of the page cache."""
    for name in files:
        with open(name, 'rb') as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read():
    """Bytes that storage has delivered to this process (Linux)."""
    for line in Path('/proc/self/io').read_text().splitlines():
        if line.startswith('read_bytes'):
            return int(line.split()[1])
    raise RuntimeError('/proc/self/io has no read_bytes')


def work_out(args, loader, rate, sizes, reading, clips_per_video=1):
    """The figures of each data set and number of GPUs.

    Args:
        args (argparse.Namespace): See :func:`parse_args`.
        loader (dict): Figures of benchmark_loader.py.
        rate (float): Clips per second of one GPU.
        sizes (tuple[float, float]): Bytes of a second of video and sound.
        reading (float): Bytes that storage delivers per clip.
        clips_per_video (int): In an epoch. Defaults to 1.

    Returns:
        list[dict]: A row each.
    """
    of_core = loader['rates'][args.files]['per_cpu_second']['median']
    rows = []
    for name, videos in args.videos.items():
        for gpus in args.gpus:
            alone = rate * (args.efficiency if gpus > 1 else 1)
            limit = 'GPU'
            if args.cores_per_gpu and args.cores_per_gpu * of_core < alone:
                alone, limit = args.cores_per_gpu * of_core, 'cores'
            clips = alone * gpus
            seconds = videos * clips_per_video / clips
            rows.append(
                dict(
                    videos=name,
                    gpus=gpus,
                    clips_per_second=clips,
                    limit=limit,
                    epoch_minutes=seconds / 60,
                    epochs_per_day=DAY / seconds,
                    cores_per_gpu=alone / of_core,
                    storage_gb=videos * args.video_seconds * sum(sizes) / 1e9,
                    reading_mb_per_second=clips * reading / 1e6,
                )
            )
    return rows


def table(rows):
    """The rows as Markdown."""
    lines = [
        '| | GPUs | clips/s | limit | minutes per epoch | epochs per day | '
        'cores per GPU | corpus, GB | read, MB/s |',
        '|---|---|---|---|---|---|---|---|---|',
    ]
    for row in rows:
        lines.append(
            f'| {row["videos"]} | {row["gpus"]} | '
            f'{row["clips_per_second"]:.0f} | {row["limit"]} | '
            f'{row["epoch_minutes"]:.1f} | {row["epochs_per_day"]:.1f} | '
            f'{row["cores_per_gpu"]:.1f} | {row["storage_gb"]:.0f} | '
            f'{row["reading_mb_per_second"]:.0f} |'
        )
    return '\n'.join(lines)


def main(argv=None):
    args = parse_args(argv)
    cfg = Config.fromfile(args.config)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    loader, step = (
        json.loads(Path(path).read_text()) for path in (args.loader, args.step)
    )
    rate, source = step_rate(step, args.variant, args.assume_tflops)
    sizes = measure_corpus(args.corpus)
    reading = measure_reading(cfg, args.corpus, args.pairs)
    if not reading:
        reading = sum(sizes) * args.video_seconds
    sampler = cfg.train_dataloader.sampler
    rows = work_out(
        args,
        loader,
        rate / sampler.get('sounds_per_clip', 1),
        sizes,
        reading,
        sampler.get('pairs_per_video', 1),
    )
    of_core = loader['rates'][args.files]['per_cpu_second']['median']
    print(
        f'one GPU: {rate:.0f} pairs/s ({source})\n'
        f'one core: {of_core:.1f} clips/s of {args.files} files (measured)\n'
        f'a second of the corpus: {sizes[0] / 1e3:.1f} kB of video, '
        f'{sizes[1] / 1e3:.1f} kB of sound\n'
        f'read per clip, with its sound: {reading / 1e3:.0f} kB\n'
    )
    print(table(rows))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        figures = dict(
            step=dict(pairs_per_second=rate, source=source),
            clips_per_core_second=of_core,
            bytes_per_second=dict(video=sizes[0], sound=sizes[1]),
            bytes_read_per_clip=reading,
            rows=rows,
        )
        args.json.write_text(json.dumps(figures, indent=2) + '\n')


if __name__ == '__main__':
    main()
