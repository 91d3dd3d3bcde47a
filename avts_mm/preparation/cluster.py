"""The work of the pool, spread over the nodes of a Ray cluster.

Ray says which node does a job, and gives the jobs of a node that is lost to
others. On the node a process of the pool does it, so that what hangs, crashes
or fails is treated as on one machine.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from .pool import Worker


def run_on_ray(
    function: Callable[[Any, Callable], Any],
    jobs: Iterable[Any],
    address: str,
    time_limit: float = 120.0,
) -> Iterator[tuple[Any, Any]]:
    """Apply a function to jobs on a Ray cluster, one for each CPU at a time.

    Args:
        function (Callable): See :func:`run_jobs`.
        jobs (Iterable): See :func:`run_jobs`.
        address (str): Of the cluster, as of ``ray.init``: ``'auto'`` for the
            one that this machine belongs to. Where Ray is initialised
            already, its cluster is used.
        time_limit (float): See :func:`run_jobs`.

    Yields:
        tuple: As :func:`run_jobs` does.

    Raises:
        ImportError: Ray is not installed.
        OSError: There is no such cluster, or the disk is full.
        RuntimeError: The nodes cannot do it.
    """
    try:
        import ray
    except ImportError as error:
        raise ImportError(
            "Ray is not installed: pip install 'avts_mm[ray]'"
        ) from error
    worker = Worker(function)  # one in each process of Ray's

    @ray.remote(num_cpus=1, max_retries=-1)
    def work(job):
        return worker.run(job, time_limit)

    todo = iter(jobs)
    running: dict[Any, Any] = {}
    connected = ray.is_initialized()
    with contextlib.nullcontext() if connected else ray.init(address):
        while True:
            # So many that no node waits for the next, however many there are.
            places = 2 * int(ray.cluster_resources().get('CPU', 1))
            for job in islice(todo, max(0, places - len(running))):
                running[work.remote(job)] = job
            if not running:
                return
            (done, *_), _ = ray.wait(list(running))
            try:
                kind, value = ray.get(done)
            except ray.exceptions.RayError as error:
                raise RuntimeError(
                    f'the cluster cannot do it: {error}; avts_mm must be '
                    'installed on every node'
                ) from error
            if kind == 'fatal':
                raise OSError(value)
            yield running.pop(done), value
