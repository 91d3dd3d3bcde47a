"""tools/sync_check.py: table, files, exit status and the corrected copy."""

import csv
import json

import pytest
from tool_modules import load_tool

from avts_mm.apis import AVTSInferencer
from avts_mm.media.shift import ShiftedSound

tool = load_tool('sync_check')


def prediction(name, offset, in_sync, drift=None):
    return dict(
        name=name,
        verdict='a verdict',
        in_sync=in_sync,
        offset=offset,
        confidence=0.9,
        reason='' if offset is not None else 'still',
        found_by='faces',
        drift=drift,
    )


FOUND = {
    'good.mp4': prediction('good.mp4', 0.0, True),
    'late.mp4': prediction('late.mp4', 0.24, False),
    'still.mp4': prediction('still.mp4', None, None),
    'drifts.mp4': prediction('drifts.mp4', 0.1, False, 0.01),
    'mute.mp4': dict(
        name='mute.mp4',
        verdict='Cannot tell: the file has no sound.',
        reason='no_audio',
        in_sync=None,
        offset=None,
    ),
    'bad.mp4': dict(name='bad.mp4', verdict='Cannot read it', reason='empty'),
}


@pytest.fixture
def run(monkeypatch):
    """Run the tool with predictions that are made up."""
    calls, inits = [], []

    def init(self, *args, **kwargs):
        inits.append(args)
        if args[1] == 'missing.pth':
            raise FileNotFoundError('missing.pth: no such file')

    def call(self, path, **kwargs):
        calls.append(kwargs)
        return dict(predictions=[FOUND[path]], visualization=None)

    monkeypatch.setattr(AVTSInferencer, '__init__', init)
    monkeypatch.setattr(AVTSInferencer, '__call__', call)

    def run(*arguments, checkpoint=None):
        model = ['--config', 'avts_demo_steps', '--checkpoint', checkpoint]
        return tool.main([*arguments, *(model if checkpoint else ())])

    run.calls, run.inits = calls, inits
    return run


@pytest.mark.parametrize(
    ('files', 'status'),
    [
        (['good.mp4'], 0),
        (['good.mp4', 'late.mp4'], 1),
        (['still.mp4'], 1),
        (['mute.mp4'], 1),
        (['good.mp4', 'mute.mp4'], 1),
        (['good.mp4', 'bad.mp4'], 2),
    ],
)
def test_exit_status(run, files, status, capsys):
    assert run(*files) == status
    out = capsys.readouterr().out
    assert all(name in out for name in files)
    if len(files) > 1:
        assert f'{len(files)} films: 1 in sync' in out


def test_names_need_not_be_text(run, monkeypatch, tmp_path, capsys):
    name = 'caf\udce9 [x264].mp4'
    monkeypatch.setitem(FOUND, name, prediction(name, 0.0, True))
    files = tmp_path / 'a.json', tmp_path / 'a.csv'
    assert run(name, '--json', str(files[0]), '--csv', str(files[1])) == 0
    out = ''.join(capsys.readouterr().out.split())
    assert 'caf\\udce9' in out and '[x264]' in out
    assert all('caf\\udce9' in path.read_text() for path in files)


def test_files(run, tmp_path):
    json_path, csv_path = tmp_path / 'a.json', tmp_path / 'a.csv'
    run(
        'late.mp4',
        'bad.mp4',
        *('--json', str(json_path), '--csv', str(csv_path)),
        *('--max-shift', '3', '--tolerance', '0.1', '--audio-track', '1'),
    )
    late, bad = json.loads(json_path.read_text())
    assert late == FOUND['late.mp4'] and bad == FOUND['bad.mp4']
    with open(csv_path, newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['offset'] for row in rows] == ['0.24', '']
    assert run.calls[0] == dict(
        max_shift=3.0,
        tolerance=0.1,
        audio_track=1,
        out_dir=None,
        whole=False,
    )


def test_which_model(run):
    run('good.mp4')
    run('good.mp4', '--whole', checkpoint='x.pth')
    assert run.inits == [
        (None, None, None),
        ('avts_demo_steps', 'x.pth', None),
    ]
    assert [call['whole'] for call in run.calls] == [False, True]


def test_who_spoke(run, monkeypatch, capsys):
    faces = [
        dict(box=(0.1, 0.2, 0.3, 0.4), spoke=[[0.0, 1.5], [3.0, 4.0]]),
        dict(box=(0.9, 0.2, 1.0, 0.4), spoke=[[2, 3]]),
        dict(box=(0.4, 0.2, 0.6, 0.4), spoke=[]),
    ]
    found = FOUND['good.mp4'] | dict(faces=faces, excerpts=[[20, 40]])
    monkeypatch.setitem(FOUND, 'good.mp4', found)
    run('good.mp4')
    out = capsys.readouterr().out
    assert 'a face on the left spoke at 0.0-1.5 s, 3.0-4.0 s' in out
    assert 'a face on the right spoke at 2.0-3.0 s' in out
    assert 'in the middle' not in out
    assert 'looked at 20.0-40.0 s; --whole' in out


def test_fix(run, monkeypatch, capsys, tmp_path):
    moved = []

    def shift_sound(*arguments):
        moved.append(arguments)
        return ShiftedSound(arguments[2], 0.02, ('timecode', 'data'))

    monkeypatch.setattr(tool, 'shift_sound', shift_sound)
    out = str(tmp_path / 'out.mp4')
    assert run('late.mp4', '--fix', out) == 1
    assert moved == [('late.mp4', out, 0.24, 0)]
    out_text = capsys.readouterr().out
    assert 'sound moved by -0.240 s' in out_text
    assert '0.020 s of sound before the picture is lost' in out_text
    assert 'not in the copy: timecode, data' in out_text
    assert run('still.mp4', '--fix', out) == 1
    assert 'nothing is fixed' in capsys.readouterr().err
    assert run('drifts.mp4', '--fix', out) == 1
    assert 'stretched' in capsys.readouterr().err
    assert run('good.mp4', 'late.mp4', '--fix', out) == 2
    assert len(moved) == 1


def test_errors(run, capsys):
    assert run('good.mp4', checkpoint='missing.pth') == 2
    assert 'missing.pth: no such file' in capsys.readouterr().err
