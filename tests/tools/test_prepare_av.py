"""tools/data/prepare_av.py from the command line."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from list_tools import load
from media_files import render

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools' / 'data' / 'prepare_av.py'
RAW = ROOT.parent / 'shared' / 'data' / 'raw'


tool = load('prepare_av.py')


@pytest.fixture(scope='module')
def videos(tmp_path_factory):
    root = tmp_path_factory.mktemp('videos')
    for number in range(6):
        render(root / f'{number}.mp4', seconds=3, events=(number,))
    render(root / 'mute.mp4', seconds=2, events=(1,), audio=None)
    return root


def test_kill_and_restart(videos, tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = [str(videos), '--out', str(out), '--num-workers', '1']
    # So slow that it cannot be through before it is killed.
    arguments += ['--short-side', '512', '--crf', '1']
    process = subprocess.Popen(
        [sys.executable, str(TOOL), *arguments],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    journal = out / 'journal.jsonl'
    limit = time.monotonic() + 100
    while not journal.exists() or len(journal.read_text().split('\n')) < 4:
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(journal.read_text().split('\n')) - 2
    assert 2 <= done < 7
    assert not (out / 'annotation.csv').exists()

    assert tool.main(arguments) == 0
    report = json.loads((out / 'report.json').read_text())
    assert report['reused'] >= 2
    assert report['kept'] == 6
    assert report['left_out'] == {'no_audio': 1}
    assert 'finished by an earlier run' in capsys.readouterr().out
    for number in range(6):
        with av.open(str(out / 'videos' / f'{number}.mp4')) as container:
            assert sum(1 for _ in container.decode(video=0)) == 75
    assert not (out / '.part').exists()


def test_table_splits_and_json(videos, tmp_path, capsys):
    out, report_file = tmp_path / 'out', tmp_path / 'in' / 'report.json'
    arguments = [str(videos), '--out', str(out), '--num-workers', '2']
    arguments += ['--short-side', '32', '--val-share', '0.34']
    assert tool.main([*arguments, '--json', str(report_file)]) == 0
    printed = capsys.readouterr().out
    assert 'kept' in printed and 'without sound' in printed
    assert 'mute.mp4' in printed
    report = json.loads(report_file.read_text())
    assert report == json.loads((out / 'report.json').read_text())
    assert report['splits'] == {'train': 4, 'val': 2}
    assert report['kept_seconds'] == pytest.approx(18, abs=0.2)
    rows = {}
    for split in ('train', 'val'):
        with open(out / f'annotation_{split}.csv', newline='') as file:
            rows[split] = [row['video'] for row in csv.DictReader(file)]
    assert not set(rows['train']) & set(rows['val'])
    # Splits of an earlier run do not stay behind.
    assert tool.main(arguments[:-2]) == 0
    assert not (out / 'annotation_val.csv').exists()


def test_splits_of_a_list(videos, tmp_path):
    list_file = tmp_path / 'list.csv'
    lines = ['video,label,split']
    lines += [
        f'{videos}/{n}.mp4,{n},{"val" if n < 2 else "train"}' for n in range(4)
    ]
    list_file.write_text('\n'.join(lines))
    out = tmp_path / 'out'
    arguments = ['--list', str(list_file), '--out', str(out)]
    assert tool.main([*arguments, '--short-side', '32']) == 0
    with open(out / 'annotation_val.csv', newline='') as file:
        assert [row['label'] for row in csv.DictReader(file)] == ['0', '1']


def test_shards(videos, tmp_path):
    out = tmp_path / 'out'
    arguments = ['--out', str(out), '--short-side', '32']
    assert tool.main([str(videos), *arguments]) == 0
    assert tool.main([*arguments, '--shards', '0.1MB']) == 0
    report = json.loads((out / 'report.json').read_text())
    assert report['kept'] == 6 and report['left_out'] == {'no_audio': 1}
    with open(out / 'annotation.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert all(row['video'].startswith('shards/00000') for row in rows)
    assert len(list((out / 'shards').iterdir())) > 1
    assert not list((out / 'videos').iterdir())


def test_nothing_usable(tmp_path, capsys):
    render(tmp_path / 'mute.mp4', seconds=2, events=(1,), audio=None)
    out = str(tmp_path / 'out')
    assert tool.main([str(tmp_path / 'mute.mp4'), '--out', out]) == 1
    assert 'no video can be used' in capsys.readouterr().err
    assert tool.main([str(tmp_path / 'none'), '--out', out]) == 1
    assert 'no such file or folder' in capsys.readouterr().err


@pytest.mark.parametrize(
    'wrong',
    [
        [],
        ['.', '--short-side', '127'],
        ['.', '--crop', '0,0,2,1'],
        ['.', '--val-share', '1'],
        ['.', '--num-workers', '0'],
        ['.', '--shard', '0/4'],
        ['.', '--shards', '1'],
        ['--shards', '1GB', '--overwrite'],
        ['.', '--shard', '1/4', '--merge'],
    ],
)
def test_wrong_arguments(wrong, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main([*wrong, '--out', str(tmp_path)])
    assert 'error' in capsys.readouterr().err


@pytest.mark.skipif(not RAW.is_dir(), reason='needs the sample of raw files')
def test_real_files(tmp_path):
    out = tmp_path / 'out'
    arguments = ['--short-side', '64', '--num-workers', '2']
    assert tool.main([str(RAW), '--out', str(out), *arguments]) == 0
    report = json.loads((out / 'report.json').read_text())
    assert report['kept'] == 11
    assert report['left_out'] == {'no_audio': 1}
