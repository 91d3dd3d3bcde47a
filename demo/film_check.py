"""What the page does with a film: verdict, curve, faces or heat map, copy.

Knows nothing of the page. Films come from strangers, so their size, length
and kind are looked at before anything is decoded, and again while decoding,
since a header may say anything.
"""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av

from avts_mm.apis import AVTSInferencer, as_film, find_offset
from avts_mm.apis.localize import write_heat_map_video
from avts_mm.media import MediaError, probe
from avts_mm.media.shift import shift_sound
from avts_mm.synthetic.corpus import render_clip, write_clip
from avts_mm.visualization import draw_faces, draw_offset_curve, save

TOLERANCE = 0.08  # seconds that count as in sync
EXAMPLE_LATE = 0.24  # seconds
EXAMPLE_SEED = (0, 2, 0)  # 0 and 1 in the middle: training and validation
# Containers only: playlists and the like name other files to be opened.
CONTAINERS = 'mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf'
COPIES = ('.mp4', '.m4v', '.mov', '.mkv', '.webm', '.ts', '.avi')


class Refused(Exception):
    """A film that is not looked at; the message is for its owner."""


@dataclass(frozen=True)
class Limits:
    """What is taken.

    Attributes:
        max_mb (float): Size of a file, 2^20 bytes (as browsers count).
        max_minutes (float): Length of a film.
        max_pixels (int): Of a picture.
        heat_seconds (float): So much of the film gets a heat map.
    """

    max_mb: float = 200
    max_minutes: float = 10
    max_pixels: int = 4096 * 2304
    heat_seconds: float = 8

    def check_size(self, size: int, name: str) -> None:
        """Refuse a file of ``size`` bytes if it is too large."""
        if size > self.max_mb * 2**20:
            raise Refused(
                f'{name} has {size / 2**20:.1f} MB, and this page takes '
                f'{self.max_mb:g} MB at most: cut out a part of the film.'
            )

    def check_length(self, seconds: float, name: str) -> None:
        """Refuse a film of ``seconds`` if it is too long."""
        if seconds > self.max_minutes * 60:
            raise Refused(
                f'{name} is longer than the {self.max_minutes:g} min that '
                'this page takes: cut out a part of the film.'
            )

    def check_picture(self, width: int, height: int, name: str) -> None:
        """Refuse pictures that take too much memory."""
        if width * height > self.max_pixels:
            raise Refused(
                f'{name} has pictures of {width} x {height}, and this page '
                f'takes {self.max_pixels / 1e6:.1f} megapixels at most: '
                'convert it to a smaller picture.'
            )


@dataclass
class Verdict:
    """What was found out about a film.

    Attributes:
        sentence (str): The verdict.
        in_sync (bool | None): None if it cannot be told.
        offset (float | None): Seconds by which the sound is late.
        notes (list[str]): What else there is to say, sentences.
        curve (str): Picture of the offset curve.
        faces (str | None): Picture of those who spoke, and when.
        heat_map (str | None): Video of where the sound comes from, of models
            that are not of mouths.
        fixed (str | None): Copy of the film, its sound moved.
    """

    sentence: str
    in_sync: bool | None
    offset: float | None
    notes: list[str]
    curve: str
    faces: str | None = None
    heat_map: str | None = None
    fixed: str | None = None


class FilmCheck:
    """Looks at films, one at a time.

    Args:
        infer (AVTSInferencer): The model.
        limits (Limits): Defaults to those of :class:`Limits`.
    """

    def __init__(
        self, infer: AVTSInferencer, limits: Limits | None = None
    ) -> None:
        self.infer, self.limits = infer, limits or Limits()

    def analyse(
        self,
        path: str,
        folder: str,
        progress: Callable[[float, str], None] | None = None,
    ) -> Verdict:
        """Look at a film.

        Args:
            path (str): The film.
            folder (str): Where the pictures and the copy go.
            progress (Callable, optional): Told the share that is done and
                what is being done.

        Raises:
            Refused: It is too large, too long, or no film; the message names
                it without its folder.
        """
        path = os.fspath(path)
        name = os.path.basename(path)
        if progress is None:

            def progress(share: float, doing: str) -> None:
                pass

        try:
            return self._analyse(path, name, Path(folder), progress)
        except MediaError as error:
            raise Refused(_told(error, name)) from error

    def _analyse(self, path: str, name: str, folder: Path, progress):
        limits = self.limits
        limits.check_size(os.path.getsize(path), name)
        check_container(path, name)
        info = probe(path)
        limits.check_length(info.video_duration or 0, name)
        limits.check_picture(info.width or 0, info.height or 0, name)
        length = info.video_duration or limits.max_minutes * 60

        def report(seconds: float) -> None:
            limits.check_length(seconds, name)
            progress(min(seconds / length, 1) * 0.8, 'Comparing')

        with closing(as_film(path)) as film:
            found = find_offset(self.infer.embedder, film, progress=report)
        progress(0.8, 'Drawing')
        verdict = Verdict(
            found.describe(TOLERANCE),
            found.in_sync(TOLERANCE),
            found.offset,
            [],
            save(
                draw_offset_curve(found, name),
                folder / 'offset_curve.png',
            ),
        )
        self._fix(verdict, found, path, name, folder)
        if self.infer.embedder.faces:
            self._show_faces(verdict, found, folder)
            return verdict
        progress(0.85, 'Looking where the sound comes from')
        self._locate(verdict, path, folder)
        return verdict

    def _show_faces(self, verdict: Verdict, found, folder: Path) -> None:
        """Draw who spoke, or say by what else the offset was found."""
        if found.excerpts:
            seconds = sum(end - begin for begin, end in found.excerpts)
            verdict.notes.append(
                f'Found in {len(found.excerpts)} excerpts, {seconds:.0f} s in '
                'all.'
            )
        if any(face.spoke for face in found.faces):
            picture = draw_faces(found.faces)
            verdict.faces = save(picture, folder / 'faces.png')
        elif found.found_by == 'motion' and found.offset is not None:
            verdict.notes.append(
                'Found by what moves and how loud it is, since no face told.'
            )
        elif found.faces:
            verdict.notes.append('Nobody who is seen was found to speak.')

    def _fix(self, verdict, found, path: str, name: str, folder: Path) -> None:
        """Write the copy, if moving the sound helps."""
        if verdict.in_sync or verdict.offset is None:
            return
        if found.drift is not None:
            verdict.notes.append(
                'There is no corrected copy, since a sound that drifts would '
                'have to be stretched.'
            )
            return
        stem, ending = os.path.splitext(name)
        endings = [e for e in (ending.lower(), '.mkv') if e in COPIES]
        # Endings are tried in turn, and the last one's error is told.
        for ending in endings:
            target = folder / f'{stem[:50]}_in_sync{ending}'
            try:
                moved = shift_sound(path, str(target), found.offset)
            except MediaError as error:
                failure = _told(error, target.name)
                continue
            verdict.fixed = str(target)
            way = 'earlier' if moved.seconds > 0 else 'later'
            verdict.notes.append(
                'In the corrected copy the sound is heard '
                f'{abs(moved.seconds):.3f} s {way}; nothing was encoded anew.'
            )
            if moved.dropped > 0.1:  # less is mostly the coder's lead-in
                verdict.notes.append(
                    f'{moved.dropped:.2f} s of sound before the first picture '
                    'are lost in it.'
                )
            return
        verdict.notes.append(f'There is no corrected copy: {failure}')

    def _locate(self, verdict: Verdict, path: str, folder: Path) -> None:
        """Write the heat map of the first seconds."""
        if verdict.offset is None:
            verdict.notes.append(
                'There is no heat map, since which sound belongs to which '
                'picture is not known.'
            )
            return
        # In the corrected copy, what sounds is seen while it sounds.
        try:
            with closing(as_film(verdict.fixed or path)) as film:
                verdict.heat_map = write_heat_map_video(
                    self.infer.embedder,
                    film,
                    str(folder / 'heat_map.mp4'),
                    seconds=self.limits.heat_seconds,
                    refine=2,
                )
        except (MediaError, ValueError) as error:
            verdict.notes.append(
                f'There is no heat map: {_told(error, "the film")}'
            )


def check_container(path: str, name: str) -> None:
    """Refuse what is no film, before anything else opens it."""
    options = dict(format_whitelist=CONTAINERS, protocol_whitelist='file')
    try:
        av.open(os.path.join('.', path), options=options).close()
    except (av.FFmpegError, OSError, ValueError):
        raise Refused(
            f'{name} is not a film that this page can read: give a video '
            'file such as .mp4, .mov, .mkv, .webm, .avi or .ts, and if it is '
            'one, it is damaged.'
        ) from None


def make_example(folder: str, seconds: float = 6.0) -> str:
    """Render a film whose sound is 0.24 s late.

    Of the kind of the embedded corpus, which has no clip of this seed.

    Args:
        folder (str): Where to write it.
        seconds (float): Its length. Defaults to 6.

    Returns:
        str: Its path.
    """
    plain = os.path.join(folder, 'in_sync.mp4')
    path = os.path.join(folder, 'example_sound_0.24_s_late.mp4')
    frames, wave, _ = render_clip(EXAMPLE_SEED, 96, seconds)
    write_clip(plain, frames, 25, wave)
    try:
        shift_sound(plain, path, -EXAMPLE_LATE)
    finally:
        os.remove(plain)
    return path


def _told(error: Exception, name: str) -> str:
    """An error for the owner of the film: a name instead of our paths."""
    text = str(error)
    path = getattr(error, 'path', '')
    text = text.replace(path, name) if path else text
    return text if text.endswith('.') else f'{text}.'
