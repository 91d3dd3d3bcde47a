"""Retrieval sheets."""

from types import SimpleNamespace

import numpy as np
from matplotlib.colors import to_hex

from avts_mm.visualization import draw_retrieval
from avts_mm.visualization.retrieval import RIGHT, SAME

# Picture 0 is nearest to sound 2, then to 0; the others to their own.
DISTANCES = np.array(
    [
        [0.5, 0.9, 0.1, 0.7],
        [0.9, 0.1, 0.8, 0.7],
        [0.3, 0.9, 0.2, 0.7],
        [0.9, 0.8, 0.7, 0.1],
    ]
)


def seconds():
    return [
        SimpleNamespace(
            frames=np.full((25, 4, 6, 3), 50 * i, np.uint8),
            log_mel=np.full((8, 20), float(i)),
            name='a' if i in (0, 2) else f'film{i}',
        )
        for i in range(4)
    ]


def cells(figure):
    """Rows of (head, foot, level of picture, opacities, colour)."""
    found = []
    for above, below in zip(figure.axes[::2], figure.axes[1::2]):
        picture = above.images[0]
        found.append(
            dict(
                head=above.get_title('left'),
                foot=below.get_xlabel(),
                level=int(np.asarray(picture.get_array())[0, 0, 0]),
                mel=float(np.asarray(below.images[0].get_array())[0, 0]),
                strong=(picture.get_alpha(), below.images[0].get_alpha()),
                colour=to_hex(below.spines['left'].get_edgecolor()).upper(),
            )
        )
    return found


def test_sounds_in_order_of_distance():
    figure = draw_retrieval(seconds(), DISTANCES, [0, 1], count=3)
    drawn = cells(figure)
    assert len(drawn) == 2 * 4
    query, *found = drawn[:4]
    assert query['head'] == 'asked with this picture'
    assert query['foot'] == 'its own sound: 2 of 4'
    assert [cell['level'] for cell in found] == [100, 0, 150]
    assert [cell['mel'] for cell in found] == [2, 0, 3]
    assert [cell['head'] for cell in found] == [
        '1.  same film',
        '2.  its own',
        '3.  film3',
    ]
    assert [cell['colour'] for cell in found] == [SAME, RIGHT, '#CCCCCC']
    assert found[0]['foot'] == 'distance 0.10'
    # What was compared is what stands out.
    assert query['strong'][0] == 1 > query['strong'][1]
    assert found[0]['strong'][1] == 1 > found[0]['strong'][0]
    assert drawn[4]['foot'] == 'its own sound: 1 of 4'
    text = figure._suptitle.get_text()
    assert 'the nearest of 4 sounds' in text
    assert 'Its own sound is the first in 75 % (chance 25 %)' in text
    assert 'among the first 3 in 100 % (chance 75 %)' in text


def test_pictures_for_a_sound():
    figure = draw_retrieval(seconds(), DISTANCES, [2], by='sound', count=2)
    query, *found = cells(figure)
    assert query['foot'] == 'its own picture: 2 of 4'
    assert [cell['level'] for cell in found] == [0, 100]
    assert found[0]['strong'][0] == 1


def test_rank_of_ties_is_in_the_middle():
    feet = [
        cell['foot']
        for cell in cells(
            draw_retrieval(seconds(), np.ones((4, 4)), [0, 1], count=1)
        )
    ]
    assert feet[::2] == ['its own sound: 2.5 of 4'] * 2
