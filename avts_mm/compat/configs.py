"""Reading of configs whose errors say where they are."""

import os
import traceback

from mmengine import Config


def read_config(path: str, options: dict | None = None) -> Config:
    """``Config.fromfile``, with errors that name file and line.

    mmengine leaves out the file of a syntax error, which may be that of a
    base, and the line of others stands in a traceback only. ``options``
    override settings, as ``--cfg-options`` gives them.

    Raises:
        FileNotFoundError: It, or one of its bases, does not exist.
        ValueError: It cannot be run as Python; names file, line and cause.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'{path}: no such config; those of avts_mm are in the folder '
            'configs of its repository'
        )
    try:
        config = Config.fromfile(path)
    except FileNotFoundError:
        raise
    except Exception as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        # mmengine's functions know which of the files they are at.
        files = [f.f_locals.get('filename') for f, _ in frames]
        known = (str(f) for f in reversed(files) if f)
        file = next((f for f in known if f != '<unknown>'), path)
        line = getattr(error, 'lineno', None)
        if line is None:
            lines = [n for f, n in frames if f.f_code.co_filename == file]
            line = lines[-1] if lines else None
        place = f'{file}, line {line}' if line else f'{file}'
        cause = error.msg if isinstance(error, SyntaxError) else error
        raise ValueError(f'{place}: {type(error).__name__}: {cause}') from None
    config.merge_from_dict(options or {})
    return config
