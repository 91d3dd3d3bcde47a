"""The page in a real browser: a film goes in, the verdict comes out.

Needs gradio, playwright and a Chromium (``apt-get install chromium``, or
``playwright install chromium``); skipped without.
"""

import os
import shutil
import time
from pathlib import Path

import pytest

pytest.importorskip('gradio')
playwright = pytest.importorskip('playwright.sync_api')

import app  # noqa: E402
from film_check import FilmCheck, Limits  # noqa: E402
from flash_and_click import page_model  # noqa: E402

from avts_mm.media import probe  # noqa: E402

SECONDS = 120_000  # for a slow machine, in milliseconds


@pytest.fixture(scope='module')
def browser():
    chromium = shutil.which('chromium') or shutil.which('google-chrome')
    with playwright.sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(
                executable_path=chromium, args=['--no-sandbox']
            )
        except playwright.Error as error:
            pytest.skip(f'no browser: {str(error).splitlines()[0]}')
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def address(browser):
    before = os.environ.get('GRADIO_TEMP_DIR')
    limits = Limits(max_mb=1, max_minutes=1, heat_seconds=2)
    page, address = app.launch(FilmCheck(page_model(), limits))
    yield address
    page.close()
    shutil.rmtree(os.environ.pop('GRADIO_TEMP_DIR'), ignore_errors=True)
    if before is not None:
        os.environ['GRADIO_TEMP_DIR'] = before


@pytest.fixture
def page(browser, address):
    """The page, which asks nobody else for anything."""
    page = browser.new_page()
    page.set_default_timeout(SECONDS)
    asked, failed = [], []
    page.on('request', lambda request: asked.append(request.url))
    page.on('pageerror', lambda error: failed.append(error))
    page.goto(address)
    page.get_by_text('Is the sound late?').first.wait_for()
    yield page
    page.close()
    own = (address, 'data:', 'blob:')
    assert [url for url in asked if not url.startswith(own)] == []
    assert failed == []


def stored():
    """Names of files; gradio leaves an empty one for each upload."""
    folder = Path(os.environ['GRADIO_TEMP_DIR'])
    return sorted(
        path.name
        for path in folder.rglob('*')
        if path.is_file() and path.stat().st_size
    )


def drop(page, path):
    page.set_input_files('input[type=file]', str(path))
    page.wait_for_selector('#verdict .verdict')
    return page.inner_text('#verdict')


def test_a_late_film(page, late_film, tmp_path):
    page.set_input_files('input[type=file]', late_film)
    page.locator('.progress-level').first.wait_for()
    page.wait_for_selector('#verdict .verdict')
    text = page.inner_text('#verdict')
    assert text.startswith('The sound is 0.24 s late.')
    picture = page.wait_for_selector('img[src*="offset_curve"]')
    page.wait_for_function('e => e.naturalWidth > 300', arg=picture)
    video = page.wait_for_selector('video', state='attached')
    # The browser plays it.
    page.wait_for_function('e => e.duration > 1.9 && !e.error', arg=video)
    with page.expect_download() as download:
        page.locator('a[download]', has_text='B').first.click()
    saved = tmp_path / 'saved.mp4'
    download.value.save_as(saved)
    assert download.value.suggested_filename.endswith('_in_sync.mp4')
    info = probe(str(saved))
    assert info.audio_start - info.video_start == pytest.approx(0, abs=0.03)

    assert len(stored()) == 3
    assert os.path.basename(late_film) not in stored()
    page.close()
    for _ in range(60):
        if not stored():
            break
        time.sleep(0.5)
    assert stored() == []


def test_errors_are_sentences(page, tmp_path):
    path = tmp_path / 'notes.mp4'
    path.write_text('no film at all')
    text = drop(page, path)
    assert text.startswith('notes.mp4 is not a film') and 'Error' not in text
    assert stored() == []


def test_a_film_that_is_too_large(page, tmp_path):
    path = tmp_path / 'large.mp4'
    path.write_bytes(os.urandom(1_200_000))
    page.set_input_files('input[type=file]', str(path))
    page.get_by_text('exceed the maximum allowed size of 1').wait_for()
