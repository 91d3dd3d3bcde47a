"""Links and pictures of the pages."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = [
    path
    for folder in ('.', 'docs/**', 'tools/data/*', 'avts_mm/apis/pretrained')
    for path in sorted(ROOT.glob(f'{folder}/*.md'))
    if 'generated' not in path.parts
]


def inline(page):
    """What stands in the lines of a page."""
    parser = MarkdownIt().enable('table')
    for token in parser.parse(page.read_text()):
        yield from token.children or []


def anchors(page):
    """Those that its headings have, on the site as on the forges."""
    text = re.sub(r'^```.*?^```', '', page.read_text(), flags=re.M | re.S)
    return {
        re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-')
        for title in re.findall(r'^#+ (.+)$', text, re.M)
    }


@pytest.mark.parametrize('page', PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links(page):
    for token in inline(page):
        target = str(token.attrs.get('href') or token.attrs.get('src') or '')
        if not target or re.match(r'[a-z]+:', target):
            continue
        name, _, anchor = target.partition('#')
        path = page.parent / name if name else page
        if not name.startswith('generated/'):  # by make docs
            assert path.exists(), target
        if anchor and path.suffix == '.md':
            assert anchor in anchors(path), target


def test_pictures_have_alternatives():
    for page in PAGES:
        for token in inline(page):
            if token.type == 'image':
                assert len(token.content) > 20, f'{page}: {token.attrs}'
                assert token.content[0].isupper(), f'{page}: {token.attrs}'


def test_every_picture_is_shown():
    shown = {
        (page.parent / str(token.attrs['src'])).resolve()
        for page in PAGES
        for token in inline(page)
        if token.type == 'image'
    }
    assert shown >= set((ROOT / 'docs' / 'images').iterdir())
