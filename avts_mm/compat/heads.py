"""Class scores in bfloat16, which mmaction2 hands to NumPy."""

import functools

import torch


def widen_class_scores():
    """Give mmaction2's heads float32 scores where autocast made bfloat16.

    mmaction2 1.2.0: in training its heads count accuracy in NumPy, which has
    no bfloat16, and so does ``AccMetric`` with what they predict: a
    recognizer under bfloat16 autocast stops at the first step.
    """
    from mmaction.models.heads.base import BaseHead

    for name in ('loss_by_feat', 'predict_by_feat'):
        method = getattr(BaseHead, name)
        if not hasattr(method, '__wrapped__'):
            setattr(BaseHead, name, _widening(method))


def _widening(method):
    @functools.wraps(method)
    def widened(self, cls_scores, *args, **kwargs):
        if getattr(cls_scores, 'dtype', None) == torch.bfloat16:
            cls_scores = cls_scores.float()
        return method(self, cls_scores, *args, **kwargs)

    return widened
