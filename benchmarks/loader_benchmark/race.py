"""Interleaved runs of several loaders."""

import itertools
import multiprocessing
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from torch.utils.data import DataLoader, Sampler


class Stretches(Sampler):
    """The next so many items of an endless series of a sampler's epochs, so
    that a run is as long as is wanted and files still come in turn."""

    def __init__(self, sampler: Sampler) -> None:
        self.number = 0
        self._items = self._endless(sampler)

    def _endless(self, sampler: Sampler) -> Iterator:
        for epoch in itertools.count():
            sampler.set_epoch(epoch)
            yield from sampler

    def __iter__(self) -> Iterator:
        return itertools.islice(self._items, self.number)

    def __len__(self) -> int:
        return self.number


class Contender:
    """A loader whose workers live on between its runs.

    Attributes:
        rates (dict[str, list[float]]): Of each run: clips ``per_second`` and
            ``per_cpu_second`` (workers and main process together), and the
            share of it that the main process was ``waiting``.
    """

    def __init__(self, loader: DataLoader) -> None:
        self.loader = loader
        self.rates: dict[str, list[float]] = defaultdict(list)
        self.batch = loader.batch_size * max(1, loader.num_workers)
        self.stretches = Stretches(loader.batch_sampler.sampler)
        loader.batch_sampler.sampler = self.stretches
        before = set(multiprocessing.active_children())
        self._load(self.batch)  # starts the workers and warms them up
        workers = set(multiprocessing.active_children()) - before
        self.pids = [os.getpid(), *(worker.pid for worker in workers)]
        begin = time.perf_counter()
        self._load(2 * self.batch)
        self.speed = 2 * self.batch / (time.perf_counter() - begin)

    def _load(self, number: int) -> None:
        self.stretches.number = number
        for _ in self.loader:
            pass

    def run(self, seconds: float) -> None:
        """One run of about so many seconds."""
        number = max(2, round(seconds * self.speed / self.batch)) * self.batch
        wall, cpu = time.perf_counter(), [*map(_cpu_seconds, self.pids)]
        self._load(number)
        wall = time.perf_counter() - wall
        cpu = [
            _cpu_seconds(pid) - before for pid, before in zip(self.pids, cpu)
        ]
        self.rates['per_second'].append(number / wall)
        self.rates['per_cpu_second'].append(number / sum(cpu))
        self.rates['waiting'].append(1 - min(1, cpu[0] / wall))


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads (Linux)."""
    return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3)


def race(
    loaders: Mapping[str, DataLoader],
    rounds: int,
    seconds: float,
    report: Callable[[int], None],
) -> dict[str, dict[str, list[float]]]:
    """Run all loaders in turn, again and again; their rates by name."""
    contenders = {name: Contender(x) for name, x in loaders.items()}
    for done in range(rounds):
        for contender in contenders.values():
            contender.run(seconds)
        report(done + 1)
    return {name: x.rates for name, x in contenders.items()}
