"""The corpora that loaders are compared on: raw, and prepared from it."""

import os
from pathlib import Path

from avts_mm.media import PrepareOptions
from avts_mm.media.annotation import write_records
from avts_mm.preparation import Source, prepare_corpus

from .raw_files import write_raw


def make_files(root: Path, number: int, names: int = 160) -> tuple[Path, Path]:
    """Make both corpora in a folder; what is there is kept.

    Readers keep what they know of the last files, which is of no use where no
    file comes twice before all others have. Each file therefore gets several
    names (links), under which it is met as a stranger.

    Args:
        root (Path): Folder.
        number (int): Different videos.
        names (int): Names that they have together. Defaults to 160.

    Returns:
        tuple[Path, Path]: Folder of the raw and of the prepared corpus, each
        with ``annotation.csv``.
    """
    raw, prepared = root / 'raw', root / 'prepared'
    (raw / 'videos').mkdir(parents=True, exist_ok=True)
    sources = []
    for i in range(number):
        path = raw / 'videos' / f'{i:03d}.mp4'
        if not path.exists():
            part = path.with_suffix('.part')
            write_raw(part, seed=i)
            os.replace(part, path)
        sources.append(Source(str(path.resolve()), path.stem))
    corpus = prepare_corpus(
        sources, str(prepared), PrepareOptions(), os.cpu_count() or 1
    )
    if corpus.left_out:
        raise RuntimeError(f'not prepared: {corpus.left_out}')
    for folder in (raw, prepared):
        records = []
        for record in corpus.records:
            if folder is raw:
                record = {**record, 'audio': record['video']}
                del record['prepared_bytes']
            records += [
                _renamed(folder, record, i) for i in range(-(-names // number))
            ]
        write_records(folder / 'annotation.csv', records)
    return raw, prepared


def _renamed(folder: Path, record: dict, number: int) -> dict:
    """A record under another name, which leads to the same files."""
    record = dict(record)
    for kind in ('video', 'audio'):
        path = Path(record[kind])
        link = Path('links', f'{path.stem}_{number:03d}{path.suffix}')
        target = folder / link
        target.parent.mkdir(exist_ok=True)
        if not target.is_symlink():
            target.symlink_to(Path('..', path))
        record[kind] = str(link)
    return record
