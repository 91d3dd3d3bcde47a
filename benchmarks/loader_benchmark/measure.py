"""Interleaved runs of several loaders, and ratios between them."""

import itertools
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from torch.utils.data import DataLoader, Sampler


@dataclass
class Rates:
    """What the runs of one loader came to, in the order of the rounds.

    Attributes:
        per_second (list[float]): Clips per second.
        per_cpu_second (list[float]): Clips per second of computing, that of
            the workers and of the main process together.
        waiting (list[float]): Share of the run that the main process waits;
            what is left it computes, to take batches over.
    """

    per_second: list[float] = field(default_factory=list)
    per_cpu_second: list[float] = field(default_factory=list)
    waiting: list[float] = field(default_factory=list)


class Stretches(Sampler):
    """The next so many items of an endless series of a sampler's epochs, so
    that a run is as long as is wanted and files still come in turn."""

    def __init__(self, sampler: Sampler) -> None:
        self.number = 0
        self._items = self._endless(sampler)

    @staticmethod
    def _endless(sampler) -> Iterator:
        for epoch in itertools.count():
            sampler.set_epoch(epoch)
            yield from sampler

    def __iter__(self) -> Iterator:
        return itertools.islice(self._items, self.number)

    def __len__(self) -> int:
        return self.number


class Contender:
    """A loader whose workers live on between its runs."""

    def __init__(self, loader: DataLoader) -> None:
        self.loader = loader
        self.batch = loader.batch_size * max(1, loader.num_workers)
        self.stretches = Stretches(loader.batch_sampler.sampler)
        loader.batch_sampler.sampler = self.stretches
        before = set(multiprocessing.active_children())
        self._run(self.batch)  # starts the workers and warms them up
        workers = set(multiprocessing.active_children()) - before
        self.pids = [os.getpid(), *(worker.pid for worker in workers)]
        wall, _, _ = self._run(2 * self.batch)
        self.rate = 2 * self.batch / wall

    def _run(self, number: int, pids=()) -> tuple[float, float, float]:
        """Load so many items; wall and CPU seconds, and those of ours."""
        self.stretches.number = number
        wall, cpu = time.perf_counter(), [_cpu_seconds(pid) for pid in pids]
        own = time.process_time()
        for _ in self.loader:
            pass
        own = time.process_time() - own
        wall = time.perf_counter() - wall
        return wall, sum(map(_cpu_seconds, pids)) - sum(cpu), own

    def run(self, seconds: float, rates: Rates) -> None:
        """One run of about so many seconds."""
        number = max(2, round(seconds * self.rate / self.batch)) * self.batch
        wall, cpu, own = self._run(number, self.pids)
        rates.per_second.append(number / wall)
        rates.per_cpu_second.append(number / cpu)
        rates.waiting.append(1 - own / wall)


def _cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads (Linux)."""
    return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3)


def race(
    loaders: Mapping[str, DataLoader],
    rounds: int,
    seconds: float,
    report: Callable[[int], None],
) -> dict[str, Rates]:
    """Run all loaders in turn, again and again.

    Args:
        loaders (dict): By name.
        rounds (int): Runs of each.
        seconds (float): About how long each run takes.
        report (Callable): Called with the number of rounds done.
    """
    contenders = {name: Contender(x) for name, x in loaders.items()}
    rates = {name: Rates() for name in loaders}
    for done in range(rounds):
        for name, contender in contenders.items():
            contender.run(seconds, rates[name])
        report(done + 1)
    return rates


def ratio(above: list[float], below: list[float]) -> dict[str, float]:
    """Of two series taken in the same rounds: median and spread."""
    return spread([a / b for a, b in zip(above, below)])


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and greatest."""
    return dict(
        median=statistics.median(values), low=min(values), high=max(values)
    )
