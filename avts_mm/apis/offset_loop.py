"""The offset benchmark: shifts that are known, on held-out videos."""

from collections.abc import Iterator, Sequence

import numpy as np
from mmaction.registry import LOOPS
from mmengine.dist import get_rank, get_world_size
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop
from rich.progress import track

from avts_mm.evaluation.functional.offset_baseline import energy_offset
from avts_mm.media.film import FileFilm, Film

from .embedding import FilmEmbedder
from .offset import find_offset


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

    def pictures(self, step: float) -> Iterator[np.ndarray]:
        """Of the excerpt."""
        first = round(self.begin / step)
        last = first + round(self.seconds / step)
        for place, picture in enumerate(self.film.pictures(step)):
            if place >= last:
                return
            if place >= first:
                yield picture

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
    and its sound made late by a shift drawn from the range; both by the seed
    and the number of the video. Where an excerpt leaves room, the sound that
    is moved in is that of the film; beyond its ends there is none.

    Args:
        runner (Runner): The runner.
        dataloader (dict): Of an `AVPairDataset`; its records are used.
        evaluator (dict): With an `OffsetMetric`.
        lengths (Sequence[float]): Seconds of the excerpts; None stands for
            the whole video. Defaults to (None,).
        max_shift (float): Seconds, drawn and searched. Defaults to 2.0.
        max_drawn (float, optional): Seconds, drawn from; less than is
            searched where videos are short. Defaults to ``max_shift``.
        stride (int): Of `FilmEmbedder`. Defaults to 1.
        swap_sound (bool): Give every video the sound of the next one: there
            is nothing to be found, and ``told`` is how often the answer is
            wrong by being one. Defaults to False.
        seed (int): Defaults to 0.
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
        max_drawn: float | None = None,
        stride: int = 1,
        swap_sound: bool = False,
        seed: int = 0,
        fp16: bool = False,
    ) -> None:
        super().__init__(runner, dataloader)
        if isinstance(evaluator, (dict, list)):
            evaluator = runner.build_evaluator(evaluator)
        self.evaluator = evaluator
        self.lengths = tuple(lengths)
        self.max_shift = max_shift
        self.max_drawn = max_shift if max_drawn is None else max_drawn
        self.stride = stride
        self.swap_sound = swap_sound
        self.seed = seed

    def run(self) -> dict:
        """Find the offsets and judge them."""
        self.runner.call_hook('before_test')
        self.runner.call_hook('before_test_epoch')
        model = self.runner.model
        model = model.module if is_model_wrapper(model) else model
        model.eval()
        embedder = FilmEmbedder(model, self.runner.cfg, stride=self.stride)
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
        self,
        embedder: FilmEmbedder,
        dataset,
        index: int,
        seconds: float | None,
    ) -> dict:
        info = dataset.get_data_info(index)
        start, duration = info['span']
        rng = np.random.default_rng([self.seed, index, round(seconds or 0)])
        late = float(rng.uniform(-self.max_drawn, self.max_drawn))
        length = duration if seconds is None else min(seconds, duration)
        begin = start + float(rng.uniform(0, duration - length))
        sound = info['audio_path']
        if self.swap_sound:
            following = (index + 1) % len(dataset)
            sound = dataset.get_data_info(following)['audio_path']
        film = ShiftedFilm(
            FileFilm(info['video_path'], sound),
            begin,
            length,
            late,
        )
        # What the baseline looks at is on the way.
        motion, loudness = [], []

        def watch(piece):
            motion.append(piece.motion)
            loudness.append(piece.loudness)

        try:
            found = find_offset(embedder, film, self.max_shift, on_piece=watch)
        finally:
            film.close()
        return dict(
            video=info['video_path'],
            seconds=round(length, 1) if seconds is None else seconds,
            true=late,
            best=found.best,
            told=found.offset is not None,
            baseline=energy_offset(
                np.concatenate(motion or [np.zeros(0)]),
                np.concatenate(loudness or [np.zeros(0)]),
                round(self.max_shift / embedder.step),
                embedder.step,
            ),
        )
