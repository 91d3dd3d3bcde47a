"""Versions of the host packages."""

from importlib import metadata

import pytest

from avts_mm.compat import versions
from avts_mm.version import HOST_REQUIRES


@pytest.mark.parametrize(
    'version, specifier, expected',
    [
        ('2.13.0+cpu', '>=2.6,<2.16', True),
        ('2.6', '>=2.6.0,<2.16', True),
        ('2.16.0', '>=2.6,<2.16', False),
        ('2.5.1', '>=2.6,<2.16', False),
        ('0.10.7', '>=0.10.7,<0.11', True),
        ('0.9.1', '>=0.10.7,<0.11', False),
        ('81.0.0', '>=77,<82', True),
        ('3.1', '', True),
    ],
)
def test_satisfies(version, specifier, expected):
    assert versions.satisfies(version, specifier) is expected


def test_installed_packages_pass():
    versions.check_versions()


def test_wrong_version_is_one_sentence():
    found = metadata.version('numpy')
    with pytest.raises(ImportError) as error:
        versions.check_versions({'numpy': '>=99,<100', 'torch': ''})
    message = str(error.value)
    assert f'numpy {found} is installed' in message
    assert 'needs numpy>=99,<100' in message
    assert "pip install 'numpy>=99,<100'" in message
    assert len(message.splitlines()) == 1


def test_full_mmcv_stands_in_for_mmcv_lite(monkeypatch):
    installed = {'mmcv': '2.1.0'}

    def version(name):
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(versions.metadata, 'version', version)
    wanted = {'mmcv-lite': HOST_REQUIRES['mmcv-lite']}
    versions.check_versions(wanted)
    installed['mmcv'] = '2.2.0'
    with pytest.raises(ImportError, match=r'mmcv 2\.2\.0 is installed'):
        versions.check_versions(wanted)
