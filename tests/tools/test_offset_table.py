"""tools/analysis_tools/offset_table.py: the cases and the lines."""

import json
from types import SimpleNamespace

import pytest
from media_files import render
from talking_face import face_embedder, known_faces
from tool_modules import load_tool

from avts_mm.apis import faces

tool = load_tool('analysis_tools/offset_table')


def test_a_folder(tmp_path, monkeypatch, capsys):
    """Films whose flashing pictures are what moves."""
    monkeypatch.setattr(faces, 'FaceFinder', lambda: known_faces)
    monkeypatch.setattr(
        tool,
        'AVTSInferencer',
        lambda *args: SimpleNamespace(embedder=face_embedder()),
    )
    folder = tmp_path / 'films'
    folder.mkdir()
    for name, events in (('a', (9, 31, 66, 71)), ('b', (17, 24, 46, 57))):
        render(folder / f'{name}.mkv', seconds=4, events=events, rate=16000)
    arguments = [f'clicks={folder}', f'first={folder}/a.mkv']
    out = tmp_path / 'cases.json'
    tool.main([*arguments, '--lengths', '2', '9', '--json', str(out)])
    printed = capsys.readouterr().out.splitlines()
    lines = [line for line in printed if line.startswith('|')]
    assert [line.split('|')[1].strip() for line in lines] == [
        *('source', '---', 'clicks', 'first')
    ]
    assert '| 2 s | 2 |' in lines[2] and lines[2].endswith('| 8 % |')
    cases = json.loads(out.read_text())
    assert [case['film'][-5:] for case in cases['clicks']] == [
        'a.mkv',
        'b.mkv',
    ]
    assert all(abs(case['late']) <= 0.4 for case in cases['clicks'])
    assert all(case['motion'] is not None for case in cases['clicks'])


def test_halves_and_shares(tmp_path):
    for name in 'cab':
        (tmp_path / name).touch()
    names = [tool.find_films(str(tmp_path), half) for half in (None, 0, 1)]
    assert [[path[-1] for path in paths] for paths in names] == [
        *(['a', 'b', 'c'], ['a', 'c'], ['b'])
    ]
    case = dict(late=0.1, told=True, wrong_told=False, motion=None)
    case['searched'] = 2.0
    cases = [case | dict(best=best) for best in (0.13, 0.17, None)]
    line = tool.row('x', 3, cases)
    assert line[:3] == ['x', '3 s', 3]
    shares = [part.split(' %')[0] for part in line[3:]]
    assert shares == ['33', '67', '100', '33', '0', '0', '2']


@pytest.mark.parametrize('missing', ['', 'nothing'])
def test_no_films(tmp_path, missing):
    assert tool.find_films(str(tmp_path / missing), None) == []
