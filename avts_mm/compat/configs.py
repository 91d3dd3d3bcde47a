"""Configs: found by name, and read with errors that say where they are."""

import functools
import os
import traceback
from pathlib import Path
from typing import Any

from mmengine import Config
from mmengine.config import config as config_module
from mmengine.config import utils
from mmengine.config.lazy import LazyAttr, LazyObject

_PACKAGE = Path(__file__).resolve().parents[1]
_PREFIX = 'avts_mm::'


def shipped(folder: str) -> Path:
    """Where ``configs``, ``tools`` or ``demo`` are: in an installed package
    inside of it, in a clone beside it."""
    inside = _PACKAGE / '.mim' / folder
    return inside if inside.is_dir() else _PACKAGE.parent / folder


def find_config(name: str) -> str:
    """The file of a config given by path or by name.

    Args:
        name (str): A path, or a config of this project, such as
            ``'avts_grid_steps'``, ``'finetune/ucf101_avts.py'`` or
            ``'avts_mm::avts_kinetics.py'``.

    Raises:
        FileNotFoundError: There is neither.
    """
    name = str(name)
    if os.path.isfile(name):
        return name
    root, short = shipped('configs'), name.removeprefix(_PREFIX)
    for path in (root / short, root / f'{short}.py', root.parent / short):
        if path.is_file():
            return str(path)
    for path in sorted(root.rglob('*.py')):
        if path.stem == short:
            return str(path)
    raise FileNotFoundError(
        f'{name}: no such config; give a file, or the name of one of avts_mm, '
        f'which are in {root}'
    )


def know_own_configs() -> None:
    """Let any config inherit from those of avts_mm, in either style.

    mmengine 0.10: ``_base_ = 'package::config.py'`` knows a fixed table of
    packages, and wants a folder in the path. A base that a pure-Python config
    imports must be in that style, too, and lie in the package itself.
    """
    own_path = Config._get_cfg_path
    if hasattr(own_path, '__wrapped__'):
        return
    utils.MODULE2PACKAGE.setdefault('avts_mm', 'avts_mm')
    installed = config_module.get_installed_path
    parse = Config._parse_lazy_import

    @functools.wraps(own_path)
    def get_cfg_path(cfg_path, filename):
        if cfg_path.startswith(_PREFIX):
            # Without a scope: our components are registered in mmaction's.
            return find_config(cfg_path), None
        return own_path(cfg_path, filename)

    def get_installed_path(package):
        if package == 'avts_mm':  # from avts_mm.configs.name import *
            return str(shipped('configs').parent)
        return installed(package)

    def parse_lazy_import(filename):
        if Config._is_lazy_import(filename):
            return parse(filename)
        values, *_ = Config._file2dict(filename, lazy_import=False)
        return Config._dict_to_config_dict_lazy(values), set()

    Config._get_cfg_path = staticmethod(get_cfg_path)
    Config._parse_lazy_import = staticmethod(parse_lazy_import)
    config_module.get_installed_path = get_installed_path


def read_config(path: str, options: dict | None = None) -> Config:
    """Read a config given by path or by name, in either style of mmengine.

    Errors name file and line: mmengine leaves out the file of a syntax error,
    which may be that of a base, and the line of others stands in a traceback
    only. Where a pure-Python config has registered classes as ``type`` there
    are their names, as in other configs.

    Args:
        path (str): As :func:`find_config` takes it.
        options (dict, optional): Settings to override, as ``--cfg-options``
            gives them.

    Raises:
        FileNotFoundError: It, or one of its bases, does not exist.
        ValueError: It cannot be run as Python; names file, line and cause.
    """
    path = find_config(path)
    try:
        config = Config.fromfile(path)
        if hasattr(config, '_imported_names'):
            _name_types(config._cfg_dict, _registered_names())
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


def _registered_names() -> dict[Any, str]:
    """Class or function -> the name by which mmaction2's registries find
    it."""
    import mmaction.registry
    from mmaction.utils import register_all_modules

    register_all_modules(init_default_scope=False)
    names: dict[Any, str] = {}
    for registry in vars(mmaction.registry).values():
        if getattr(registry, 'scope', None) == 'mmaction':
            parents = getattr(registry.parent, 'module_dict', {})
            for name, kind in {**parents, **registry.module_dict}.items():
                names.setdefault(kind, name)
    return names


def _name_types(value: Any, names: dict[Any, str]) -> None:
    """Put names for what is imported lazily as ``type``, in place."""
    if isinstance(value, dict):
        kind = dict.get(value, 'type')
        if isinstance(kind, (LazyAttr, LazyObject)):
            value['type'] = names.get(kind.build(), kind)
        for part in dict.values(value):
            _name_types(part, names)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _name_types(part, names)
