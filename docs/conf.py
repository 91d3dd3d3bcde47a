"""Makes a site of the docs: ``make docs``.

The source folder is the whole repository, so that a link from one page to
another holds in a clone as it does in the site. The reference and the page of
the tools are written into docs/generated beforehand.
"""

import contextlib
import io
import os
import pkgutil
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

import avts_mm
from avts_mm import run

HERE = Path(__file__).parent
GENERATED = HERE / 'generated'

project = 'avts_mm'
release = avts_mm.__version__
html_title = f'{project} {release}'
root_doc = 'docs/index'
include_patterns = [
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'avts_mm/apis/pretrained/*.md',
    'docs/*.md',
    'docs/*.ipynb',
    'docs/*/*.md',
    'tools/data/*/README.md',
]
extensions = ['myst_nb', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon']
html_theme = 'furo'
html_extra_path = ['site_root']
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = 'mathml'
myst_heading_anchors = 3
nb_execution_mode = 'off'  # its pictures are in it; make nightly executes it
suppress_warnings = ['misc.highlighting_failure']  # shell lines of IPython
napoleon_use_ivar = True
autodoc_member_order = 'bysource'
autodoc_typehints = 'description'


def write_reference():
    """A page for each room of the package."""
    rooms = list(pkgutil.iter_modules(avts_mm.__path__, 'avts_mm.'))
    about = '```{eval-rst}\n.. automodule:: avts_mm\n```\n'
    index = ['# API reference\n', about, '```{toctree}']
    for room in rooms:
        index.append(room.name)
        page = [f'# {room.name}\n']
        folder = Path(avts_mm.__file__).parent / room.name.split('.')[1]
        for module in (
            room,
            *pkgutil.walk_packages([str(folder)], f'{room.name}.'),
        ):
            if module is not room:
                page.append(f'## {module.name}\n')
            page.append(f'```{{eval-rst}}\n.. automodule:: {module.name}')
            if not module.ispkg:  # it has the names of its modules
                page.append('   :members:\n   :show-inheritance:')
            page.append('```\n')
        (GENERATED / f'{room.name}.md').write_text('\n'.join(page))
    index.append('```\n')
    (GENERATED / 'api.md').write_text('\n'.join(index))


def write_tools():
    """What each tool answers to --help, or has as its first comment."""
    os.environ['COLUMNS'] = '79'
    page = [
        '# Tools\n\n`python tools/train.py` in a clone is `avts train` where '
        'the package is installed ([more](../installation.md#tools)).\n'
    ]
    for name, script in run.own_scripts().items():
        page.append(f'## {name}\n')
        if script.suffix == '.sh':
            lines = script.read_text().splitlines()[1:]
            comment = [x.lstrip('# ') for x in lines if x.startswith('#')]
            page.append('```text\n' + '\n'.join(comment) + '\n```\n')
            continue
        answer = io.StringIO()
        with contextlib.redirect_stdout(answer):
            try:
                run.main([name, '--help'])
            except SystemExit as end:
                if end.code:
                    raise RuntimeError(f'{name} --help: {end}') from end
        page.append(f'```text\n{answer.getvalue()}```\n')
    (GENERATED / 'tools.md').write_text('\n'.join(page))


def visit_math(self, node):
    """Formulas as browsers draw them themselves: no script is fetched."""
    block = node.tagname == 'math_block'
    self.body.append(tex2mathml(node.astext(), as_block=block))
    raise SkipNode


def leave_out(app, what, name, obj, skip, options):
    """Members that came from elsewhere with a base class."""
    module = getattr(obj, '__module__', None) or 'avts_mm'
    return skip or not module.startswith('avts_mm')


def setup(app):
    app.add_html_math_renderer(
        'mathml', (visit_math, None), (visit_math, None)
    )
    app.connect('autodoc-skip-member', leave_out)
    GENERATED.mkdir(exist_ok=True)
    write_reference()
    write_tools()
