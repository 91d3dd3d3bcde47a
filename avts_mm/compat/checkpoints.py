"""Safe loading of mmengine's checkpoints.

Since version 2.6 ``torch.load`` admits plain tensors only, while mmengine's
checkpoints also hold the message hub's history (mmengine #1655). What they
hold is added to torch's allow-list one by one; ``weights_only`` stays on.

The other way round, three ways by which mmengine would still run code out of
a checkpoint are closed: see :func:`guard_mmengine_loading`.
"""

import functools
import os
import pickle
import warnings
from pathlib import Path

import numpy as np

# Boolean, integer, unsigned, float and complex. Their dtype objects are
# singletons that ignore the state a pickle wants to set on them; object,
# structured and string dtypes are not, and no log needs them.
_PLAIN_KINDS = 'biufc'


def _plain_dtype(spec, align=False, copy=False):
    """Stand in for ``numpy.dtype`` in a pickle: plain numbers only."""
    dtype = np.dtype(spec) if isinstance(spec, str) else None
    if dtype is None or dtype.kind not in _PLAIN_KINDS:
        raise pickle.UnpicklingError(
            f'numpy dtype {spec!r} is not allowed in a checkpoint.'
        )
    return dtype


def _statistics_method(owner, name):
    """Stand in for ``getattr`` in a pickle.

    A ``HistoryBuffer`` is pickled with references to its own statistics
    methods, spelled ``getattr(HistoryBuffer, 'mean')``. Nothing else is
    answered, so no pickle can walk from here to another object.
    """
    from mmengine.logging import HistoryBuffer

    methods = HistoryBuffer._statistics_methods
    if owner is HistoryBuffer and isinstance(name, str):
        if name in methods:
            return methods[name]
        if name in {'min', 'max', 'current', 'mean'}:
            return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(
        f'getattr({owner!r}, {name!r}) is not allowed in a checkpoint.'
    )


def checkpoint_globals():
    """What mmengine's checkpoints hold besides tensors and plain Python.

    Returns:
        list[tuple]: Pairs of an object and the name under which a pickle
        asks for it. numpy's private names differ between its versions 1 and
        2, so each stands twice.
    """
    from mmengine.logging import HistoryBuffer

    dtypes = [np.dtype(code) for code in np.typecodes['All']]
    plain = {type(d) for d in dtypes if d.kind in _PLAIN_KINDS}
    array = np.empty(0)
    reconstruct = array.__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    return [
        (HistoryBuffer, 'mmengine.logging.history_buffer.HistoryBuffer'),
        (_statistics_method, 'builtins.getattr'),
        (np.ndarray, 'numpy.ndarray'),
        (_plain_dtype, 'numpy.dtype'),
        *((d, f'{d.__module__}.{d.__name__}') for d in plain),
        (reconstruct, 'numpy.core.multiarray._reconstruct'),
        (reconstruct, 'numpy._core.multiarray._reconstruct'),
        (scalar, 'numpy.core.multiarray.scalar'),
        (scalar, 'numpy._core.multiarray.scalar'),
    ]


def allow_mmengine_checkpoints():
    """Let ``torch.load(weights_only=True)`` read mmengine's checkpoints.

    mmengine #1655. Does nothing to files that hold tensors only, and refuses
    whatever :func:`checkpoint_globals` does not list.
    """
    import torch

    torch.serialization.add_safe_globals(checkpoint_globals())


UNSAFE = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'


def _read(filename, map_location=None):
    """mmengine's loader of files, by the project's one reader."""
    from ..weights.reading import load_checkpoint

    if '://' not in str(filename):
        filename = Path(filename).expanduser()
    return load_checkpoint(filename, map_location)


def _download(filename, map_location=None):
    """mmengine's loader of addresses: rank 0 fetches, all ranks read."""
    from mmengine.dist import barrier, get_rank

    try:
        if get_rank() == 0:
            return _read(filename, map_location)
    finally:
        # Also after a refusal: the others wait for it, and refuse likewise.
        barrier()
    return _read(filename, map_location)


def guard_mmengine_loading():
    """Keep mmengine's own loads from running what a checkpoint says.

    mmengine 0.10: ``runner.resume`` executes the config text in a
    checkpoint's ``meta`` as Python, to compare a number of GPUs that no
    config has had since version 1; addresses are loaded without
    ``weights_only``; and one environment variable of torch switches it off
    for files as well. Here the text is left out, files and addresses go
    through :func:`avts_mm.weights.load_checkpoint`, and the variable is
    taken out of the environment with a warning.
    """
    from mmengine.runner import CheckpointLoader, checkpoint

    if os.environ.pop(UNSAFE, None):
        warnings.warn(
            f'{UNSAFE} is ignored: it would let a checkpoint run code, and '
            'those of mmengine load without it',
            stacklevel=2,
        )
    register = CheckpointLoader.register_scheme
    register('', _read, force=True)
    register(('http://', 'https://'), _download, force=True)
    # What mmengine's names of model zoos end in.
    checkpoint.load_url = functools.partial(
        checkpoint.load_url, weights_only=True
    )
    load = CheckpointLoader.load_checkpoint.__func__

    @functools.wraps(load)
    def load_checkpoint(cls, *args, **kwargs):
        content = load(cls, *args, **kwargs)
        if isinstance(content, dict) and isinstance(content.get('meta'), dict):
            content['meta'].pop('config', None)
        return content

    CheckpointLoader.load_checkpoint = classmethod(load_checkpoint)
