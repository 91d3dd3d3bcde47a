"""A page that tells whether the sound of a film is late.

Drop a film in: the verdict, the curve it comes from, who spoke or where in the
picture the sound comes from, and a corrected copy. Runs on this computer
alone: it binds to loopback, fetches nothing, and deletes what it was given.
"""

import argparse
import atexit
import html
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable

# Read when gradio is imported. Everything it stores lies below one folder.
os.environ['GRADIO_ANALYTICS_ENABLED'] = 'False'
os.environ['HF_HUB_DISABLE_TELEMETRY'] = '1'
os.environ['HF_HUB_OFFLINE'] = '1'

try:
    import gradio as gr
    from gradio.processing_utils import save_file_to_cache
    from starlette.middleware import Middleware
except ImportError:
    sys.exit("the page needs gradio: pip install 'avts_mm[demo]'")

from film_check import FilmCheck, Limits, Refused, Verdict, make_example
from headers import Headers
from kept_files import KeptFiles

from avts_mm.apis import AVTSInferencer

KEPT_SECONDS = 1800  # at most, also while the page stays open
LOOPBACK = ('127.0.0.1', 'localhost', '::1')
WAITING = 8  # films in the queue
NOTHING = (None,) * 4  # no files to show
STYLE = """
.verdict {font-size: 1.6em; font-weight: 600; line-height: 1.3}
.verdict.yes {color: #1b7f3b} .verdict.no {color: #c8401f}
.notes {opacity: 0.8; margin-top: 0.4em}
"""
log = logging.getLogger('avts_mm.page')


def no_addresses(upload: gr.File) -> gr.File:
    """Let an upload take files, and no address to fetch one from."""
    move = upload.async_move_resource_to_block_cache

    async def checked(given):
        if '://' in str(given):
            raise gr.Error('Give a file, not an address.')
        return await move(given)

    # Not a subclass: gradio would look for a front end of its own.
    upload.async_move_resource_to_block_cache = checked
    return upload


class Page:
    """The page and what it keeps.

    Args:
        check (FilmCheck): Looks at films.
        folder (str): For all files; gradio's ``GRADIO_TEMP_DIR``.
    """

    def __init__(self, check: FilmCheck, folder: str) -> None:
        self.check, self.folder = check, folder
        self.kept = KeptFiles(folder, KEPT_SECONDS)

    def look(
        self,
        fetch: Callable[[str], str],
        session: str,
        progress: Callable[[float, str], None] | None = None,
    ) -> tuple:
        """Look at a film, which is gone afterwards.

        Args:
            fetch (Callable): Puts the film into a folder, returns its path.
            session (str): Who asks; what there was before is removed.
            progress (Callable, optional): Of :meth:`FilmCheck.analyse`.

        Returns:
            tuple: HTML of the verdict, and paths (or None) of the curve, the
            faces, the heat map and the corrected copy.
        """
        self.kept.release(session)
        try:
            with self.kept.work() as work:
                verdict = self.check.analyse(fetch(work), work, progress)
                files = (
                    *(verdict.curve, verdict.faces),
                    *(verdict.heat_map, verdict.fixed),
                )
                # Where gradio would copy them, so that we know the places.
                files = [
                    f and save_file_to_cache(f, self.folder) for f in files
                ]
        except Refused as refused:
            return told(str(refused)), *NOTHING
        except Exception as error:
            log.exception('a film could not be looked at')
            name = type(error).__name__
            text = (
                f'Something went wrong ({name}), which is the fault of this '
                'page; whoever runs it finds more in its log.'
            )
            return told(text), *NOTHING
        self.kept.replace(session, filter(None, files))
        return told(verdict.sentence, verdict), *files

    def upload(self, path, request: gr.Request, progress=gr.Progress()):  # noqa: B008
        """A film was dropped in."""

        def fetch(folder: str) -> str:
            target = os.path.join(folder, os.path.basename(path))
            try:
                os.rename(path, target)
            except FileNotFoundError:
                raise Refused(
                    'The film is no longer here; drop it in again.'
                ) from None
            return target

        found = self.look(fetch, request.session_hash, progress)
        self.kept.remove(path)  # with the folder that it was in
        return None, *shown(found)

    def example(self, request: gr.Request, progress=gr.Progress()):  # noqa: B008
        """Look at a rendered film."""
        return shown(self.look(make_example, request.session_hash, progress))

    def unload(self, request: gr.Request) -> None:
        """The page was closed."""
        self.kept.release(request.session_hash)

    def build(self) -> gr.Blocks:
        """Lay out the page."""
        limits = self.check.limits
        with gr.Blocks(
            title='Is the sound late?',
            analytics_enabled=False,
        ) as page:
            gr.Markdown(
                '# Is the sound late?\n'
                'Drop in a film to find out whether its sound fits its '
                'picture, and which of them is late. At most '
                f'{limits.max_mb:g} MB and {limits.max_minutes:g} minutes; '
                'your film is deleted as soon as it was looked at, the '
                'results when you close the page or after '
                f'{KEPT_SECONDS // 60} minutes.'
            )
            film = no_addresses(gr.File(label='Film', height=140))
            button = gr.Button('Try a rendered film, its sound 0.24 s late')
            verdict = gr.Markdown(
                elem_id='verdict', min_height=60, latex_delimiters=[]
            )
            with gr.Row():
                curve, faces = (
                    gr.Image(
                        show_label=False,  # it has a title
                        visible=False,
                        type='filepath',
                        interactive=False,
                        buttons=['download', 'fullscreen'],
                    )
                    for _ in range(2)
                )
                heat = gr.Video(
                    label='Where the sound comes from, '
                    f'first {limits.heat_seconds:g} s',
                    visible=False,
                    interactive=False,
                    height=260,
                    buttons=['download'],
                )
            fixed = gr.File(label='Corrected copy', visible=False)
            outputs = [verdict, curve, faces, heat, fixed]
            # One film at a time, from whichever of the two it comes.
            how = dict(
                concurrency_limit=1,
                concurrency_id='film',
                api_visibility='private',
                show_progress_on=verdict,
            )
            film.upload(self.upload, film, [film, *outputs], **how)
            button.click(self.example, None, outputs, **how)
            page.unload(self.unload)
        self.kept.keep_sweeping()
        return page.queue(max_size=WAITING)


def told(sentence: str, verdict: Verdict | None = None) -> str:
    """A sentence, and notes on it, as HTML."""
    sync = verdict and verdict.in_sync
    kind = {True: 'yes', False: 'no', None: ''}[sync]
    notes = ''.join(
        f'<div class="notes">{html.escape(note)}</div>'
        for note in (verdict.notes if verdict else ())
    )
    return f'<div class="verdict {kind}">{html.escape(sentence)}</div>{notes}'


def shown(found: tuple) -> list:
    """What there is, shown; what there is not, hidden."""
    sentence, *files = found
    return [sentence] + [gr.update(value=f, visible=bool(f)) for f in files]


def launch(
    check: FilmCheck, host: str = '127.0.0.1', port: int | None = None
) -> tuple[gr.Blocks, str]:
    """Open the page.

    Returns:
        tuple: The page, and its address.

    Raises:
        OSError: The port, by default the first free one, is taken.
    """
    folder = tempfile.mkdtemp(prefix='avts_page_')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ['GRADIO_TEMP_DIR'] = folder
    page = Page(check, folder).build()
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        share=False,
        inbrowser=False,
        quiet=True,  # it advertises sharing
        prevent_thread_lock=True,
        max_file_size=int(check.limits.max_mb * 2**20),
        max_threads=4,
        theme=gr.themes.Default(
            font=['system-ui', 'sans-serif'], font_mono=['monospace']
        ),
        css=STYLE,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        app_kwargs=dict(middleware=[Middleware(Headers)]),
    )
    return page, address


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--config', help='of another model than that of talking faces'
    )
    parser.add_argument('--checkpoint', help='its weights')
    parser.add_argument('--device', help='such as cpu or cuda:1')
    parser.add_argument(
        '--host', default='127.0.0.1', help='who can reach it: only you'
    )
    parser.add_argument('--port', type=int, default=7860)
    parser.add_argument(
        '--max-mb', type=float, default=200, help='size of a film'
    )
    parser.add_argument(
        '--max-minutes', type=float, default=10, help='length of a film'
    )
    args = parser.parse_args(argv)
    if not (args.max_mb > 0 and args.max_minutes > 0):
        parser.error('--max-mb and --max-minutes must be above 0')
    return args


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    try:
        infer = AVTSInferencer(args.config, args.checkpoint, args.device)
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
    if args.host not in LOOPBACK:
        log.warning('%s: others can reach this page', args.host)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    limits = Limits(args.max_mb, args.max_minutes)
    try:
        page, address = launch(FilmCheck(infer, limits), args.host, args.port)
    except OSError as error:
        sys.exit(f'the page cannot be opened: {error}; try another --port')
    print(f'open {address} in a browser; Ctrl+C ends it', flush=True)
    page.block_thread()


if __name__ == '__main__':
    main()
