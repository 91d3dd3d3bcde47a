"""Commands in the pages.

The shell runs each ``bash`` block as it stands, in an empty folder, with a
recorder in place of each program. So loops, variables and quotes are the
shell's; what the programs would have been given is put to their own parsers
and to the configs that it names. This needs neither data nor GPUs. Blocks that
need none either are marked ``bash run``; ``make nightly`` carries them out.
"""

import argparse
import ast
import functools
import importlib
import inspect
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import mmaction.registry
import pytest
import setuptools
from markdown_it import MarkdownIt
from mmengine.registry import Registry

from avts_mm import run
from avts_mm.compat.configs import read_config

ROOT = Path(__file__).parents[2]
BASH = shutil.which('bash')
# Commands and names of docs/notebook are those of its time.
PAGES = [
    path.relative_to(ROOT).as_posix()
    for folder in ('.', 'docs', 'tools/data/*', 'avts_mm/apis/pretrained')
    for path in sorted(ROOT.glob(f'{folder}/*.md'))
    if path.name != 'CHANGELOG.md'
]
PROGRAMS = (
    *('avts', 'bash', 'make', 'mkdir', 'pip', 'python', 'scontrol'),
    *('srun', 'wget'),
)
RECORDER = f"""#!{BASH}
printf '%s\\0' "${{0##*/}}" "$@" $'\\n' >> "$RECORD"
"""
INLINE = re.compile(r'make |(python|bash|pip) \S+ ')
IN_THE_CLONE = re.compile(
    r'(?:configs|tools|docs|tests|benchmarks|demo)/\S*\.(?:py|sh|md)'
)
NEED_OTHERS = ('app.py', 'draw_architecture.py')  # packages
# What a launcher starts, and after how many words of its own.
LAUNCHERS = {
    'dist_train': ('train.py', 2),
    'slurm_train': ('train.py', 2),
    'slurm_prepare': ('data/prepare_av.py', 2),
}


def code(page):
    """Language and text of each piece of code of a page."""
    parser = MarkdownIt().enable('table')
    for token in parser.parse((ROOT / page).read_text()):
        if token.type == 'fence':
            yield token.info, token.content
        for child in token.children or []:
            if child.type == 'code_inline' and INLINE.match(child.content):
                yield 'bash', child.content


@pytest.fixture(scope='module')
def recorders(tmp_path_factory):
    """A folder with a recorder for each program."""
    folder = tmp_path_factory.mktemp('programs')
    for name in PROGRAMS:
        (folder / name).write_text(RECORDER)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with our configs, and a place for those of a page."""
    shutil.copytree(ROOT / 'configs', tmp_path / 'clone' / 'configs')
    monkeypatch.chdir(tmp_path / 'clone')


class Parsed(Exception):
    """Carries a tool's parser out of it."""


@functools.cache
def parser_of(script):
    """The parser of a script, which is stopped when it would parse."""

    def stop(self, *args, **kwargs):
        raise Parsed(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, 'parse_args', stop)
        patch.setattr(argparse.ArgumentParser, 'parse_known_args', stop)
        patch.setattr(sys, 'argv', [str(script)])
        patch.syspath_prepend(str(script.parent))
        try:
            runpy.run_path(str(script), run_name='__main__')
        except Parsed as found:
            return found.args[0]


@functools.cache
def extras():
    given = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, 'setup', lambda **kw: given.update(kw))
        runpy.run_path(str(ROOT / 'setup.py'), run_name='__main__')
    return given['extras_require']


@functools.cache
def read_once(name, folder):
    return read_config(name)


def known(config, key):
    """Whether a key is in a config, or an argument of the class there."""
    *parents, leaf = key.split('.')
    for name in parents:
        config = config[int(name) if name.isdigit() else name]
    if leaf in config or 'type' not in config:  # a list, a mix
        return True
    for registry in vars(mmaction.registry).values():
        if isinstance(registry, Registry):
            found = registry.get(config['type'])
            for base in getattr(found, '__mro__', ()):
                if leaf in inspect.signature(base.__init__).parameters:
                    return True
    return False


def check_script(script, words):
    """Its arguments are ones it takes, of configs that load."""
    if script.stem in LAUNCHERS:
        tool, own = LAUNCHERS[script.stem]
        config = words[:1] if script.stem == 'dist_train' else []
        return check_script(ROOT / 'tools' / tool, config + words[own:])
    assert script.exists()
    if script.suffix == '.sh' or script.name in NEED_OTHERS:
        return None
    args, rest = parser_of(script).parse_known_args(words)
    if script.stem == 'finetune_splits':
        check_script(ROOT / 'tools' / 'train.py', [args.config, *rest])
    else:
        assert not rest, f'{script} has no {rest}'
    name = getattr(args, 'config', None)
    if name and not name.isupper():
        options = getattr(args, 'cfg_options', None) or {}
        config = read_once(name, os.getcwd())
        last = re.search(r'epoch_(\d+)', str(getattr(args, 'checkpoint', '')))
        if last and script.stem != 'finetune_splits':  # begins with it
            assert int(last[1]) == config.train_cfg.max_epochs, words
        for key in options:
            assert known(config, key), f'{name} has no {key}'
    return None


def check(words):
    """Something of this name would have done something with the words."""
    program, *words = words
    for word in words:
        if IN_THE_CLONE.fullmatch(word):
            assert Path(word).exists() or (ROOT / word).exists(), word
    if program == 'srun':
        check(words)
    elif program == 'make':
        text = (ROOT / 'Makefile').read_text()
        for word in words:
            name, value, _ = word.partition('=')
            assert re.search(rf'^{name} *{value and "[?]"}[:=]', text, re.M)
    elif program == 'pip':
        for word in words:
            for name in re.findall(r'\[(\w+)\]', word):
                assert name in extras(), name
    elif program == 'python' and words[:2] == ['-m', 'pytest']:
        if '-k' in words:
            files = [ROOT / word for word in words if word.endswith('.py')]
            assert words[words.index('-k') + 1] in files[0].read_text()
    elif program == 'avts' or words[:2] == ['-m', 'avts_mm.run']:
        words = words[0 if program == 'avts' else 2 :]
        if words and words[0].lower() == words[0].strip('/'):
            script = run.find_tool(words[0])
            if script in run.own_scripts().values() and '--help' not in words:
                check_script(script, words[1:])
    elif program in ('python', 'bash') and words[0][0] != '-':
        check_script(ROOT / words[0], words[1:])


def check_python(text):
    """A config that loads, or a program whose imports are there."""
    if '_base_ = ' in text or 'read_base' in text:
        found = re.match(r'# (configs/\S+\.py)', text)
        path = Path(found[1] if found else 'configs/of_the_page.py')
        path.write_text(text)
        read_config(str(path))
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            assert all(hasattr(module, name.name) for name in node.names)


@pytest.mark.parametrize('page', PAGES)
def test_commands(page, recorders, clone, tmp_path):
    record = tmp_path / 'record'
    for kind, text in code(page):
        assert kind, f'{page}: of which language is {text}?'
        if kind == 'python':
            check_python(text)
        if kind.split()[0] != 'bash':
            continue
        record.write_text('')
        done = subprocess.run(
            [BASH, '-euc', text],
            cwd=tmp_path,
            env={'PATH': str(recorders), 'RECORD': str(record)},
            capture_output=True,
            text=True,
        )
        assert not done.returncode, f'{page}: {done.stderr}\n{text}'
        for line in record.read_text().split('\n\0')[:-1]:
            check(line.split('\0')[:-1])


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_run(tmp_path):
    """What is marked as needing nothing ends well, in a clone."""
    for path in ROOT.iterdir():
        if path.name not in ('.git', '.venv', 'build', 'data', 'work_dirs'):
            (tmp_path / path.name).symlink_to(path)
    own = tmp_path / '.venv' / 'bin' / 'python'  # as if it were set up
    own.parent.mkdir(parents=True)
    own.write_text(f'#!{BASH}\nexec {sys.executable} "$@"\n')
    own.chmod(0o755)
    (tmp_path / '.venv' / '.ready').touch()
    path = f'{own.parent}{os.pathsep}{os.environ["PATH"]}'
    texts = [
        text for page in PAGES for kind, text in code(page) if 'run' in kind
    ]
    assert len(texts) == 3
    for text in texts:
        subprocess.run(
            [BASH, '-euc', text],
            cwd=tmp_path,
            env=dict(os.environ, PATH=path),
            check=True,
        )


def test_blocks_are_fenced():
    for page in PAGES:
        tokens = MarkdownIt().enable('table').parse((ROOT / page).read_text())
        for token in tokens:
            assert token.type != 'code_block', (
                f'{page}: fence this as ```bash, ```text or ```python:\n'
                f'{token.content}'
            )
