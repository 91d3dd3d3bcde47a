"""What single samples cost, without workers, and what they are made of."""

import cProfile
import pstats
import time
from collections.abc import Callable, Mapping

import numpy as np
from torch.utils.data import DataLoader

from avts_mm.datasets import AVPairDataset
from avts_mm.datasets.pairs import AVPair, PairKind
from avts_mm.media import open_audio

from .decoding import decode_sound

# What the loading of pictures spends its time in, by what a profile calls it.
_PARTS = {
    'open': ('av.container.core.open', 'VideoReader.__init__'),
    'seek': ("'seek'",),
    'demux': ('packets',),
    'decode': ("'decode'", 'get_batch'),
    'to RGB': ("'reformat'",),
}


def alternate(
    jobs: Mapping[str, Callable[[int], object]], number: int, block: int = 1
) -> dict[str, list[float]]:
    """CPU seconds of some jobs, done in turn.

    Args:
        jobs (dict): Functions of the number of the turn.
        number (int): Turns.
        block (int): So often in a row is each done before the next, each time
            with another number. Defaults to 1.
    """
    seconds = {name: [] for name in jobs}
    for i in range(number):
        for name, job in jobs.items():
            begin = time.process_time()
            for j in range(i * block, (i + 1) * block):
                job(j)
            seconds[name].append((time.process_time() - begin) / block)
    return seconds


def kinds_of_pairs(
    dataset: AVPairDataset, number: int
) -> dict[str, list[float]]:
    """CPU seconds of positives and negatives with the same pictures."""

    def load(kind: PairKind, other: int) -> Callable[[int], dict]:
        def job(turn: int) -> dict:
            video = turn % len(dataset)
            audio = (video + other) % len(dataset)
            return dataset[AVPair(video, audio, int(kind), turn)]

        return job

    jobs = {
        'positive': load(PairKind.POSITIVE, 0),
        'easy': load(PairKind.EASY, 1),
        'hard': load(PairKind.HARD, 0),
    }
    return alternate(jobs, number)


def seconds_of_sound(
    prepared: AVPairDataset, raw: AVPairDataset, number: int
) -> dict[str, list[float]]:
    """CPU seconds of reading a second of sound: our wav, and from the mp4."""

    block = 20  # in a row, as when nothing but sound is read
    turns = range(number * block)
    starts = np.random.default_rng(0).uniform(1, 8, len(turns)).tolist()

    def paths(dataset: AVPairDataset, key: str) -> list[str]:
        return [dataset.get_data_info(i % len(dataset))[key] for i in turns]

    waves = paths(prepared, 'audio_path')

    def read(turn: int) -> np.ndarray:
        with open_audio(waves[turn]) as reader:
            return reader.read(starts[turn], 1.0, 16000)

    def decode(dataset: AVPairDataset) -> Callable[[int], np.ndarray]:
        videos = paths(dataset, 'video_path')
        return lambda turn: decode_sound(videos[turn], starts[turn])

    jobs = dict(wav=read, raw_mp4=decode(raw), prepared_mp4=decode(prepared))
    return alternate(jobs, number, block)


def stages(loader: DataLoader, number: int) -> dict[str, float]:
    """Milliseconds of CPU that each stage of a sample takes, as profiled.

    Args:
        loader (DataLoader): Ours; not to be used afterwards.
        number (int): Samples; they are put together in batches.
    """
    dataset: AVPairDataset = loader.dataset
    transforms = dataset.pipeline.transforms
    for transform in transforms:
        # A profile does not see what the thread of a time limit does.
        if hasattr(transform, 'time_limit'):
            transform.time_limit = None
    profiles = [cProfile.Profile(time.process_time) for _ in transforms]
    samples, spent, begin = [], {}, time.process_time()
    for _, pair in zip(range(number), loader.sampler):
        results = dataset.plan_info(pair)
        for profile, transform in zip(profiles, transforms):
            results = profile.runcall(transform, results)
        samples.append(results)
        if len(samples) == loader.batch_size:
            start = time.process_time()
            loader.collate_fn(samples)
            spent['collate'] = spent.get('collate', 0) - start
            spent['collate'] += time.process_time()
            samples = []
    spent['all'] = time.process_time() - begin
    for profile, transform in zip(profiles, transforms):
        stats = pstats.Stats(profile)
        name = type(transform).__name__
        parts = _parts(stats) if name == 'LoadAVFrames' else {}
        for part, seconds in parts.items():
            spent[f'{name}: {part}'] = seconds
        rest = f'{name}: rest' if parts else name
        spent[rest] = spent.get(rest, 0) + stats.total_tt - sum(parts.values())
    named = sum(s for name, s in spent.items() if name != 'all')
    spent['plan and rest'] = spent.pop('all') - named
    return {name: 1e3 * seconds / number for name, seconds in spent.items()}


def _parts(stats: pstats.Stats) -> dict[str, float]:
    """Seconds in each of the known functions."""
    parts = {}
    for part, names in _PARTS.items():
        seconds = sum(
            own
            for (_, _, function), (_, _, own, _, _) in stats.stats.items()
            if any(name in function for name in names)
        )
        if seconds:
            parts[part] = seconds
    return parts
