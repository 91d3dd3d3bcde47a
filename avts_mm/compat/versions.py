"""Versions of the host packages, checked before any of them is imported."""

import re
from importlib import metadata

from avts_mm.version import ALTERNATIVES, HOST_REQUIRES


def _release(version):
    """Numbers of a version, e.g. ``'2.13.0+cpu'`` -> ``(2, 13, 0)``."""
    match = re.match(r'\d+(\.\d+)*', version)
    numbers = [int(n) for n in match.group().split('.')] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def satisfies(version, specifier):
    """Tell whether a version lies within bounds ``>=A`` and ``<B``."""
    found = _release(version)
    return all(
        found >= _release(bound[2:])
        if bound.startswith('>=')
        else found < _release(bound[1:])
        for bound in filter(None, specifier.split(','))
    )


def _installed_version(name):
    for candidate in (name, *ALTERNATIVES.get(name, ())):
        try:
            return candidate, metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
    return name, None


def check_versions(requires=None):
    """Compare the installed host packages with the supported ranges.

    Args:
        requires (dict, optional): Distribution name -> specifier. Defaults
            to ``avts_mm.version.HOST_REQUIRES``.

    Raises:
        ImportError: One sentence a package that is missing or of a wrong
            version, naming the version found and the one wanted.
    """
    faults = []
    for name, specifier in (requires or HOST_REQUIRES).items():
        found_name, version = _installed_version(name)
        wanted = f'{name}{specifier}'
        if version is None:
            found = f'{name} is not installed'
        elif not satisfies(version, specifier):
            found = f'{found_name} {version} is installed'
        else:
            continue
        faults.append(
            f"avts_mm needs {wanted}, but {found}: run pip install '{wanted}'."
        )
    if faults:
        raise ImportError('\n'.join(faults))
