"""Inference a person can use: is a film in sync, and if not, which is late?"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from mmaction.registry import INFERENCERS
from mmengine import Config
from mmengine.infer import BaseInferencer
from rich.markup import escape
from rich.progress import Progress, TimeRemainingColumn

from avts_mm.compat import read_config
from avts_mm.evaluation.functional.offset import REASONS, OffsetEstimate
from avts_mm.media import MediaError
from avts_mm.media.annotation import printable
from avts_mm.media.film import as_film
from avts_mm.preparation import find_videos

from .embedding import FilmEmbedder
from .loading import load_model
from .offset import find_offset

LONG = 60.0  # seconds of film from which on progress is shown
# The model that the package brings along; its page tells all about it.
MODEL = 'avts_faces'
WEIGHTS = Path(__file__).parent / 'pretrained' / f'{MODEL}.safetensors'


@INFERENCERS.register_module()
class AVTSInferencer(BaseInferencer):
    """Finds the offset between picture and sound of films.

    Args:
        model (str | Config, optional): Config file, name of a config such as
            ``'avts_grid_steps'``, or a config. Defaults to the model of
            talking faces that is part of the package.
        weights (str, optional): Checkpoint that goes with it; needed with
            ``model``.
        device (str, optional): Defaults to a GPU if there is one.
        stride (int, optional): Steps from one clip of pictures to the next,
            for models that embed whole clips. Defaults to 3 for models of
            mouths, which find as much with it, and 1 for others.

    Raises:
        FileNotFoundError: There is no such config or checkpoint.
        ValueError: They do not go together, or only one was given.

    Example:
        >>> infer = AVTSInferencer()
        >>> infer('film.mp4')['predictions'][0]['verdict']
        'The sound is 0.24 s late.'
        >>> infer = AVTSInferencer('avts_grid_steps', 'epoch_10.pth')
    """

    preprocess_kwargs = {'audio_track'}
    forward_kwargs = {
        'max_shift',
        'min_confidence',
        'min_clarity',
        'min_compared',
        'whole',
    }
    visualize_kwargs = {'out_dir'}
    postprocess_kwargs = {'tolerance'}

    def __init__(
        self,
        model: str | Config | None = None,
        weights: str | None = None,
        device: str | None = None,
        stride: int | None = None,
    ) -> None:
        if (model is None) != (weights is None):
            raise ValueError(
                'a config and a checkpoint go together: give both, or neither '
                'for the model of talking faces that comes with avts_mm'
            )
        if model is None or weights is None:
            model, weights = MODEL, str(WEIGHTS)
        # Not the base's: it looks for configs in mmaction2, and loads
        # checkpoints without looking whether they fit.
        if device is None:
            device = 'cuda' if torch.cuda.is_available() else 'cpu'
        if not isinstance(model, Config):
            model = read_config(model)
        self.cfg = model
        self.model = load_model(self.cfg, weights, device)
        if stride is None:
            stride = 3 if getattr(model, 'faces', False) else 1
        self.embedder = FilmEmbedder(self.model, self.cfg, stride=stride)
        # The base's bar counts films; one of seconds tells more.
        self.show_progress = False

    def _init_pipeline(self, cfg: Config) -> FilmEmbedder:
        return self.embedder

    def __call__(
        self,
        inputs,
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs,
    ) -> dict:
        """Find offsets.

        Args:
            inputs: A path, a folder (all videos below it), ``dict(path=...,
                audio_path=..., audio_track=...)``, ``dict(video=(T, H, W,
                3) uint8, fps=..., audio=(S,), sample_rate=...)``, or a
                sequence of these.
            return_datasamples (bool): Give `OffsetEstimate` instead of
                dicts. Defaults to False.
            batch_size (int): Not used; films are taken one by one.
            kwargs: ``max_shift`` (s, as in :func:`find_offset`),
                ``min_confidence``, ``min_clarity``, ``min_compared``,
                ``tolerance`` (s that count as in sync, default 0.08),
                ``audio_track`` (default 0), ``out_dir`` (for pictures of the
                curves), ``whole`` (all of a long film instead of excerpts,
                default False).

        Returns:
            dict: ``predictions``, a dict for each film with ``name``,
            ``verdict`` (a sentence), ``in_sync``, ``offset`` (s, positive if
            the sound is late, None if it cannot be told), ``confidence``,
            ``clarity``, ``reason``, ``found_by`` (``'faces'``, ``'motion'``
            or ``'model'``), ``drift`` (s per s), ``segments``, ``faces`` (of
            each ``begin``, ``end``, ``box`` as shares of the picture, and
            when it ``spoke``, in seconds), ``excerpts``, ``shifts`` and
            ``curve``; and ``visualization``, paths of pictures. A film that
            cannot be read, or lacks pictures or sound, has only ``name``,
            ``verdict``, ``reason`` and, the latter, ``in_sync`` (None) and
            ``offset`` (None).
        """
        return super().__call__(
            inputs, return_datasamples, batch_size, **kwargs
        )

    def _inputs_to_list(self, inputs) -> list:
        if isinstance(inputs, (str, os.PathLike)) and os.path.isdir(inputs):
            inputs = list(find_videos(os.fspath(inputs)))
        several = isinstance(inputs, Sequence) and not isinstance(inputs, str)
        return list(inputs) if several else [inputs]

    def preprocess(
        self, inputs: Iterable, batch_size: int = 1, audio_track: int = 0
    ):
        """Open films one after the other."""
        for source in inputs:
            try:
                yield as_film(source, audio_track)
            except MediaError as error:
                yield error

    def forward(self, film, **options) -> list:
        """The estimate for a film, or the error that there was."""
        if isinstance(film, MediaError):
            return [(film.path, film)]
        found: OffsetEstimate | MediaError
        try:
            with _bar(film.name, film.seconds) as report:
                found = find_offset(
                    self.embedder, film, progress=report, **options
                )
        except MediaError as error:
            found = error
        finally:
            film.close()
        return [(film.name, found)]

    def visualize(
        self, inputs: list, preds: list, out_dir: str | None = None
    ) -> list[str] | None:
        """Draw the curve of each film into a folder."""
        if out_dir is None:
            return None
        # Here, since matplotlib takes its time to import.
        from avts_mm.visualization import draw_offset_curve, save

        paths = []
        for number, (name, found) in enumerate(preds):
            if not isinstance(found, MediaError):
                stem = f'{number:03d}_{Path(name).stem}.png'
                figure = draw_offset_curve(found, printable(Path(name).name))
                paths.append(save(figure, os.path.join(out_dir, stem)))
        return paths

    def postprocess(
        self,
        preds: list,
        visualization: list[str] | None,
        return_datasamples: bool = False,
        tolerance: float = 0.08,
    ) -> dict:
        """Estimates as plain values."""
        predictions = [
            found
            if return_datasamples
            else self._plain(name, found, tolerance)
            for name, found in preds
        ]
        return dict(predictions=predictions, visualization=visualization)

    @staticmethod
    def _plain(name: str, found, tolerance: float) -> dict:
        if isinstance(found, MediaError):
            plain = dict(
                name=name, verdict=_complaint(found), reason=found.reason
            )
            # Such a film was read: there is nothing to be judged in it.
            untold = plain['verdict'].startswith('Cannot tell')
            nothing = dict(in_sync=None, offset=None) if untold else {}
            return {**plain, **nothing}
        return dict(
            name=name,
            verdict=found.describe(tolerance),
            in_sync=found.in_sync(tolerance),
            offset=found.offset,
            confidence=found.confidence,
            clarity=found.clarity,
            reason=found.reason,
            found_by=found.found_by,
            drift=found.drift,
            segments=[list(segment) for segment in found.segments],
            faces=[
                dict(
                    begin=face.begin,
                    end=face.end,
                    box=[round(float(side), 3) for side in face.box],
                    spoke=[list(span) for span in face.spoke],
                )
                for face in found.faces
            ],
            excerpts=[list(span) for span in found.excerpts],
            shifts=found.shifts.tolist(),
            curve=[None if c != c else float(c) for c in found.curve],
        )


def _complaint(error: MediaError) -> str:
    """The sentence about a film that cannot be read."""
    # The readers' own sentences tell what to do with an annotation file.
    if error.reason in REASONS and 'audio_track' not in str(error):
        return f'Cannot tell: {REASONS[error.reason]}.'
    return f'Cannot read it: {error}'


@contextmanager
def _bar(name: str, seconds: float) -> Iterator[Callable[[float], None]]:
    """A progress bar over the seconds of one film, if it is long."""
    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn())
    short = seconds <= LONG
    with Progress(*columns, transient=True, disable=short) as bar:
        task = bar.add_task(
            escape(printable(Path(name).name)), total=seconds or None
        )
        yield lambda done: bar.update(task, completed=done)
