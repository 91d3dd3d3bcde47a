"""The curriculum: which negatives are drawn in which epochs."""

from collections.abc import Mapping, Sequence

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from .safe_checkpoint_hook import bare

Stages = Sequence[Mapping]


def check_stages(stages: Stages) -> None:
    """Check the form of a curriculum.

    Raises:
        ValueError: Not a list of ``dict(begin=…, mix=…)`` whose begins are
            0 first, and rising.
    """
    if isinstance(stages, Mapping | str) or not stages:
        raise ValueError(
            'stages should be a list such as [dict(begin=0, '
            f'mix=dict(easy=1))], got {stages!r}'
        )
    for stage in stages:
        if not isinstance(stage, Mapping) or set(stage) != {'begin', 'mix'}:
            raise ValueError(
                f'a stage should be dict(begin=…, mix=…), got {stage!r}'
            )
    begins = [stage['begin'] for stage in stages]
    if any(type(begin) is not int for begin in begins):
        raise ValueError(f'begin should be an epoch number, got {begins}')
    if begins[0] != 0 or begins != sorted(set(begins)):
        raise ValueError(
            'the first stage should begin at 0, the first epoch, and the '
            f'others in order; they begin at {begins}'
        )


def mix_at(stages: Stages, epoch: int) -> dict:
    """The mix of negatives in an epoch.

    Args:
        stages (list[dict]): ``dict(begin=…, mix=…)``, in order.
        epoch (int): Counted from 0.

    Example:
        >>> stages = [
        ...     dict(begin=0, mix=dict(easy=1)),
        ...     dict(begin=50, mix=dict(easy=3, hard=1)),
        ... ]
        >>> mix_at(stages, 49), mix_at(stages, 50)
        ({'easy': 1}, {'easy': 3, 'hard': 1})
    """
    begun = [stage for stage in stages if stage['begin'] <= epoch]
    return dict(begun[-1]['mix'])


@HOOKS.register_module()
class CurriculumHook(Hook):
    """Set the mix of negatives before each epoch (paper, section 3.3).

    The mix is a function of the epoch alone, and goes to the sampler, which
    lives in the main process: a resumed run, persistent workers and all ranks
    have it right without further ado. The share of each kind among the
    negatives is logged as ``train/negatives_<kind>``.

    Args:
        stages (list[dict]): ``dict(begin=epoch, mix=dict(easy=3, hard=1))``,
            epochs counted from 0, in order; the first begins at 0.

    Raises:
        ValueError: The stages are not that, or a mix is wrong.
        TypeError: At the start of training, if the sampler has no mix to set
            or the training loop has no epochs.
    """

    # Before the samplers' seeds are set, though neither needs the other.
    priority = 'ABOVE_NORMAL'

    def __init__(self, stages: Stages) -> None:
        check_stages(stages)
        self.stages = [
            dict(begin=stage['begin'], mix=dict(stage['mix']))
            for stage in stages
        ]
        self._logged: dict | None = None

    def before_train(self, runner) -> None:
        """Find fault now rather than in epoch 51."""
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            raise TypeError(
                'CurriculumHook counts epochs; use train_cfg=dict('
                "type='ResumableEpochLoop', …)"
            )
        sampler = find_sampler(runner.train_dataloader)
        for stage in self.stages:
            sampler.check_mix(stage['mix'])
        self._logged = None

    def before_train_epoch(self, runner) -> None:
        """Hand the epoch's mix to the sampler, and to a head that weighs the
        kinds that it finds in a batch."""
        mix = mix_at(self.stages, runner.epoch)
        find_sampler(runner.train_dataloader).set_mix(mix)
        head = getattr(bare(runner.model), 'head', None)
        set_mix = getattr(head, 'set_mix', None)
        if set_mix is not None:
            set_mix(mix)
        total = sum(mix.values())
        for kind in {k: 0 for stage in self.stages for k in stage['mix']}:
            share = float(mix.get(kind, 0) / total)
            runner.message_hub.update_scalar(f'train/negatives_{kind}', share)
        if mix != self._logged:
            kinds = [kind for kind in mix if mix[kind]]
            shares = [str(mix[kind]) for kind in kinds]
            runner.logger.info(
                f'Curriculum: negatives from epoch {runner.epoch + 1} on are '
                + ' : '.join(kinds)
                + (f' = {" : ".join(shares)}' if len(kinds) > 1 else ' alone')
            )
            self._logged = mix


def find_sampler(dataloader):
    """The sampler of a data loader, whose mix can be set.

    Raises:
        TypeError: It cannot.
    """
    sampler = dataloader.batch_sampler.sampler
    if not hasattr(sampler, 'set_mix'):
        raise TypeError(
            'CurriculumHook needs a sampler with set_mix and check_mix, such '
            "as train_dataloader=dict(sampler=dict(type='AVPairSampler'), …); "
            f'got {type(dataloader.sampler).__name__}'
        )
    return sampler
