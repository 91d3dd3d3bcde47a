"""Installation of avts_mm: ``pip install -e .`` in a clone.

A distribution built from here also carries what a clone has beside the package
(configs, tools, the page), in ``avts_mm/.mim`` where OpenMMLab looks for it.
"""

import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
# Executed rather than imported: the package needs what is to be installed.
VERSION = runpy.run_path(str(ROOT / 'avts_mm' / 'version.py'))


class BuildPy(build_py):
    """Copies configs, tools and the page into a built distribution."""

    def run(self):
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / 'avts_mm' / '.mim'
        for folder in ('configs', 'tools', 'demo'):
            shutil.copytree(
                ROOT / folder,
                target / folder,
                ignore=shutil.ignore_patterns('__pycache__', '.*'),
                dirs_exist_ok=True,
            )
        shutil.copy(ROOT / 'model-index.yml', target)


EXTRAS = {
    'demo': ['gradio>=6.31,<7'],  # demo/app.py
    'export': ['onnx', 'onnxruntime', 'onnxscript'],
    'gcs': ['gcsfs'],  # data_root='gs://...'
    'http': ['aiohttp'],  # data_root='https://...'
    'parquet': ['pyarrow'],  # tools/extract_features.py
    'ray': ['ray'],  # tools/data/prepare_av.py --ray
    'report': ['pandas'],  # tools/analysis_tools
    's3': ['s3fs'],  # data_root='s3://...'
}
# make docs, which asks the page for its --help, too.
EXTRAS['docs'] = ['furo', 'myst-nb', *EXTRAS['demo']]
EXTRAS['test'] = [
    *('pytest', 'pytest-cov', 'pytest-timeout', 'pytest-xdist'),
    *('coverage>=7.10', 'import-linter', 'librosa', 'markdown-it-py'),
    *('mypy', 'psutil', 'ruff', 'webdataset'),
    *('moto[s3]', 'flask', 'flask-cors'),  # an S3 server
    *EXTRAS['export'],
    *EXTRAS['http'],
    *EXTRAS['parquet'],
    *EXTRAS['ray'],
    *EXTRAS['report'],
    *EXTRAS['s3'],
]


def read(name):
    path = ROOT / name
    return path.read_text(encoding='utf-8') if path.exists() else ''


if __name__ == '__main__':
    setup(
        name='avts_mm',
        version=VERSION['__version__'],
        description='Audio-visual temporal synchronisation on MMAction2',
        long_description=read('README.md'),
        long_description_content_type='text/markdown',
        author='avts_mm contributors',
        license='Apache-2.0',
        keywords='self-supervised learning, audio-visual, video, MMAction2',
        classifiers=[
            'Development Status :: 4 - Beta',
            'Intended Audience :: Science/Research',
            'Operating System :: POSIX :: Linux',
            'Programming Language :: Python :: 3',
            'Topic :: Scientific/Engineering :: Artificial Intelligence',
        ],
        packages=find_packages(include=['avts_mm', 'avts_mm.*']),
        package_data={'avts_mm.apis': ['pretrained/*']},
        python_requires=VERSION['PYTHON_REQUIRES'],
        install_requires=[
            name + specifier
            for name, specifier in VERSION['HOST_REQUIRES'].items()
        ],
        extras_require=EXTRAS,
        entry_points={'console_scripts': ['avts = avts_mm.run:main']},
        cmdclass={'build_py': BuildPy},
        zip_safe=False,
    )
