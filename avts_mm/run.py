"""Runs a tool: ``avts TOOL ...`` or ``python -m avts_mm.run TOOL ...``.

TOOL is a script of ``tools`` or ``demo``, or as much of its name as tells it
apart (``avts sync`` is ``sync_check.py``); one of mmaction2's by its whole
name; or the path of any other. ``avts_mm`` has been imported by then, so
mmaction2's tools run on today's host stack and know what it registers.
"""

import os
import runpy
import sys
from pathlib import Path

import mmaction

from avts_mm.compat.configs import shipped


def scripts(folder: Path) -> dict[str, Path]:
    """What can be run in a folder: name from there on -> path, those of the
    folder itself first."""
    found = {}
    for path in sorted(folder.rglob('*'), key=lambda p: (len(p.parts), p)):
        if path.suffix == '.sh' or (
            path.suffix == '.py' and '__main__' in path.read_text('utf-8')
        ):
            name = path.relative_to(folder).with_suffix('').as_posix()
            found[name] = path
    return found


def own_scripts() -> dict[str, Path]:
    """Those of avts_mm."""
    return {**scripts(shipped('tools')), **scripts(shipped('demo'))}


def find_tool(name: str) -> Path:
    """The script that a name means.

    Raises:
        ValueError: None, or several.
    """
    if name.endswith(('.py', '.sh')) and os.path.isfile(name):
        return Path(name)
    name = name.removesuffix('.py')
    own = own_scripts()
    theirs = scripts(Path(mmaction.__file__).parent / '.mim' / 'tools')

    def whole(known):
        ends = [n for n in known if f'/{n}'.endswith(f'/{name}')]
        return [n for n in ends if n.count('/') == ends[0].count('/')]

    begun = [n for n in own if Path(n).name.startswith(name)]
    for known, names in (
        (own, whole(own)),
        (own, begun),
        (theirs, whole(theirs)),
    ):
        if len(names) == 1:
            return known[names[0]]
        if names:
            raise ValueError(f'{name}: which of {", ".join(names)}?')
    raise ValueError(f'{name}: no such tool; avts --help lists them')


def overview() -> str:
    """The names of the tools, and what each is for."""
    lines = []
    for name, path in own_scripts().items():
        text = path.read_text('utf-8').removeprefix('#!/usr/bin/env bash\n')
        about = text.lstrip('"# ').partition('\n')[0].strip('"')
        lines.append(f'  {name:34} {about}')
    return '\n'.join([str(__doc__), *lines])


def main(argv: list[str] | None = None) -> None:
    """Run the tool that the first argument names on the others."""
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ['--help']
    if name in ('-h', '--help'):
        print(overview())
        return
    try:
        script = find_tool(name)
    except ValueError as error:
        sys.exit(str(error))
    if script.suffix == '.sh':
        os.environ.setdefault('PYTHON', sys.executable)
        os.execvp('bash', ['bash', str(script), *arguments])
    # As the interpreter does for a script.
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.parent))
    runpy.run_path(str(script), run_name='__main__')


if __name__ == '__main__':
    main()
