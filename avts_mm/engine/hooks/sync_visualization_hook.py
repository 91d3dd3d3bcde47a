"""Pictures of what the model has learned so far, at every validation."""

from collections.abc import Iterator, Sequence
from itertools import islice

from mmaction.registry import HOOKS
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

PICTURES = ('distances', 'similarity', 'heat_map', 'retrieval')


@HOOKS.register_module()
class SyncVisualizationHook(Hook):
    """Send pictures to the Visualizer's backends after a validation.

    Always of the same clips, the first that the validation's sampler plans,
    so that they can be followed over the epochs. With ``vis_backends=
    [dict(type='TensorboardVisBackend')]`` they are under "Images" in
    TensorBoard; LocalVisBackend writes them to ``vis_data/vis_image``.

    - ``distances``: histograms of the distances of each kind of pair;
    - ``similarity``: every moment of the picture against every moment of the
      sound of a clip; of models that embed whole clips, every clip's picture
      against every clip's sound;
    - ``heat_map``: where in the picture of a clip the sound comes from;
    - ``retrieval``: the sounds nearest to a picture.

    Args:
        pictures (Sequence[str]): Which of them. Defaults to all.
        interval (int): Draw at every so many validations. Defaults to 1.
        num_clips (int): Clips to draw from. Defaults to 24.
        prefix (str): Of the pictures' names. Defaults to ``'val'``.

    Raises:
        ValueError: An unknown picture, or numbers that cannot be right.
    """

    # After the report, before the checkpoint.
    priority = 'LOW'

    def __init__(
        self,
        pictures: Sequence[str] = PICTURES,
        interval: int = 1,
        num_clips: int = 24,
        prefix: str = 'val',
    ) -> None:
        unknown = set(pictures) - set(PICTURES)
        if unknown:
            raise ValueError(
                f'unknown pictures {sorted(unknown)}: choose from {PICTURES}'
            )
        if interval < 1 or num_clips < 2:
            raise ValueError(
                'interval must be at least 1 and num_clips at least 2, got '
                f'{interval} and {num_clips}'
            )
        self.pictures = tuple(pictures)
        self.interval = interval
        self.num_clips = num_clips
        self.prefix = prefix
        self.validations = 0

    @master_only
    def after_val_epoch(self, runner, metrics=None) -> None:
        """Draw and hand over."""
        self.validations += 1
        if (self.validations - 1) % self.interval:
            return
        # Here, since matplotlib takes its time to import.
        from avts_mm.visualization.figures import pixels

        by_epoch = getattr(runner.log_processor, 'by_epoch', True)
        step = runner.epoch if by_epoch else runner.iter
        try:
            for name, figure in self._draw(runner):
                runner.visualizer.add_image(
                    f'{self.prefix}_{name}', pixels(figure), step
                )
        except ValueError as error:
            # No reason to lose a long training.
            runner.logger.warning(f'A picture could not be drawn: {error}')

    def _draw(self, runner):
        """Yield names and figures."""
        # Here, since matplotlib takes its time to import.
        from avts_mm.visualization import clip_pictures, sync_plots

        distances = _last_distances(runner)
        if 'distances' in self.pictures and distances:
            yield 'distances', sync_plots.draw_distance_histograms(distances)
        if not set(self.pictures) - {'distances'}:
            return
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        clips = clip_pictures.embed_clips(model, self._samples(runner))
        if 'similarity' in self.pictures:
            yield 'similarity', clip_pictures.draw_clip_similarity(clips)
        if 'heat_map' in self.pictures:
            yield 'heat_map', clip_pictures.draw_clip_heat_map(model, clips)
        if 'retrieval' in self.pictures:
            yield 'retrieval', clip_pictures.draw_clip_retrieval(clips)

    def _samples(self, runner) -> Iterator[dict]:
        """Clips of the validation, in sync, as the pipeline packs them."""
        loader = runner.val_loop.dataloader
        plans = (plan for plan in loader.sampler if int(plan.kind) == 0)
        for plan in islice(plans, self.num_clips):
            yield loader.dataset[plan]


def _last_distances(runner) -> dict:
    for metric in runner.val_loop.evaluator.metrics:
        if getattr(metric, 'last_distances', None):
            return metric.last_distances
    return {}
