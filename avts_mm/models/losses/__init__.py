"""Losses on pairs of embeddings."""

from .contrastive_loss import ContrastiveLoss, embedding_distance

__all__ = ['ContrastiveLoss', 'embedding_distance']
