"""What is measured on: its clock, its memory and its matrix peak."""

import platform
import resource
import time
from collections.abc import Callable

import torch
from mmengine.device import get_device

# A side long enough that nothing but the multiplication counts.
_SIDES = dict(cuda=8192, cpu=1536)


class Device:
    """The device that mmengine trains on."""

    def __init__(self) -> None:
        self.type = get_device()
        # A CPU is shared with other programs: count what this one has used.
        self.clock = 'CPU time' if self.type == 'cpu' else 'wall clock'

    @property
    def name(self) -> str:
        """Its name, e.g. for a table's caption."""
        if self.type == 'cuda':
            return torch.cuda.get_device_name()
        threads = torch.get_num_threads()
        return f'{_cpu_name()}, {threads} thread{"s" * (threads > 1)}'

    def synchronize(self) -> None:
        """Wait until everything asked for has been done."""
        if self.type != 'cpu':
            torch.accelerator.synchronize()

    def now(self) -> float:
        """Seconds, when all work has been done."""
        self.synchronize()
        return (
            time.process_time() if self.type == 'cpu' else time.perf_counter()
        )

    def seconds(self, work: Callable[[], object], times: int) -> float:
        """Mean seconds of doing something that often in a row."""
        begin = self.now()
        for _ in range(times):
            work()
        return (self.now() - begin) / times

    def step_memory(self, work: Callable[[], object]) -> float | None:
        """MiB that something takes beyond what is there; None on a CPU."""
        if self.type != 'cuda':
            return None
        self.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        self.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / 2**20

    def matrix_peak(self, dtype: torch.dtype, repeats: int) -> float:
        """FLOP/s of the fastest of some square matrix products.

        For single precision with TF32 where convolutions use it, too.
        """
        side = _SIDES.get(self.type, 4096)
        a, b = (
            torch.randn(side, side, device=self.type, dtype=dtype)
            for _ in range(2)
        )
        out = torch.empty_like(a)
        before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32
        try:
            torch.mm(a, b, out=out)
            times = 2 if self.type == 'cpu' else 20
            best = min(
                self.seconds(lambda: torch.mm(a, b, out=out), times)
                for _ in range(repeats)
            )
        finally:
            torch.backends.cuda.matmul.allow_tf32 = before
        return 2 * side**3 / best


def process_memory() -> float:
    """Most MiB that this process has held in main memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _cpu_name() -> str:
    try:
        with open('/proc/cpuinfo') as file:
            for line in file:
                if line.startswith('model name'):
                    return line.split(':', 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
