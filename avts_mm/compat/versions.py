"""Versions of the host packages, checked before any of them is imported."""

from importlib import metadata

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from avts_mm.version import ALTERNATIVES, HOST_REQUIRES


def satisfies(version, specifier):
    """Tell whether a version, or what it is a preview of, is in bounds."""
    return Version(version).base_version in SpecifierSet(specifier)


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
