"""The offset between picture and sound of a film, and how well it is found."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice

import numpy as np
from mmaction.registry import LOOPS
from mmengine.dist import get_rank, get_world_size
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop
from rich.progress import track

from avts_mm.evaluation.functional.energy import energy_offset
from avts_mm.evaluation.functional.offset import (
    OffsetEstimate,
    estimate_offset,
)
from avts_mm.evaluation.functional.offset_sums import OffsetAccumulator
from avts_mm.media.film import FileFilm, Film

from .embedding import EmbeddedPiece, FilmEmbedder
from .faces import LEAST, find_by_faces

MAX_SHIFT = 2.0  # seconds


def find_offset(
    embedder: FilmEmbedder,
    film: Film,
    max_shift: float | None = None,
    progress: Callable[[float], None] | None = None,
    on_piece: Callable[[EmbeddedPiece], None] | None = None,
    whole: bool = False,
    **options,
) -> OffsetEstimate:
    """By how much the sound of a film is late.

    Reads the film once and holds a few seconds of it at a time.

    Args:
        embedder (FilmEmbedder): The model.
        film (Film): The film.
        max_shift (float, optional): Seconds to search in both directions.
            Defaults to 2, or a quarter of a film of less than 8 s.
        progress (Callable, optional): Called with the seconds done so far.
        on_piece (Callable, optional): Called with each piece.
        whole (bool): Look at all of a film however long it is, where models
            of mouths make do with excerpts. Defaults to False.
        options: Of :func:`estimate_offset`.

    Returns:
        OffsetEstimate

    Raises:
        MediaError: The film is damaged.
        ValueError: ``max_shift`` is not at least a step.
    """
    if max_shift is None:
        # Beyond it there is little left of a film that can be compared.
        quarter = film.seconds / 4 or MAX_SHIFT  # 0: it is not known
        max_shift = min(MAX_SHIFT, max(quarter, embedder.step))
    radius = round(max_shift / embedder.step)
    if radius < 1:
        raise ValueError(
            f'max_shift must be at least {embedder.step:g} s, not {max_shift}'
        )
    if embedder.faces:
        return find_by_faces(
            embedder, film, radius, progress, on_piece, whole, **options
        )
    sums = OffsetAccumulator(radius, embedder.step)
    steps = moving = heard = 0
    for piece in embedder.pieces(film):
        sums.add(piece.video, piece.audio)
        steps += len(piece.video)
        moving += embedder.stride * int(np.isfinite(piece.video[:, 0]).sum())
        heard += int(np.isfinite(piece.audio[:, 0]).sum())
        if on_piece is not None:
            on_piece(piece)
        if progress is not None:
            progress(steps * embedder.step)
    reason = ''
    if steps * embedder.step < LEAST:
        reason = 'too_short'
    elif heard * embedder.step < LEAST:
        reason = 'silent'
    elif moving * embedder.step < LEAST:
        reason = 'still'
    found = sums.finish()
    # A clip of pictures stands for those that the stride has left out.
    found.counts *= embedder.stride
    found.sums *= embedder.stride
    return estimate_offset(found, reason, **options)


class ShiftedFilm:
    """An excerpt of a film whose sound has been made late.

    Args:
        film (Film): The film.
        begin (float): Where the excerpt begins, seconds.
        seconds (float): Its length.
        late (float): Seconds by which its sound is made late.
    """

    def __init__(
        self, film: Film, begin: float, seconds: float, late: float
    ) -> None:
        self.film, self.begin, self.late = film, begin, late
        self.name, self.seconds = film.name, seconds
        self.seekable = film.seekable

    def pictures(
        self, step: float, begin: float = 0.0
    ) -> Iterator[np.ndarray]:
        """Of the excerpt."""
        pictures = self.film.pictures(step, self.begin + begin)
        return islice(pictures, max(round((self.seconds - begin) / step), 0))

    def sound(self, start: float, seconds: float, rate: int) -> np.ndarray:
        """Shifted; NaN beyond what the film has."""
        return self.film.sound(start + self.begin - self.late, seconds, rate)

    def close(self) -> None:
        """Close the film."""
        self.film.close()


@LOOPS.register_module()
class OffsetTestLoop(BaseLoop):
    """Find known offsets in the videos of a data set.

    Every video is cut to excerpts of each length, at a place drawn for each,
    and its sound made late by a shift drawn from the range; both by the
    number of the video. Where an excerpt leaves room, the sound that
    is moved in is that of the film; beyond its ends there is none.

    Args:
        runner (Runner): The runner.
        dataloader (dict): Of an `AVPairDataset`; its records are used.
        evaluator (dict): With an `OffsetMetric`.
        lengths (Sequence[float]): Seconds of the excerpts; None stands for
            the whole video. Defaults to (None,).
        max_shift (float): Seconds, searched. Defaults to 2.0.
        max_drawn (float): Seconds, drawn from; less than is searched, since
            videos are short. Defaults to 1.0.
        swap_sound (bool): Give every video the sound of the next one: there
            is nothing to be found, and ``told`` is how often the answer is
            wrong by being one. Defaults to False.
        fp16 (bool): Autocast, as in mmengine's loops; `FilmEmbedder` takes it
            from the config. Defaults to False.
    """

    def __init__(
        self,
        runner,
        dataloader,
        evaluator,
        lengths: Sequence[float | None] = (None,),
        max_shift: float = 2.0,
        max_drawn: float = 1.0,
        swap_sound: bool = False,
        fp16: bool = False,
    ) -> None:
        super().__init__(runner, dataloader)
        if isinstance(evaluator, (dict, list)):
            evaluator = runner.build_evaluator(evaluator)
        self.evaluator = evaluator
        self.lengths = tuple(lengths)
        self.max_shift = max_shift
        self.max_drawn = max_drawn
        self.swap_sound = swap_sound

    def run(self) -> dict:
        """Find the offsets and judge them."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        model = self.runner.model
        model = model.module if is_model_wrapper(model) else model
        model.eval()
        embedder = FilmEmbedder(model, self.runner.cfg)
        dataset = self.dataloader.dataset
        mine = range(get_rank(), len(dataset), get_world_size())
        for index in track(mine, 'Offsets', disable=get_rank() > 0):
            for seconds in self.lengths:
                case = self._case(embedder, dataset, index, seconds)
                self.evaluator.process(data_samples=[case])
        # Every case once, as many on each rank as there are.
        metrics = self.evaluator.evaluate(len(dataset) * len(self.lengths))
        self.runner.call_hook('after_test_epoch', metrics=metrics)
        self.runner.call_hook('after_test')
        return metrics

    def _case(
        self, embedder: FilmEmbedder, dataset, index: int, seconds
    ) -> dict:
        info = dataset.get_data_info(index)
        start, duration = info['span']
        rng = np.random.default_rng([0, index, round(seconds or 0)])
        late = float(rng.uniform(-self.max_drawn, self.max_drawn))
        length = duration if seconds is None else min(seconds, duration)
        begin = start + float(rng.uniform(0, duration - length))
        sound = info['audio_path']
        if self.swap_sound:
            following = (index + 1) % len(dataset)
            sound = dataset.get_data_info(following)['audio_path']
        pieces: list[EmbeddedPiece] = []
        with closing(FileFilm(info['video_path'], sound)) as whole:
            film = ShiftedFilm(whole, begin, length, late)
            found = find_offset(
                embedder, film, self.max_shift, on_piece=pieces.append
            )
        # What the baseline looks at is on the way.
        motion, loudness = (
            np.concatenate([getattr(p, name) for p in pieces] or [np.zeros(0)])
            for name in ('motion', 'loudness')
        )
        radius = round(self.max_shift / embedder.step)
        return dict(
            video=info['video_path'],
            seconds=round(length, 1) if seconds is None else seconds,
            true=late,
            best=found.best,
            told=found.offset is not None,
            baseline=energy_offset(motion, loudness, radius, embedder.step),
        )
