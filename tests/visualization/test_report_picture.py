"""Tables as a picture."""

from types import SimpleNamespace

from matplotlib.figure import Figure
from matplotlib.image import imread

from avts_mm.visualization import plot_tables


def point(kind, value, spread=0.0):
    return SimpleNamespace(kind=kind, value=value, spread=spread)


def table(rows, title='Title', note='Note', drawn=(1,)):
    rows = [SimpleNamespace(cells=c, points=p) for c, p in rows]
    return SimpleNamespace(
        title=title,
        note=note,
        columns=('', 'ours', 'command'),
        rows=rows,
        drawn=drawn,
    )


DOTS = table(
    [
        (
            ('first', '50.0 ± 1.0', 'x'),
            (point('paper', 60), point('ours', 50)),
        ),
        (('second', 'not run', 'y'), (point('paper', 30),)),
        (('third' * 30, '70.0', 'z'), (point('easy', 99.9, 5),)),
    ]
)
TEXT = table([(('only', 'text', 'x'), ())], title='Plain')


def test_every_figure_is_drawn(tmp_path, monkeypatch):
    drawn = []
    savefig = Figure.savefig
    monkeypatch.setattr(
        Figure,
        'savefig',
        lambda self, *a, **k: (drawn.append(self), savefig(self, *a, **k)),
    )
    path = plot_tables([DOTS, TEXT], tmp_path / 'sub' / 'report.png')
    assert imread(path).std() > 0
    (figure,) = drawn
    dots, plain = figure.axes
    values = [c.lines[0].get_xdata()[0] for c in dots.containers]
    assert values == [60, 50, 30, 99.9]
    assert not plain.containers
    low, high = dots.get_xlim()
    assert low < 30 and high > 100
    # One entry of the legend for each kind.
    names = [t.get_text() for t in dots.get_legend().get_texts()]
    assert names == ['paper', 'ours', 'easy, AUC']
    texts = [t.get_text() for t in figure.texts]
    for text in ('Title', 'Plain', 'first', '50.0 ± 1.0', 'not run', 'text'):
        assert text in texts
    assert 'x' not in texts  # not among the drawn columns
    assert max(map(len, texts)) < 60


def test_nothing_overlaps_the_next_row_or_table(tmp_path):
    small = imread(plot_tables([TEXT], tmp_path / 'a.png')).shape
    large = imread(plot_tables([DOTS, TEXT], tmp_path / 'b.png')).shape
    assert large[0] > small[0] and large[1] > small[1]


def test_empty_tables_are_left_out(tmp_path):
    one = imread(plot_tables([TEXT], tmp_path / 'a.png')).shape
    two = imread(plot_tables([TEXT, table([])], tmp_path / 'b.png')).shape
    assert one == two
