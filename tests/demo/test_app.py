"""demo/app.py: arguments, errors as sentences, and what is deleted."""

import asyncio
import os
import shutil
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from film_check import FilmCheck, Limits, Refused, Verdict

gr = pytest.importorskip('gradio')
import app  # noqa: E402  it needs gradio

REQUEST = SimpleNamespace(session_hash='one')


def files(folder):
    return sorted(path.name for path in folder.rglob('*') if path.is_file())


@pytest.fixture
def page(infer, tmp_path):
    folder = tmp_path / 'page'
    folder.mkdir()
    return app.Page(FilmCheck(infer, Limits(heat_seconds=1)), str(folder))


@pytest.fixture
def uploaded(late_film, tmp_path):
    path = tmp_path / 'page' / 'hash' / 'late.mp4'
    path.parent.mkdir(parents=True)
    return shutil.copy(late_film, path)


def test_upload_and_close(page, uploaded, tmp_path):
    cleared, text, curve, faces, heat, fixed = page.upload(
        uploaded, REQUEST, None
    )
    assert cleared is None and 'The sound is 0.24 s late.' in text
    assert 'class="verdict no"' in text
    values = [found['value'] for found in (curve, heat, fixed)]
    assert all(found['visible'] for found in (curve, heat, fixed))
    assert not faces['visible']  # of another sort of model
    names = ['heat_map.mp4', 'late_in_sync.mp4', 'offset_curve.png']
    assert sorted(map(os.path.basename, values)) == names
    assert files(tmp_path / 'page') == names  # the upload is gone
    page.unload(REQUEST)
    assert list((tmp_path / 'page').iterdir()) == []


def test_refused(page, uploaded, tmp_path, monkeypatch):
    def refuse(*args):
        raise Refused('<b>x.mp4 is too long.')

    monkeypatch.setattr(page.check, 'analyse', refuse)
    _, text, *rest = page.upload(uploaded, REQUEST, None)
    assert '&lt;b&gt;x.mp4 is too long.' in text
    assert not any(found['visible'] for found in rest)
    assert list((tmp_path / 'page').iterdir()) == []
    _, text, *_ = page.upload(uploaded, REQUEST, None)
    assert 'no longer here' in text


def test_our_own_faults(page, uploaded, tmp_path, monkeypatch, caplog):
    def fail(*args):
        raise RuntimeError('out of memory in /some/folder')

    monkeypatch.setattr(page.check, 'analyse', fail)
    _, text, *_ = page.upload(uploaded, REQUEST, None)
    assert 'went wrong (RuntimeError)' in text and '/some' not in text
    assert 'out of memory' in caplog.text  # but the log tells
    assert list((tmp_path / 'page').iterdir()) == []


def test_example(page, tmp_path, monkeypatch):
    def analyse(path, folder, progress):
        assert os.path.basename(path) == 'example_sound_0.24_s_late.mp4'
        curve = shutil.copy(path, os.path.join(folder, 'curve.png'))
        return Verdict('Late.', False, 0.24, ['A note.'], curve)

    monkeypatch.setattr(page.check, 'analyse', analyse)
    text, curve, faces, heat, fixed = page.example(REQUEST, None)
    assert 'Late.' in text and 'A note.' in text
    shown = [f['visible'] for f in (curve, faces, heat, fixed)]
    assert shown == [True, False, False, False]
    assert files(tmp_path / 'page') == ['curve.png']


def test_addresses_are_not_fetched():
    upload = app.no_addresses(gr.File())
    with pytest.raises(gr.Error, match='not an address'):
        asyncio.run(
            upload.async_move_resource_to_block_cache('http://127.0.0.1/a.mp4')
        )


def test_the_server(infer, monkeypatch):
    """Loopback, a size limit of its own, and nothing from elsewhere."""
    monkeypatch.setenv('GRADIO_TEMP_DIR', 'restored afterwards')
    check = FilmCheck(infer, Limits(max_mb=0.01))
    page, address = app.launch(check)
    folder = os.environ['GRADIO_TEMP_DIR']
    try:
        assert address.startswith('http://127.0.0.1:')
        with urllib.request.urlopen(address) as answer:
            policy = answer.headers['content-security-policy']
            text = answer.read().decode()
        assert "default-src 'self'" in policy and 'http' not in policy
        assert 'fonts.googleapis' not in text and 'cdnjs' not in text
        assert page.share_url is None and not page.analytics_enabled
        form = (
            '--x\r\nContent-Disposition: form-data; name="files"; '
            f'filename="a.mp4"\r\n\r\n{"0" * 20000}\r\n--x--\r\n'
        )
        request = urllib.request.Request(
            f'{address}gradio_api/upload',
            form.encode(),
            {'Content-Type': 'multipart/form-data; boundary=x'},
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 413
    finally:
        page.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--max-minutes', '-1'], 'above 0'),
        (['--checkpoint', 'a.pth', '--max-mb', '0'], 'above 0'),
    ],
)
def test_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit):
        app.parse_args(arguments)
    assert message in capsys.readouterr().err


def test_defaults_and_missing_files():
    args = app.parse_args([])
    assert args.host == '127.0.0.1'
    assert args.config is None and args.checkpoint is None
    missing = ['--config', 'avts_demo_steps', '--checkpoint', 'nothing.pth']
    with pytest.raises(SystemExit, match=r'nothing\.pth'):
        app.main(missing)
    with pytest.raises(SystemExit, match='go together'):
        app.main(missing[2:])
